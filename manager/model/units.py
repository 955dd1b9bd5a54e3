"""Sizes and times as people write and read them."""

import re
from datetime import datetime, timedelta

from manager.errors import ExitCode, ManagerError

SHORT_ID_DIGITS = 12
"""How many hexadecimal digits of an id docker shows."""

SIZE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
"""Steps of 1000, as docker shows them."""
LONGEST_SHOWN = 60
_SIZE_FACTORS: dict[str, int] = {
    "": 1,
    "b": 1,
    **{letter + end: 1000**n for n, letter in enumerate("kmgtpe", 1) for end in ("", "b")},
    **{letter + "ib": 1024**n for n, letter in enumerate("kmgtpe", 1)},
}
_UNIT_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86_400,
    "w": 604_800,
}
_DURATION_UNITS = (
    ("year", 365 * 86_400),
    ("month", 30 * 86_400),
    ("week", 604_800),
    ("day", 86_400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)


def parse_size(text: str) -> int:
    """Read a size: ``10GB`` and ``10g`` are decimal, ``10GiB`` is binary, ``10`` is bytes.

    Returns:
        Bytes.

    Raises:
        ManagerError: (usage) it is not a size.
    """
    # Not more digits than any size has, and far fewer than Python refuses to read.
    found = re.fullmatch(r"\s*([0-9]{1,40}(?:\.[0-9]{1,40})?)\s*([A-Za-z]*)\s*", text)
    factor = _SIZE_FACTORS.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise ManagerError(
            f"{text[:LONGEST_SHOWN]!r} is not a valid size, for example 500MB",
            "units are kB, MB, GB and TB, or KiB, MiB, GiB and TiB; a number alone is bytes",
            ExitCode.USAGE,
        )
    whole, _, part = found[1].partition(".")
    # In whole numbers, so that no size is ever rounded by a float.
    return int(whole + part) * factor // int(10 ** len(part))


def format_size(size: int) -> str:
    """A size as ``docker images`` shows it: three digits, steps of 1000.

    Source: go-units, ``HumanSizeWithPrecision(size, 3)``.

    Args:
        size: bytes.
    """
    value = float(size)
    step = 0
    while value >= 1000 and step < len(SIZE_UNITS) - 1:  # noqa: PLR2004 - one step
        value /= 1000
        step += 1
    digits = f"{value:.3g}"
    # From 999.5 on three digits are 1000, which the format would write as 1e+03.
    return f"{float(digits):g}{SIZE_UNITS[step]}"


def parse_duration(text: str) -> timedelta:
    """Read a duration: ``45s``, ``1h30m``, ``14d``, ``500ms``; ``45`` is seconds.

    Raises:
        ManagerError: (usage) it is not a duration.
    """
    error = ManagerError(
        f"{text[:LONGEST_SHOWN]!r} is not a valid duration, for example 90s or 14d",
        "units are ms, s, m, h, d and w; a number alone is seconds",
        ExitCode.USAGE,
    )
    number, unit = r"[0-9]+(?:\.[0-9]+)?", "|".join(_UNIT_SECONDS)
    if not re.fullmatch(rf"\s*(?:{number}|(?:{number}(?:{unit}))+)\s*", text):
        raise error
    parts = re.findall(rf"({number})({unit})?", text)
    try:
        seconds = sum(float(amount) * _UNIT_SECONDS[unit or "s"] for amount, unit in parts)
        return timedelta(seconds=seconds)
    except OverflowError:
        raise error from None


def format_duration(duration: timedelta) -> str:
    """A duration in one unit, rounded down: ``3 hours``."""
    seconds = max(int(duration.total_seconds()), 0)
    for name, length in _DURATION_UNITS:
        if seconds >= length:
            count = seconds // length
            return f"{count} {name}{'s' * (count != 1)}"
    return "0 seconds"


def format_rough_duration(duration: timedelta) -> str:
    """A duration in one unit of one letter, rounded down: ``18m``, ``3h``, ``12d``."""
    seconds = max(int(duration.total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def format_brief_duration(duration: timedelta) -> str:
    """A duration as it is written in settings, in the largest unit that fits: ``14d``."""
    seconds = round(duration.total_seconds())
    # A day is the largest: two weeks are `14d` to most people who write rules.
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def format_age(then: datetime, now: datetime) -> str:
    """How long ago something was."""
    return f"{format_duration(now - then)} ago"
