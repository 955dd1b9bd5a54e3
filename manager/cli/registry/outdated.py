"""The command outdated: which images have newer versions in their registries."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.registry.core.freshness import CheckedTag

MAX_NAMED_PER_REASON = 5
"""How many tags that are unknown for the same reason are named; the others are counted."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr outdated",
            "dockmgr outdated nginx 'myorg/*'",
            "dockmgr outdated --no-versions --json",
        )
    )(outdated)


def outdated(
    ctx: typer.Context,
    patterns: options.ImagePatterns = None,
    versions: Annotated[
        bool,
        typer.Option(
            "--versions/--no-versions",
            help="Also look for newer version tags: lists the tags of each repository.",
        ),
    ] = True,
    json: options.Json = False,
) -> None:
    """Show which images have newer versions in their registries; nothing is pulled.

    Two things can be newer: the image under the same tag, and a tag that is a newer version of
    the same kind, such as 1.28-alpine for 1.27-alpine.
    """
    from manager.cli.progress import show_count
    from manager.disk.observe import detect_store
    from manager.registry.core.freshness import list_local_tags
    from manager.registry.outdated import check_freshness

    work = get_session(ctx)
    info = work.engine.info()
    tags = list_local_tags(
        work.engine.images.list_with_manifests(), detect_store(work.engine, info), patterns or ()
    )
    with show_count(work.out, "asking registries") as report:
        found = check_freshness(work.registries(info), tags, report, versions=versions)
    if json:
        work.out.json("outdated", [_row(one) for one in found])
    else:
        _show_tags(work, found)
    code = _exit_code(found)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _exit_code(found: "Sequence[CheckedTag]") -> ExitCode:
    """Whether all registries could be asked, some, or none."""
    silent = [one.was_unanswered for one in found if not one.held.has_no_registry]
    if not any(silent):
        return ExitCode.OK
    return ExitCode.REGISTRY if all(silent) else ExitCode.PARTIAL


def _show_tags(work: Session, found: "Sequence[CheckedTag]") -> None:
    from manager.cli.plain_table import Column, Table
    from manager.registry.core.freshness import Freshness

    if not found:
        work.out.note("no image matches")
        work.out.hint("see all: dockmgr images")
        return
    newer = [one for one in found if one.outdated]
    if newer:
        columns = (
            Column("IMAGE"),
            Column("THIS TAG"),
            Column("NEWEST TAG"),
            Column("SAME MAJOR", from_width=60),
        )
        work.out.print_table(Table(columns, [_cells(one) for one in newer]))
    unknown = [one for one in found if one.why]
    if unknown:
        headings = (Column("UNKNOWN"), Column("WHY"))
        work.out.print_table(Table(headings, group_unknown_tags(unknown)))
    current = sum(one.freshness is Freshness.CURRENT and not one.outdated for one in found)
    parts = [f"{len(newer)} of {len(found)} tags outdated", f"{current} up to date"]
    work.out.note(", ".join([*parts, *([f"{len(unknown)} unknown"] if unknown else [])]))
    moved = [one.held.reference.familiar for one in newer if one.freshness is Freshness.OUTDATED]
    if moved:
        work.out.hint(f"update them with: dockmgr pull {' '.join(moved)}")


def group_unknown_tags(unknown: "Sequence[CheckedTag]") -> list[tuple[str, str]]:
    """The tags that are unknown with the reasons; of many with the same reason, the first few."""
    by_reason: dict[str, list[str]] = {}
    for one in unknown:
        by_reason.setdefault(one.why, []).append(one.held.reference.familiar)
    rows = []
    for why, names in by_reason.items():
        rows += [(name, why) for name in names[:MAX_NAMED_PER_REASON]]
        if (more := len(names) - MAX_NAMED_PER_REASON) > 0:
            rows.append((f"and {more} more", why))
    return rows


def _cells(one: "CheckedTag") -> tuple[str, ...]:
    from manager.registry.core.freshness import Freshness

    same = "updated" if one.freshness is Freshness.OUTDATED else str(one.freshness)
    newest, near = one.newer.newest or "", one.newer.same_major or ""
    return (one.held.reference.familiar, same, newest, near if near != newest else "")


def _row(one: "CheckedTag") -> dict[str, Any]:
    """A tag as JSON."""
    return {
        "reference": one.held.reference.canonical,
        "id": one.held.image.id,
        "digests": list(one.held.digests),
        "status": one.freshness,
        "digest": one.digest or None,
        "newer": one.newer.newest,
        "newer_same_major": one.newer.same_major,
        "why": one.why or None,
    }
