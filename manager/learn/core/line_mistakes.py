"""Mistakes in the lines of a lesson that their words show; a shell or an option is not parsed."""

from __future__ import annotations

import shlex
from itertools import pairwise
from typing import TYPE_CHECKING

from manager.learn.core.check_mistakes import PREFIX_RULE
from manager.learn.core.observation import LESSON_PREFIX, is_lesson_name
from manager.references.diagnosis import describe_fault
from manager.references.grammar import REFERENCE_SYNTAX
from manager.references.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAMS = ("docker", "dockmgr", "podman")
OTHER_PROGRAMS = (
    *("cat", "cd", "curl", "cut", "echo", "false", "grep", "head", "id", "ls", "mkdir", "printf"),
    *("pwd", "seq", "sleep", "sort", "tail", "test", "touch", "tr", "true", "uname", "wc", "wget"),
    "which",
)
"""Programs that lines may run beside docker and dockmgr."""
GROUPS = frozenset(("builder", "buildx", "container", "image", "network", "system", "volume"))
"""Words of docker that the command itself follows."""
NAMED_BY_OPTION = {
    **dict.fromkeys(("run", "create", "spawn"), ("container", ("--name",))),
    "build": ("image", ("-t", "--tag")),
    "compose": ("project", ("-p", "--project-name")),
}
"""Commands whose options name what they make: its kind, and the options."""
NAMED_BY_ARGUMENT = {
    "tag": ("image", slice(1, None)),
    "commit": ("image", slice(1, None)),
    **dict.fromkeys(("rmi", "push"), ("image", slice(None))),
    **dict.fromkeys(
        ("rm", "stop", "start", "kill", "restart", "pause", "unpause", "rename"),
        ("container", slice(None)),
    ),
    "volume create": ("volume", slice(-1, None)),
    "volume rm": ("volume", slice(None)),
    "network create": ("network", slice(-1, None)),
    "network rm": ("network", slice(None)),
}
"""Commands whose arguments name what they make or change: its kind, and which arguments."""
VALUE_OPTIONS = frozenset(
    ("-t", "--time", "--timeout", "-s", "--signal", "-m", "--message", "-c", "--change")
)
"""Options of those commands that take a value."""
SWEEPING_WORDS = (
    *("prune", "--make-room", "--rmi", "--privileged", "swarm", "login", "logout", "apply"),
    *("undo", "recover", "pin", "unpin", "learn", "down", "reset"),
)
"""Commands and options that reach beyond what a line names."""
DRY_RUNS = frozenset(("--dry-run", "--help"))
VOLUME_OPTIONS = ("-v", "--volume")


def find_line_faults(line: str) -> Iterator[tuple[str, str]]:
    """Find what is wrong with a line to type.

    Yields:
        A sentence, and what to do about it.
    """
    if any(sign in line for sign in ("$(", "`", "<(")):
        yield f"{line!r} runs a command within a command", "write each command as a line"
        return
    reader = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    reader.whitespace_split = True
    try:
        tokens = list(reader)
    except ValueError as error:
        problem = f"{line!r} is not a complete line: {str(error).lower()}"
        yield problem, "close the quotes, and write each command on one line"
        return
    yield from _find_redirection_faults(tokens)
    for words in _split_commands(tokens):
        yield from _find_command_faults(words)


def _find_redirection_faults(tokens: Sequence[str]) -> Iterator[tuple[str, str]]:
    for sign, target in pairwise(tokens):
        is_file = ">" in sign and not set(sign) - set("<>&|") and not target.isdigit()
        if is_file and target != "/dev/null" and LESSON_PREFIX not in target:
            yield (
                f"the line writes {target!r}",
                f"write files that have {LESSON_PREFIX} in their path",
            )


def _split_commands(tokens: Sequence[str]) -> Iterator[list[str]]:
    """The commands of a line as words, without sudo and without files to read or write."""
    words: list[str] = []
    redirected = False
    for token in [*tokens, ";"]:
        if redirected or (set(token) <= set("<>&|") and set(token) & set("<>")):
            if not redirected and words[-1:] and words[-1].isdigit():
                words.pop()  # the 2 of 2>
            redirected = not redirected
        elif not token or set(token) - set(";&|"):
            words.append(token)
        else:
            while words[:1] in (["sudo"], ["time"]):
                words.pop(0)
            if words:
                yield words
            words = []


def _find_command_faults(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    program, *rest = words
    if program in {"mkdir", "touch"}:
        for path in (it for it in rest if not it.startswith("-") and LESSON_PREFIX not in it):
            yield f"{program} makes {path!r}", f"write a path that has {LESSON_PREFIX} in it"
    if program in OTHER_PROGRAMS:
        return
    if program not in PROGRAMS:
        allowed = ", ".join(OTHER_PROGRAMS)
        yield f"lines may not run {program!r}", f"beside docker and dockmgr they may run: {allowed}"
    elif rest[:1] and rest[0].startswith("-"):
        problem = f"{program} has options before its command"
        yield problem, "leave them out: a lesson watches one engine"
    elif not DRY_RUNS & set(rest):
        yield from _find_name_faults(program, rest)


def _find_name_faults(program: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    options = [it.partition("=")[0] for it in words if it.startswith("--")]
    for word in [it for it in (*words[:2], *options) if it in SWEEPING_WORDS]:
        problem = f"{program}: {word!r} reaches beyond what the lesson makes"
        yield problem, "leave it out; what removes things can be shown with --dry-run"
    verb, *rest = words or [""]
    if verb in GROUPS and rest:
        verb, rest = _join_verb(verb, rest[0]), rest[1:]
    for kind, name in _list_names(verb, rest):
        yield from _find_one_name_fault(f"{program} {verb}", kind, name)
    for name in _list_volumes(rest) if verb in {"run", "create", "spawn"} else ():
        if name.startswith(("/", "~")):
            yield f"{program} {verb} mounts {name!r} of the host", "mount a volume, or ./learn-site"
        elif not name.startswith((".", "$")):
            yield from _find_one_name_fault(f"{program} {verb}", "volume", name)


def _join_verb(group: str, word: str) -> str:
    """A command of two words as the one word that docker also has for it, if there is one."""
    if group == "image" and word in {"rm", "remove"}:
        return "rmi"
    word = {"remove": "rm"}.get(word, word)
    is_short = group in {"container", "image"} or word == "build"
    return word if is_short and word != "prune" else f"{group} {word}"


def _list_names(verb: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The kinds and names of what a command makes or changes; a name that is missing is empty."""
    if verb in NAMED_BY_OPTION:
        kind, options = NAMED_BY_OPTION[verb]
        names = _list_values(words, options)
        shows = verb == "compose" and not {"ls", "version"}.isdisjoint(words)
        if not names and not (verb == "run" and "--rm" in words) and not shows:
            names = [""]
    elif verb in NAMED_BY_ARGUMENT:
        kind, which = NAMED_BY_ARGUMENT[verb]
        names = _list_arguments(words)[which] or [""]
    else:
        return
    yield from ((kind, name) for name in names)


def _list_values(words: Sequence[str], options: Sequence[str]) -> list[str]:
    """The values of an option, which may be joined to it by an equals sign."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    return [
        word.partition("=")[2] or following
        for word, following in pairs
        if word.partition("=")[0] in options
    ]


def _list_arguments(words: Sequence[str]) -> list[str]:
    pairs = zip(["", *words], words, strict=False)
    return [it for before, it in pairs if not it.startswith("-") and before not in VALUE_OPTIONS]


def _list_volumes(words: Sequence[str]) -> Iterator[str]:
    """The volumes and folders that a command mounts."""
    pairs = (value.partition(":") for value in _list_values(words, VOLUME_OPTIONS))
    return (source for source, colon, _ in pairs if colon)


def _find_one_name_fault(command: str, kind: str, name: str) -> Iterator[tuple[str, str]]:
    article = "an" if kind == "image" else "a"
    if not name:
        yield f"{command} gives no name of {article} {kind}", PREFIX_RULE
    elif not is_lesson_name(name):
        before, slash, last = name.rpartition("/")
        problem = f"{command} names {article} {kind} {name!r}, which lacks {LESSON_PREFIX}"
        yield problem, f"{PREFIX_RULE}: {before}{slash}{LESSON_PREFIX}{last}"
    elif kind == "image" and not parse_reference(name):
        yield f"{command} names an image {name!r}: {describe_fault(name)}", REFERENCE_SYNTAX
