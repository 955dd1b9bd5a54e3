"""Lessons as data: what a step says, what is to be done, and how an engine shows that it was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from manager.references.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.learn.core.checks import LessonCheck
    from manager.model.events import SeenEvent

LESSON_PREFIX = "learn-"
"""With which the names begin of all that lessons make."""
LESSON_NAME_PATTERN = re.compile(rf"(?<![\w.-]){LESSON_PREFIX}[a-zA-Z0-9_.-]+")
NAME_SUFFIX_PATTERN = re.compile(r"\d*|[_.-].*")
"""What can stand behind a name of a lesson's line: a number, or what compose adds."""


@dataclass(frozen=True, slots=True)
class SeenContainer:
    """A container as a check sees it."""

    name: str
    image: str
    """As the engine shows it."""
    image_id: str
    state: str
    exit_code: int | None = None
    """Of what has ended, or could not be started."""
    ports: tuple[int, ...] = ()
    """The ports of the engine's machine on which it is published."""
    changes: Mapping[str, str] = field(default_factory=dict)
    """What differs from its image: by path ``added``, ``changed`` or ``deleted``."""


@dataclass(frozen=True, slots=True)
class SeenImage:
    """An image as a check sees it."""

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    """Lowest first; empty where nobody asked."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What there is at one moment, and what has happened since a step began."""

    containers: tuple[SeenContainer, ...] = ()
    images: tuple[SeenImage, ...] = ()
    volumes: tuple[str, ...] = ()
    events: tuple[SeenEvent, ...] = ()

    def image(self, name: str) -> SeenImage | None:
        """The image that a reference names."""
        wanted = familiar_reference(name)
        return next((it for it in self.images if wanted in it.tags), None)

    def named(self, pattern: str) -> tuple[SeenContainer, ...]:
        """The containers whose names fit a glob."""
        return tuple(it for it in self.containers if fnmatchcase(it.name, pattern))


def familiar_reference(name: str) -> str:
    """A reference as engines show it, with its tag."""
    found = parse_reference(name)
    if found is None:
        return name
    return found.familiar if found.tag or found.digest else f"{found.familiar}:latest"


@dataclass(frozen=True, slots=True)
class LessonStep:
    """One step of a lesson: what it says, what is to be done, and what shows that it was."""

    say: str
    docker: tuple[str, ...] = ()
    """The lines to type."""
    dockmgr: tuple[str, ...] = ()
    hint: str = ""
    fails: bool = False
    """Whether the lines are meant to be refused."""
    checks: tuple[LessonCheck, ...] = ()
    question: str = ""
    answers: tuple[str, ...] = ()

    def done(self, before: Observation, now: Observation) -> bool:
        """Whether all that can be seen of it is so; a question is another matter."""
        return not self.missing(before, now)

    def missing(self, before: Observation, now: Observation) -> tuple[str, ...]:
        """What the checks that do not hold want, in words."""
        return tuple(it.wanted for it in self.checks if not it.holds(before, now))

    def accepts(self, answer: str) -> bool:
        """Whether an answer is right.

        Capital letters, spaces, an article and punctuation around it do not matter, nor in which
        form an address is written.
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

    def own(self, things: Mapping[str, str]) -> dict[str, str]:
        """Of all things, by kind and name, those that are called as in the lines of this lesson."""
        return {it: known for it, known in things.items() if self.makes(it.partition(" ")[2])}

    def makes(self, name: str) -> bool:
        """Whether a name is one that the lines of this lesson give, but for a number behind it.

        Args:
            name: of a container, image, volume or network.
        """
        lines = " ".join(line for step in self.steps for line in (*step.docker, *step.dockmgr))
        begins = {
            it.rstrip("0123456789").rstrip("_.-") for it in LESSON_NAME_PATTERN.findall(lines)
        }
        own = name.rpartition("/")[2].partition(":")[0]
        return any(
            own.startswith(it) and NAME_SUFFIX_PATTERN.fullmatch(own[len(it) :])
            for it in begins
            if is_lesson_name(it)
        )


def is_lesson_name(name: str) -> bool:
    """Whether a name, of a container, image, volume or network, is one that lessons make."""
    return name.rpartition("/")[2].startswith(LESSON_PREFIX)
