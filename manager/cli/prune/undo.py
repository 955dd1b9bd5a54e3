"""The command undo: recover what a prune has removed."""

from typing import TYPE_CHECKING

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.prune.history import (
    PruneNumber,
    entry_recovery_source,
    find_prune,
)
from manager.cli.prune.views import shorten_target
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError
from manager.prune.journal import Journal, JournalEntry, PruneRecord
from manager.system import folders

if TYPE_CHECKING:
    from manager.prune.undo import UndoResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr undo", "dockmgr undo 12 --dry-run", "dockmgr undo --explain --dry-run"
        )
    )(undo)


def undo(
    ctx: typer.Context,
    number: PruneNumber = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Recover the images that a prune removed, with their names, from a registry or an archive.

    Without ID, undo takes the last prune on this engine that removed images. A name that another
    image has taken since then stays with that image.
    """
    from manager.cli.prune.common import exclusive_prune_lock, finish_interrupted_prunes
    from manager.disk.observe import engine_id
    from manager.prune.undo import undoable_entries

    session = get_session(ctx)
    journal = Journal(folders.state_folder())
    identity = engine_id(session.engine, session.engine.info())
    with exclusive_prune_lock(session):
        finish_interrupted_prunes(session, identity)
        prune = _choose_prune(journal, identity, number)
        entries = undoable_entries(journal.entries(prune.id))
        if explain:
            _explain_undo(session, prune, entries, json=json, dry_run=dry_run)
        if dry_run:
            _show_plan(session, prune, entries, json=json)
            return
        results = _recover_images(session, journal, prune, entries, quiet=json)
    if json:
        rows = [
            {"target": it.target, "back": it.restored, "error": it.detail or None} for it in results
        ]
        session.out.json("undo", {"dry_run": False, "prune": prune.id, "outcomes": rows})
    elif not results:
        session.out.note(f"prune {prune.id} has no images left to recover")
    if any(not it.restored for it in results):
        raise typer.Exit(
            ExitCode.PARTIAL if any(it.restored for it in results) else ExitCode.FAILED
        )


def _explain_undo(
    session: Session,
    prune: PruneRecord,
    entries: "tuple[JournalEntry, ...]",
    *,
    json: bool,
    dry_run: bool,
) -> None:
    """Show the docker commands that recover the same."""
    from manager.cli.docker_equivalents import explain_commands
    from manager.model.docker_equivalents import LostImage, translate_undo

    by_image: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        by_image.setdefault(entry.object_id, []).append(entry)
    lost = [
        LostImage(
            image_id, steps[-1].restore_from, tuple(it.target for it in steps), steps[-1].platforms
        )
        for image_id, steps in reversed(by_image.items())
    ]
    here = frozenset(image.id for image in session.engine.images.list())
    explain_commands(session, translate_undo(lost, prune.archive, here), json=json, dry_run=dry_run)


def _recover_images(
    session: Session,
    journal: Journal,
    prune: PruneRecord,
    entries: "tuple[JournalEntry, ...]",
    *,
    quiet: bool,
) -> "tuple[UndoResult, ...]":
    from manager.cli.progress import show_transfers
    from manager.prune.undo import UndoContext, undo_prune
    from manager.registry.transfer import RetryPolicy

    def report(result: "UndoResult") -> None:
        name = shorten_target(result.target)
        if not result.restored:
            session.out.warn(f"cannot recover {name}: {result.detail}")
        elif not quiet:
            session.out.line(f"recovered {name}")

    settings = session.settings.pull
    with show_transfers(session.out) as shown:
        context = UndoContext(
            session.engine,
            journal,
            RetryPolicy(settings.attempts, settings.backoff.total_seconds()),
            shown,
            report,
            session.lab.name if session.lab is not None else "",
        )
        return undo_prune(prune, entries, context)


def _choose_prune(journal: Journal, engine: str, number: int | None) -> PruneRecord:
    """The prune to undo."""
    from manager.prune.undo import undoable_entries

    prunes = journal.prunes(engine)
    if number is not None:
        return find_prune(prunes, number)
    for prune in prunes:
        if undoable_entries(journal.entries(prune.id)):
            return prune
    raise ManagerError(
        "there is nothing to undo on this engine", "list prunes with: dockmgr history"
    )


def _show_plan(
    session: Session, prune: PruneRecord, entries: tuple[JournalEntry, ...], *, json: bool
) -> None:
    if json:
        rows = [
            {"target": it.target, "id": it.object_id, "back": it.restore_from or None}
            for it in entries
        ]
        session.out.json(
            "undo", {"dry_run": True, "prune": prune.id, "steps": rows, "outcomes": []}
        )
        return
    if session.out.show_docker():
        return
    for entry in entries:
        session.out.line(
            f"recover {shorten_target(entry.target)} (from: {entry_recovery_source(entry)})"
        )
    session.out.hint("nothing was changed: this was a dry run" if entries else "nothing to recover")
