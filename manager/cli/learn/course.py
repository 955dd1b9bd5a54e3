"""A course: its lessons, the learner's progress in them, and the next one to take."""

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
    """Lessons that belong together, and the learner's progress in them."""

    lessons: tuple[Lesson, ...]
    progress: ProgressFile
    origin: str = ""
    """The folder of a teacher's lessons; empty for the built-in ones."""

    def key(self, lesson: Lesson) -> str:
        """The key of a lesson's progress."""
        return f"{self.origin}#{lesson.name}" if self.origin else lesson.name

    def get_lesson(self, name: str) -> Lesson:
        """Get a lesson by its name.

        Raises:
            ManagerError: the course has no such lesson.
        """
        found = next((it for it in self.lessons if it.name == name), None)
        if found is None:
            names = ", ".join(it.name for it in self.lessons)
            raise ManagerError(f"there is no lesson {name}", f"the lessons are: {names}")
        return found

    def next_lesson(self) -> Lesson:
        """The lesson that was left unfinished; otherwise the first that is not done.

        Raises:
            ManagerError: all lessons are done.
        """
        lessons = {self.key(it): it for it in self.lessons}
        progress = {key: self.progress.get_progress(key) for key in lessons}
        unfinished = [key for key, it in progress.items() if it.is_under_way]
        if (last := self.progress.find_last_taken(unfinished)) is not None:
            return lessons[last]
        for key, lesson in lessons.items():
            if not progress[key].is_done:
                return lesson
        again = self.format_command("--reset")
        raise ManagerError("you have taken all lessons", f"start over with: {again}")

    def lesson_after(self, lesson: Lesson) -> Lesson | None:
        """The first lesson after this one that is not done, starting over at the end."""
        at = self.lessons.index(lesson) + 1
        turned = (*self.lessons[at:], *self.lessons[: at - 1])
        return next(
            (it for it in turned if not self.progress.get_progress(self.key(it)).is_done), None
        )

    def format_command(self, *words: str) -> str:
        """The command that takes one of these lessons."""
        lessons = ["--lessons", self.origin] if self.origin else []
        return shlex.join(["dockmgr", "learn", *words, *lessons])

    def list_rows(self, lessons: Sequence[Lesson]) -> list[dict[str, Any]]:
        """Lessons as rows: name, title, steps, and the learner's progress."""
        progress = [self.progress.get_progress(self.key(it)) for it in lessons]
        return [
            {
                "name": lesson.name,
                "title": lesson.title,
                "steps": len(lesson.steps),
                "next_step": it.step + 1 if it.is_under_way else None,
                "done": it.is_done,
                "skipped": list(it.skipped),
                "state": _format_progress(it),
            }
            for lesson, it in zip(lessons, progress, strict=True)
        ]


def _format_progress(progress: LessonProgress) -> str:
    if progress.is_under_way:
        return f"at step {progress.step + 1}"
    skipped = f", {len(progress.skipped)} skipped" if progress.skipped else ""
    return f"done{skipped}" if progress.is_done else "new"
