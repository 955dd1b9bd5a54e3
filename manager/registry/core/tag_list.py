"""Which tags of a repository are shown, and in which order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.references.grammar import TAG_PATTERN
from manager.references.reference import ImageReference, parse_reference
from manager.registry.core.versions import newest_first_key, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_DATED_TAGS = 500
"""The most tags that are asked for their dates: each takes a request of its own."""


class TagOrder(StrEnum):
    """The order of tags."""

    VERSION = "version"
    """The newest first."""
    NAME = "name"
    DATE = "date"
    """The last made first."""


def parse_repository(text: str) -> tuple[ImageReference, str]:
    """The repository that an address names, and what its tags are to begin with.

    Args:
        text: an address; one with a tag, as ``nginx:1.27``, means the tags that begin so.

    Raises:
        ManagerError: (usage) it is not a valid reference, or has a digest.
    """
    reference = ImageReference.parse(text)
    if reference.digest:
        raise ManagerError(
            f"{text} has a digest, which stands for one image and has no tags",
            f"omit it: dockmgr tags {reference.familiar_name}",
            ExitCode.USAGE,
        )
    # Only what has no tag yet can be given one.
    has_tag = parse_reference(f"{text}:{reference.tag}") is None
    return reference, (reference.tag or "") if has_tag else ""


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags, each once; without what no tag can be, which could do harm on a terminal."""
    valid = re.compile(TAG_PATTERN)
    return tuple(dict.fromkeys(tag for tag in tags if valid.fullmatch(tag)))


def filter_tags(tags: Iterable[str], prefix: str, globs: Sequence[str]) -> list[str]:
    """The tags that begin so and fit any of some globs; with none, all that begin so."""
    return [
        tag
        for tag in tags
        if tag.startswith(prefix)
        and (not globs or any(fnmatchcase(tag, pattern) for pattern in globs))
    ]


def newest_tags(tags: Iterable[str], count: int) -> list[str]:
    """The newest of those tags that are versions or dates."""
    return sorted((tag for tag in tags if parse_version(tag)), key=newest_first_key)[:count]


def sort_tags(
    tags: Iterable[str], sort: TagOrder, dates: Mapping[str, datetime | None] | None = None
) -> list[str]:
    """Tags in order.

    Args:
        tags: each once.
        sort: by what.
        dates: when each was made, for sorting by that; what is not known comes last.
    """
    if sort is TagOrder.NAME:
        return sorted(tags)
    by_version = sorted(tags, key=newest_first_key)
    if sort is TagOrder.VERSION or dates is None:
        return by_version
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(by_version, key=lambda tag: dates.get(tag) or never, reverse=True)


def check_dated_tag_count(count: int, name: str) -> None:
    """Refuse to ask too many tags for their dates.

    Raises:
        ManagerError: (usage) it would be too many.
    """
    if count > MAX_DATED_TAGS:
        raise ManagerError(
            f"{name} has {count} such tags: sorting by date takes a request for each",
            f"choose at most {MAX_DATED_TAGS} with --filter, "
            f"for example: dockmgr tags {name} --sort date "
            "--filter '1.*'",
            ExitCode.USAGE,
        )
