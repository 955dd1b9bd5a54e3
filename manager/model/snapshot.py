"""A snapshot: what an engine holds at one moment, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from manager.model.containers import Container, by_group_and_number
from manager.model.images import Image, ImageDetail, ImageStore


@dataclass(frozen=True, slots=True)
class CacheRecord:
    """One record of the build cache."""

    id: str
    size: int
    """Bytes."""
    shared: bool = False
    """Whether its layer is also an image's."""
    in_use: bool = False
    kind: str = ""
    """regular, source.local, exec.cachemount…"""
    description: str = ""
    """The instruction it comes from, more or less."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume, and what it takes."""

    name: str
    size: int | None = None
    """Bytes; None where the engine does not know."""
    users: int | None = None
    """How many containers, in any state, have it mounted; None where the engine does not say."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Network:
    """A network that somebody made, and the containers that are on it, running or not."""

    id: str
    name: str
    created: datetime
    users: tuple[str, ...] = ()
    """Names of containers."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an engine held at one moment."""

    containers: tuple[Container, ...] = ()
    images: tuple[Image, ...] = ()
    store: ImageStore = ImageStore.GRAPH_DRIVER
    details: Mapping[str, ImageDetail] = field(default_factory=dict)
    """By image id; by the manifest's digest on the containerd store."""
    layers_size: int | None = None
    """Bytes of all layers of all images, as the engine counts them; None if it was not asked."""
    build_cache: tuple[CacheRecord, ...] = ()

    def members(self, group: str) -> tuple[Container, ...]:
        """The containers of a group, by number."""
        found = [c for c in self.containers if c.group == group]
        return tuple(sorted(found, key=by_group_and_number))

    def containers_using(self, image_id: str) -> tuple[Container, ...]:
        """The containers, in any state, made from an image or with it mounted."""
        return tuple(
            container
            for container in self.containers
            if container.image_id == image_id or self._mounts(container, image_id)
        )

    def containers_by_image(self) -> dict[str, tuple[Container, ...]]:
        """The same for all images that have any, in one go."""
        found: dict[str, list[Container]] = {}
        for container in self.containers:
            found.setdefault(container.image_id, []).append(container)
        if any(container.mounted_images for container in self.containers):
            for image in self.images:
                if users := self.containers_using(image.id):
                    found[image.id] = list(users)
        return {image_id: tuple(users) for image_id, users in found.items()}

    @property
    def intermediate_image_ids(self) -> frozenset[str]:
        """The ids of the images that are only steps on the way to others.

        Such an image has no tag, no digest and no container, and another image was built on it. If
        one of these is not so, somebody may look for it: a tag that moves away from an image with
        containers leaves it nameless, and ``docker commit`` of one of them makes it a parent.
        """
        parents = {image.parent for image in self.images}
        nameless = [it.id for it in self.images if not it.tags and not it.digests]
        hidden = parents.intersection(nameless)
        return frozenset(hidden - self.containers_by_image().keys()) if hidden else frozenset()

    @property
    def visible_images(self) -> tuple[Image, ...]:
        """All images but intermediate ones, in the same order."""
        hidden = self.intermediate_image_ids
        return tuple(image for image in self.images if image.id not in hidden)

    def _mounts(self, container: Container, image_id: str) -> bool:
        if not container.mounted_images:
            return False
        names = {image_id, *(tag for it in self.images if it.id == image_id for tag in it.tags)}
        return not names.isdisjoint(container.mounted_images)
