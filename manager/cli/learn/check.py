"""The command learn check: find the mistakes in lessons of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from manager.cli.session import Session
    from manager.learn.lesson_files import ExaminedLesson


def check_lessons(session: Session, names: list[str], *, json: bool) -> None:
    """Check lessons and report all their mistakes.

    Args:
        session: the run of the program.
        names: one folder or one file.
        json: whether to print JSON.

    Raises:
        ManagerError: (usage) the lessons have mistakes, or the names are not one path.
    """
    from manager.explain.core.text_layout import format_count
    from manager.learn import lesson_files

    if len(names) != 1:
        raise ManagerError(
            "check needs one folder or one file",
            "write: dockmgr learn check FOLDER",
            ExitCode.USAGE,
        )
    found = lesson_files.examine_lessons(lesson_files.list_lesson_files(Path(names[0])))
    if json:
        session.out.json("learn", [_lesson_row(one) for one in found])
    _refuse_mistakes(session, found, json=json)
    for lesson in (one.lesson for one in found if one.lesson and not json):
        session.out.line(f"{lesson.name}: {format_count(len(lesson.steps), 'step')}, no mistakes")


def _refuse_mistakes(session: Session, found: tuple[ExaminedLesson, ...], *, json: bool) -> None:
    from manager.explain.core.text_layout import format_count

    mistakes = [it for one in found for it in one.mistakes]
    for it in mistakes if not json else ():
        session.out.line(f"{it}\n  hint: {it.hint}")
    if mistakes:
        wrong = sum(bool(one.mistakes) for one in found)
        raise ManagerError(
            f"{format_count(len(mistakes), 'mistake')} in {format_count(wrong, 'lesson')}"
            f" of {len(found)}",
            "correct them and check again",
            ExitCode.USAGE,
        )


def _lesson_row(found: ExaminedLesson) -> dict[str, object]:
    """A checked lesson; title and steps are null if it has mistakes."""
    return {
        "name": found.name,
        "file": str(found.file),
        "title": found.lesson.title if found.lesson else None,
        "steps": len(found.lesson.steps) if found.lesson else None,
        "mistakes": [
            {"line": it.line, "problem": it.problem, "hint": it.hint} for it in found.mistakes
        ],
    }
