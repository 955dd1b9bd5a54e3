"""The trial of a lesson's step: what its lines did, and the problems that this shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.learn.core.observation import LESSON_PREFIX, familiar_reference, is_lesson_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from manager.learn.core.lessons import LessonStep
    from manager.model.events import EngineEvent

ANONYMOUS_VOLUME_PATTERN = re.compile(r"volume [0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line that was typed."""

    text: str
    exit_code: int | None
    """None if its time ran out."""
    output: tuple[str, ...] = ()
    """The last lines that it wrote."""


@dataclass(frozen=True, slots=True)
class StepTrial:
    """What happened when the lines of a step were typed."""

    step: LessonStep
    number: int
    """The step's position in the lesson, counted from 1."""
    lines: tuple[TypedLine, ...]
    held_before: bool = False
    """Whether all checks held before anything was typed."""
    unmet: tuple[str, ...] = ()
    """The checks that do not hold afterwards, in words."""
    foreign: tuple[str, ...] = ()
    """What changed though its name lacks learn-."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the step, in sentences."""
        return tuple(self._find_problems())

    def _find_problems(self) -> Iterator[str]:
        # A step with a question may have checks that only show what the question is about.
        if self.held_before and not self.step.question:
            yield "its checks hold before anything is typed"
        for at, line in enumerate(self.lines, 1):
            meant_to_fail = self.step.expects_failure and at == len(self.lines)
            if line.exit_code is None:
                yield f"the line does not end: {line.text}"
            elif line.exit_code and not meant_to_fail:
                yield f"the line fails with exit code {line.exit_code}: {line.text}"
            elif not line.exit_code and meant_to_fail:
                yield f"the line is meant to fail, and does not: {line.text}"
        for check in self.unmet:
            yield f"afterwards the engine does not show: {check}"
        for change in self.foreign:
            yield f"it changes {change}, which has no {LESSON_PREFIX} in its name"


def list_foreign_changes(
    before: Mapping[str, str], now: Mapping[str, str], events: Sequence[EngineEvent]
) -> tuple[str, ...]:
    """The resources that changed though their names lack learn-, except pulled images.

    Args:
        before: the identities of resources, by kind and name.
        now: the same after the change.
        events: what happened in between.
    """
    pulled = {
        f"image {familiar_reference(it.name)}"
        for it in events
        if (it.kind, it.action) == ("image", "pull")
    }
    changed = {it for it in before.keys() | now.keys() if before.get(it) != now.get(it)}
    return tuple(
        sorted(
            it
            for it in changed - (pulled & now.keys())
            if not is_lesson_name(it.partition(" ")[2])
            and not ANONYMOUS_VOLUME_PATTERN.fullmatch(it)
        )
    )
