"""Plain tables of many rows: a thousand in a few milliseconds, where Rich takes half a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLUMN_GAP = "  "
MIN_FIRST_COLUMN_WIDTH = 16
"""The least width of the first column, however narrow the terminal is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    heading: str
    right: bool = False
    """Whether its cells are aligned to the right, as numbers are."""
    from_width: int = 0
    """It is left out on terminals narrower than this."""


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows; the first column takes the width that the others leave, and is folded."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]

    def lines(self, width: int) -> Iterator[str]:
        """The table as lines, headings first; nothing if it has no rows.

        Args:
            width: columns of the terminal.
        """
        if not self.rows:
            return
        shown = [n for n, column in enumerate(self.columns) if width >= column.from_width]
        heads = [self.columns[n] for n in shown]
        cells = [[row[n] for n in shown] for row in self.rows]
        everything = [[head.heading for head in heads], *cells]
        widths = [max(len(row[n]) for row in everything) for n in range(len(shown))]
        others = sum(widths[1:]) + len(COLUMN_GAP) * (len(widths) - 1)
        widths[0] = min(widths[0], max(MIN_FIRST_COLUMN_WIDTH, width - others))
        for row in everything:
            yield from _fold_row(row, heads, widths)


def _fold_row(row: Sequence[str], heads: Sequence[Column], widths: Sequence[int]) -> Iterator[str]:
    """A row; a first cell that is too long goes on in lines of its own."""
    first, width = row[0], widths[0]
    cells = [
        cell.rjust(size) if head.right else cell.ljust(size)
        for cell, head, size in zip(row, heads, widths, strict=True)
    ]
    cells[0] = first[:width].ljust(width)
    yield COLUMN_GAP.join(cells).rstrip()
    for start in range(width, len(first), width):
        yield first[start : start + width]
