"""The kinds of values that a setting may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from manager.config.schema import ValueKind
from manager.config.toml_positions import format_toml_value
from manager.errors import ManagerError
from manager.model.units import parse_duration, parse_size

if TYPE_CHECKING:
    from manager.config.toml_positions import KeyPath

WHOLE = 100
"""Per cent."""


def whole_number(least: int, most: int) -> ValueKind[int]:
    """A whole number from ``least`` to ``most``."""

    def read(value: object, _: KeyPath) -> int:
        # bool is an int to Python, and not to whoever writes `parallel = true`.
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError
        return value

    return ValueKind(f"a whole number from {least} to {most}", read)


def duration(most: str) -> ValueKind[timedelta]:
    """A length of time up to ``most``, in the form of `manager.model.units`."""
    limit = parse_duration(most)

    def read(value: object, _: KeyPath) -> timedelta:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        try:
            span = parse_duration(value)
        except ManagerError as error:
            raise ValueError from error
        if not timedelta() <= span <= limit:
            raise ValueError
        return span

    return ValueKind(f'a duration in quotes, such as "10s" or "2m", at most "{most}"', read)


def choice(*values: str) -> ValueKind[str]:
    """One of some words."""

    def read(value: object, _: KeyPath) -> str:
        if value not in values:
            raise ValueError
        return value

    return ValueKind(f"one of {', '.join(map(format_toml_value, values))}", read)


def web_address() -> ValueKind[str]:
    """The address of a web site, or nothing."""

    def read(value: object, _: KeyPath) -> str:
        if not isinstance(value, str) or (value and not _is_web_address(value)):
            raise ValueError
        return value

    return ValueKind('an http:// or https:// address, or ""', read)


def _is_web_address(text: str) -> bool:
    scheme, _, rest = text.partition("://")
    return scheme in {"http", "https"} and rest.strip("/") != "" and not any(map(str.isspace, text))


def folder_list() -> ValueKind[tuple[Path, ...]]:
    """Absolute folders; whether they exist is looked at where they are used."""

    def read(value: object, _: KeyPath) -> tuple[Path, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError
        paths = tuple(map(Path, value))
        if not all(path.is_absolute() for path in paths):
            raise ValueError
        return paths

    return ValueKind('a list of absolute folders, such as ["/srv/site"]', read)


def optional_size() -> ValueKind[int | None]:
    """Bytes, in the form of `manager.model.units`; None where it is empty."""

    def read(value: object, _: KeyPath) -> int | None:
        return _read_size(value) if value != "" else None

    return ValueKind('a size in quotes, such as "500MB" or "20GB", or ""', read)


def _read_size(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - every refusal is one error
    try:
        return parse_size(value)
    except ManagerError as error:
        raise ValueError from error


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    of_one: float
    """From 0 to 1."""


def optional_share_or_size() -> ValueKind[Share | int | None]:
    """A share of a whole, or bytes; None where it is empty."""

    def read(value: object, _: KeyPath) -> Share | int | None:
        if not isinstance(value, str) or not value.endswith("%"):
            return _read_size(value) if value != "" else None
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%", value):
            raise ValueError
        share = float(value[:-1]) / WHOLE
        if share > 1:
            raise ValueError
        return Share(share)

    return ValueKind('a share such as "15%", a size such as "20GB", or ""', read)


def optional_duration(most: str) -> ValueKind[timedelta | None]:
    """A length of time, as `duration`; None where it is empty."""
    kind = duration(most)
    expected = f'{kind.expected}, or ""'
    return ValueKind(expected, lambda value, path: kind.read(value, path) if value != "" else None)


def optional_flag() -> ValueKind[bool | None]:
    """Yes or no; None where it is empty."""

    def read(value: object, _: KeyPath) -> bool | None:
        if value == "":
            return None
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return value

    return ValueKind('true, false, or ""', read)


def flag() -> ValueKind[bool]:
    """Yes or no."""

    def read(value: object, _: KeyPath) -> bool:
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return value

    return ValueKind("true or false", read)


def port_list() -> ValueKind[tuple[int, ...]]:
    """A list of ports."""

    def read(value: object, _: KeyPath) -> tuple[int, ...]:
        if not isinstance(value, list) or not all(type(it) is int for it in value):
            raise ValueError
        return tuple(value)

    return ValueKind("a list of ports, such as [80, 443]", read)


def text_list(what: str) -> ValueKind[tuple[str, ...]]:
    """A list of texts, none of them empty.

    Args:
        what: an example, as it would be written.
    """

    def read(value: object, _: KeyPath) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(it, str) and it for it in value):
            raise ValueError
        return tuple(value)

    return ValueKind(f"a list of texts, such as {what}", read)


def regex_list() -> ValueKind[tuple[str, ...]]:
    """A list of regular expressions, as Python writes them."""
    kind = text_list('["/app:v[0-9]+$"]')

    def read(value: object, path: KeyPath) -> tuple[str, ...]:
        found = kind.read(value, path)
        try:
            for regex in found:
                re.compile(regex)
        except re.error as error:
            raise ValueError from error
        return found

    return ValueKind('a list of regular expressions, such as ["/app:v[0-9]+$"]', read)


def one_line_text() -> ValueKind[str]:
    """Any text on one line."""

    def read(value: object, _: KeyPath) -> str:
        if not isinstance(value, str) or len(value.splitlines()) > 1:
            raise ValueError
        return value

    return ValueKind("a text in quotes", read)


def optional_whole_number(least: int, most: int) -> ValueKind[int | None]:
    """A whole number, as `whole_number`; None where it is an empty text."""
    kind = whole_number(least, most)
    expected = f'{kind.expected}, or ""'
    return ValueKind(expected, lambda value, path: kind.read(value, path) if value != "" else None)
