"""Images as people and programs read them: rows, the table, the tree of shared layers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.cli.json_rows import bytes_data
from manager.cli.plain_table import Column, Table
from manager.model.units import format_age, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.tree import Tree

    from manager.disk.core.accounting import DiskAccounting, LayerStretch
    from manager.disk.core.listing import ImageRow

EARLIEST_BUILD_TIME = datetime(1980, 1, 2, tzinfo=UTC)
"""Builds that are to be the same each time write times before this."""
IMAGE_COLUMNS = (
    Column("IMAGE"),
    Column("SIZE", right=True),
    Column("SHARED", right=True, from_width=70),
    Column("FREES", right=True),
    Column("STATE"),
    Column("LAST USE"),
    Column("ID", from_width=100),
    Column("CREATED", from_width=115),
    Column("CONTAINERS", from_width=140),
)


def image_json(found: ImageRow) -> dict[str, Any]:
    """An image as JSON."""
    image = found.image
    return {
        "id": image.id,
        "tags": list(image.tags),
        "digests": list(image.digests),
        "size": image.size if image.size >= 0 else None,
        "shared": bytes_data(found.shared),
        "frees": bytes_data(found.frees),
        "created": image.created.isoformat(),
        "containers": list(found.containers),
        "state": found.state,
        "last_use": {
            "at": found.last_use.at.isoformat(),
            "known": found.last_use.known,
            "how": found.last_use.how,
        },
        "platforms": [it.platform for it in image.manifests if it.platform],
    }


def render_image_table(rows: Sequence[ImageRow], now: datetime, *, full_ids: bool = False) -> Table:
    """Images, one a row; further references of an image stand below its first.

    Args:
        rows: the images, in order.
        now: the time.
        full_ids: whether whole ids are shown, on narrow terminals too.
    """
    cells: list[tuple[str, ...]] = []
    for found in rows:
        image = found.image
        names = image.tags or image.digests or ("<untagged>",)
        count = len(found.containers)
        state = f"{found.state} ({count})" if count > 1 else str(found.state)
        cells.append(
            (
                names[0] if image.tags or image.digests else f"<untagged> {image.short_id}",
                format_size(image.size) if image.size >= 0 else "unknown",
                found.shared.format_short(),
                found.frees.format_short(),
                state,
                found.last_use.age(now),
                image.id if full_ids else image.short_id,
                format_age(image.created, now)
                if image.created > EARLIEST_BUILD_TIME
                else "unknown",
                ", ".join(found.containers),
            )
        )
        cells += [(name, *[""] * (len(IMAGE_COLUMNS) - 1)) for name in names[1:]]
    columns = [
        Column(it.heading) if full_ids and it.heading == "ID" else it for it in IMAGE_COLUMNS
    ]
    return Table(columns, cells)


def render_layer_tree(disk: DiskAccounting, rows: Iterable[ImageRow]) -> Tree:
    """The layers of images as they stand on each other, each with the images that end there."""
    from rich.tree import Tree

    labels: dict[str, list[str]] = {}
    for found in rows:
        image = found.image
        labels[image.id] = list(image.tags or image.digests or (f"<untagged> {image.short_id}",))
    root = Tree("", hide_root=True, guide_style="dim")
    for stretch in disk.stretches(set(labels)):
        _add_stretch(root, stretch, labels)
    return root


def _add_stretch(node: Tree, stretch: LayerStretch, labels: dict[str, list[str]]) -> None:
    from rich.text import Text

    count = stretch.layers
    line = Text(f"{stretch.bytes}", style="bold")
    line.append(f"  {count} layer{'s' * (count != 1)}", "dim")
    names = [
        f"{name} ({platform})" if platform else name
        for image_id, platform in stretch.images
        for name in labels[image_id]
    ]
    if names:
        line.append("  " + ", ".join(names))
    grown = node.add(line)
    for above in stretch.above:
        _add_stretch(grown, above, labels)
