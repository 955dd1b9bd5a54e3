"""The look that the tables of the program have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def create_table(*headings: str) -> Table:
    """An empty table with the look that all tables of the program have."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        made.add_column(heading, justify="right" if heading == "SIZE" else "left", overflow="fold")
    return made
