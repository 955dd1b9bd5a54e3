"""What a lesson shows: each step as lines of text that read from top to bottom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manager.explain.core.text_layout import wrap_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.learn.core.lessons import Lesson, LessonStep

LESSON_WIDTH = 80
INDENT = "    "


def render_step(lesson: Lesson, index: int, width: int = LESSON_WIDTH) -> tuple[str, ...]:
    """A step: its heading, what it says, the lines to type, and what is asked.

    Args:
        lesson: which.
        index: of the step, the first being 0.
        width: columns.

    Returns:
        Lines of at most that width, but for a line to type that is longer.
    """
    step = lesson.steps[index]
    return (
        *wrap_text(f"{lesson.title}: step {index + 1} of {len(lesson.steps)}", width),
        *format_paragraphs(step.text, width),
        *_format_commands(step),
        *(("", "The last line is meant to fail.") if step.expects_failure else ()),
        *(("", *wrap_text(f"question: {step.question}", width)) if step.question else ()),
    )


def format_paragraphs(text: str, width: int = LESSON_WIDTH) -> Iterator[str]:
    """A text as lines, its paragraphs apart; an empty line is before each."""
    for part in re.split(r"\n\s*\n", text.strip()):
        yield from ("", *wrap_text(" ".join(part.split()), width))


def _format_commands(step: LessonStep) -> Iterator[str]:
    if step.docker and step.docker == step.dockmgr:
        yield from ("", "in another terminal:", *(INDENT + line for line in step.docker))
    elif not step.docker and step.dockmgr:
        yield from ("", "in another terminal, with dockmgr:")
        yield from (INDENT + line for line in step.dockmgr)
    elif step.docker:
        yield from ("", "in another terminal, with docker:")
        yield from (INDENT + line for line in step.docker)
        yield from ("or with dockmgr:", *(INDENT + line for line in step.dockmgr))
