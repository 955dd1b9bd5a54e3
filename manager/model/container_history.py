"""What became of a container: the files it changed and what happened to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FileChangeKind(StrEnum):
    """What became of a file."""

    CHANGED = "changed"
    ADDED = "added"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file or folder that differs from the image."""

    kind: FileChangeKind
    path: str


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """Something that happened to a container."""

    at: datetime
    what: str
