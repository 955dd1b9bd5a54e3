"""Containers as plain values, and the labels that make them members of a group."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from manager.model.ports import Port
from manager.model.units import SHORT_ID_DIGITS

GROUP_LABEL = "dockmgr.group"
INDEX_LABEL = "dockmgr.index"
SPAWN_LABEL = "dockmgr.spawn"
NAME_LABEL = "dockmgr.name"
"""The template of the members' names, where it is not the group's name and the number."""
SPEC_LABEL = "dockmgr.spec"
"""What the members were asked to be."""
LONGEST_INDEX_DIGITS = 9
"""Digits of a member's number, at most."""


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
    mounted_images: tuple[str, ...] = ()
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
    def is_running(self) -> bool:
        """Whether a process of it exists: running, paused or restarting."""
        return self.state in {"running", "paused", "restarting"}

    @property
    def published_ports(self) -> tuple[Port, ...]:
        """The published ports, each host port once (not again for IPv6)."""
        seen: dict[tuple[int | None, int, str], Port] = {}
        for port in self.ports:
            if port.host_port is not None:
                key = (port.host_port, port.container_port, port.protocol)
                if key not in seen or seen[key].host_ip == "::":
                    seen[key] = port
        return tuple(seen[key] for key in sorted(seen))


def by_group_and_number(container: Container) -> tuple[str, int, str]:
    """Sort key: groups by name, members by number, what is in no group by its own name."""
    return (container.group or container.name, container.index or 0, container.name)
