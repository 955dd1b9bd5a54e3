"""Rules for tidying up: what they ask of an image, and what they say of one of its names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import cache

from manager.disk.core.last_use import LastUse
from manager.disk.core.removal import removable_references
from manager.model.byte_range import ByteRange
from manager.model.images import Image
from manager.model.units import format_brief_duration, format_size
from manager.references.patterns import NO_REFERENCE, ReferenceForms, compile_glob, matches_glob


@dataclass(frozen=True, slots=True)
class RuleConditions:
    """What a rule asks of an image. All that is asked holds together; of a list, any one."""

    ids: tuple[str, ...] = ()
    """Whole ids: what somebody chose from a list."""
    images: tuple[str, ...] = ()
    """Globs over its address, short or in full; one without a tag stands for every tag."""
    regexes: tuple[str, ...] = ()
    """Regular expressions, found anywhere in its full address."""
    tags: tuple[str, ...] = ()
    """Globs over the tag alone."""
    registries: tuple[str, ...] = ()
    """Globs over the registry: ``docker.io``, ``*.dkr.ecr.*.amazonaws.com``."""
    labels: tuple[str, ...] = ()
    """``name`` or ``name=value``."""
    platforms: tuple[str, ...] = ()
    """``os/arch[/variant]``, or the beginning of one."""
    larger_than: int | None = None
    """Bytes, those it shares with others included."""
    frees_more_than: int | None = None
    """Bytes that would go if it went alone."""
    older_than: timedelta | None = None
    """Since it was made, by its own account."""
    unused_for: timedelta | None = None
    """Since its last use that is known of, or else since it was first seen."""
    dangling: bool | None = None
    """Neither a tag nor a digest names it."""
    untagged: bool | None = None
    """No tag names it; a digest may: what ``docker image prune`` takes."""

    def __bool__(self) -> bool:
        """Whether anything is asked at all."""
        return bool(self._asked())

    def __str__(self) -> str:
        """In words: ``images *, larger than 1GB, unused for 14d``."""
        return ", ".join(self._asked())

    def _asked(self) -> list[str]:
        found = []
        for row in fields(self):
            value = getattr(self, row.name)
            name = row.name.replace("_", " ")
            if row.name == "ids" and value:
                found.append(f"{len(value)} that were chosen")
                continue
            if value is True:
                found.append(name)
            elif value is False:
                found.append(f"not {name}")
            elif isinstance(value, timedelta):
                found.append(f"{name} {format_brief_duration(value)}")
            elif isinstance(value, int):
                found.append(f"{name} {format_size(value)}")
            elif value:
                found.append(f"{name} {' or '.join(value)}")
        return found


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to go, or to stay."""

    conditions: RuleConditions
    name: str = ""
    newest: int | None = None
    """Only so many of each repository, the last made first; for rules that keep."""

    def __str__(self) -> str:
        """Its name, or else what it asks."""
        newest = f"newest {self.newest}" if self.newest is not None else ""
        asked = ", ".join(part for part in (str(self.conditions), newest) if part)
        return self.name or asked or "every image"


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules, and how much is to be free in the end."""

    keep: tuple[Rule, ...] = ()
    delete: tuple[Rule, ...] = ()
    grace: timedelta = timedelta()
    """What has been known for less stays."""
    budget: int | None = None
    """Bytes that all images together may take."""
    free: int | None = None
    """Bytes of the disk that are to come free, at least."""
    sparing: bool = False
    """Whether images that turn out not to be needed for that are spared again."""
    include_local: bool = False
    """Whether what no registry has may go too."""
    archive: bool = False
    """Whether what no registry has is saved before it goes."""


def image_reference_forms(image: Image) -> tuple[ReferenceForms, ...]:
    """The names by which an image can be removed; one that is empty where it has none."""
    return tuple(map(ReferenceForms.of, removable_references(image))) or (NO_REFERENCE,)


@dataclass(frozen=True, slots=True)
class RuleSubject:
    """An image, as rules look at it."""

    image: Image
    last_use: LastUse
    frees: ByteRange
    """What would go if it went alone; only where a rule asks for it."""
    platforms: tuple[str, ...]
    now: datetime
    names: tuple[ReferenceForms, ...] = field(default=(NO_REFERENCE,))


def matches_conditions(
    conditions: RuleConditions, subject: RuleSubject, name: ReferenceForms
) -> bool:
    """Whether an image, under one of its names, is what a rule asks for."""
    return all(_check_name_conditions(conditions, name)) and all(
        _check_image_conditions(conditions, subject)
    )


def _check_name_conditions(asked: RuleConditions, name: ReferenceForms) -> Iterator[bool]:
    """Whether each condition on names holds; those after one that does not are not looked at."""
    if asked.images:
        yield any(matches_glob(pattern, name) for pattern in asked.images)
    if asked.regexes:
        yield any(_compile_regex(regex).search(name.wholes[-1]) for regex in asked.regexes)
    if asked.tags:
        yield any(compile_glob(pattern).match(name.tag) for pattern in asked.tags)
    if asked.registries:
        yield any(compile_glob(pattern).match(name.registry) for pattern in asked.registries)


def _check_image_conditions(asked: RuleConditions, subject: RuleSubject) -> Iterator[bool]:
    image = subject.image
    if asked.ids:
        yield image.id in asked.ids
    if asked.labels:
        yield any(_has_label(image, label) for label in asked.labels)
    if asked.platforms:
        yield any(_matches_platform(had, it) for had in subject.platforms for it in asked.platforms)
    if asked.larger_than is not None:
        yield image.size > asked.larger_than
    if asked.frees_more_than is not None:
        yield subject.frees.low > asked.frees_more_than
    if asked.older_than is not None:
        yield subject.now - image.created >= asked.older_than
    if asked.unused_for is not None:
        yield subject.now - subject.last_use.at >= asked.unused_for
    yield asked.dangling in {None, not (image.tags or image.digests)}
    yield asked.untagged in {None, not image.tags}


@cache
def _compile_regex(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


def _has_label(image: Image, label: str) -> bool:
    name, equals, value = label.partition("=")
    return image.labels.get(name) == value if equals else name in image.labels


def _matches_platform(had: str, asked: str) -> bool:
    return had == asked or had.startswith(f"{asked}/")
