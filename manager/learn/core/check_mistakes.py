"""What is wrong with the checks of a step: those that can never hold, or hold for everybody."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations
from string import ascii_letters, digits
from typing import TYPE_CHECKING, TypeAlias

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
from manager.learn.core.event_mistakes import faults_of_event
from manager.learn.core.lessons import LESSON_PREFIX, familiar_reference, is_lesson_name
from manager.references.diagnosis import describe_fault
from manager.references.reference import REFERENCE_SYNTAX, parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manager.learn.core.checks import LessonCheck

Place: TypeAlias = "tuple[str | int, ...]"
"""Where something is in a file: keys, and positions in lists."""

NAME_LETTERS = frozenset(ascii_letters + digits + "_.-")
"""Of which names of containers and volumes are."""
EVENT_LETTERS = NAME_LETTERS | set("/:@")
"""Events of images tell references."""
WILD = frozenset("*?[")
_CLASS = re.compile(r"\[!?\]?[^\]]*\]")
RELATIONS = {"same": "same_image", "other": "other_image", "layers": "shared_layers"}
ENDED = ("running", "paused")
"""States of what runs, and so has not ended."""
TWO = 2
GLOB_HINT = "names are of letters, digits and _ . -; a glob may also have *, ? and [ ]"
ONE_OF_TWO = "one of the two can be left out"


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake."""

    place: Place
    problem: str
    hint: str


Keyed: TypeAlias = "tuple[tuple[str, int], LessonCheck]"


def faults_of_checks(checks: Sequence[LessonCheck]) -> Iterator[Fault]:
    """What is wrong with what must hold together.

    Yields:
        Each mistake; its place begins with the step's key, and its position in a list of them.
    """
    found = keyed(checks)
    counted = Counter(place[0] for place, _ in found)
    for place, check in found:
        if isinstance(check, ImageRelationCheck):
            yield from _of_related(place, check)
            continue
        called, at = place
        if counted[called] > 1 and isinstance(
            check, ContainerCheck | ImageCheck | FileChangeCheck | EventCheck
        ):
            called = f"{called} {at + 1}"
        for problem, hint in _alone(check):
            yield Fault(place, f"{called}: {problem}", hint)
    for (_, one), (place, other) in combinations([it for it in found if _whole(it[1])], 2):
        problem = _together(one, other) or _together(other, one)
        if problem:
            yield Fault(place, problem, ONE_OF_TWO)


def keyed(checks: Sequence[LessonCheck]) -> list[Keyed]:
    """Checks with their places in a step: a key, and the position in a list."""
    counted: Counter[str] = Counter()
    found: list[Keyed] = []
    for check in checks:
        key = _key(check)
        found.append(((key, counted[key]), check))
        counted[key] += 1
    return found


def _whole(check: LessonCheck) -> bool:
    """Whether a check names what it is about; where it does not, that is a mistake of its own."""
    name = check.container if isinstance(check, FileChangeCheck) else getattr(check, "name", "-")
    return bool(name)


def _of_related(place: Place, check: ImageRelationCheck) -> Iterator[Fault]:
    for at, name in enumerate(check.names):
        for problem, hint in _of_image(name):
            yield Fault((place[0], at), f"{place[0]}: {problem}", hint)
    if len(set(map(familiar_reference, check.names))) < TWO:
        hint = 'write ["learn-app:1", "learn-app:2"]'
        yield Fault(place[:1], f"{place[0]}: needs two different names at least", hint)


def _key(check: LessonCheck) -> str:
    if isinstance(check, AbsenceCheck):
        return f"no_{check.kind}"
    if isinstance(check, ImageRelationCheck):
        return RELATIONS[check.how]
    keys = {ContainerCheck: "container", ImageCheck: "image", VolumeCheck: "volume"}
    keys |= {TagMovedCheck: "tag_moved", FileChangeCheck: "file", EventCheck: "event"}
    return keys[type(check)]


def _alone(check: LessonCheck) -> Iterator[tuple[str, str]]:
    """What is wrong with one check, whatever the others are; of relations, nothing."""
    if isinstance(check, ContainerCheck):
        yield from _of_container(check)
    elif isinstance(check, VolumeCheck) or (
        isinstance(check, AbsenceCheck) and check.kind != "image"
    ):
        yield from _of_glob(check.name, check.kind if isinstance(check, AbsenceCheck) else "volume")
    elif isinstance(check, AbsenceCheck | ImageCheck | TagMovedCheck):
        yield from _of_image(check.name)
        if (
            isinstance(check, AbsenceCheck)
            and parse_reference(check.name)
            and not is_lesson_name(check.name)
        ):
            yield (
                (
                    f"{check.name!r} does not begin with {LESSON_PREFIX}: "
                    "a learner may have it already"
                ),
                f"what is to be removed has a name that begins with {LESSON_PREFIX}",
            )
    elif isinstance(check, FileChangeCheck):
        yield from _of_glob(check.container, "container")
        yield from _of_path(check.path)
    elif isinstance(check, EventCheck):
        yield from _of_event(check)


def _of_event(check: EventCheck) -> Iterator[tuple[str, str]]:
    yield from faults_of_event(check)
    if check.name != "*" and check.kind in {"container", "volume"}:
        yield from _of_glob(check.name, check.kind)
    else:
        yield from _of_letters(check.name, check.kind, EVENT_LETTERS)


def _of_container(check: ContainerCheck) -> Iterator[tuple[str, str]]:
    yield from _of_glob(check.name, "container")
    if check.image and not parse_reference(check.image):
        yield (
            f"image {check.image!r} is no address: {describe_fault(check.image)}",
            REFERENCE_SYNTAX,
        )
    if check.exit_code is not None and check.state in ENDED:
        yield f"what is {check.state} has no exit_code", 'write state = "exited", or leave one out'
    if not WILD & set(check.name) and (check.count or 0) > 1:
        problem = f"one container at most is called {check.name!r}, and count is {check.count}"
        yield problem, f"write a glob, such as {LESSON_PREFIX}web*"


def _of_glob(pattern: str, kind: str) -> Iterator[tuple[str, str]]:
    wrong = list(_of_letters(pattern, kind, NAME_LETTERS))
    yield from wrong
    if pattern and not wrong and not pattern.startswith(LESSON_PREFIX):
        yield (
            f"{pattern!r} does not begin with {LESSON_PREFIX}: it fits what is not the lesson's",
            f"what a lesson makes has a name that begins with {LESSON_PREFIX}",
        )


def _of_letters(pattern: str, kind: str, letters: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Letters of a glob that no name has, and choices of letters that none fits."""
    bare = set(_CLASS.sub("", pattern)) - letters - {"*", "?"}
    if bare:
        foreign = "".join(sorted(bare))
        yield f"{pattern!r} has {foreign!r}, which no name of a {kind} has", GLOB_HINT
    for choice in _CLASS.findall(pattern):
        if not any(fnmatchcase(letter, choice) for letter in letters):
            yield f"{pattern!r} has {choice!r}, which no letter of a name fits", GLOB_HINT


def _of_image(name: str) -> Iterator[tuple[str, str]]:
    found = parse_reference(name)
    if not name:
        return  # that it lacks its name is said already
    if found is None:
        yield f"{name!r} is no address: {describe_fault(name)}", REFERENCE_SYNTAX
    elif found.digest:
        yield f"{name!r} has a digest, and images are known here by their tags", "write NAME:TAG"


def _of_path(path: str) -> Iterator[tuple[str, str]]:
    parts = path.removeprefix("/").split("/")
    if not path:
        return
    if not path.startswith("/"):
        yield f"path {path!r} does not begin with /", "write the whole path, such as /etc/hosts"
    if path.startswith("/") and {"", ".", ".."} & set(parts):
        plain = "/" + "/".join(it for it in parts if it not in {"", ".", ".."})
        yield f"path {path!r} is not as engines tell paths", f"write it so: {plain}"


def _together(one: LessonCheck, other: LessonCheck) -> str:
    """Why two checks can never hold together; empty if they can."""
    if isinstance(other, AbsenceCheck) and other.kind == "image":
        names = {familiar_reference(name): name for name in _images(one)}
        if name := names.get(familiar_reference(other.name)):
            return f"{_key(one)} and no_image are both about {name!r}"
    elif isinstance(other, AbsenceCheck):
        name = _there(one, other.kind)
        if name and covers(other.name, name):
            return f"{_key(one)} {name!r} and no_{other.kind} {other.name!r} contradict each other"
    elif isinstance(one, ImageRelationCheck) and isinstance(other, ImageRelationCheck):
        both = set(map(familiar_reference, one.names)) & set(map(familiar_reference, other.names))
        if (one.how, other.how) == ("same", "other") and len(both) >= TWO:
            return f"same_image and other_image are both about {' and '.join(sorted(both))}"
    elif isinstance(one, ContainerCheck) and isinstance(other, ContainerCheck):
        return _of_two(one, other)
    return ""


def _images(check: LessonCheck) -> tuple[str, ...]:
    """The references that a check wants to be there."""
    if isinstance(check, ImageCheck | TagMovedCheck):
        return (check.name,)
    return check.names if isinstance(check, ImageRelationCheck) else ()


def _there(check: LessonCheck, kind: str) -> str:
    """The glob of which a check wants something to be there; empty if it wants none."""
    if kind == "volume":
        return check.name if isinstance(check, VolumeCheck) else ""
    if isinstance(check, ContainerCheck):
        return "" if check.count == 0 else check.name
    return check.container if isinstance(check, FileChangeCheck) else ""


def _of_two(one: ContainerCheck, other: ContainerCheck) -> str:
    """Why two checks of containers can never hold together; the second may be about none."""
    if other.count == 0 and one.count != 0:
        same = all(
            wanted in {"", None, getattr(one, part)}
            for part in ("image", "state", "exit_code", "port")
            for wanted in [getattr(other, part)]
        )
        if same and covers(other.name, one.name):
            return f"container {one.name!r} is to be there, and to be there 0 times"
    if one.name != other.name or 0 in {one.count, other.count}:
        return ""
    if WILD & set(one.name):
        bare = all(not (it.image or it.state or it.port) for it in (one, other))
        parts = ["count"] if bare and one.exit_code is other.exit_code is None else []
    else:
        parts = ["state", "exit_code"]
    for part in parts:
        values = getattr(one, part), getattr(other, part)
        if not {"", None} & set(values) and values[0] != values[1]:
            return f"container {one.name!r} cannot have two values of {part}"
    return ""


def covers(wide: str, narrow: str) -> bool:
    """Whether all that one glob fits, another fits too, as far as that is plain to see."""
    if wide == narrow:
        return True
    if not WILD & set(narrow):
        return fnmatchcase(narrow, wide)
    return not set("?[") & set(wide) and "[" not in narrow and fnmatchcase(narrow, wide)
