"""Containers as people read them: the columns and the tree of `ls`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.cli.rich_tables import create_table
from manager.model.ports import published_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

    from manager.groups.core.tree import ImageBranch
    from manager.model.containers import Container

STATE_STYLES = {"running": "green", "exited": "red", "dead": "red", "paused": "yellow"}


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
