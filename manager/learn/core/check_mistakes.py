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
    ContainerIs,
    FileChanged,
    Gone,
    Happened,
    ImageIs,
    Related,
    TagMoved,
    VolumeIs,
)
from manager.learn.core.event_mistakes import faults_of_event
from manager.learn.core.lessons import PREFIX, familiar, mine
from manager.references.diagnosis import explain
from manager.references.reference import FORM, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manager.learn.core.checks import Check

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


Keyed: TypeAlias = "tuple[tuple[str, int], Check]"


def faults_of_checks(checks: Sequence[Check]) -> Iterator[Fault]:
    """What is wrong with what must hold together.

    Yields:
        Each mistake; its place begins with the step's key, and its position in a list of them.
    """
    found = keyed(checks)
    counted = Counter(place[0] for place, _ in found)
    for place, check in found:
        if isinstance(check, Related):
            yield from _of_related(place, check)
            continue
        called, at = place
        if counted[called] > 1 and isinstance(
            check, ContainerIs | ImageIs | FileChanged | Happened
        ):
            called = f"{called} {at + 1}"
        for problem, hint in _alone(check):
            yield Fault(place, f"{called}: {problem}", hint)
    for (_, one), (place, other) in combinations([it for it in found if _whole(it[1])], 2):
        problem = _together(one, other) or _together(other, one)
        if problem:
            yield Fault(place, problem, ONE_OF_TWO)


def keyed(checks: Sequence[Check]) -> list[Keyed]:
    """Checks with their places in a step: a key, and the position in a list."""
    counted: Counter[str] = Counter()
    found: list[Keyed] = []
    for check in checks:
        key = _key(check)
        found.append(((key, counted[key]), check))
        counted[key] += 1
    return found


def _whole(check: Check) -> bool:
    """Whether a check names what it is about; where it does not, that is a mistake of its own."""
    name = check.container if isinstance(check, FileChanged) else getattr(check, "name", "-")
    return bool(name)


def _of_related(place: Place, check: Related) -> Iterator[Fault]:
    for at, name in enumerate(check.names):
        for problem, hint in _of_image(name):
            yield Fault((place[0], at), f"{place[0]}: {problem}", hint)
    if len(set(map(familiar, check.names))) < TWO:
        hint = 'write ["learn-app:1", "learn-app:2"]'
        yield Fault(place[:1], f"{place[0]}: needs two different names at least", hint)


def _key(check: Check) -> str:
    if isinstance(check, Gone):
        return f"no_{check.kind}"
    if isinstance(check, Related):
        return RELATIONS[check.how]
    keys = {ContainerIs: "container", ImageIs: "image", VolumeIs: "volume"}
    keys |= {TagMoved: "tag_moved", FileChanged: "file", Happened: "event"}
    return keys[type(check)]


def _alone(check: Check) -> Iterator[tuple[str, str]]:
    """What is wrong with one check, whatever the others are; of relations, nothing."""
    if isinstance(check, ContainerIs):
        yield from _of_container(check)
    elif isinstance(check, VolumeIs) or (isinstance(check, Gone) and check.kind != "image"):
        yield from _of_glob(check.name, check.kind if isinstance(check, Gone) else "volume")
    elif isinstance(check, Gone | ImageIs | TagMoved):
        yield from _of_image(check.name)
        if isinstance(check, Gone) and read(check.name) and not mine(check.name):
            yield (
                f"{check.name!r} does not begin with {PREFIX}: a learner may have it already",
                f"what is to be removed has a name that begins with {PREFIX}",
            )
    elif isinstance(check, FileChanged):
        yield from _of_glob(check.container, "container")
        yield from _of_path(check.path)
    elif isinstance(check, Happened):
        yield from _of_event(check)


def _of_event(check: Happened) -> Iterator[tuple[str, str]]:
    yield from faults_of_event(check)
    if check.name != "*" and check.kind in {"container", "volume"}:
        yield from _of_glob(check.name, check.kind)
    else:
        yield from _of_letters(check.name, check.kind, EVENT_LETTERS)


def _of_container(check: ContainerIs) -> Iterator[tuple[str, str]]:
    yield from _of_glob(check.name, "container")
    if check.image and not read(check.image):
        yield f"image {check.image!r} is no address: {explain(check.image)}", FORM
    if check.exit_code is not None and check.state in ENDED:
        yield f"what is {check.state} has no exit_code", 'write state = "exited", or leave one out'
    if not WILD & set(check.name) and (check.count or 0) > 1:
        problem = f"one container at most is called {check.name!r}, and count is {check.count}"
        yield problem, f"write a glob, such as {PREFIX}web*"


def _of_glob(pattern: str, kind: str) -> Iterator[tuple[str, str]]:
    wrong = list(_of_letters(pattern, kind, NAME_LETTERS))
    yield from wrong
    if pattern and not wrong and not pattern.startswith(PREFIX):
        yield (
            f"{pattern!r} does not begin with {PREFIX}: it fits what is not the lesson's",
            f"what a lesson makes has a name that begins with {PREFIX}",
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
    found = read(name)
    if not name:
        return  # that it lacks its name is said already
    if found is None:
        yield f"{name!r} is no address: {explain(name)}", FORM
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


def _together(one: Check, other: Check) -> str:
    """Why two checks can never hold together; empty if they can."""
    if isinstance(other, Gone) and other.kind == "image":
        names = {familiar(name): name for name in _images(one)}
        if name := names.get(familiar(other.name)):
            return f"{_key(one)} and no_image are both about {name!r}"
    elif isinstance(other, Gone):
        name = _there(one, other.kind)
        if name and covers(other.name, name):
            return f"{_key(one)} {name!r} and no_{other.kind} {other.name!r} contradict each other"
    elif isinstance(one, Related) and isinstance(other, Related):
        both = set(map(familiar, one.names)) & set(map(familiar, other.names))
        if (one.how, other.how) == ("same", "other") and len(both) >= TWO:
            return f"same_image and other_image are both about {' and '.join(sorted(both))}"
    elif isinstance(one, ContainerIs) and isinstance(other, ContainerIs):
        return _of_two(one, other)
    return ""


def _images(check: Check) -> tuple[str, ...]:
    """The references that a check wants to be there."""
    if isinstance(check, ImageIs | TagMoved):
        return (check.name,)
    return check.names if isinstance(check, Related) else ()


def _there(check: Check, kind: str) -> str:
    """The glob of which a check wants something to be there; empty if it wants none."""
    if kind == "volume":
        return check.name if isinstance(check, VolumeIs) else ""
    if isinstance(check, ContainerIs):
        return "" if check.count == 0 else check.name
    return check.container if isinstance(check, FileChanged) else ""


def _of_two(one: ContainerIs, other: ContainerIs) -> str:
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
