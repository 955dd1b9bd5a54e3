"""What an error says of a TOML file: the path of a value, the value, and its line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

KeyPath: TypeAlias = "tuple[str | int, ...]"
"""Where a value is: keys, and positions in arrays of tables."""

_SHOWN = 60
"""How many characters of a value are shown."""


def dotted(path: KeyPath) -> str:
    """A path as TOML writes it: ``prune.keep[1].age``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def as_toml(value: object) -> str:
    """A value as TOML writes it, for showing: long ones are cut.

    Args:
        value: what tomllib may return.

    Returns:
        One line.
    """
    if isinstance(value, bool | str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list):
        text = f"[{', '.join(map(as_toml, value))}]"
    else:
        text = "a section" if isinstance(value, dict) else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def line_of(text: str, path: KeyPath) -> int:
    """The line on which the statement begins that brings a value into being.

    Args:
        text: a whole TOML document.
        path: the value, which the document holds.

    Returns:
        The line, the first being 1.
    """
    return lines_of(text, [path])[0]


def lines_of(text: str, paths: Sequence[KeyPath]) -> list[int]:
    """The same of several values.

    A TOML file cut after a whole statement is a TOML file. So of the prefixes of the file the
    first that holds the path ends with its statement, which begins after the parseable prefix
    before.
    """
    import tomllib

    lines = text.split("\n")
    begin = 1
    found: dict[KeyPath, int] = {}
    for number in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue  # inside a statement of several lines
        found |= {path: begin for path in paths if path not in found and holds(document, path)}
        if len(found) == len(set(paths)):
            break
        begin = number + 1
    return [found.get(path, begin) for path in paths]


def holds(value: Any, path: KeyPath) -> bool:  # noqa: ANN401 - any TOML value
    """Whether a document, or a part of one, has a value at a path."""
    for part in path:
        if isinstance(part, str):
            if not isinstance(value, dict) or part not in value:
                return False
        elif not isinstance(value, list) or part >= len(value):
            return False
        value = value[part]
    return True
