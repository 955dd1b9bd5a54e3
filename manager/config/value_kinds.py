"""The kinds of values that a setting may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from manager.config.schema import Kind
from manager.config.toml_positions import as_toml
from manager.errors import ManagerError
from manager.model.units import parse_duration, parse_size

if TYPE_CHECKING:
    from manager.config.toml_positions import KeyPath

WHOLE = 100
"""Per cent."""


def whole(least: int, most: int) -> Kind[int]:
    """A whole number from ``least`` to ``most``."""

    def read(value: object, _: KeyPath) -> int:
        # bool is an int to Python, and not to whoever writes `parallel = true`.
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError
        return value

    return Kind(f"a whole number from {least} to {most}", read)


def duration(most: str) -> Kind[timedelta]:
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

    return Kind(f'a duration in quotes, such as "10s" or "2m", at most "{most}"', read)


def choice(*values: str) -> Kind[str]:
    """One of some words."""

    def read(value: object, _: KeyPath) -> str:
        if value not in values:
            raise ValueError
        return value

    return Kind(f"one of {', '.join(map(as_toml, values))}", read)


def web_address() -> Kind[str]:
    """The address of a web site, or nothing."""

    def read(value: object, _: KeyPath) -> str:
        if not isinstance(value, str) or (value and not _is_web_address(value)):
            raise ValueError
        return value

    return Kind('an http:// or https:// address, or ""', read)


def _is_web_address(text: str) -> bool:
    scheme, _, rest = text.partition("://")
    return scheme in {"http", "https"} and rest.strip("/") != "" and not any(map(str.isspace, text))


def folders() -> Kind[tuple[Path, ...]]:
    """Absolute folders; whether they exist is looked at where they are used."""

    def read(value: object, _: KeyPath) -> tuple[Path, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError
        paths = tuple(map(Path, value))
        if not all(path.is_absolute() for path in paths):
            raise ValueError
        return paths

    return Kind('a list of absolute folders, such as ["/srv/site"]', read)


def size_or_nothing() -> Kind[int | None]:
    """Bytes, in the form of `manager.model.units`; None where it is empty."""

    def read(value: object, _: KeyPath) -> int | None:
        return _size(value) if value != "" else None

    return Kind('a size in quotes, such as "500MB" or "20GB", or ""', read)


def _size(value: object) -> int:
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


def share_or_size() -> Kind[Share | int | None]:
    """A share of a whole, or bytes; None where it is empty."""

    def read(value: object, _: KeyPath) -> Share | int | None:
        if not isinstance(value, str) or not value.endswith("%"):
            return _size(value) if value != "" else None
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%", value):
            raise ValueError
        share = float(value[:-1]) / WHOLE
        if share > 1:
            raise ValueError
        return Share(share)

    return Kind('a share such as "15%", a size such as "20GB", or ""', read)


def duration_or_nothing(most: str) -> Kind[timedelta | None]:
    """A length of time, as `duration`; None where it is empty."""
    kind = duration(most)
    expected = f'{kind.expected}, or ""'
    return Kind(expected, lambda value, path: kind.read(value, path) if value != "" else None)


def flag_or_nothing() -> Kind[bool | None]:
    """Yes or no; None where it is empty."""

    def read(value: object, _: KeyPath) -> bool | None:
        if value == "":
            return None
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return value

    return Kind('true, false, or ""', read)


def flag() -> Kind[bool]:
    """Yes or no."""

    def read(value: object, _: KeyPath) -> bool:
        if not isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return value

    return Kind("true or false", read)


def ports() -> Kind[tuple[int, ...]]:
    """A list of ports."""

    def read(value: object, _: KeyPath) -> tuple[int, ...]:
        if not isinstance(value, list) or not all(type(it) is int for it in value):
            raise ValueError
        return tuple(value)

    return Kind("a list of ports, such as [80, 443]", read)


def texts(what: str) -> Kind[tuple[str, ...]]:
    """A list of texts, none of them empty.

    Args:
        what: an example, as it would be written.
    """

    def read(value: object, _: KeyPath) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(it, str) and it for it in value):
            raise ValueError
        return tuple(value)

    return Kind(f"a list of texts, such as {what}", read)


def regexes() -> Kind[tuple[str, ...]]:
    """A list of regular expressions, as Python writes them."""
    kind = texts('["/app:v[0-9]+$"]')

    def read(value: object, path: KeyPath) -> tuple[str, ...]:
        found = kind.read(value, path)
        try:
            for regex in found:
                re.compile(regex)
        except re.error as error:
            raise ValueError from error
        return found

    return Kind('a list of regular expressions, such as ["/app:v[0-9]+$"]', read)


def text() -> Kind[str]:
    """Any text on one line."""

    def read(value: object, _: KeyPath) -> str:
        if not isinstance(value, str) or len(value.splitlines()) > 1:
            raise ValueError
        return value

    return Kind("a text in quotes", read)


def whole_or_nothing(least: int, most: int) -> Kind[int | None]:
    """A whole number, as `whole`; None where it is an empty text."""
    kind = whole(least, most)
    expected = f'{kind.expected}, or ""'
    return Kind(expected, lambda value, path: kind.read(value, path) if value != "" else None)
