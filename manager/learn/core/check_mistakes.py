"""Mistakes in the checks of a step: names that are not the lesson's, and references not valid."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from manager.learn.core.checks import FileChangeCheck, ImageRelationCheck
from manager.learn.core.faults import Fault
from manager.learn.core.observation import LESSON_PREFIX, familiar_reference, is_lesson_name
from manager.references.diagnosis import describe_fault
from manager.references.grammar import REFERENCE_SYNTAX
from manager.references.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manager.learn.core.checks import LessonCheck

PREFIX_RULE = f"what a lesson makes or changes has a name that begins with {LESSON_PREFIX}"


def find_check_faults(checks: Sequence[LessonCheck]) -> Iterator[Fault]:
    """Find the mistakes in the checks of a step.

    Yields:
        Each mistake; its place begins with the step's key and the position in that key's list.
    """
    totals = Counter(check.key for check in checks)
    counted: Counter[str] = Counter()
    for check in checks:
        key, at = check.key, counted[check.key]
        counted[key] += 1
        called = f"{key} {at + 1}" if totals[key] > 1 else key
        for problem, hint in (*_find_glob_faults(check), *_find_path_faults(check)):
            yield Fault((key, at), f"{called}: {problem}", hint)
        for position, name in enumerate(check.references):
            place = (key, position if isinstance(check, ImageRelationCheck) else at)
            for problem, hint in _find_reference_faults(name):
                yield Fault(place, f"{called}: {problem}", hint)
        if isinstance(check, ImageRelationCheck) and not _has_two_names(check):
            hint = 'write ["learn-app:1", "learn-app:2"]'
            yield Fault((key,), f"{key} needs at least two different names", hint)


def _has_two_names(check: ImageRelationCheck) -> bool:
    return len(set(map(familiar_reference, check.names))) > 1


def _find_glob_faults(check: LessonCheck) -> Iterator[tuple[str, str]]:
    if check.glob and not is_lesson_name(check.glob):
        problem = (
            f"{check.glob!r} does not begin with {LESSON_PREFIX}: a learner may already have one"
        )
        yield problem, PREFIX_RULE


def _find_reference_faults(name: str) -> Iterator[tuple[str, str]]:
    found = parse_reference(name)
    if found is None:
        yield f"{name!r} is not a valid address: {describe_fault(name)}", REFERENCE_SYNTAX
    elif found.digest:
        yield f"{name!r} has a digest, but checks find images by their tags", "write NAME:TAG"


def _find_path_faults(check: LessonCheck) -> Iterator[tuple[str, str]]:
    if isinstance(check, FileChangeCheck) and check.path and not check.path.startswith("/"):
        problem = f"path {check.path!r} does not begin with /"
        yield problem, "write the absolute path, such as /etc/hosts"
