"""What a lesson says beside its steps, folded at the width of the terminal; and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.explain.core.pages import folded
from manager.learn.core.screen import WIDTH

if TYPE_CHECKING:
    from manager.cli.session import Session

HINT, SKIP, LEAVE = ("h", "hint"), ("s", "skip"), ("q", "quit")
"""What is typed at a step without being an answer."""


def say(work: Session, text: str) -> None:
    """Print a paragraph."""
    for line in folded(text, min(work.out.width, WIDTH)):
        work.out.line(line)
