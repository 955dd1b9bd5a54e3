"""Lessons as data: what each step says, which lines it lets type, and which checks it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.learn.core.observation import LESSON_PREFIX, familiar_reference, is_lesson_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.learn.core.checks import LessonCheck
    from manager.learn.core.observation import Observation

LESSON_NAME_PATTERN = re.compile(rf"(?<![\w.-]){LESSON_PREFIX}[a-zA-Z0-9_.-]+")
NAME_SUFFIX_PATTERN = re.compile(r"\d*|[_.-].*")
"""What may follow a name from a lesson's line: a number, or what compose adds."""


@dataclass(frozen=True, slots=True)
class LessonStep:
    """One step of a lesson."""

    text: str
    """What it says."""
    docker: tuple[str, ...] = ()
    """The lines to type with docker."""
    dockmgr: tuple[str, ...] = ()
    """The lines to type with dockmgr."""
    hint: str = ""
    expects_failure: bool = False
    """Whether the last line is meant to fail."""
    checks: tuple[LessonCheck, ...] = ()
    question: str = ""
    answers: tuple[str, ...] = ()

    def is_done(self, before: Observation, now: Observation) -> bool:
        """Whether all its checks hold; the question is not part of that."""
        return not self.list_unmet_checks(before, now)

    def list_unmet_checks(self, before: Observation, now: Observation) -> tuple[str, ...]:
        """The checks that do not hold, in words."""
        return tuple(it.description for it in self.checks if not it.holds(before, now))

    def accepts_answer(self, answer: str) -> bool:
        """Whether an answer is right.

        Capitals, spaces, an article, punctuation around it and the form of an address do not
        matter.
        """
        right = {_normalize_answer(it) for it in self.answers}
        typed = _normalize_answer(answer)
        return typed in right or (
            bool(typed) and familiar_reference(typed) in map(familiar_reference, right)
        )

    @property
    def looks_at_files(self) -> bool:
        """Whether the changes of containers are asked for."""
        return any(check.looks_at_files for check in self.checks)


def _normalize_answer(answer: str) -> str:
    words = answer.casefold().split()
    if len(words) > 1 and words[0] in {"a", "an", "the"}:
        words = words[1:]
    return "".join(words).strip(".,:;!?'\"`")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson."""

    name: str
    title: str
    steps: tuple[LessonStep, ...]
    number: int = 0
    """Its place among the others."""

    def find_own_resources(self, resources: Mapping[str, str]) -> dict[str, str]:
        """The resources, by kind and name, that have names from the lines of this lesson."""
        return {
            it: identity
            for it, identity in resources.items()
            if self.can_make(it.partition(" ")[2])
        }

    def can_make(self, name: str) -> bool:
        """Whether a name is in the lines of this lesson, except for a number at its end.

        Args:
            name: of a container, image, volume or network.
        """
        lines = " ".join(line for step in self.steps for line in (*step.docker, *step.dockmgr))
        stems = {it.rstrip("0123456789").rstrip("_.-") for it in LESSON_NAME_PATTERN.findall(lines)}
        own = name.rpartition("/")[2].partition(":")[0]
        return any(
            own.startswith(it) and NAME_SUFFIX_PATTERN.fullmatch(own[len(it) :])
            for it in stems
            if is_lesson_name(it)
        )
