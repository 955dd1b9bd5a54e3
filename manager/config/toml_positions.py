"""What an error says of a TOML file: the path of a value, the value, and its line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

KeyPath: TypeAlias = "tuple[str | int, ...]"
"""Where a value is: keys, and positions in arrays of tables."""

_LONGEST_SHOWN = 60
"""How many characters of a value are shown."""
_MOST_BITS = 1024
"""How long a number may be that is written in decimal digits."""


def format_key_path(path: KeyPath) -> str:
    """A path as TOML writes it: ``prune.keep[1].age``."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{_format_key(part)}" for part in path
    )
    return text.removeprefix(".")


def _format_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def format_toml_value(value: object) -> str:
    """A value as TOML writes it, for showing: long ones are cut.

    Args:
        value: what tomllib may return.

    Returns:
        One line.
    """
    if isinstance(value, bool | str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list):
        text = f"[{', '.join(map(format_toml_value, value))}]"
    elif isinstance(value, int) and value.bit_length() > _MOST_BITS:
        text = hex(value)  # Python refuses to write so many digits
    else:
        text = "a section" if isinstance(value, dict) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def find_line(text: str, path: KeyPath) -> int:
    """The line on which the statement begins that brings a value into being.

    Of an item of an array over several lines, it is the line on which that item begins.

    Args:
        text: a whole TOML document.
        path: the value, which the document holds.

    Returns:
        The line, the first being 1.
    """
    return find_lines(text, [path])[0]


def find_lines(text: str, paths: Sequence[KeyPath]) -> list[int]:
    """The same of several values.

    A TOML file cut after a whole statement is a TOML file, and so is one that is cut after a line
    of an array and has the array closed. So of the prefixes of the file the first that holds the
    path ends with its statement or item, which begins after the parseable prefix before.
    """
    lines = text.split("\n")
    begin = 1
    found: dict[KeyPath, int] = {}
    for number in range(1, len(lines) + 1):
        document = _parse_beginning("\n".join(lines[:number]))
        if document is None:
            continue  # inside a text of several lines
        found |= {
            path: begin for path in paths if path not in found and has_value_at(document, path)
        }
        if len(found) == len(set(paths)):
            break
        begin = number + 1
    return [found.get(path, begin) for path in paths]


def _parse_beginning(text: str) -> dict[str, Any] | None:
    """The beginning of a document; None if it ends within a value that is no array."""
    import tomllib

    for closed in (text, f"{text}\n]"):
        try:
            return tomllib.loads(closed)
        except tomllib.TOMLDecodeError:
            continue
    return None


def has_value_at(value: Any, path: KeyPath) -> bool:  # noqa: ANN401 - any TOML value
    """Whether a document, or a part of one, has a value at a path."""
    for part in path:
        if isinstance(part, str):
            if not isinstance(value, dict) or part not in value:
                return False
        elif not isinstance(value, list) or part >= len(value):
            return False
        value = value[part]
    return True
