"""Small pieces of Markdown."""

import re
from collections.abc import Iterable


def escape(text: str) -> str:
    """Text of the program as Markdown that shows exactly it."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Text as code, also inside a table."""
    return "`" + text.replace("|", "\\|") + "`"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table."""
    columns = list(headings)
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
