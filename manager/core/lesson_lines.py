"""What is wrong with the lines of a lesson: they make and change only what is the lesson's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from manager.core.lessons import PREFIX, mine
from manager.core.misspelt import explain
from manager.core.naming import Template, is_name
from manager.core.reference import FORM, read
from manager.core.shell_lines import commands, unknown_word
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.core.shell_lines import Command

ALL, FIRST, SECOND, REST = slice(None), slice(1), slice(1, 2), slice(1, None)
CHANGED = {
    "docker": {
        **dict.fromkeys(("rm", "stop", "start", "kill", "restart"), ("container", ALL)),
        **dict.fromkeys(("pause", "unpause", "update", "rename"), ("container", ALL)),
        "exec": ("container", FIRST),
        "rmi": ("image", ALL),
        "push": ("image", ALL),
        "tag": ("image", REST),
        "commit": ("image", SECOND),
        "import": ("image", SECOND),
        "volume create": ("volume", ALL),
        "volume rm": ("volume", ALL),
        "network create": ("network", ALL),
        "network rm": ("network", ALL),
        "network connect": ("container", SECOND),
        "network disconnect": ("container", SECOND),
    },
    "dockmgr": {
        **dict.fromkeys(("rm", "stop", "start", "restart"), ("container", ALL)),
        **dict.fromkeys(("exec", "scale"), ("container", FIRST)),
        **dict.fromkeys(("rmi", "push"), ("image", ALL)),
        "tag": ("image", REST),
    },
}
"""What commands make or change: its kind, and which of their arguments name it."""
EXAMPLES = {"image": f"{PREFIX}app:1", "volume": f"{PREFIX}data", "network": f"{PREFIX}lan"}
SWEEPING = frozenset({"prune", "apply", "undo", "recover"})
"""Commands of dockmgr that change what they choose themselves."""
OWN = f"what a lesson makes, and what it changes, has a name that begins with {PREFIX}"


class Flaw(NamedTuple):
    """What is wrong with a line."""

    problem: str
    hint: str
    refused: bool = False
    """Whether it is only that docker or dockmgr would refuse it."""


def faults_of_line(line: str, *, fails: bool = False) -> Iterator[tuple[str, str]]:
    """What is wrong with a line to type.

    Args:
        line: what is to be typed.
        fails: whether it is meant to be refused.

    Yields:
        A sentence, and what to do about it.
    """
    try:
        found = commands(line)
        mistyped = unknown_word(line)
    except ValueError as error:
        yield f"no shell can read {line!r}: {str(error).lower()}", "close what is quoted"
        return
    if mistyped and not fails:
        word, near = mistyped
        yield f"there is no {word!r}; did you mean {' or '.join(near)}?", f"write {near[0]}"
    for command in found:
        own = command.program == "dockmgr"
        # docker run -h names a host: only the long form asks for help everywhere.
        if command.has("help") or (own and command.has("h", "dry-run")):
            continue
        yield from ((it.problem, it.hint) for it in _of(command) if not (fails and it.refused))


def _of(command: Command) -> Iterator[Flaw]:
    verb = command.verb
    if verb.endswith(" prune") or (command.program == "dockmgr" and verb in SWEEPING):
        yield Flaw(
            f"{command} would also change what is not the lesson's",
            "remove things by their names, or show it with: dockmgr prune --dry-run",
        )
    elif verb in {"run", "create", "spawn"}:
        yield from _of_run(command)
    elif verb == "build":
        yield from _of_names(command, "image", command.values("t", "tag"), "--tag")
    elif verb == "compose":
        yield from _of_names(command, "project", command.values("p", "project-name"), "-p")
    elif verb == "cp":
        for target in command.arguments[1:2]:
            if ":" in target and not target.startswith(("/", ".")):
                yield from _of_name(command, "container", target.partition(":")[0])
    elif verb in CHANGED[command.program]:
        kind, which = CHANGED[command.program][verb]
        yield from _of_names(command, kind, command.arguments[which])


def _of_run(command: Command) -> Iterator[Flaw]:
    """A command that makes containers, and volumes that they name."""
    names = command.values("name")
    if names or command.verb != "run" or not command.has("rm"):
        yield from _of_names(command, "container", names, "--name")
    for text in command.values("v", "volume"):
        source, colon, _ = text.partition(":")
        if colon and not source.startswith(("/", ".", "~", "$")):
            yield from _of_name(command, "volume", source)
    for text in command.values("mount"):
        parts = dict(part.partition("=")[::2] for part in text.split(","))
        source = parts.get("source", parts.get("src", ""))
        if source and parts.get("type", "volume") == "volume":
            yield from _of_name(command, "volume", source)


def _of_names(
    command: Command, kind: str, names: tuple[str, ...], option: str = ""
) -> Iterator[Flaw]:
    if not names:
        example = f"{option} {EXAMPLES.get(kind, f'{PREFIX}web1')}".strip()
        yield Flaw(f"{command} gives no name of {_a(kind)}", f"write {example}: {OWN}")
    for name in names:
        yield from _of_name(command, kind, name)


def _of_name(command: Command, kind: str, name: str) -> Iterator[Flaw]:
    if not mine(name):
        before, slash, last = name.rpartition("/")
        better = f"{before}{slash}{PREFIX}{last}"
        hint = f"{OWN}: {better}" if not _wrong(command, kind, better) else OWN
        yield Flaw(f"{command} names {_a(kind)} {name!r}, which does not begin with {PREFIX}", hint)
    elif wrong := _wrong(command, kind, name):
        yield wrong


def _wrong(command: Command, kind: str, name: str) -> Flaw | None:
    """Why there can be no such name; None if there can."""
    if kind == "image":
        if read(name):
            return None
        problem = f"{command} names an image {name!r}: {explain(name)}"
        return Flaw(problem, FORM, refused=True)
    if command.verb == "spawn" and kind == "container":
        try:
            Template.parse(name)
        except ManagerError as error:
            problem = f"{command} has a --name that cannot be: {error.message}"
            return Flaw(problem, error.hint, refused=True)
        return None
    if is_name(name):
        return None
    problem = f"{command} names {_a(kind)} {name!r}, and no {kind} can be called so"
    return Flaw(problem, "use letters, digits, and after the first also . _ -", refused=True)


def _a(kind: str) -> str:
    return f"{'an' if kind == 'image' else 'a'} {kind}"
