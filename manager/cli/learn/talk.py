"""What a lesson says beside its steps, folded at the width of the terminal; and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.explain.core.pages import wrap_text
from manager.learn.core.screen import LESSON_WIDTH

if TYPE_CHECKING:
    from manager.cli.session import Session

HINT_KEYS, SKIP_KEYS, QUIT_KEYS = ("h", "hint"), ("s", "skip"), ("q", "quit")
"""What is typed at a step without being an answer."""


def print_paragraph(work: Session, text: str) -> None:
    """Print a paragraph."""
    for line in wrap_text(text, min(work.out.width, LESSON_WIDTH)):
        work.out.line(line)
