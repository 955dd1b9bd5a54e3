"""Tags read as versions: which of two is newer, and whether one can replace the other at all.

Tags have no grammar of versions; this reads what people write. What is offered to a user has to
be of the same *line*: as many numbers, and the same words around them, so that ``1.27-alpine`` is
followed by ``1.28-alpine``, never by ``1.28.1-alpine`` or ``1.28``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from manager.references.grammar import LONGEST_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

RELEASE_STAGE = 9
"""The stage of a release: above all prereleases."""
_STAGES = {
    "dev": 0,
    "snapshot": 0,
    "nightly": 0,
    "alpha": 1,
    "a": 1,
    "beta": 2,
    "b": 2,
    "m": 3,
    "milestone": 3,
    "pre": 4,
    "preview": 4,
    "ea": 4,
    "rc": 5,
    "cr": 5,
}
_NUMBERED_STAGES = frozenset({"dev", "a", "b", "m", "ea"})
"""Without a number these are not stages: ``1.27-dev`` is an image with tools for developers."""
_VERSION_PREFIXES = frozenset({"", "v", "version-", "release-"})
"""What may stand before a version; before a date any word may."""
_BUILD_NUMBER_DIGITS = 6
"""A lone number of this many digits or more counts builds and is not a version."""
_COMMIT_PATTERN = re.compile(r"g[0-9a-f]{7,64}|(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}")
"""A commit, as git shortens it, or as ``git describe`` writes it."""
_NUMBER_PATTERN = re.compile(r"[0-9]+")
_YEARS = frozenset(str(year) for year in range(1990, 2100))
"""A version that begins so, as ``2024.5.1``, is a date, and follows no ``1.27.3``."""
_LATEST_KIND, _VERSION_KIND, _DATE_KIND, _BUILD_KIND, _NAME_KIND, _COMMIT_KIND = range(6)
"""In this order kinds of tags are listed: what a bare name means comes first."""


@dataclass(frozen=True, slots=True)
class VersionLine:
    """What versions have to have in common for one to follow the other."""

    kind: int
    prefix: str
    precision: int
    """How many numbers."""
    suffix: str
    """Its words, with ``#`` for each number and ``@`` for each commit."""


@dataclass(frozen=True, slots=True)
class Version:
    """A tag that is a version, or a date."""

    tag: str
    line: VersionLine
    numbers: tuple[int, ...]
    stage: int = RELEASE_STAGE
    """How far it was from being released."""
    of_stage: tuple[int, ...] = ()
    """Which alpha, beta or candidate it is."""
    of_suffix: tuple[int, ...] = ()
    """The numbers in its suffix: ``3.19`` of ``alpine3.19``."""

    @property
    def prerelease(self) -> bool:
        """Whether it comes before a release."""
        return self.stage != RELEASE_STAGE

    @property
    def major(self) -> int:
        """The first number; of a date, the year."""
        return self.numbers[0]

    @property
    def rank(self) -> tuple[tuple[int, ...], int, tuple[int, ...], tuple[int, ...]]:
        """By which versions of one line are compared."""
        return (self.numbers, self.stage, self.of_stage, self.of_suffix)

    def follows(self, other: Version) -> bool:
        """Whether it can be offered to a user of the other one."""
        return (
            self.line == other.line
            and self.rank > other.rank
            and (other.prerelease or not self.prerelease)
        )


@dataclass(frozen=True, slots=True)
class NewerTags:
    """What a user of an older tag can get; None where there is nothing newer."""

    newest: str | None = None
    same_major: str | None = None
    """The newest with the same first number."""


@cache
def _compile_grammar() -> tuple[re.Pattern[str], ...]:
    """Compiled at the first use. In this order: dates before what else their numbers could be."""
    year, month, day = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
    word = r"(?P<prefix>(?:[A-Za-z][A-Za-z0-9]*[-._])*)"
    end = r"(?P<rest>(?:[^0-9].*)?)"
    return (
        re.compile(rf"{word}(?P<numbers>{year}-{month}(?:-{day})?|{year}{month}{day}){end}"),
        re.compile(
            r"(?P<prefix>[A-Za-z-]*)(?P<numbers>[0-9]+(?:\.[0-9]+)*)"
            r"(?P<rest>(?:[-_+.].*|(?:a|b|rc|alpha|beta|dev)[0-9]*(?:[-_.].*)?)?)"
        ),
    )


@cache
def parse_version(tag: str) -> Version | None:
    """The version that a tag is; None for others, such as ``latest`` or ``sha-abc1234``."""
    dates, versions = _compile_grammar()
    if len(tag) > LONGEST_TAG:
        return None
    if found := dates.fullmatch(tag):
        text = found["numbers"]
        parts = text.split("-") if "-" in text else [text[:4], text[4:6], text[6:]]
        # Those with dashes and those without are lines of their own.
        prefix = found["prefix"] + ("-" if "-" in text else "")
        return _build_version(tag, _DATE_KIND, prefix, parts, found["rest"])
    found = versions.fullmatch(tag)
    if (
        found is None
        or found["prefix"].lower() not in _VERSION_PREFIXES
        or _COMMIT_PATTERN.fullmatch(tag)
    ):
        return None
    parts = found["numbers"].split(".")
    lone = len(parts) == 1 and len(parts[0]) >= _BUILD_NUMBER_DIGITS
    kind = _BUILD_KIND if lone else _DATE_KIND if parts[0] in _YEARS else _VERSION_KIND
    dotted = "." if kind == _DATE_KIND else ""
    return _build_version(tag, kind, found["prefix"] + dotted, parts, found["rest"])


def _build_version(tag: str, kind: int, prefix: str, parts: list[str], rest: str) -> Version:
    stage, of_stage, words = _split_stage(rest)
    shape = "".join(
        "@" if _COMMIT_PATTERN.fullmatch(word) else _NUMBER_PATTERN.sub("#", word)
        for word in _split_words(words)
    )
    clean = "".join(word for word in _split_words(words) if not _COMMIT_PATTERN.fullmatch(word))
    of_suffix = tuple(map(int, _NUMBER_PATTERN.findall(clean)))
    line = VersionLine(kind, prefix, len(parts), shape)
    return Version(tag, line, tuple(map(int, parts)), stage, of_stage, of_suffix)


def _split_words(text: str) -> list[str]:
    """The words of a suffix and what stands between them."""
    return re.split(r"([-_.+])", text)


def _split_stage(rest: str) -> tuple[int, tuple[int, ...], str]:
    """The stage that a suffix tells of, which of its kind, and the suffix without it."""
    pattern = r"(?:^|[-_.])(?P<word>[A-Za-z]+)(?P<numbers>[-.]?[0-9]+(?:\.[0-9]+)*)?(?=$|[-_.+])"
    for found in re.finditer(pattern, rest):
        word = found["word"].lower()
        numbers = tuple(map(int, _NUMBER_PATTERN.findall(found["numbers"] or "")))
        if word in _STAGES and (numbers or word not in _NUMBERED_STAGES):
            return _STAGES[word], numbers, rest[: found.start()] + rest[found.end() :]
    return RELEASE_STAGE, (), rest


def find_newer_tags(tag: str, tags: Iterable[str]) -> NewerTags:
    """The newest versions that can replace a tag: of the same line, and as precise.

    Args:
        tag: what the user has.
        tags: all there are.
    """
    mine = parse_version(tag)
    if mine is None:
        return NewerTags()
    found = [it for it in map(parse_version, tags) if it is not None and it.follows(mine)]
    same = [it for it in found if it.major == mine.major]
    return NewerTags(_newest_tag(found), _newest_tag(same))


def _newest_tag(found: list[Version]) -> str | None:
    return max(found, key=lambda it: (it.rank, it.tag)).tag if found else None


TagSortKey = tuple[int, tuple[int, ...], int, tuple[int, ...], str, tuple[int, ...], str]


def newest_first_key(tag: str) -> TagSortKey:
    """Sort key for tags of every kind, the newest first; no two tags have the same.

    ``latest``, versions, dates, numbers of builds, names, commits. A tag that moves stands before
    what it points to: ``1``, ``1.27``, ``1.27.3``, and then its variants.
    """
    version = parse_version(tag)
    if version is None:
        kind = (
            _LATEST_KIND
            if tag == "latest"
            else _COMMIT_KIND
            if _has_commit_hash(tag)
            else _NAME_KIND
        )
        return (kind, (), 0, (), "", (), tag)
    return (
        version.line.kind,
        _negate_numbers(version.numbers),
        -version.stage,
        (*_negate_numbers(version.of_stage), 1),  # rc.1 is newer than rc
        version.line.prefix + version.line.suffix,
        _negate_numbers(version.of_suffix),
        tag,
    )


def _negate_numbers(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-number for number in numbers)


def _has_commit_hash(tag: str) -> bool:
    return any(_COMMIT_PATTERN.fullmatch(word) for word in _split_words(tag))
