"""The screen of a lesson's step, as lines of text."""

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
    """Render a step: its heading, its text, the lines to type, and its question.

    Args:
        lesson: the lesson.
        index: the step's, counted from 0.
        width: in columns.

    Returns:
        Lines of at most that width, except for longer lines to type.
    """
    step = lesson.steps[index]
    return (
        *wrap_text(f"{lesson.title}: step {index + 1} of {len(lesson.steps)}", width),
        *format_paragraphs(step.text, width),
        *_format_commands(step),
        *(("", _format_failure(step)) if step.expects_failure else ()),
        *(("", *wrap_text(f"Question: {step.question}", width)) if step.question else ()),
    )


def _format_failure(step: LessonStep) -> str:
    which = "The last line" if max(len(step.docker), len(step.dockmgr)) > 1 else "This line"
    return f"{which} is meant to fail."


def format_paragraphs(text: str, width: int = LESSON_WIDTH) -> Iterator[str]:
    """Wrap a text; an empty line precedes each paragraph."""
    for part in re.split(r"\n\s*\n", text.strip()):
        yield from ("", *wrap_text(" ".join(part.split()), width))


def _format_commands(step: LessonStep) -> Iterator[str]:
    if step.docker and step.docker == step.dockmgr:
        yield from ("", "In another terminal:", *(INDENT + line for line in step.docker))
    elif not step.docker and step.dockmgr:
        yield from ("", "In another terminal, with dockmgr:")
        yield from (INDENT + line for line in step.dockmgr)
    elif step.docker:
        yield from ("", "In another terminal, with docker:")
        yield from (INDENT + line for line in step.docker)
        yield from ("Or with dockmgr:", *(INDENT + line for line in step.dockmgr))
