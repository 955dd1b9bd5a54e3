"""What a lesson says and asks beside its steps."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from manager.explain.core.text_layout import format_names, wrap_text
from manager.learn.core.screen import LESSON_WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.cli.learn.course import Course
    from manager.cli.session import Session
    from manager.learn.watch import LessonWatch

YES_ANSWERS, NO_ANSWERS = ("y", "yes"), ("n", "no", "q")
MAX_RESOURCES_NAMED = 6
"""The most resources that one sentence names."""


def print_paragraph(session: Session, text: str) -> None:
    """Print a paragraph, wrapped at the width of the terminal."""
    for line in wrap_text(text, min(session.out.width, LESSON_WIDTH)):
        session.out.line(line)


def format_resources(resources: Mapping[str, str], most: int = MAX_RESOURCES_NAMED) -> str:
    """Resources in a sentence; the first ones if there are more than the most."""
    return format_names(tuple(resources), most)


def ask_yes_or_no(session: Session, watch: LessonWatch, question: str) -> bool:
    """Ask until the answer is yes or no; the end of the input means no."""
    session.out.line(f"{question} [y/n]")
    while True:
        sys.stdout.flush()
        typed = watch.wait_for_line()
        if typed is None or typed.casefold() in NO_ANSWERS:
            return False
        if typed.casefold() in YES_ANSWERS:
            return True
        session.out.line("Please type y or n, then Enter.")


def remove_leftovers(
    session: Session, course: Course, engine: str, resources: Mapping[str, str]
) -> None:
    """Remove what lessons left behind, and forget what is gone.

    Args:
        session: the run of the program.
        course: the lessons, with the learner's progress.
        engine: what identifies the engine.
        resources: their identities, by kind and name.

    Raises:
        ManagerError: the engine could not be asked.
    """
    from manager.learn.leftovers import remove_resources

    refused = remove_resources(
        session.engine, resources, lambda resource: session.out.line(f"removed {resource}")
    )
    gone = {it: identity for it, identity in resources.items() if it not in refused}
    course.progress.forget_leftovers(engine, gone)
    for resource, error in refused.items():
        session.out.warn(f"{resource} was not removed: {error.message}")
        session.out.hint(error.hint)
