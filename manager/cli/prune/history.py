"""The command history: what prunes have removed."""

from typing import Annotated, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ManagerError
from manager.prune.journal import Journal, JournalEntry, PruneRecord, StepStatus
from manager.system import folders

PruneNumber = Annotated[
    int | None,
    typer.Argument(metavar="[ID]", help="The number of a prune.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples("dockmgr history", "dockmgr history 12", "dockmgr history --json")
    )(history)


def history(ctx: typer.Context, number: PruneNumber = None, json: options.Json = False) -> None:
    """List past prunes with predicted and freed bytes; with ID, list the steps of one."""
    session = get_session(ctx)
    journal = Journal(folders.state_folder())
    if number is not None:
        prune = find_prune(journal.prunes(), number)
        show = _print_json if json else _show_steps
        show(session, prune, journal.entries(prune.id))
        return
    found = [(prune, journal.entries(prune.id)) for prune in journal.prunes()]
    if json:
        session.out.json("history", [_row(prune, entries) for prune, entries in found])
    elif not found:
        session.out.note("no prunes yet")
    else:
        _show_all(session, found)


def _describe_state(prune: PruneRecord, entries: tuple[JournalEntry, ...]) -> str:
    """The result of a prune, in words."""
    if prune.ended is None:
        return "running or interrupted"
    counts = {status: sum(it.status is status for it in entries) for status in StepStatus}
    if counts[StepStatus.BACK] and not counts[StepStatus.DONE]:
        return "undone"
    rest = prune.steps - sum(
        counts[it] for it in (StepStatus.DONE, StepStatus.BACK, StepStatus.GONE)
    )
    parts = ["done" if not rest else f"{rest} not done"]
    if counts[StepStatus.BACK]:
        parts.append(f"{counts[StepStatus.BACK]} recovered")
    return ", ".join(parts)


def _row(prune: PruneRecord, entries: tuple[JournalEntry, ...]) -> dict[str, Any]:
    from manager.cli.json_rows import bytes_data

    return {
        "id": prune.id,
        "engine": prune.engine,
        "began": prune.began.isoformat(),
        "ended": prune.ended.isoformat() if prune.ended else None,
        "steps": prune.steps,
        "predicted": bytes_data(prune.predicted) if prune.predicted else None,
        "freed": prune.freed,
        "archive": prune.archive or None,
        "state": _describe_state(prune, entries),
    }


def _show_all(session: Session, found: list[tuple[PruneRecord, tuple[JournalEntry, ...]]]) -> None:
    from manager.cli.plain_table import Column, Table
    from manager.model.units import format_size

    columns = (
        Column("WHEN"),
        Column("ID", right=True),
        Column("STEPS", right=True),
        Column("PREDICTED", right=True),
        Column("FREED", right=True),
        Column("STATE"),
    )
    rows = [
        (
            f"{prune.began.astimezone():%Y-%m-%d %H:%M}",
            str(prune.id),
            str(prune.steps),
            prune.predicted.format_short() if prune.predicted else "",
            format_size(prune.freed) if prune.freed is not None else "unknown",
            _describe_state(prune, entries),
        )
        for prune, entries in found
    ]
    session.out.print_table(Table(columns, rows))


def _print_json(session: Session, prune: PruneRecord, entries: tuple[JournalEntry, ...]) -> None:
    rows = [
        {
            "verb": it.verb,
            "target": it.target,
            "id": it.object_id,
            "back": it.restore_from or None,
            "status": it.status,
            "detail": it.detail or None,
        }
        for it in entries
    ]
    session.out.json("history", {**_row(prune, entries), "entries": rows})


def _show_steps(session: Session, prune: PruneRecord, entries: tuple[JournalEntry, ...]) -> None:
    from manager.cli.plain_table import Column, Table
    from manager.cli.prune.views import format_status, shorten_target

    if not entries:
        session.out.note("no step was started")
    columns = (Column("TARGET"), Column("STEP"), Column("STATUS"), Column("RECOVER FROM"))
    rows = [
        (
            shorten_target(it.target),
            str(it.verb),
            format_status(it.status),
            entry_recovery_source(it),
        )
        for it in entries
    ]
    session.out.print_table(Table(columns, rows))
    for entry in entries:
        if entry.detail:
            session.out.note(f"{shorten_target(entry.target)}: {entry.detail}")
    if prune.archive:
        session.out.note(f"archive: {prune.archive}")


def find_prune(prunes: tuple[PruneRecord, ...], number: int) -> PruneRecord:
    """The prune with a number.

    Raises:
        ManagerError: there is none.
    """
    for prune in prunes:
        if prune.id == number:
            return prune
    raise ManagerError(f"there is no prune {number}", "list prunes with: dockmgr history")


def entry_recovery_source(entry: JournalEntry) -> str:
    """From where a step can be undone, in a word."""
    from manager.model.plan import ARCHIVED

    if not entry.restore_from:
        return "nowhere"
    if entry.restore_from == entry.object_id:
        return "the image"
    return "archive" if entry.restore_from == ARCHIVED else "registry"
