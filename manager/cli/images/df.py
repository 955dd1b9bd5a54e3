"""The command df: what takes disk space, what could be freed, and how full the disk is."""

from typing import TYPE_CHECKING, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.cli.images.observing import EngineView
    from manager.disk.core.overview import UsageRow
    from manager.engine.disk_space import DiskSpace

BAR_WIDTH = 8
"""Columns of a bar in the table."""
DISK_BAR_WIDTH = 30


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=format_examples("dockmgr df", "dockmgr df --json"))(df)


def df(ctx: typer.Context, json: options.Json = False) -> None:
    """Show what takes disk space, what could be freed and how, and how full the disk is."""
    from manager.cli.images.observing import load_engine_view
    from manager.disk.core import listing
    from manager.disk.core.overview import build_overview
    from manager.engine.disk_usage import USAGE_KINDS

    work = get_session(ctx)
    view = load_engine_view(work, *USAGE_KINDS)
    rows = listing.build_image_rows(view.snapshot, view.disk, view.last_uses)
    kinds = build_overview(view.snapshot, view.disk, rows, view.usage.writable, view.usage.volumes)
    space = _find_disk_space(work, view)
    if json:
        work.out.json("df", _build_json(view, kinds, space))
        return
    _show_usage(work, kinds, space)
    if view.usage.failure:
        work.out.warn(f"the engine did not report everything: {view.usage.failure}")
    if view.disk.doubt:
        work.out.note(f"the sizes of images are approximate: {view.disk.doubt}")


def _find_disk_space(work: Session, view: "EngineView") -> "DiskSpace | str":
    from manager.engine.disk_space import find_disk_space

    folder = work.lab.folder if work.lab is not None else None
    return find_disk_space(work.endpoint.host, view.info, folder)


def _build_json(
    view: "EngineView", kinds: "Sequence[UsageRow]", space: "DiskSpace | str"
) -> dict[str, Any]:
    from manager.cli.json_rows import bytes_data

    return {
        "kinds": [
            {
                "name": kind.name,
                "count": kind.count,
                "size": bytes_data(kind.size),
                "freeable": bytes_data(kind.freeable),
                "command": kind.command or None,
            }
            for kind in kinds
        ],
        "images_total": bytes_data(view.disk.total()),
        "engine_total": view.snapshot.layers_size,
        "failure": view.usage.failure or None,
        "disk": {"unknown": space}
        if isinstance(space, str)
        else {"path": space.path, "total": space.total, "free": space.free},
    }


def _show_usage(work: Session, kinds: "Sequence[UsageRow]", space: "DiskSpace | str") -> None:
    from manager.cli.plain_table import Column, Table
    from manager.model.units import format_size

    most = max(kind.size.high for kind in kinds)
    columns = [Column("TYPE"), Column("COUNT", right=True), Column("SIZE", right=True)]
    if work.out.is_terminal:
        columns.append(Column(""))
    columns += [Column("FREEABLE", right=True), Column("HOW")]
    rows = []
    for kind in kinds:
        bars = [render_bar(kind.size.high, most, BAR_WIDTH)] if work.out.is_terminal else []
        row = [kind.name, str(kind.count), kind.size.format_short(), *bars]
        rows.append([*row, kind.freeable.format_short(), kind.command])
    work.out.print_table(Table(columns, rows))
    if isinstance(space, str):
        work.out.line(f"disk: {space}")
        return
    used = space.total - space.free
    percent = round(100 * used / space.total) if space.total else 0
    drawn = f"{render_bar(used, space.total, DISK_BAR_WIDTH)} " if work.out.is_terminal else ""
    free = f"{format_size(space.free)} free of {format_size(space.total)}"
    work.out.line(f"disk: {drawn}{percent}% full, {free}")
    work.out.line(f"      {space.path}")


def render_bar(part: int, whole: int, width: int) -> str:
    """A bar of text: how much of the whole a part is; never empty for a part that is something."""
    if whole <= 0:
        return " " * width
    filled = round(width * min(part, whole) / whole)
    filled = max(filled, 1) if part > 0 else 0
    return "█" * filled + "░" * (width - filled)
