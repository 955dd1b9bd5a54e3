"""Whether an engine's image is what its registry has under the same tag, or there is newer.

Engines keep of an image the digest that it was pulled by or pushed as; where that is the list of an
image for several platforms, the list's. A registry tells the same digest for the tag. (Seen with
Docker 20.10 to 28 on both stores, and Podman, which keeps the digest of the platform besides.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from manager.model.images import ImageStore
from manager.references.patterns import ReferenceForms, matches_glob
from manager.references.reference import ImageReference, InvalidReferenceError
from manager.registry.core.versions import NewerTags, find_newer_tags, parse_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from manager.model.images import Image

NO_REGISTRY_REASON = "built or tagged locally: no registry is known for it"
NOT_IN_REGISTRY_REASON = "not on {registry}: built or tagged locally, or deleted there"
OTHER_IMAGE_REASON = (
    "{registry} has another image under this name, and does not have this one: "
    "built locally, or deleted there"
)
NO_NEWER_TAGS = NewerTags()
PODMAN_LOCAL_REGISTRY = "localhost"
"""Podman puts it before the names of what it builds; there is no registry of that name."""


class Freshness(StrEnum):
    """How an image stands to its registry."""

    CURRENT = "current"
    OUTDATED = "outdated"
    """The registry has another image under the same tag now."""
    LOCAL = "local"
    """No registry has it."""
    UNKNOWN = "unknown"
    """It could not be found out."""


@dataclass(frozen=True, slots=True)
class LocalTag:
    """One tag of an image that is here."""

    reference: ImageReference
    image: Image
    digests: tuple[str, ...]
    """All that the image is known by; those of the tag's own repository, if it has any there."""
    digests_may_be_local: bool = False
    """Whether the engine gives digests also to what no registry ever had."""
    has_no_registry: bool = False
    """Whether it cannot have come from a registry, so that none is asked."""
    repacks_on_push: bool = False
    """Whether the engine pushes under a digest that it does not keep."""

    def is_at(self, digest: str) -> bool:
        """Whether a digest is this image's."""
        return is_same_image(self.image, {digest})

    @property
    def has_version(self) -> bool:
        """Whether a newer version of it can be told by its tag."""
        return not self.has_no_registry and parse_version(self.reference.tag or "") is not None


@dataclass(frozen=True, slots=True)
class RemoteTag:
    """What a registry said of one tag."""

    digest: str = ""
    """Empty where it has none, or did not answer."""
    tags: tuple[str, ...] = ()
    """All of the repository; none where it was not asked for them or did not tell."""
    has_local_image: bool = True
    """Whether it has the image that is here, under any name; asked only where that is in doubt."""
    is_repacked_local_image: bool = False
    """Whether what it has under the tag is the image that is here, packed in another way."""
    why: str = ""
    """Why there is no digest, in words."""
    was_unanswered: bool = False
    """Whether anything is not known because it could not be asked at all."""
    why_no_tags: str = ""
    """Why there are no tags, in words; empty where there are or none were wanted."""


@dataclass(frozen=True, slots=True)
class CheckedTag:
    """What is known of one tag in the end."""

    held: LocalTag
    freshness: Freshness
    digest: str = ""
    """The registry's; empty where it told none."""
    newer: NewerTags = NO_NEWER_TAGS
    why: str = ""
    """What could not be found out, and why; empty where all was."""
    was_unanswered: bool = False
    """Whether a registry could not be asked."""

    @property
    def outdated(self) -> bool:
        """Whether there is anything newer."""
        return self.freshness is Freshness.OUTDATED or self.newer.newest is not None


def is_same_image(image: Image, digests: Collection[str], config: str = "") -> bool:
    """Whether an image that is here is one that a registry tells of.

    It is known by the digests it was pulled by or pushed as, under whatever name; by those of its
    platforms that are here, since the containerd store pushes only these where others are not; and
    by its id.

    Args:
        image: what is here.
        digests: of the registry's list, and of the manifest in it that counts here.
        config: digest of the registry's configuration of it; empty where that was not asked for.
            It alone stays the same where an engine packs anew what it pushes, as Podman does.
    """
    known = {name.rpartition("@")[2] for name in image.digests}
    known |= {it.digest for it in image.manifests} | {image.id}
    return not known.isdisjoint({*digests, config})


def list_local_tags(
    images: Iterable[Image], store: ImageStore, patterns: Sequence[str] = ()
) -> tuple[LocalTag, ...]:
    """The tags that are here, by name.

    Args:
        images: of the engine.
        store: how it keeps them.
        patterns: globs over references; none for all. One without a tag stands for every tag.
    """
    found = []
    for image in images:
        for tag in image.tags:
            if patterns and not any(matches_glob(it, ReferenceForms.of(tag)) for it in patterns):
                continue
            try:
                found.append(_build_local_tag(image, ImageReference.parse(tag), store))
            except InvalidReferenceError:
                continue  # an engine can hold what the grammar forbids: no registry has that
    return tuple(sorted(found, key=lambda it: it.reference.familiar))


def _build_local_tag(image: Image, reference: ImageReference, store: ImageStore) -> LocalTag:
    everything, own = [], []
    for name in image.digests:
        repository, _, digest = name.partition("@")
        everything.append(digest)
        if repository in {reference.familiar_name, reference.repository}:
            own.append(digest)
    invented = store is not ImageStore.GRAPH_DRIVER
    podmans = store is ImageStore.PODMAN and reference.registry == PODMAN_LOCAL_REGISTRY
    local = podmans or not everything or (not own and not invented)
    # Of several repositories the containerd store may name only one; the digest is the same.
    digests = tuple(dict.fromkeys(own or everything))
    return LocalTag(reference, image, digests, invented, local, store is ImageStore.PODMAN)


def is_origin_doubtful(one: LocalTag, told: RemoteTag) -> bool:
    """Whether it has to be asked if the registry knows the image at all: it may be a build."""
    return one.digests_may_be_local and bool(told.digest) and not one.is_at(told.digest)


def assess_tag(one: LocalTag, told: RemoteTag | None) -> CheckedTag:
    """What is known of a tag.

    Args:
        one: the tag.
        told: what its registry said; None where it was not asked.
    """
    if one.has_no_registry or told is None:
        return CheckedTag(one, Freshness.LOCAL, why=NO_REGISTRY_REASON)
    registry = one.reference.registry
    if not told.digest:
        state = Freshness.UNKNOWN if told.why else Freshness.LOCAL
        why = told.why or NOT_IN_REGISTRY_REASON.format(registry=registry)
        return CheckedTag(one, state, why=why, was_unanswered=told.was_unanswered)
    current = told.is_repacked_local_image or one.is_at(told.digest)
    if not current and not told.has_local_image:
        return CheckedTag(
            one, Freshness.UNKNOWN, told.digest, why=OTHER_IMAGE_REASON.format(registry=registry)
        )
    state = Freshness.CURRENT if current else Freshness.OUTDATED
    found = find_newer_tags(one.reference.tag or "", told.tags)
    return CheckedTag(one, state, told.digest, found, told.why_no_tags, told.was_unanswered)
