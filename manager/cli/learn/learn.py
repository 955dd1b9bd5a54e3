"""The command learn: lessons in the terminal, which watch the engine."""

from pathlib import Path
from typing import Annotated

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import get_session
from manager.errors import ExitCode, ManagerError

CHECK_WORD = "check"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr learn                       continue where you left off",
            "dockmgr learn --list                list the lessons",
            "dockmgr learn layers                take this lesson",
            "dockmgr learn check ./course        check lessons of your own",
            "dockmgr learn check ./course --run  also run their lines in a fresh lab",
            "dockmgr learn --lessons ./course    take these lessons",
        )
    )(learn)


def learn(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME | check FOLDER|FILE]",
            help="The lesson to take; without a name, continue where you left off.",
            autocompletion=complete.complete_lessons,
            show_default=False,
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", "-l", help="List the lessons.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget your progress: in NAME, or in all lessons.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--lessons", help="A folder of lessons to use instead of the built-in ones."),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="With check: also type every line in a fresh lab.")
    ] = False,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            help="With --run: the lab's engine, 20.10, 26, 28 or 28-containerd.",
            metavar="NAME",
            show_default=False,
        ),
    ] = "",
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Learn what images and containers are, on your own engine.

    Each step says what to do in another terminal, with docker or dockmgr, and notices when it is
    done. Everything that lessons make has a name that begins with learn-; they also pull images.
    At a step: h for a hint, s to skip it, q to quit, Enter to check again.
    """
    names = words or []
    is_check = names[:1] == [CHECK_WORD]
    if is_check and (reset or listing or folder is not None):
        raise ManagerError(
            "check cannot be combined with --reset, --list or --lessons",
            "write: dockmgr learn check FOLDER",
            ExitCode.USAGE,
        )
    if not (is_check and run) and (run or engine or yes):
        raise ManagerError(
            "--run is for check only, and --engine and --yes are for --run only",
            "write: dockmgr learn check FOLDER --run",
            ExitCode.USAGE,
        )
    if is_check:
        _check_lessons(ctx, names[1:], engine, run=run, yes=yes, json=json)
        return
    if len(names) > 1:
        raise ManagerError("name only one lesson", "see: dockmgr learn --list", ExitCode.USAGE)
    _use_course(ctx, "".join(names), folder, listing=listing, reset=reset, json=json)


def _check_lessons(
    ctx: typer.Context, names: list[str], engine: str, *, run: bool, yes: bool, json: bool
) -> None:
    from manager.cli.learn.check import check_lessons, run_lessons

    if run:
        run_lessons(get_session(ctx), names, engine, yes=yes, json=json)
    else:
        check_lessons(get_session(ctx), names, json=json)


def _use_course(
    ctx: typer.Context, name: str, folder: Path | None, *, listing: bool, reset: bool, json: bool
) -> None:
    """List lessons, forget the progress in them, or take one."""
    from manager.cli.learn.course import Course
    from manager.cli.learn.lesson import take_lesson
    from manager.learn import lesson_files
    from manager.learn.progress import ProgressFile
    from manager.system import folders

    session = get_session(ctx)
    course = Course(
        lesson_files.load_lessons(folder or lesson_files.BUILT_IN_FOLDER),
        ProgressFile(folders.state_folder()),
        str(folder.resolve()) if folder is not None else "",
    )
    chosen = [course.get_lesson(name)] if name else []
    if reset:
        course.progress.reset_lessons([course.key(it) for it in chosen or course.lessons])
        session.out.note(f"forgot your progress in {name or 'all lessons'}")
    if json:
        session.out.json("learn", course.list_rows(chosen or course.lessons))
    elif listing:
        _list_lessons(ctx, course.list_rows(chosen or course.lessons))
    elif not reset:
        take_lesson(session, course, chosen[0] if chosen else course.next_lesson())


def _list_lessons(ctx: typer.Context, rows: list[dict[str, object]]) -> None:
    """List lessons with the learner's progress."""
    from manager.cli.rich_tables import create_table

    table = create_table("LESSON", "STEPS", "STATE", "TITLE")
    for row in rows:
        table.add_row(str(row["name"]), str(row["steps"]), str(row["state"]), str(row["title"]))
    get_session(ctx).out.show(table)
