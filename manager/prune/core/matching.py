"""Whether an image, under one of its names, meets the conditions of a rule."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from manager.disk.core.last_use import LastUse
from manager.disk.core.removal import removable_references
from manager.model.byte_range import ByteRange
from manager.model.images import Image
from manager.prune.core.policy import RuleConditions
from manager.references.patterns import NO_REFERENCE, ReferenceForms, compile_glob, matches_glob


def image_reference_forms(image: Image) -> tuple[ReferenceForms, ...]:
    """The names by which an image can be removed; an empty one if it has none."""
    return tuple(map(ReferenceForms.of, removable_references(image))) or (NO_REFERENCE,)


@dataclass(frozen=True, slots=True)
class RuleSubject:
    """An image, as rules see it."""

    image: Image
    last_use: LastUse
    frees: ByteRange
    """Bytes freed if only this image is removed; measured only if a rule asks."""
    platforms: tuple[str, ...]
    now: datetime
    names: tuple[ReferenceForms, ...] = field(default=(NO_REFERENCE,))


def matches_conditions(
    conditions: RuleConditions, subject: RuleSubject, name: ReferenceForms
) -> bool:
    """Whether an image meets all conditions under one of its names."""
    return all(_check_name_conditions(conditions, name)) and all(
        _check_image_conditions(conditions, subject)
    )


def _check_name_conditions(asked: RuleConditions, name: ReferenceForms) -> Iterator[bool]:
    """Whether each condition on names holds, up to the first that does not."""
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
