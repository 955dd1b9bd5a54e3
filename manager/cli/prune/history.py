"""The commands history and undo: what prunes have deleted, and bringing it back."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import options
from manager.cli.options import examples
from manager.cli.session import Session, session
from manager.errors import ExitCode, ManagerError
from manager.prune.journal import Entry, Journal, Prune, Status
from manager.system import folders

if TYPE_CHECKING:
    from manager.prune.undo import Brought

Number = Annotated[
    int | None,
    typer.Argument(metavar="[ID]", help="The number of a prune.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=examples("dockmgr history", "dockmgr history 12", "dockmgr history --json"))(
        history
    )
    app.command(
        epilog=examples(
            "dockmgr undo", "dockmgr undo 12 --dry-run", "dockmgr undo --explain --dry-run"
        )
    )(undo)


def history(ctx: typer.Context, number: Number = None, json: options.Json = False) -> None:
    """List past prunes: what they were to free, what they freed; or the steps of one."""
    work = session(ctx)
    journal = Journal(folders.state())
    if number is not None:
        prune = _of(journal.prunes(), number)
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
    number: Number = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Bring back the images of a prune, with their names: from their registry or the archive.

    Without a number: of the last prune of this engine that took any. A name that another image
    has got meanwhile stays with that image.
    """
    from manager.cli.prune.carrying_out import agree, one_at_a_time
    from manager.disk.observe import engine_id
    from manager.prune.undo import to_bring_back

    work = session(ctx)
    journal = Journal(folders.state())
    identity = engine_id(work.engine, work.engine.info())
    with one_at_a_time(work):
        agree(work, identity)
        prune = _chosen(journal, identity, number)
        entries = to_bring_back(journal.entries(prune.id))
        if explain:
            _explain(work, prune, entries, json=json, dry_run=dry_run)
        if dry_run:
            _show_plan(work, prune, entries, json=json)
            return
        brought = _bring(work, journal, prune, entries, quiet=json)
    if json:
        rows = [
            {"target": it.target, "back": it.back, "error": it.detail or None} for it in brought
        ]
        work.out.json("undo", {"dry_run": False, "prune": prune.id, "outcomes": rows})
    elif not brought:
        work.out.note(f"prune {prune.id} took no image that is not back already")
    if any(not it.back for it in brought):
        raise typer.Exit(ExitCode.PARTIAL if any(it.back for it in brought) else ExitCode.FAILED)


def _explain(
    work: Session, prune: Prune, entries: "tuple[Entry, ...]", *, json: bool, dry_run: bool
) -> None:
    """Show the docker commands that bring the same back."""
    from manager.cli.docker_equivalents import explain
    from manager.model.docker_equivalents import Lost, bring_back

    by_image: dict[str, list[Entry]] = {}
    for entry in entries:
        by_image.setdefault(entry.object_id, []).append(entry)
    lost = [
        Lost(image_id, steps[-1].back, tuple(it.target for it in steps), steps[-1].platforms)
        for image_id, steps in reversed(by_image.items())
    ]
    here = frozenset(image.id for image in work.engine.images.list())
    explain(work, bring_back(lost, prune.archive, here), json=json, dry_run=dry_run)


def _bring(
    work: Session, journal: Journal, prune: Prune, entries: "tuple[Entry, ...]", *, quiet: bool
) -> "tuple[Brought, ...]":
    from manager.cli.progress import pulling
    from manager.prune import undo as bringing
    from manager.registry.transfer import Retry

    def report(brought: "Brought") -> None:
        name = _short(brought.target)
        if not brought.back:
            work.out.warn(f"{name} is not back: {brought.detail}")
        elif not quiet:
            work.out.line(f"brought back {name}")

    settings = work.settings.pull
    with pulling(work.out) as shown:
        means = bringing.Means(
            work.engine,
            journal,
            Retry(settings.attempts, settings.backoff.total_seconds()),
            shown,
            report,
            work.lab.name if work.lab is not None else "",
        )
        return bringing.undo(prune, entries, means)


def _chosen(journal: Journal, engine: str, number: int | None) -> Prune:
    """The prune that is to be undone."""
    from manager.prune.undo import to_bring_back

    prunes = journal.prunes(engine)
    if number is not None:
        return _of(prunes, number)
    for prune in prunes:
        if to_bring_back(journal.entries(prune.id)):
            return prune
    raise ManagerError(
        "there is nothing to undo on this engine", "see what was pruned with: dockmgr history"
    )


def _of(prunes: tuple[Prune, ...], number: int) -> Prune:
    for prune in prunes:
        if prune.id == number:
            return prune
    raise ManagerError(f"there is no prune {number}", "see which there are with: dockmgr history")


def _short(target: str) -> str:
    """A reference as it is; of an id the beginning."""
    from manager.model.snapshot import SHORT_ID

    return target.removeprefix("sha256:")[:SHORT_ID] if target.startswith("sha256:") else target


def _state(prune: Prune, entries: tuple[Entry, ...]) -> str:
    """What became of a prune, in words."""
    if prune.ended is None:
        return "running, or cut off"
    counts = {status: sum(it.status is status for it in entries) for status in Status}
    if counts[Status.BACK] and not counts[Status.DONE]:
        return "undone"
    rest = prune.steps - sum(counts[it] for it in (Status.DONE, Status.BACK, Status.GONE))
    parts = ["done" if not rest else f"{rest} not done"]
    if counts[Status.BACK]:
        parts.append(f"{counts[Status.BACK]} brought back")
    return ", ".join(parts)


def _row(prune: Prune, entries: tuple[Entry, ...]) -> dict[str, Any]:
    from manager.cli.render import amount

    return {
        "id": prune.id,
        "engine": prune.engine,
        "began": prune.began.isoformat(),
        "ended": prune.ended.isoformat() if prune.ended else None,
        "steps": prune.steps,
        "predicted": amount(prune.predicted) if prune.predicted else None,
        "freed": prune.freed,
        "archive": prune.archive or None,
        "state": _state(prune, entries),
    }


def _show_all(work: Session, found: list[tuple[Prune, tuple[Entry, ...]]]) -> None:
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
            prune.predicted.short() if prune.predicted else "",
            format_size(prune.freed) if prune.freed is not None else "unknown",
            _state(prune, entries),
        )
        for prune, entries in found
    ]
    work.out.columns(Table(columns, rows))


def _show_one(work: Session, prune: Prune, entries: tuple[Entry, ...], *, json: bool) -> None:
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
    work.out.columns(
        Table(
            columns,
            [(_short(it.target), str(it.verb), str(it.status), _back(it)) for it in entries],
        )
    )
    for entry in entries:
        if entry.detail:
            work.out.note(f"{_short(entry.target)}: {entry.detail}")
    if prune.archive:
        work.out.note(f"archive: {prune.archive}")


def _back(entry: Entry) -> str:
    """From where a step can be undone."""
    from manager.model.plan import ARCHIVED

    if not entry.back:
        return "nowhere"
    if entry.back == entry.object_id:
        return "the image"
    return "archive" if entry.back == ARCHIVED else "registry"


def _show_plan(work: Session, prune: Prune, entries: tuple[Entry, ...], *, json: bool) -> None:
    if json:
        rows = [
            {"target": it.target, "id": it.object_id, "back": it.back or None} for it in entries
        ]
        work.out.json("undo", {"dry_run": True, "prune": prune.id, "steps": rows, "outcomes": []})
        return
    if work.out.show_docker():
        return
    for entry in entries:
        work.out.line(f"bring back {_short(entry.target)} (from: {_back(entry)})")
    work.out.hint("nothing was changed: this was a dry run" if entries else "nothing to bring back")
