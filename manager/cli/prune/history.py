"""The commands history and undo: what prunes have deleted, and bringing it back."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError
from manager.prune.journal import Journal, JournalEntry, PruneRecord, StepStatus
from manager.system import folders

if TYPE_CHECKING:
    from manager.prune.undo import UndoResult

PruneNumber = Annotated[
    int | None,
    typer.Argument(metavar="[ID]", help="The number of a prune.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=format_examples("dockmgr history", "dockmgr history 12", "dockmgr history --json")
    )(history)
    app.command(
        epilog=format_examples(
            "dockmgr undo", "dockmgr undo 12 --dry-run", "dockmgr undo --explain --dry-run"
        )
    )(undo)


def history(ctx: typer.Context, number: PruneNumber = None, json: options.Json = False) -> None:
    """List past prunes: what they were to free, what they freed; or the steps of one."""
    work = get_session(ctx)
    journal = Journal(folders.state_folder())
    if number is not None:
        prune = _find_prune(journal.prunes(), number)
        _show_one(work, prune, journal.entries(prune.id), json=json)
        return
    found = [(prune, journal.entries(prune.id)) for prune in journal.prunes()]
    if json:
        work.out.json("history", [_row(prune, entries) for prune, entries in found])
    elif not found:
        work.out.note("nothing was pruned yet")
    else:
        _show_all(work, found)


def undo(
    ctx: typer.Context,
    number: PruneNumber = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Bring back the images of a prune, with their names: from their registry or the archive.

    Without a number: of the last prune of this engine that took any. A name that another image
    has got meanwhile stays with that image.
    """
    from manager.cli.prune.common import exclusive_prune_lock, finish_interrupted_prunes
    from manager.disk.observe import engine_id
    from manager.prune.undo import undoable_entries

    work = get_session(ctx)
    journal = Journal(folders.state_folder())
    identity = engine_id(work.engine, work.engine.info())
    with exclusive_prune_lock(work):
        finish_interrupted_prunes(work, identity)
        prune = _choose_prune(journal, identity, number)
        entries = undoable_entries(journal.entries(prune.id))
        if explain:
            _explain_undo(work, prune, entries, json=json, dry_run=dry_run)
        if dry_run:
            _show_plan(work, prune, entries, json=json)
            return
        brought = _bring_back_images(work, journal, prune, entries, quiet=json)
    if json:
        rows = [
            {"target": it.target, "back": it.back, "error": it.detail or None} for it in brought
        ]
        work.out.json("undo", {"dry_run": False, "prune": prune.id, "outcomes": rows})
    elif not brought:
        work.out.note(f"prune {prune.id} took no image that is not back already")
    if any(not it.back for it in brought):
        raise typer.Exit(ExitCode.PARTIAL if any(it.back for it in brought) else ExitCode.FAILED)


def _explain_undo(
    work: Session,
    prune: PruneRecord,
    entries: "tuple[JournalEntry, ...]",
    *,
    json: bool,
    dry_run: bool,
) -> None:
    """Show the docker commands that bring the same back."""
    from manager.cli.docker_equivalents import explain_commands
    from manager.model.docker_equivalents import LostImage, translate_undo

    by_image: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        by_image.setdefault(entry.object_id, []).append(entry)
    lost = [
        LostImage(image_id, steps[-1].back, tuple(it.target for it in steps), steps[-1].platforms)
        for image_id, steps in reversed(by_image.items())
    ]
    here = frozenset(image.id for image in work.engine.images.list())
    explain_commands(work, translate_undo(lost, prune.archive, here), json=json, dry_run=dry_run)


def _bring_back_images(
    work: Session,
    journal: Journal,
    prune: PruneRecord,
    entries: "tuple[JournalEntry, ...]",
    *,
    quiet: bool,
) -> "tuple[UndoResult, ...]":
    from manager.cli.progress import show_transfers
    from manager.prune import undo as bringing
    from manager.registry.transfer import RetryPolicy

    def report(brought: "UndoResult") -> None:
        name = _short_target(brought.target)
        if not brought.back:
            work.out.warn(f"{name} is not back: {brought.detail}")
        elif not quiet:
            work.out.line(f"brought back {name}")

    settings = work.settings.pull
    with show_transfers(work.out) as shown:
        means = bringing.UndoContext(
            work.engine,
            journal,
            RetryPolicy(settings.attempts, settings.backoff.total_seconds()),
            shown,
            report,
            work.lab.name if work.lab is not None else "",
        )
        return bringing.undo_prune(prune, entries, means)


def _choose_prune(journal: Journal, engine: str, number: int | None) -> PruneRecord:
    """The prune that is to be undone."""
    from manager.prune.undo import undoable_entries

    prunes = journal.prunes(engine)
    if number is not None:
        return _find_prune(prunes, number)
    for prune in prunes:
        if undoable_entries(journal.entries(prune.id)):
            return prune
    raise ManagerError(
        "there is nothing to undo on this engine", "see what was pruned with: dockmgr history"
    )


def _find_prune(prunes: tuple[PruneRecord, ...], number: int) -> PruneRecord:
    for prune in prunes:
        if prune.id == number:
            return prune
    raise ManagerError(f"there is no prune {number}", "see which there are with: dockmgr history")


def _short_target(target: str) -> str:
    """A reference as it is; of an id the beginning."""
    from manager.model.units import SHORT_ID_DIGITS

    return (
        target.removeprefix("sha256:")[:SHORT_ID_DIGITS] if target.startswith("sha256:") else target
    )


def _describe_state(prune: PruneRecord, entries: tuple[JournalEntry, ...]) -> str:
    """What became of a prune, in words."""
    if prune.ended is None:
        return "running, or cut off"
    counts = {status: sum(it.status is status for it in entries) for status in StepStatus}
    if counts[StepStatus.BACK] and not counts[StepStatus.DONE]:
        return "undone"
    rest = prune.steps - sum(
        counts[it] for it in (StepStatus.DONE, StepStatus.BACK, StepStatus.GONE)
    )
    parts = ["done" if not rest else f"{rest} not done"]
    if counts[StepStatus.BACK]:
        parts.append(f"{counts[StepStatus.BACK]} brought back")
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


def _show_all(work: Session, found: list[tuple[PruneRecord, tuple[JournalEntry, ...]]]) -> None:
    from manager.cli.columns import Column, Table
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
    work.out.print_table(Table(columns, rows))


def _show_one(
    work: Session, prune: PruneRecord, entries: tuple[JournalEntry, ...], *, json: bool
) -> None:
    from manager.cli.columns import Column, Table

    if json:
        rows = [
            {
                "verb": it.verb,
                "target": it.target,
                "id": it.object_id,
                "back": it.back or None,
                "status": it.status,
                "detail": it.detail or None,
            }
            for it in entries
        ]
        work.out.json("history", {**_row(prune, entries), "entries": rows})
        return
    if not entries:
        work.out.note("none of its steps was begun")
    columns = (Column("TARGET"), Column("STEP"), Column("STATUS"), Column("BACK FROM"))
    work.out.print_table(
        Table(
            columns,
            [
                (_short_target(it.target), str(it.verb), str(it.status), _recovery_source(it))
                for it in entries
            ],
        )
    )
    for entry in entries:
        if entry.detail:
            work.out.note(f"{_short_target(entry.target)}: {entry.detail}")
    if prune.archive:
        work.out.note(f"archive: {prune.archive}")


def _recovery_source(entry: JournalEntry) -> str:
    """From where a step can be undone."""
    from manager.model.plan import ARCHIVED

    if not entry.back:
        return "nowhere"
    if entry.back == entry.object_id:
        return "the image"
    return "archive" if entry.back == ARCHIVED else "registry"


def _show_plan(
    work: Session, prune: PruneRecord, entries: tuple[JournalEntry, ...], *, json: bool
) -> None:
    if json:
        rows = [
            {"target": it.target, "id": it.object_id, "back": it.back or None} for it in entries
        ]
        work.out.json("undo", {"dry_run": True, "prune": prune.id, "steps": rows, "outcomes": []})
        return
    if work.out.show_docker():
        return
    for entry in entries:
        work.out.line(f"bring back {_short_target(entry.target)} (from: {_recovery_source(entry)})")
    work.out.hint("nothing was changed: this was a dry run" if entries else "nothing to bring back")
