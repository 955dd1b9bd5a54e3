"""What an engine holds, as plain values: containers, images, and a snapshot of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

GROUP_LABEL = "dockmgr.group"
INDEX_LABEL = "dockmgr.index"
SPAWN_LABEL = "dockmgr.spawn"
NAME_LABEL = "dockmgr.name"
"""The template of the members' names, where it is not the group's name and the number."""
SPEC_LABEL = "dockmgr.spec"
"""What the members were asked to be."""

LONGEST_INDEX_DIGITS = 9
"""Digits of a member's number, at most."""
SHORT_ID_DIGITS = 12
"""How many hexadecimal digits of an id docker shows."""


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a container, and where it is published, if it is."""

    container_port: int
    protocol: str = "tcp"
    host_ip: str = ""
    """Address on the engine's machine; empty where the port is not published."""
    host_port: int | None = None

    def __str__(self) -> str:
        """As docker shows it: ``0.0.0.0:8080->80/tcp``, or ``80/tcp`` if not published."""
        inner = f"{self.container_port}/{self.protocol}"
        if self.host_port is None:
            return inner
        host = f"[{self.host_ip}]" if ":" in self.host_ip else self.host_ip
        return f"{host}:{self.host_port}->{inner}"


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine's list tells it."""

    id: str
    name: str
    image: str
    """The image as the engine shows it: a familiar name, or an id if its tag has moved."""
    image_id: str
    state: str
    """created, running, paused, restarting, removing, exited or dead."""
    created: datetime
    status: str = ""
    """The state in the engine's own words: ``Up 3 minutes``."""
    command: str = ""
    ports: tuple[Port, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    mounted: tuple[str, ...] = ()
    """Images mounted into it (Docker 28 and newer): references, or ids."""
    addresses: tuple[str, ...] = ()
    """Its own IP addresses on the engine's networks."""

    @property
    def short_id(self) -> str:
        """The first 12 digits of the id, as docker shows it."""
        return self.id[:SHORT_ID_DIGITS]

    @property
    def made_from(self) -> str:
        """The image as a person reads it: of an id, the first 12 digits."""
        if not self.image.startswith("sha256:"):
            return self.image
        return self.image.removeprefix("sha256:")[:SHORT_ID_DIGITS]

    @property
    def group(self) -> str | None:
        """The group whose member this is; None if dockmgr did not make it.

        The name has to fit as well: an image made from a member (``docker commit``) hands the
        member's labels on to containers that are nobody's members.
        """
        group, index = self.labels.get(GROUP_LABEL), self.index
        if not group or index is None:
            return None
        name: str | None = f"{group}{index}"
        if template := self.labels.get(NAME_LABEL):
            from manager.model.naming import member_name_from_label

            name = member_name_from_label(template, index)
        return group if self.name == name else None

    @property
    def index(self) -> int | None:
        """The number of this member in its group; None if it has none that is a number."""
        text = self.labels.get(INDEX_LABEL, "")
        fits = text.isascii() and text.isdigit() and len(text) <= LONGEST_INDEX_DIGITS
        return int(text) if fits else None

    @property
    def running(self) -> bool:
        """Whether a process of it exists: running, paused or restarting."""
        return self.state in {"running", "paused", "restarting"}

    @property
    def published(self) -> tuple[Port, ...]:
        """The published ports, each host port once (not again for IPv6)."""
        seen: dict[tuple[int | None, int, str], Port] = {}
        for port in self.ports:
            if port.host_port is not None:
                key = (port.host_port, port.container_port, port.protocol)
                if key not in seen or seen[key].host_ip == "::":
                    seen[key] = port
        return tuple(seen[key] for key in sorted(seen))


class ImageStore(StrEnum):
    """How an engine keeps images, on which depends what removing one frees."""

    GRAPH_DRIVER = "graph driver"
    CONTAINERD = "containerd"
    PODMAN = "podman"


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """One platform of an image, or an attestation, as the containerd store tells it."""

    digest: str
    size: int
    """Bytes of the manifest itself."""
    content: int
    """Bytes of the manifest, its configuration and its compressed layers."""
    unpacked: int = 0
    """Bytes of the unpacked layers."""
    platform: str = ""
    """``os/arch[/variant]``; empty for an attestation."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of an image's history."""

    size: int
    """Bytes of its layer; 0 also where the line made none (ENV, LABEL, CMD…)."""
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class ImageDetail:
    """What only a look at the image itself tells, and what never changes."""

    diff_ids: tuple[str, ...]
    """The layers, lowest first."""
    history: tuple[HistoryRow, ...] = ()
    """Oldest first; shorter than the truth, or empty, where the image does not say."""
    config_size: tuple[int, int] = (0, 0)
    """Lowest and highest bytes that its configuration can take in the containerd store."""
    complete: bool = True
    """Whether the engine answered all questions; else it is asked again the next time."""
    platform: str = ""
    """``os/arch[/variant]``; empty where the image does not say."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the engine's list tells it."""

    id: str
    tags: tuple[str, ...]
    """Familiar references; empty for an untagged image."""
    created: datetime
    size: int
    """Bytes, as the engine counts them: layers shared with other images included. Negative where
    it does not say."""
    digests: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    """The id of the image it was built on, if the engine knows."""
    shared: int | None = None
    """Bytes of the layers it has in common with others; None where the engine does not say."""
    manifests: tuple[ImageManifest, ...] = ()
    """What of it is present; empty on stores other than containerd's."""
    index_size: int = 0
    """Bytes of the list of its manifests, if it has one."""

    @property
    def short_id(self) -> str:
        """The first 12 hexadecimal digits of the id, without its algorithm."""
        return self.id.removeprefix("sha256:")[:SHORT_ID_DIGITS]

    @property
    def label(self) -> str:
        """The name to show: the first tag, or else the short id."""
        return self.tags[0] if self.tags else self.short_id


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

    def users(self, image_id: str) -> tuple[Container, ...]:
        """The containers, in any state, made from an image or with it mounted."""
        return tuple(
            container
            for container in self.containers
            if container.image_id == image_id or self._mounts(container, image_id)
        )

    def users_by_image(self) -> dict[str, tuple[Container, ...]]:
        """The same for all images that have any, in one go."""
        found: dict[str, list[Container]] = {}
        for container in self.containers:
            found.setdefault(container.image_id, []).append(container)
        if any(container.mounted for container in self.containers):
            for image in self.images:
                if users := self.users(image.id):
                    found[image.id] = list(users)
        return {image_id: tuple(users) for image_id, users in found.items()}

    def _mounts(self, container: Container, image_id: str) -> bool:
        if not container.mounted:
            return False
        names = {image_id, *(tag for it in self.images if it.id == image_id for tag in it.tags)}
        return not names.isdisjoint(container.mounted)


def by_group_and_number(container: Container) -> tuple[str, int, str]:
    """Sort key: groups by name, members by number, what is in no group by its own name."""
    return (container.group or container.name, container.index or 0, container.name)
