"""How far the lines of a lesson reach: only to docker, to dockmgr, and to what shows something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from manager.learn.core.lessons import LESSON_PREFIX
from manager.learn.core.line_verbs import ALLOWED, COMPOSE, GROUPS, LAB, exists, words
from manager.learn.core.shell_lines import BEFORE, PROGRAMS, mistyped, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manager.learn.core.shell_lines import Command, Run

HARMLESS = words(
    "cat cd curl cut echo false grep head id ls mkdir printf pwd seq sleep sort tail test touch tr "
    "true uname wc wget which"
)
"""Programs that show something, wait, or write only files that `own_file` lets them."""
KEYWORDS = words(
    "! [[ { } case do done elif else esac fi for function if in select then until while eval exec "
    "source . command nohup watch xargs env alias"
)
SHELLS = words("sh bash dash zsh ksh fish busybox")
RIGHTS = ("--privileged", "--cap-add", "-v", "--volume")
"""Options of compose by which a container gets at more than its own."""
STREAMS = frozenset({"-", "/dev/null", "/dev/stdout", "/dev/stderr"})
OTHER_ENGINE = words("H host c context config url connection identity root")
"""Options before a verb that choose what it is about."""
DRY = words("apply exec pin prune pull push restart rm rmi scale spawn start stop tag undo unpin")
"""Commands of dockmgr that can be told only to show what they would do."""
SWEEPING = {
    "prune": "remove things by their names, or show it with: dockmgr prune --dry-run",
    "apply": "leave it out, or show what it would do with: dockmgr apply PLAN --dry-run",
    "undo": "leave it out, or show what it would do with: dockmgr undo --dry-run",
    "recover": "leave it out: it also finishes or removes what a learner's own spawns left",
}
"""Commands of dockmgr that change what they choose themselves, with what to do instead."""
THEMSELVES = "write the commands themselves, each as a line, with all names spelled out"
HELD = (
    f"files that a line writes have {LESSON_PREFIX} in their path, "
    f"such as {LESSON_PREFIX}site/index.html"
)
_SHOWING = {
    "curl": words("s S f L i I v k silent show-error fail location include head verbose insecure"),
    "wget": words("q S nv quiet server-response spider no-verbose"),
}
_TAKING = {
    "curl": words("m H w max-time header write-out retry retry-delay connect-timeout"),
    "wget": words("T t timeout tries"),
}
_WRITING = {"curl": words("o output"), "wget": words("O output-document")}
_SORTING = re.compile(r"-[bdfghiMnrsuVzkt0-9,.:]+")


class Flaw(NamedTuple):
    """What is wrong with a line."""

    problem: str
    hint: str
    refused: bool = False
    """Whether it is only that docker or dockmgr would refuse it."""


def own_file(path: str) -> bool:
    """Whether a path is one that a lesson may write to."""
    parts = path.split("/")
    if path in STREAMS:
        return True
    # Elsewhere than where the learner is, only what is thrown away anyhow.
    thrown_away = f"/tmp/{LESSON_PREFIX}"  # noqa: S108 - it is only compared with
    is_near = not path.startswith(("/", "~")) or path.startswith(thrown_away)
    return is_near and ".." not in parts and any(part.startswith(LESSON_PREFIX) for part in parts)


def beyond(run: Run) -> Iterator[Flaw]:
    """Why a command is none for a lesson, whatever it is given as names.

    Args:
        run: a command of a line.
    """
    for target in run.writes:
        yield from written("a line", target)
    rest = run.words
    while rest and rest[0] in BEFORE:
        rest = rest[1:]
    if not rest:
        return
    word = rest[0]
    if word in KEYWORDS | SHELLS:
        yield Flaw(f"{word!r} runs commands that cannot be seen one by one", THEMSELVES)
    elif word in PROGRAMS:
        if command := run.command:
            yield from _of_command(run, command)
    elif word in HARMLESS:
        yield from _of_program(word, rest[1:])
    elif near := mistyped(run):
        yield Flaw(f"there is no {word!r}; did you mean {near[1][0]}?", f"write {near[1][0]}")
    elif re.match(r"\w+=", word):
        hint = "leave it out; a container's variables are given with --env"
        yield Flaw(f"it sets {word.partition('=')[0]} on the learner's machine", hint)
    else:
        hint = f"beside docker and dockmgr there may be: {', '.join(sorted(HARMLESS))}"
        yield Flaw(f"{word!r} is no program that lessons may run", hint)


def written(what: object, path: str) -> Iterator[Flaw]:
    """Why something cannot be written to a path."""
    if not own_file(path):
        yield Flaw(f"{what} writes {path!r}, which is not the lesson's", HELD)


def asks(command: Command) -> bool:
    """Whether a command only shows its help, or what it would do."""
    own = command.program == "dockmgr"
    # docker run -h names a host: only the long form asks for help everywhere.
    return (
        command.has("help")
        or (own and command.has("h"))
        or (own and command.verb in DRY and command.has("dry-run"))
    )


def _of_command(run: Run, command: Command) -> Iterator[Flaw]:
    program, verb = command.program, command.verb
    if any(name in OTHER_ENGINE for name, _ in command.before):
        hint = "leave the options before the command out: a lesson watches one engine"
        yield Flaw(f"{command} is told of another engine", hint)
    if not exists(program, verb):
        yield _missing(run, command)
    elif asks(command):
        for path in command.values("out"):
            yield from written(command, path)
    elif verb.endswith(" prune") or (program == "dockmgr" and verb in SWEEPING):
        hint = SWEEPING[verb if program == "dockmgr" else "prune"]
        yield Flaw(f"{command} would also change what is not the lesson's", hint)
    elif program == "dockmgr" and verb == "lab":
        yield from _of_lab(command)
    elif verb not in ALLOWED[program] and not (program == "docker" and verb in GROUPS):
        yield Flaw(f"{command} reaches further than what is the lesson's own", _instead(command))
    elif command.has("make-room"):
        yield Flaw(f"{command} --make-room also removes what is not the lesson's", "leave it out")
    elif verb == "compose":
        yield from _of_compose(command)


def _missing(run: Run, command: Command) -> Flaw:
    program, verb = command.program, command.verb
    see = f"see: {program} --help"
    if near := mistyped(run):
        word, meant = near
        problem = f"there is no {word!r}; did you mean {' or '.join(meant)}?"
        return Flaw(problem, f"write {meant[0]}", refused=True)
    return Flaw(f"{program} has no command {verb!r}", see, refused=True)


def _instead(command: Command) -> str:
    if command.verb in {"login", "logout"}:
        secret = command.values("p", "password")
        shown = "a password on a line is seen by everybody, and " if secret else ""
        return f"leave it out: {shown}logins are the learner's own"
    return "leave it out: lines may show things, and change what they name"


def _of_lab(command: Command) -> Iterator[Flaw]:
    word = (*command.arguments, "")[0]
    if word and word not in LAB:
        hint = f"of dockmgr lab a line may have: {' and '.join(sorted(LAB))}"
        yield Flaw(f"dockmgr lab {word} is about the learner's whole lab", hint)


def _of_compose(command: Command) -> Iterator[Flaw]:
    word = (*command.arguments, "")[0]
    if word and word not in COMPOSE:
        hint = f"there may be: {', '.join(sorted(COMPOSE))}"
        yield Flaw(f"docker compose {word} is none that a lesson may have", hint)
    elif word in {"run", "exec"} and any(it.startswith(RIGHTS) for it in command.arguments[1:]):
        hint = "leave the option out: what a service may do stands in the compose file"
        yield Flaw(f"docker compose {word} is given rights or folders of the machine", hint)
    elif word == "down" and any(it.startswith("--rmi") for it in command.arguments):
        hint = f"leave it out, and remove images by their names, with {LESSON_PREFIX}"
        yield Flaw("docker compose down --rmi also removes what is not the lesson's", hint)


def _of_program(program: str, given: Sequence[str]) -> Iterator[Flaw]:
    """A program that is harmless, but for some of its options."""
    if program in {"mkdir", "touch"}:
        for path in (it for it in given if not it.startswith("-")):
            yield from written(program, path)
    elif program == "cd" and not given:
        yield Flaw("cd goes to the learner's home", HELD)
    elif program == "printf" and "-v" in given[:1]:
        yield Flaw("printf -v sets a variable on the learner's machine", "leave it out")
    elif program == "cd":
        for path in (it for it in given if it != ".." and (it == "-" or not own_file(it))):
            yield Flaw(f"cd goes to {path!r}, which is not the lesson's", HELD)
    elif program == "sort":
        for word in (it for it in given if it.startswith("-") and not _SORTING.fullmatch(it)):
            yield Flaw(f"sort {word} may write files", "leave it out")
    elif program in _SHOWING:
        yield from _of_fetching(program, given)


def _of_fetching(program: str, given: Sequence[str]) -> Iterator[Flaw]:
    showing, taking, writing = _SHOWING[program], _TAKING[program], _WRITING[program]
    options, _ = parsed(given, showing, mixed=True)
    names = {name for name, _ in options}
    for name in sorted(names - showing - taking - writing):
        yield Flaw(f"{program} has the option {name}, which may send or write", "leave it out")
    for name, value in options:
        if name in writing:
            yield from written(program, value)
    if program == "wget" and not names & (writing | {"spider"}):
        yield Flaw("wget writes a file", "write wget -qO- ADDRESS, which shows it")
