"""What an engine holds, as plain values: containers, images, and a snapshot of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

GROUP_LABEL = "dockmgr.group"
INDEX_LABEL = "dockmgr.index"
SPAWN_LABEL = "dockmgr.spawn"

SHORT_ID = 12
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

    @property
    def short_id(self) -> str:
        """The first 12 digits of the id, as docker shows it."""
        return self.id[:SHORT_ID]

    @property
    def group(self) -> str | None:
        """The group whose member this is; None if dockmgr did not make it."""
        return self.labels.get(GROUP_LABEL)

    @property
    def index(self) -> int | None:
        """The number of this member in its group; None if it has none that is a number."""
        text = self.labels.get(INDEX_LABEL, "")
        return int(text) if text.isascii() and text.isdigit() else None

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


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the engine's list tells it."""

    id: str
    tags: tuple[str, ...]
    """Familiar references; empty for an untagged image."""
    created: datetime
    size: int
    """Bytes, as the engine counts them: layers shared with other images included."""
    digests: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def short_id(self) -> str:
        """The first 12 hexadecimal digits of the id, without its algorithm."""
        return self.id.removeprefix("sha256:")[:SHORT_ID]

    @property
    def label(self) -> str:
        """The name to show: the first tag, or else the short id."""
        return self.tags[0] if self.tags else self.short_id


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an engine held at one moment."""

    containers: tuple[Container, ...] = ()
    images: tuple[Image, ...] = ()

    def members(self, group: str) -> tuple[Container, ...]:
        """The containers of a group, by number."""
        found = [c for c in self.containers if c.group == group]
        return tuple(sorted(found, key=by_group_and_number))

    def users(self, image_id: str) -> tuple[Container, ...]:
        """The containers, in any state, made from an image."""
        return tuple(c for c in self.containers if c.image_id == image_id)


def by_group_and_number(container: Container) -> tuple[str, int, str]:
    """Sort key: groups by name, members by number, what is in no group by its own name."""
    return (container.group or container.name, container.index or 0, container.name)
