"""Lines of several containers on one screen, each after its container's name in colour."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.cli.output import Output
    from manager.model.containers import Container

PREFIX_COLORS = (
    "cyan",
    "yellow",
    "green",
    "magenta",
    "blue",
    "bright_cyan",
    "bright_yellow",
    "red",
)


class LinePrinter:
    """Prints lines; those of a single container get no prefix."""

    def __init__(self, out: Output, containers: Sequence[Container]) -> None:
        """Give each container its colour.

        Args:
            out: where.
            containers: all whose lines there will be.
        """
        self._out = out
        self._alone = len(containers) == 1
        self._width = max(len(container.name) for container in containers)
        colors = itertools.cycle(PREFIX_COLORS)
        self._colors = dict(zip((one.id for one in containers), colors, strict=False))
        self._consoles = {stderr: out.console(stderr=stderr) for stderr in (False, True)}

    def print(self, container: Container, text: str, *, stderr: bool = False) -> None:
        """Print one line."""
        from rich.text import Text

        if self._alone:
            (self._out.note if stderr else self._out.line)(text)
            return
        prefix = Text(f"{container.name:<{self._width}} | ", style=self._colors[container.id])
        self._consoles[stderr].print(prefix + Text(text), soft_wrap=True)
