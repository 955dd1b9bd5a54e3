"""What the lines of a lesson make: a check of what none of them makes is a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.learn.core.check_mistakes import WILD, Fault, keyed
from manager.learn.core.checks import (
    AbsenceCheck,
    ContainerCheck,
    EventCheck,
    FileChangeCheck,
    ImageCheck,
    ImageRelationCheck,
    TagMovedCheck,
    VolumeCheck,
)
from manager.learn.core.lessons import familiar_reference, is_lesson_name
from manager.learn.core.mount_mistakes import volumes_of
from manager.learn.core.shell_lines import commands
from manager.references.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manager.learn.core.checks import LessonCheck
    from manager.learn.core.shell_lines import Command

HIDING = frozenset({"compose", "load"})
"""Commands that make what files say."""
MAKING = ("run", "create", "spawn")


class Made:
    """What lines make, as far as they say it."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.names: dict[str, set[str]] = {"container": set(), "image": set(), "volume": set()}
        self.beginnings: dict[str, set[str]] = {"container": set(), "volume": set()}
        """Of names in which a member's number stands."""
        self.unknown = False
        """Whether there may be more."""

    def add(self, line: str) -> None:
        """What a line makes, which a shell can read."""
        for command in commands(line):
            self._add(command)

    def _add(self, command: Command) -> None:
        verb, given = command.verb, command.arguments
        if verb in HIDING or (verb == "spawn" and command.has("file", "f")):
            self.unknown = True
        elif verb in MAKING:
            names = command.values("name")
            volumes = set(volumes_of(command))
            if verb == "spawn":
                numbered = {name for name in volumes if "{n" in name}
                self.beginnings["container"] |= {name.partition("{")[0] for name in names}
                self.beginnings["volume"] |= {name.partition("{")[0] for name in numbered}
            self.names["container"] |= set(names)
            self.names["volume"] |= volumes
        elif verb == "rename":
            self.names["container"] |= set(given[1:])
        elif verb == "volume create":
            self.names["volume"] |= {*given, *command.values("name")}
        self.names["image"] |= set(map(familiar_reference, _images(command)))

    def has(self, kind: str, name: str) -> bool:
        """Whether a line makes something of that name; what is no plain name of a lesson's, may."""
        if self.unknown or not is_lesson_name(name) or WILD & set(name):
            return True
        if kind == "image":
            return parse_reference(name) is None or familiar_reference(name) in self.names["image"]
        return name in self.names[kind] or any(map(name.startswith, self.beginnings[kind]))


def _images(command: Command) -> tuple[str, ...]:
    """The names of images that a command makes, or gets."""
    verb, given = command.verb, command.arguments
    if verb in MAKING:
        return given[:1]
    if verb in {"tag", "commit", "import"}:
        return given[1:]
    if verb == "build":
        return command.values("t", "tag")
    return given if verb == "pull" else ()


def faults_of_made(checks: Sequence[LessonCheck], made: Made) -> Iterator[Fault]:
    """Checks of what no line makes, up to their step.

    Yields:
        Each mistake; its place begins with the step's key, and its position in a list of them.
    """
    for place, check in keyed(checks):
        for at, (kind, name) in enumerate(_about(check)):
            if not made.has(kind, name):
                problem = f"{place[0]}: no line up to here makes {_a(kind)} {name!r}"
                hint = f"mend the name, or add a line that makes it: {_line(kind, name)}"
                yield Fault(
                    (place[0], at) if isinstance(check, ImageRelationCheck) else place,
                    problem,
                    hint,
                )


def _about(check: LessonCheck) -> tuple[tuple[str, str], ...]:
    """The kinds and names of which a check is."""
    if isinstance(check, ImageRelationCheck):
        return tuple(("image", name) for name in check.names)
    if isinstance(check, AbsenceCheck | EventCheck):
        return ((check.kind, check.name),) if check.kind in {"container", "volume"} else ()
    if isinstance(check, FileChangeCheck):
        return (("container", check.container),)
    if isinstance(check, ImageCheck | TagMovedCheck):
        return (("image", check.name),)
    kind = "volume" if isinstance(check, VolumeCheck) else "container"
    return ((kind, check.name),) if isinstance(check, VolumeCheck | ContainerCheck) else ()


def _a(kind: str) -> str:
    return f"{'an' if kind == 'image' else 'a'} {kind}"


def _line(kind: str, name: str) -> str:
    if kind == "container":
        return f"docker run --name {name} nginx"
    return f"docker volume create {name}" if kind == "volume" else f"docker tag nginx {name}"
