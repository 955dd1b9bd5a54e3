"""What a lesson shows: each step as lines of text that read from top to bottom."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manager.core.lessons import Lesson

WIDTH = 80
INDENT = "    "


def screen(lesson: Lesson, index: int, width: int = WIDTH) -> tuple[str, ...]:
    """A step: its heading, what it says, the lines to type, and what is asked.

    Args:
        lesson: which.
        index: of the step, the first being 0.
        width: columns.

    Returns:
        Lines of at most that width, but for a line to type that is longer.
    """
    step = lesson.steps[index]
    lines = [f"{lesson.title}: step {index + 1} of {len(lesson.steps)}", ""]
    lines += wrap(step.say, width)
    if step.docker and step.docker == step.dockmgr:
        lines += ["", "in another terminal:", *(INDENT + line for line in step.docker)]
    elif step.docker:
        lines += ["", "in another terminal, with docker:"]
        lines += [INDENT + line for line in step.docker]
        lines += ["or with dockmgr:", *(INDENT + line for line in step.dockmgr)]
    if step.fails:
        lines += ["", "The last line is meant to be refused."]
    if step.question:
        lines += ["", *wrap(f"question: {step.question}", width)]
    return tuple(lines)
