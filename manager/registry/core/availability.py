"""Whether a removed image can be recovered, and from where."""

from dataclasses import dataclass

from manager.model.images import Image


@dataclass(frozen=True, slots=True)
class ImageAvailability:
    """Where an image can be recovered from."""

    reference: str = ""
    """By which a registry has it: ``repo@sha256:…``; empty where none has."""
    why: str = ""
    """Why it cannot be recovered, in words; empty where it can."""


def digest_references(image: Image) -> tuple[str, ...]:
    """Where a registry may have an image: its digests, in each repository that it has a name of.

    Of several repositories an engine may name one only, and that need not be the one that it
    came from.
    """
    digests = dict.fromkeys(name.partition("@")[2] for name in image.digests)
    repositories = dict.fromkeys(tag.rpartition(":")[0] for tag in image.tags)
    named = (f"{repository}@{digest}" for repository in repositories for digest in digests)
    return tuple(dict.fromkeys((*image.digests, *named)))
