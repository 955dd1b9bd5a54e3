"""What became of a container: the files it changed and what happened to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What became of a file."""

    CHANGED = "changed"
    ADDED = "added"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """A file or folder that differs from the image."""

    kind: Kind
    path: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a container."""

    at: datetime
    what: str
