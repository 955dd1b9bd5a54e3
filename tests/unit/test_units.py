"""Sizes and times as people write and read them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.errors import ExitCode, ManagerError
from manager.model.units import (
    format_age,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("10 GB", 10_000_000_000),
        ("10g", 10_000_000_000),
        ("1.5GiB", 1_610_612_736),
        ("500m", 500_000_000),
        (" 2 kB ", 2000),
        ("0.1TB", 100_000_000_000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "-1", "1e3", "1,5GB", "10 XB", "1.GB", "ten", "1 0", "١", "9" * 5000]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ManagerError) as caught:
        parse_size(text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "is not a valid size, for example 500MB" in caught.value.message


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (999, "999B"),
        (1000, "1kB"),
        (1_980_000, "1.98MB"),
        (187_400_000, "187MB"),
        (1_240_000_000, "1.24GB"),
        (999_999, "1000kB"),
        (10**18, "1EB"),
        (10**22, "10000EB"),
    ],
)
def test_sizes_look_as_docker_shows_them(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 10**18))
def test_a_size_shown_is_right_to_three_digits(size: int) -> None:
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.006)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("30m", 1800), ("12h", 43_200), ("14d", 1_209_600), ("2w", 1_209_600)]
    + [("1h30m", 5400), ("1.5s", 1.5), (" 1d ", 86_400)]
    + [("4", 4), ("0", 0), ("1.5", 1.5), ("500ms", 0.5), ("1s500ms", 1.5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5 6",
        ".",
        "1.",
        "d",
        "-1d",
        "1y",
        "1 d",
        "one day",
        "1h 30m",
        "999999999999d",
        "1.h",
        "9" * 200_000,
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ManagerError) as caught:
        parse_duration(text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "is not a valid duration, for example 90s or 14d" in caught.value.message


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 seconds"), (0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute")]
    + [(7199, "1 hour"), (86_400, "1 day"), (604_800, "1 week"), (2_592_000, "1 month")]
    + [(31_536_000, "1 year"), (63_072_000, "2 years")],
)
def test_durations_are_shown_in_one_unit(seconds: int, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


def test_ages() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert format_age(datetime(2026, 1, 1, tzinfo=UTC), now) == "1 day ago"
