"""Tags as versions: what is read of them, their order, and what is offered to whom."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.registry.core.versions import (
    NewerTags,
    find_newer_tags,
    newest_first_key,
    parse_version,
)


def words(tag: str) -> str:
    """What is read of a tag, short: prefix, numbers, suffix, and the stage of a prerelease."""
    version = parse_version(tag)
    if version is None:
        return "-"
    numbers = ".".join(map(str, version.numbers))
    stage = f" {version.stage}:{version.of_stage}" if version.prerelease else ""
    return f"{version.line.prefix}|{numbers}|{version.line.suffix}{stage}"


READ = """
1                             |1|
1.27                          |1.27|
v1.27.3                       v|1.27.3|
1.27.3-alpine                 |1.27.3|-alpine
1.27.3-alpine3.19             |1.27.3|-alpine#.#
16-bookworm                   |16|-bookworm
1.2.3-1                       |1.2.3|-#
21.0.1_12-jdk                 |21.0.1|_#-jdk
22.04                         |22.4|
version-1.2.3                 version-|1.2.3|
1.0.0-rc.1                    |1.0.0| 5:(1,)
1.0.0rc2                      |1.0.0| 5:(2,)
3.13.0a1                      |3.13.0| 1:(1,)
3.13-rc-alpine                |3.13|-alpine 5:()
1.0.0-alpine-beta2            |1.0.0|-alpine 2:(2,)
7.0.0-M1                      |7.0.0| 3:(1,)
1.0-SNAPSHOT                  |1.0| 0:()
1.27-dev                      |1.27|-dev
1.27.dev4                     |1.27| 0:(4,)
1.2.3-abcdef0                 |1.2.3|-@
v1.2.3-14-gabcdef0            v|1.2.3|-#-@
2024-05-01                    -|2024.5.1|
2024-05                       -|2024.5|
20240501                      |2024.5.1|
2024.5.1                      .|2024.5.1|
bookworm-20240513-slim        bookworm-|2024.5.13|-slim
RELEASE.2024-05-10T01-41-38Z  RELEASE.-|2024.5.10|T#-#-#Z
2022-CU12-ubuntu-22.04        .|2022|-CU#-ubuntu-#.#
1234567                       |1234567|
latest                        -
main                          -
pr-12                         -
alpine3.19                    -
sha-abc1234                   -
sha-1234567                   -
1e5f3a2                       -
8u392-b08-jdk                 -
"""
CASES = [line.split(maxsplit=1) for line in READ.strip().splitlines()]


@pytest.mark.parametrize(("tag", "expected"), CASES)
def test_what_is_read_of_a_tag(tag: str, expected: str) -> None:
    assert words(tag) == expected


def test_what_no_registry_may_call_a_tag_is_no_version() -> None:
    assert parse_version("1" * 5000) is None
    assert newest_first_key("1" * 5000)


def test_what_follows_is_of_the_same_line_and_as_precise() -> None:
    tags = ["1", "1.27", "1.28", "1.28.1", "1.28-alpine", "2.0", "v3.0", "latest", "1.9"]
    assert find_newer_tags("1.27", tags) == NewerTags("2.0", "1.28")
    assert find_newer_tags("1.27-alpine", tags) == NewerTags("1.28-alpine", "1.28-alpine")
    assert find_newer_tags("2.0", tags) == NewerTags()
    assert find_newer_tags("latest", tags) == NewerTags()
    assert find_newer_tags("1.9", tags) == NewerTags("2.0", "1.28")


def test_a_date_a_build_or_a_commit_is_no_newer_version() -> None:
    tags = ["16", "20240501", "2024-05-01", "9281734", "2024", "2024.05", "17-abcdef0", "1e5f3a2"]
    assert find_newer_tags("16", tags) == NewerTags()
    assert find_newer_tags("1.2", ["1.2", "2024.5"]) == NewerTags()
    assert find_newer_tags("20240101", tags) == NewerTags("20240501", "20240501")


def test_prereleases_are_for_those_who_have_one() -> None:
    tags = ["1.0.0", "1.1.0-rc.1", "1.1.0-rc.2", "1.1.0-beta.9", "1.0.0-rc.3"]
    assert find_newer_tags("1.0.0", tags) == NewerTags()
    assert find_newer_tags("1.1.0-rc.1", tags) == NewerTags("1.1.0-rc.2", "1.1.0-rc.2")
    assert find_newer_tags("1.1.0-beta.9", [*tags, "1.1.0"]) == NewerTags("1.1.0", "1.1.0")
    assert find_newer_tags("1.0.0-alpha", ["1.0.0-alpha.1"]) == NewerTags(
        "1.0.0-alpha.1", "1.0.0-alpha.1"
    )


def test_a_newer_base_of_the_same_version_is_newer() -> None:
    tags = ["1.27-alpine3.19", "1.27-alpine3.20", "1.26-alpine3.21"]
    assert find_newer_tags("1.27-alpine3.19", tags) == NewerTags(
        "1.27-alpine3.20", "1.27-alpine3.20"
    )


def test_the_newest_come_first_and_what_moves_before_what_it_stands_for() -> None:
    expected = [
        *("latest", "2", "2.0", "2.0.10", "2.0.9", "2.0.9-alpine", "2.0.9-bookworm"),
        *("2.0.9-rc.1", "2.0.9-beta.3", "1", "1.27", "1.27.3", "1.9"),
        *("2024-05-01", "2023-01-01", "7654321", "alpine", "stable", "sha-0123abc"),
    ]
    assert sorted(sorted(expected), key=newest_first_key) == expected


numbers = st.integers(0, 30).map(str)
tags = st.builds(
    lambda prefix, parts, suffix: prefix + ".".join(parts) + suffix,
    st.sampled_from(["", "", "v"]),
    st.lists(numbers, min_size=1, max_size=3),
    st.sampled_from(["", "", "-alpine", "-alpine3.19", "-alpine3.2", "-rc.1", "-rc", "-rc2"])
    | st.sampled_from(["-1", "-10", "-beta.3", "-rc1-alpine", "a1", "-SNAPSHOT"]),
) | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(st.lists(tags, unique=True))
def test_the_order_is_total_and_does_not_depend_on_where_it_began(found: list[str]) -> None:
    other_way = found[::-1]
    assert sorted(other_way, key=newest_first_key) == sorted(found, key=newest_first_key)
    assert len({newest_first_key(tag) for tag in found}) == len(found)


@given(st.lists(tags, min_size=2, max_size=6))
def test_following_is_an_order_within_a_line_and_agrees_with_the_list(found: list[str]) -> None:
    versions = [version for version in map(parse_version, found) if version is not None]
    for one, other, third in itertools.product(versions, repeat=3):
        assert not one.follows(one)
        if one.follows(other):
            assert one.line == other.line
            assert not other.follows(one)
            assert newest_first_key(one.tag) < newest_first_key(other.tag)
            if other.follows(third):
                assert one.follows(third)


@given(tags, st.lists(tags, max_size=12))
def test_what_is_offered_follows_and_nothing_follows_it(tag: str, found: list[str]) -> None:
    offered = find_newer_tags(tag, found)
    mine = parse_version(tag)
    if mine is None or offered.newest is None:
        assert offered == NewerTags()
        return
    best = parse_version(offered.newest)
    assert best
    assert best.follows(mine)
    assert not any(it.follows(best) for it in map(parse_version, found) if it and it.follows(mine))
    if offered.same_major:
        near = parse_version(offered.same_major)
        assert near
        assert near.follows(mine)
        assert near.major == mine.major
