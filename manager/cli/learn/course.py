"""A course: lessons that belong together, how far somebody is in them, which one is next."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.learn.core.lessons import Lesson
    from manager.learn.progress import LessonProgress, ProgressFile


@dataclass(frozen=True)
class Course:
    """Lessons that belong together, and how far somebody is in them."""

    lessons: tuple[Lesson, ...]
    learned: ProgressFile
    origin: str = ""
    """The folder of a teacher's own; empty for those that come with the program."""

    def key(self, lesson: Lesson) -> str:
        """Under what its progress is kept."""
        return f"{self.origin}#{lesson.name}" if self.origin else lesson.name

    def named(self, name: str) -> Lesson:
        """A lesson by its name.

        Raises:
            ManagerError: there is none.
        """
        found = next((it for it in self.lessons if it.name == name), None)
        if found is None:
            names = ", ".join(it.name for it in self.lessons)
            raise ManagerError(f"there is no lesson {name}", f"the lessons are: {names}")
        return found

    def next(self) -> Lesson:
        """The lesson that was left in its middle; else the first that is not done."""
        keys = {self.key(it): it for it in self.lessons}
        last = self.learned.last([key for key in keys if self.learned.place(key).under_way])
        left = [it for key, it in keys.items() if not self.learned.place(key).done]
        if last is None and not left:
            anew = self.command("--reset")
            raise ManagerError("you have taken all lessons", f"begin anew with: {anew}")
        return keys[last] if last is not None else left[0]

    def after(self, lesson: Lesson) -> Lesson | None:
        """The lesson to take next: the first that is not done, from the one behind it on."""
        place = self.lessons.index(lesson) + 1
        turned = (*self.lessons[place:], *self.lessons[: place - 1])
        return next((it for it in turned if not self.learned.place(self.key(it)).done), None)

    def command(self, *words: str) -> str:
        """The command that takes a lesson of these."""
        lessons = ["--lessons", self.origin] if self.origin else []
        return shlex.join(["dockmgr", "learn", *words, *lessons])

    def rows(self, lessons: Sequence[Lesson]) -> list[dict[str, Any]]:
        """Lessons as rows: name, title, steps, and how far somebody is."""
        places = [self.learned.place(self.key(it)) for it in lessons]
        return [
            {
                "name": it.name,
                "title": it.title,
                "steps": len(it.steps),
                "next_step": place.step + 1 if place.under_way else None,
                "done": place.done,
                "skipped": list(place.skipped),
                "state": _format_progress(place),
            }
            for it, place in zip(lessons, places, strict=True)
        ]


def _format_progress(place: LessonProgress) -> str:
    if place.under_way:
        return f"at step {place.step + 1}"
    skipped = f", {len(place.skipped)} skipped" if place.skipped else ""
    return f"done{skipped}" if place.done else "new"
