"""The kinds of values that a setting may hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from manager.config.schema import ValueKind
from manager.config.toml_positions import format_toml_value
from manager.errors import ManagerError
from manager.model.units import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from manager.config.toml_positions import KeyPath

T = TypeVar("T")
PERCENT = 100


def optional(kind: ValueKind[T]) -> ValueKind[T | None]:
    """Another kind, or ``""``, which gives None."""
    return ValueKind(
        f'{kind.expected}, or ""',
        lambda value, path: kind.read(value, path) if value != "" else None,
    )


def list_of(kind: ValueKind[T], plural: str) -> ValueKind[tuple[T, ...]]:
    """A list of values of another kind.

    Args:
        kind: what each of them is.
        plural: what they are called, and an example: ``ports, such as [80, 443]``.
    """

    def read(value: object, path: KeyPath) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return tuple(kind.read(item, (*path, n)) for n, item in enumerate(value))

    return ValueKind(f"a list of {plural}", read)


def _plain(expected: str, is_valid: Callable[[Any], bool]) -> ValueKind[Any]:
    """A kind of values that are taken as TOML gives them."""

    def read(value: object, _: KeyPath) -> object:
        if not is_valid(value):
            raise ValueError
        return value

    return ValueKind(expected, read)


def _parsed(expected: str, parse: Callable[[str], T]) -> ValueKind[T]:
    """A kind of texts, or of whole numbers, that are parsed as options are."""

    def read(value: object, _: KeyPath) -> T:
        if not isinstance(value, str) and type(value) is not int:
            raise ValueError
        try:
            return parse(str(value))
        except ManagerError as error:
            raise ValueError from error

    return ValueKind(expected, read)


def flag() -> ValueKind[bool]:
    """Yes or no."""
    return _plain("true or false", lambda value: isinstance(value, bool))


def whole_number(least: int, most: int) -> ValueKind[int]:
    """A whole number from ``least`` to ``most``."""
    # bool is an int to Python, and not to whoever writes `parallel = true`.
    return _plain(
        f"a whole number from {least} to {most}",
        lambda value: type(value) is int and least <= value <= most,
    )


def port() -> ValueKind[int]:
    """A port; whether there is such a port is checked where it is used."""
    return _plain("a port", lambda value: type(value) is int)


def choice(*values: str) -> ValueKind[str]:
    """One of some words."""
    return _plain(
        f"one of {', '.join(map(format_toml_value, values))}", lambda value: value in values
    )


def one_line_text() -> ValueKind[str]:
    """Any text on one line."""
    return _plain(
        "a string in quotes", lambda value: isinstance(value, str) and len(value.splitlines()) <= 1
    )


def text_list(example: str) -> ValueKind[tuple[str, ...]]:
    """A list of texts, none of them empty.

    Args:
        example: one, as TOML writes it.
    """
    text = _plain("a text", lambda value: isinstance(value, str) and value != "")
    return list_of(text, f"strings, such as {example}")


def regex() -> ValueKind[str]:
    """A regular expression, as Python writes them."""
    return _plain("a regular expression", _is_regex)


def _is_regex(value: object) -> bool:
    try:
        return isinstance(value, str) and value != "" and bool(re.compile(value))
    except re.error:
        return False


def folder() -> ValueKind[Path]:
    """An absolute folder; whether it exists is checked where it is used."""

    def read(value: object, _: KeyPath) -> Path:
        if not isinstance(value, str) or not Path(value).is_absolute():
            raise ValueError
        return Path(value)

    return ValueKind("an absolute folder", read)


def web_address() -> ValueKind[str]:
    """The address of a web site."""
    return _plain("an http:// or https:// address", _is_web_address)


def _is_web_address(value: object) -> bool:
    scheme, _, rest = str(value).partition("://")
    return scheme in {"http", "https"} and bool(rest.strip("/")) and not re.search(r"\s", rest)


def size() -> ValueKind[int]:
    """Bytes, written as in every option."""
    return _parsed('a size, such as "500MB" or "20GB"', parse_size)


def duration(most: str) -> ValueKind[timedelta]:
    """A length of time up to ``most``, written as in every option."""
    limit = parse_duration(most)

    def parse(text: str) -> timedelta:
        found = parse_duration(text)
        if found > limit:
            raise ValueError
        return found

    return _parsed(f'a duration, such as "10s" or "2m", at most "{most}"', parse)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    fraction: float
    """From 0 to 1."""


def share_or_size() -> ValueKind[Share | int]:
    """A share of a whole, or bytes. A number alone is refused: it could be meant as either."""

    def parse(text: str) -> Share | int:
        if text.strip().isdigit():
            raise ValueError
        if not text.endswith("%"):
            return parse_size(text)
        share = float(text[:-1]) / PERCENT if re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%", text) else 2
        if share > 1:
            raise ValueError
        return Share(share)

    return _parsed('a share such as "15%", or a size such as "20GB"', parse)
