"""The images of an engine as rows to show: each with its bytes, its users and its state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from manager.disk.core.accounting import Disk
from manager.disk.core.intermediate import seen
from manager.disk.core.last_use import LastUse
from manager.disk.core.removal import Alone
from manager.errors import ExitCode, ManagerError
from manager.model.byte_range import Bytes
from manager.model.snapshot import Image, Snapshot


class State(StrEnum):
    """What an image is to its owner."""

    IN_USE = "in use"
    """A container, in any state, was made from it or has it mounted."""
    IDLE = "idle"
    """It has a name, and no container."""
    DANGLING = "dangling"
    """It has neither."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image."""

    image: Image
    shared: Bytes
    """Of its size, what would stay for the sake of others if it went."""
    frees: Bytes
    """What would leave the store if it went alone, and no container used it."""
    containers: tuple[str, ...]
    """The names of its containers."""
    last_use: LastUse
    state: State


def rows(snapshot: Snapshot, disk: Disk, uses: Mapping[str, LastUse]) -> tuple[ImageRow, ...]:
    """A row for each image that people see: what is only a step of a build is left out.

    Args:
        snapshot: all images and all containers.
        disk: their bytes.
        uses: their last uses, by image id.
    """
    alone = Alone(replace(snapshot, containers=()))
    users = _users(snapshot)
    found = []
    for image in seen(snapshot):
        frees = disk.frees(alone.deleted(image.id))
        containers = users.get(image.id, ())
        shared = Bytes(image.size, image.size).without(frees)
        state = _state(image, containers)
        found.append(ImageRow(image, shared, frees, containers, uses[image.id], state))
    return tuple(found)


def _users(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """The names of the containers of each image."""
    found = snapshot.users_by_image()
    return {
        image_id: tuple(sorted(user.name for user in users)) for image_id, users in found.items()
    }


def _state(image: Image, containers: Sequence[str]) -> State:
    if containers:
        return State.IN_USE
    return State.IDLE if image.tags or image.digests else State.DANGLING


def chosen(
    found: Sequence[ImageRow],
    patterns: Sequence[str],
    state: State | None,
    larger_than: int | None,
) -> tuple[ImageRow, ...]:
    """The rows that a person asked for.

    Args:
        found: all rows.
        patterns: globs over references, or the beginnings of ids; none for all images. A
            pattern without a tag stands for every tag.
        state: only images in this state; None for any.
        larger_than: only images of more bytes; None for any.
    """
    return tuple(
        row
        for row in found
        if (not patterns or any(_fits(row.image, pattern) for pattern in patterns))
        and state in {None, row.state}
        and (larger_than is None or row.image.size > larger_than)
    )


def _fits(image: Image, pattern: str) -> bool:
    names = image.tags or image.digests
    repositories = (name.partition("@")[0].rpartition(":")[0] or name for name in names)
    if any(fnmatchcase(name, pattern) for name in (*names, *repositories)):
        return True
    return image.id.removeprefix("sha256:").startswith(pattern.removeprefix("sha256:"))


def check_sort(by: str) -> None:
    """Refuse what is no column.

    Raises:
        ManagerError: (usage) there is no such column.
    """
    if by not in _KEYS:
        raise ManagerError(
            f"images cannot be sorted by {by!r}",
            f"choose one of: {', '.join(SORTS)}",
            ExitCode.USAGE,
        )


def ordered(found: Sequence[ImageRow], by: str, *, backwards: bool = False) -> list[ImageRow]:
    """The rows in order; those that are equal in it by name.

    Raises:
        ManagerError: (usage) there is no such column.
    """
    check_sort(by)
    by_name = sorted(found, key=_KEYS["name"])
    return sorted(by_name, key=_KEYS[by], reverse=backwards)


_KEYS: Mapping[str, Callable[[ImageRow], Any]] = {
    "name": lambda row: (not row.image.tags, row.image.label),
    "id": lambda row: row.image.id,
    "size": lambda row: -row.image.size,
    "shared": lambda row: -row.shared.high,
    "frees": lambda row: (-row.frees.low, -row.frees.high),
    "containers": lambda row: -len(row.containers),
    "used": lambda row: row.last_use.at,
    "created": lambda row: row.image.created,
    "state": lambda row: row.state,
}
SORTS = tuple(_KEYS)
"""What rows can be sorted by. Sizes and counts begin with the largest, times with the oldest."""
