"""Containers and labs as people read them: tables and the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.model.ports import published_url
from manager.model.units import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

    from manager.groups.core.tree import ImageBranch
    from manager.lab.labs import LabStatus
    from manager.model.containers import Container

STATE_STYLES = {"running": "green", "exited": "red", "dead": "red", "paused": "yellow"}


def create_table(*headings: str) -> Table:
    """An empty table with the look that all tables of the program have."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        made.add_column(heading, justify="right" if heading == "SIZE" else "left", overflow="fold")
    return made


def render_state(container: Container) -> Text:
    """A container's state in the engine's own words; colour only repeats what they say."""
    from rich.text import Text

    words = container.status or container.state
    return Text(words.lower(), style=STATE_STYLES.get(container.state, ""))


def format_addresses(container: Container, engine_address: str) -> str:
    """The published ports as URLs."""
    return "  ".join(published_url(port, engine_address) for port in container.published_ports)


def containers_table(
    containers: Sequence[Container], engine_address: str, *, with_image: bool
) -> Table:
    """Containers, one a row."""
    rows = create_table(*(["IMAGE"] if with_image else []), "NAME", "ID", "STATE", "ADDRESS")
    for container in containers:
        rows.add_row(
            *([container.image] if with_image else []),
            container.name,
            container.short_id,
            render_state(container),
            format_addresses(container, engine_address),
        )
    return rows


def containers_tree(branches: Sequence[ImageBranch], engine_address: str) -> Tree:
    """Containers under the image they come from."""
    from rich.text import Text
    from rich.tree import Tree

    root = Tree("", hide_root=True, guide_style="dim")
    everything = [container for branch in branches for container in branch.containers]
    name_width = max((len(container.name) for container in everything), default=0)
    state_width = max((len(render_state(container)) for container in everything), default=0)
    for branch in branches:
        count = len(branch.containers)
        title = Text(branch.image, style="bold")
        title.append(f"  {count} container{'s' * (count != 1)}, {branch.running} running", "dim")
        node = root.add(title)
        for container in branch.containers:
            words = render_state(container)
            words.pad_right(state_width - len(words))
            line = Text(container.name.ljust(name_width) + "  ")
            line.append(container.short_id + "  ", "dim").append_text(words)
            line.append("  " + format_addresses(container, engine_address)).rstrip()
            node.add(line)
    return root


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
