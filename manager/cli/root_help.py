"""The help of the program as a whole: one screen, with examples and panels of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from manager.cli.commands import PANELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

EXAMPLES = (
    ("dockmgr spawn nginx --count 3", "make nginx1, nginx2 and nginx3"),
    ("dockmgr ls", "list them under their image"),
    ("dockmgr rm nginx", "remove the group again"),
    ("dockmgr lab up", "start a private engine to practise on"),
)
LEFT_PANELS = ("Containers", "Registries", "Lab", "Settings")
"""Panels of the left half; the others stand in the right one."""
WIDTH_OF_TWO_COLUMNS = 80
"""Columns of the terminal from which on panels stand side by side."""
DESCRIPTION = "Handle Docker images and containers as sets."


def render_root_help(usage: str, options: Iterable[tuple[str, str]]) -> str:
    """The help of the program as a whole.

    Args:
        usage: the line that says how commands are written.
        options: the options that all commands share: how each is written, and its help.
    """
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(Text.assemble((usage, "bold"), "\n", DESCRIPTION, "\n"))
        console.print(Padding(_build_rows(EXAMPLES), (0, 0, 0, 1)))
        console.print(_arrange_panels(console.width))
        console.print(_build_panel("Options", options))
    return captured.get()


def _arrange_panels(width: int) -> RenderableType:
    left = [_build_command_panel(title) for title in PANELS if title in LEFT_PANELS]
    right = [_build_command_panel(title) for title in PANELS if title not in LEFT_PANELS]
    if width < WIDTH_OF_TWO_COLUMNS:
        return Group(*left, *right)
    halves = Table.grid(expand=True)
    halves.add_column(ratio=1)
    halves.add_column(ratio=1)
    halves.add_row(Group(*left), Group(*right))
    return halves


def _build_command_panel(title: str) -> Panel:
    return _build_panel(title, ((name, entry.summary) for name, entry in PANELS[title].items()))


def _build_panel(title: str, rows: Iterable[tuple[str, str]]) -> Panel:
    return Panel(_build_rows(rows), title=title, title_align="left", border_style="dim")


def _build_rows(rows: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold cyan", no_wrap=True)
    grid.add_column()
    for name, text in rows:
        grid.add_row(Text(name), Text(text))
    return grid
