"""What is wrong with the lines of a lesson: they make and change only what is the lesson's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.learn.core.lessons import LESSON_PREFIX, is_lesson_name
from manager.learn.core.mount_mistakes import (
    NUMBER,
    faults_of_mounts,
    faults_of_rights,
    volumes_of,
)
from manager.learn.core.reach import STREAMS, THEMSELVES, Flaw, asks, beyond, own_file, written
from manager.learn.core.shell_lines import runs
from manager.learn.core.shell_text import expansion
from manager.model.naming import NameTemplate, is_valid_name
from manager.references.diagnosis import describe_fault
from manager.references.reference import REFERENCE_SYNTAX, parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.learn.core.shell_lines import Command

ALL, FIRST, SECOND, REST = slice(None), slice(1), slice(1, 2), slice(1, None)
CHANGED = {
    "docker": {
        **dict.fromkeys(("rm", "stop", "start", "kill", "restart"), ("container", ALL)),
        **dict.fromkeys(("pause", "unpause", "update", "rename"), ("container", ALL)),
        **dict.fromkeys(("exec", "attach"), ("container", FIRST)),
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
EXAMPLES = {
    "image": f"{LESSON_PREFIX}app:1",
    "volume": f"{LESSON_PREFIX}data",
    "network": f"{LESSON_PREFIX}lan",
}
EXAMPLES |= {"project": f"{LESSON_PREFIX}site"}
FILES = {
    "save": ("o", "output"),
    "export": ("o", "output"),
    "run": ("cidfile",),
    "create": ("cidfile",),
    "build": ("o", "output", "iidfile", "metadata-file"),
}
"""By command, the options that name files to write."""
OWN = f"what a lesson makes, and what it changes, has a name that begins with {LESSON_PREFIX}"


def faults_of_line(line: str, *, fails: bool = False) -> Iterator[tuple[str, str]]:
    """What is wrong with a line to type.

    Args:
        line: what is to be typed.
        fails: whether it is meant to be refused.

    Yields:
        A sentence, and what to do about it.
    """
    try:
        found = runs(line)
    except ValueError as error:
        if line.rstrip().endswith("\\"):
            hint = "write each command on one line; a long one as docker create, connect, start"
            yield f"{line!r} goes on in another line, and each stands for itself", hint
            return
        yield f"no shell can read {line!r}: {str(error).lower()}", "close what is quoted"
        return
    if expanded := expansion(line):
        hint = f"{THEMSELVES}; what is for a container can be put in single quotes"
        yield f"what it does cannot be seen: {expanded}", hint
        return
    for run in found:
        reach = list(beyond(run))
        command = run.command
        if command is not None and not reach and not asks(command):
            reach = list(_of(command))
        yield from ((it.problem, it.hint) for it in reach if not (fails and it.refused))


def _of(command: Command) -> Iterator[Flaw]:
    """What is wrong with a command that there is, by what it is given."""
    verb = command.verb
    for option in FILES.get(verb, ()):
        for value in command.values(option):
            yield from written(command, value.rpartition("dest=")[2].partition(",")[0])
    yield from faults_of_rights(command)
    if verb in {"run", "create", "spawn"}:
        yield from _of_run(command)
    elif verb == "build":
        yield from _of_names(command, "image", command.values("t", "tag"), "--tag")
    elif verb == "compose":
        if command.arguments[:1] not in {("ls",), ("version",)}:
            yield from _of_names(command, "project", command.values("p", "project-name"), "-p")
    elif verb in {"cp", "load"}:
        yield from _of_files(command)
    elif verb in CHANGED[command.program]:
        kind, which = CHANGED[command.program][verb]
        yield from _of_names(command, kind, command.arguments[which])
        if verb == "volume create" and command.values("o", "opt"):
            yield Flaw(f"{command} gives a volume options, and so any folder", "leave them out")


def _of_files(command: Command) -> Iterator[Flaw]:
    """A command that copies to the machine, or takes images from one of its files."""
    if command.verb == "load":
        paths = command.values("i", "input") or ("-",)
        if any(path in STREAMS or not own_file(path) for path in paths):
            hint = f"write --input {LESSON_PREFIX}app.tar, a file that the lesson has saved"
            yield Flaw(f"{command} takes whatever images it is given", hint)
        return
    for target in command.arguments[1:2]:
        if ":" in target and not target.startswith(("/", ".")):
            yield from _of_name(command, "container", target.partition(":")[0])
        else:
            yield from written(command, target)


def _of_run(command: Command) -> Iterator[Flaw]:
    """A command that makes containers, and volumes that they name."""
    names = command.values("name")
    if names or command.verb != "run" or not command.has("rm"):
        yield from _of_names(command, "container", names, "--name")
    for name in command.values("volumes-from"):
        yield from _of_name(command, "container", name)
    for name in volumes_of(command):
        yield from _of_name(command, "volume", name)
    yield from faults_of_mounts(command)


def _of_names(
    command: Command, kind: str, names: tuple[str, ...], option: str = ""
) -> Iterator[Flaw]:
    if not names:
        example = f"{option} {EXAMPLES.get(kind, f'{LESSON_PREFIX}web1')}".strip()
        yield Flaw(f"{command} gives no name of {_a(kind)}", f"write {example}: {OWN}")
    for name in names:
        yield from _of_name(command, kind, name)


def _of_name(command: Command, kind: str, name: str) -> Iterator[Flaw]:
    if not is_lesson_name(name):
        before, slash, last = name.rpartition("/")
        better = f"{before}{slash}{LESSON_PREFIX}{last}"
        hint = f"{OWN}: {better}" if not _wrong(command, kind, better) else OWN
        yield Flaw(
            f"{command} names {_a(kind)} {name!r}, which does not begin with {LESSON_PREFIX}", hint
        )
    elif wrong := _wrong(command, kind, name):
        yield wrong


def _wrong(command: Command, kind: str, name: str) -> Flaw | None:
    """Why there can be no such name; None if there can."""
    if kind == "image":
        if parse_reference(name):
            return None
        problem = f"{command} names an image {name!r}: {describe_fault(name)}"
        return Flaw(problem, REFERENCE_SYNTAX, refused=True)
    if command.verb == "spawn" and kind == "container":
        try:
            NameTemplate.parse(name)
        except ManagerError as error:
            problem = f"{command} has a --name that cannot be: {error.message}"
            return Flaw(problem, error.hint, refused=True)
        return None
    # A member's number stands in for its place in what spawn is given.
    if is_valid_name(name.replace(NUMBER, "1") if command.verb == "spawn" else name):
        return None
    problem = f"{command} names {_a(kind)} {name!r}, and no {kind} can be called so"
    return Flaw(problem, "use letters, digits, and after the first also . _ -", refused=True)


def _a(kind: str) -> str:
    return f"{'an' if kind == 'image' else 'a'} {kind}"
