"""Labs as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.cli.rich_tables import create_table
from manager.model.units import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from manager.lab.labs import LabStatus


def labs_table(labs: Sequence[LabStatus]) -> Table:
    """Labs, several lines for each: there are few, and much to say about each."""
    rows = create_table("LAB", "")
    for one in labs:
        lab = one.lab
        version = f"version {one.engine_version}" if one.engine_version else "not answering"
        up_since = lab.started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        rows.add_row(lab.name, f"engine {lab.flavour}, {version}, up since {up_since}")
        rows.add_row(
            "",
            f"{one.containers} containers, {one.images} images, "
            f"{format_size(one.disk_bytes)} on disk",
        )
        rows.add_row("", f"socket    {lab.socket}")
        rows.add_row("", f"context   {lab.context}")
        rows.add_row("", f"sees      {', '.join(lab.mounts) or 'no folder of this machine'}")
        # Its nginx is library/nginx: engines add that part to a short name themselves.
        images = ", ".join(name.removeprefix("library/") for name in one.registry_images)
        stands = f"{lab.registry} stands in for Docker Hub"
        rows.add_row("", f"registry  {stands}, with {images or 'nothing'}")
    return rows
