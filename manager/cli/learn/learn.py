"""The command learn: lessons in the terminal, which watch the engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import get_session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from manager.learn.lesson_files import ExaminedLesson

CHECK_WORD = "check"
MOST_WORDS = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr learn                       go on where you were",
            "dockmgr learn --list                see which lessons there are",
            "dockmgr learn layers                take this one",
            "dockmgr learn check ./course        check lessons of your own",
            "dockmgr learn --lessons ./course    take them",
        )
    )(learn)


def learn(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME | check FOLDER|FILE]",
            help="A lesson; without one, go on where you were.",
            autocompletion=complete.complete_lessons,
            show_default=False,
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", "-l", help="List the lessons.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget how far you are: in NAME, or in all.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--lessons", help="A folder of lessons, instead of the own.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Learn what images and containers are, on the engine you have.

    Each step says what to do, in another terminal, with docker or dockmgr. It sees by itself when
    that is done. All that lessons make has a name that begins with learn-; beside that they only
    pull images. At a step: h for a hint, s to skip it, q to leave, Enter to look again.
    """
    from manager.cli.learn.course import Course
    from manager.cli.learn.lesson import take_lesson
    from manager.learn import lesson_files
    from manager.learn.progress import ProgressFile
    from manager.system import folders

    work = get_session(ctx)
    names = words or []
    if names[:1] == [CHECK_WORD]:
        if reset or listing or folder is not None:
            raise ManagerError(
                "check goes with none of --reset, --list and --lessons",
                "write: dockmgr learn check FOLDER",
                ExitCode.USAGE,
            )
        _check_lessons(ctx, names[1:], json=json)
        return
    if len(names) >= MOST_WORDS:
        raise ManagerError("name one lesson", "see: dockmgr learn --list", ExitCode.USAGE)
    course = Course(
        lesson_files.load_lessons(folder or lesson_files.BUILT_IN_FOLDER),
        ProgressFile(folders.state_folder()),
        str(folder.resolve()) if folder is not None else "",
    )
    chosen = [course.named(names[0])] if names else []
    if reset:
        course.learned.forget([course.key(it) for it in chosen or course.lessons])
        work.out.note(f"forgot how far you were in {names[0] if names else 'all lessons'}")
        if json:
            work.out.json("learn", course.rows(chosen or course.lessons))
    elif listing or json:
        rows = course.rows(chosen or course.lessons)
        if json:
            work.out.json("learn", rows)
        else:
            _list_lessons(ctx, rows)
    else:
        take_lesson(work, course, chosen[0] if chosen else course.next())


def _check_lessons(ctx: typer.Context, names: list[str], *, json: bool) -> None:
    """Read a teacher's lessons, and say all that is wrong with them."""
    from manager.explain.core.pages import format_count
    from manager.learn import lesson_files

    if len(names) != 1:
        raise ManagerError(
            "check takes one folder, or one file",
            "write: dockmgr learn check FOLDER",
            ExitCode.USAGE,
        )
    out = get_session(ctx).out
    found = lesson_files.examine_lessons(lesson_files.list_lesson_files(Path(names[0])))
    mistakes = [it for one in found for it in one.mistakes]
    if json:
        out.json("learn", [_row(one) for one in found])
    else:
        for it in mistakes:
            out.line(f"{it}\n  hint: {it.hint}")
    if mistakes:
        wrong = sum(bool(one.mistakes) for one in found)
        raise ManagerError(
            f"{format_count(len(mistakes), 'mistake')} in {format_count(wrong, 'lesson')}"
            f" of {len(found)}",
            "mend them, and check again; the form is in the README, under Lessons",
            ExitCode.USAGE,
        )
    for lesson in (one.lesson for one in found if one.lesson and not json):
        out.line(f"{lesson.name}: {format_count(len(lesson.steps), 'step')}, no mistake was found")


def _row(found: "ExaminedLesson") -> dict[str, object]:
    """A lesson that was checked; of one with mistakes, nothing else is told."""
    return {
        "name": found.name,
        "file": str(found.file),
        "title": found.lesson.title if found.lesson else None,
        "steps": len(found.lesson.steps) if found.lesson else None,
        "mistakes": [
            {"line": it.line, "problem": it.problem, "hint": it.hint} for it in found.mistakes
        ],
    }


def _list_lessons(ctx: typer.Context, rows: list[dict[str, object]]) -> None:
    """The lessons, and how far each is."""
    from manager.cli.render import create_table

    shown = create_table("LESSON", "STEPS", "STATE", "TITLE")
    for row in rows:
        shown.add_row(str(row["name"]), str(row["steps"]), str(row["state"]), str(row["title"]))
    get_session(ctx).out.show(shown)
