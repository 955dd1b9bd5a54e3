"""Events: what happened on an engine, to a container, and to the files in one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """One event on an engine."""

    kind: str
    """container, image, volume…"""
    action: str
    name: str
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """One event in the life of a container."""

    time: datetime
    description: str


class FileChangeKind(StrEnum):
    """How a file differs from the image."""

    CHANGED = "changed"
    ADDED = "added"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file or folder of a container that differs from the image."""

    kind: FileChangeKind
    path: str
