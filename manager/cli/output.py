"""What reaches the two streams: data on stdout, everything else on stderr."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console, RenderableType

    from manager.cli.plain_table import Table
    from manager.model.docker_commands import DockerCommand

ENVELOPE_VERSION = 1
"""Version of the JSON envelope."""
UNLIMITED_WIDTH = 10_000
"""Columns where the reader is a program: nothing is cut or wrapped."""


_CONTROL_CODES = {
    code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"
}


class Output:
    """The two streams of the program, and whether they may have colour."""

    def __init__(self, env: Mapping[str, str], color: str = "auto") -> None:
        """Remember what decides whether there is colour.

        Args:
            env: the environment; ``NO_COLOR`` (any value but empty) turns colour off.
            color: ``auto``, ``always`` or ``never``.
        """
        self._env = env
        self.color = color
        self.docker_lines: tuple[DockerCommand, ...] | None = None
        """The equivalent docker commands; None unless they were asked for."""

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: stdin and stderr are terminals."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def is_terminal(self) -> bool:
        """Whether stdout is a terminal."""
        return sys.stdout.isatty()

    def json(self, command: str, data: object) -> None:
        """Print the one envelope that every ``--json`` has.

        Docker commands are a field of the data; of data that is a list, one beside it.
        """
        import json

        more: dict[str, object] = {}
        if self.docker_lines is not None:
            if isinstance(data, dict):
                data = {**data, "docker": self.docker_rows}
            else:
                more["docker"] = self.docker_rows
        envelope = {"schema": ENVELOPE_VERSION, "command": command, "data": data, **more}
        print(json.dumps(envelope, indent=2))  # noqa: T201

    @property
    def docker_rows(self) -> list[dict[str, str | None]]:
        """The docker commands as JSON; where docker has none, the line is null."""
        return [{"line": it.text or None, "why": it.why} for it in self.docker_lines or ()]

    def show_docker(self, notes: Sequence[str] = ()) -> bool:
        """Print the docker commands as data; return whether there are any."""
        if self.docker_lines is None:
            return False
        for note in notes:
            self.note(f"note: {note}")
        for one in self.docker_lines:
            self.line(str(one))
        self.hint("nothing was changed: this was a dry run")
        return True

    def json_line(self, data: object) -> None:
        """Print an object on a line of its own: for streams, such as logs."""
        import json

        print(json.dumps(data), flush=True)  # noqa: T201

    def line(self, text: str) -> None:
        """Print a line of data."""
        print(text)  # noqa: T201 - this is the one place that prints

    def note(self, text: str) -> None:
        """Print a note: something that is not data."""
        print(escape_controls(text), file=sys.stderr)  # noqa: T201

    def hint(self, text: str) -> None:
        """Print what can be done next."""
        self.note(f"hint: {text}")

    def warn(self, text: str) -> None:
        """Print a warning."""
        self.note(f"warning: {text}")

    def show(self, *renderables: RenderableType) -> None:
        """Print tables, trees and the like as data."""
        console = self.console(stderr=False)
        for renderable in renderables:
            if self.is_terminal:
                console.print(renderable)
                continue
            with console.capture() as captured:
                console.print(renderable)
            for line in captured.get().removesuffix("\n").split("\n"):
                self.line(_strip_padding(line))

    def print_table(self, table: Table) -> None:
        """Print a plain table as data; its headings are bold where there is colour."""
        width = self.width
        lines = list(table.lines(width))
        if self.colored and lines:
            lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
        for line in lines:
            self.line(line)

    def print_part(self, part: str | Table, *, data: bool) -> None:
        """Print a line or a plain table: as data, or beside it."""
        if data:
            self.line(part) if isinstance(part, str) else self.print_table(part)
            return
        width = shutil.get_terminal_size().columns
        for line in [part] if isinstance(part, str) else part.lines(width):
            self.note(line)

    @property
    def width(self) -> int:
        """Columns that a line of data may have."""
        if not self.is_terminal and "COLUMNS" not in self._env:
            return UNLIMITED_WIDTH
        return shutil.get_terminal_size().columns

    @property
    def colored(self) -> bool:
        """Whether data may have colour."""
        if self.color != "auto":
            return self.color == "always"
        return self.is_terminal and not self._env.get("NO_COLOR")

    def console(self, *, stderr: bool) -> Console:
        """A Rich console for one of the streams."""
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        terminal = stream.isatty()
        options: dict[str, Any] = {}
        if self.color == "always":
            options["force_terminal"] = True
        elif self.color == "never" or self._env.get("NO_COLOR"):
            options["no_color"] = True
        if not terminal and "COLUMNS" not in self._env:
            options["width"] = UNLIMITED_WIDTH
        return Console(file=stream, highlight=False, soft_wrap=False, **options)


def escape_controls(text: str) -> str:
    """A text with the codes of characters that command a terminal; lines and tabs stay."""
    return text.translate(_CONTROL_CODES)


def _strip_padding(line: str) -> str:
    """A line without the spaces that pad its last column; its colours stay."""
    import re

    colors = r"\x1b\[[0-9;]*m"
    end = re.search(rf"(?:\s|{colors})*\Z", line)
    cut = end.start() if end else len(line)
    return line[:cut] + "".join(re.findall(colors, line[cut:]))
