"""What lessons leave behind: it is named, asked about, and removed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from manager.explain.core.pages import format_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.cli.learn.course import Course
    from manager.cli.session import Session
    from manager.learn.watch import LessonWatch

YES_ANSWERS, NO_ANSWERS = ("y", "yes"), ("n", "no", "q")
MAX_RESOURCES_NAMED = 6
"""Things that are named in one sentence."""


def format_resources(things: Mapping[str, str], most: int = MAX_RESOURCES_NAMED) -> str:
    """Things in a sentence; of more than so many, the first ones."""
    return format_names(tuple(things), most)


def ask_yes_or_no(work: Session, watch: LessonWatch, question: str) -> bool:
    """Ask until the answer is one; nobody to ask means no."""
    work.out.line(f"{question} y or n, then Enter")
    while True:
        sys.stdout.flush()
        typed = watch.line()
        if typed is None or typed.casefold() in NO_ANSWERS:
            return False
        if typed.casefold() in YES_ANSWERS:
            return True
        work.out.line("Please type y or n, then Enter.")


def remove_leftovers(work: Session, course: Course, engine: str, things: Mapping[str, str]) -> None:
    """Remove what lessons left, and forget of it what is gone.

    Args:
        work: the run of the program.
        course: whose progress.
        engine: by what it is known again.
        things: by kind and name what each is known by.

    Raises:
        ManagerError: the engine could not be asked, or refused to remove something.
    """
    from manager.learn.leftovers import remove_lesson_resources

    refused = remove_lesson_resources(
        work.engine, things, lambda thing: work.out.line(f"removed {thing}")
    )
    gone = {it: number for it, number in things.items() if it not in refused}
    course.learned.removed(engine, gone)
    for thing, error in refused.items():
        work.out.warn(f"{thing} is left there: {error.message}")
        work.out.hint(error.hint)
