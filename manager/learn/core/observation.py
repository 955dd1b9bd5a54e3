"""What a check looks at: the containers, images, volumes and events of an engine at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from manager.references.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.model.events import EngineEvent

LESSON_PREFIX = "learn-"
"""The prefix of every name that lessons give."""


@dataclass(frozen=True, slots=True)
class SeenContainer:
    """A container as a check sees it."""

    name: str
    image: str
    """As the engine shows it."""
    image_id: str
    state: str
    exit_code: int | None = None
    """Set once the container has ended or has failed to start."""
    ports: tuple[int, ...] = ()
    """The host ports on which it is published."""
    changes: Mapping[str, str] = field(default_factory=dict)
    """How its files differ from its image: ``added``, ``changed`` or ``deleted``, by path."""


@dataclass(frozen=True, slots=True)
class SeenImage:
    """An image as a check sees it."""

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    """Lowest first; empty where no check asks for layers."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What exists at one moment, and what has happened since a step began."""

    containers: tuple[SeenContainer, ...] = ()
    images: tuple[SeenImage, ...] = ()
    volumes: tuple[str, ...] = ()
    events: tuple[EngineEvent, ...] = ()

    def find_image(self, name: str) -> SeenImage | None:
        """The image that a reference names."""
        wanted = familiar_reference(name)
        return next((it for it in self.images if wanted in it.tags), None)

    def find_containers(self, pattern: str) -> tuple[SeenContainer, ...]:
        """The containers whose names match a glob."""
        return tuple(it for it in self.containers if fnmatchcase(it.name, pattern))


def familiar_reference(name: str) -> str:
    """A reference as engines show it, with its tag."""
    found = parse_reference(name)
    if found is None:
        return name
    return found.familiar if found.tag or found.digest else f"{found.familiar}:latest"


def is_lesson_name(name: str) -> bool:
    """Whether the name of a container, image, volume or network is one that lessons give."""
    return name.rpartition("/")[2].startswith(LESSON_PREFIX)
