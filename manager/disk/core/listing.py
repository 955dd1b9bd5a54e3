"""The images of an engine as rows to show: each with its bytes, its users and its state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.intermediate import visible_images
from manager.disk.core.last_use import LastUse
from manager.disk.core.removal import SingleRemovals
from manager.errors import ExitCode, ManagerError
from manager.model.byte_range import ByteRange
from manager.model.images import Image
from manager.model.snapshot import Snapshot


class ImageState(StrEnum):
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
    shared: ByteRange
    """Of its size, what would stay for the sake of others if it went."""
    frees: ByteRange
    """What would leave the store if it went alone, and no container used it."""
    containers: tuple[str, ...]
    """The names of its containers."""
    last_use: LastUse
    state: ImageState


def build_image_rows(
    snapshot: Snapshot, disk: DiskAccounting, uses: Mapping[str, LastUse]
) -> tuple[ImageRow, ...]:
    """A row for each image that people see: what is only a step of a build is left out.

    Args:
        snapshot: all images and all containers.
        disk: their bytes.
        uses: their last uses, by image id.
    """
    alone = SingleRemovals(replace(snapshot, containers=()))
    users = _container_names(snapshot)
    found = []
    for image in visible_images(snapshot):
        frees = disk.bytes_freed_by(alone.deleted(image.id))
        containers = users.get(image.id, ())
        shared = ByteRange(image.size, image.size).subtract(frees)
        state = _image_state(image, containers)
        found.append(ImageRow(image, shared, frees, containers, uses[image.id], state))
    return tuple(found)


def _container_names(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """The names of the containers of each image."""
    found = snapshot.containers_by_image()
    return {
        image_id: tuple(sorted(user.name for user in users)) for image_id, users in found.items()
    }


def _image_state(image: Image, containers: Sequence[str]) -> ImageState:
    if containers:
        return ImageState.IN_USE
    return ImageState.IDLE if image.tags or image.digests else ImageState.DANGLING


def filter_rows(
    found: Sequence[ImageRow],
    patterns: Sequence[str],
    state: ImageState | None,
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
        if (not patterns or any(_matches_pattern(row.image, pattern) for pattern in patterns))
        and state in {None, row.state}
        and (larger_than is None or row.image.size > larger_than)
    )


def _matches_pattern(image: Image, pattern: str) -> bool:
    names = image.tags or image.digests
    repositories = (name.partition("@")[0].rpartition(":")[0] or name for name in names)
    if any(fnmatchcase(name, pattern) for name in (*names, *repositories)):
        return True
    return image.id.removeprefix("sha256:").startswith(pattern.removeprefix("sha256:"))


def check_sort_column(by: str) -> None:
    """Refuse what is no column.

    Raises:
        ManagerError: (usage) there is no such column.
    """
    if by not in _SORT_KEYS:
        raise ManagerError(
            f"images cannot be sorted by {by!r}",
            f"choose one of: {', '.join(SORT_COLUMNS)}",
            ExitCode.USAGE,
        )


def sort_rows(found: Sequence[ImageRow], by: str, *, backwards: bool = False) -> list[ImageRow]:
    """The rows in order; those that are equal in it by name.

    Raises:
        ManagerError: (usage) there is no such column.
    """
    check_sort_column(by)
    by_name = sorted(found, key=_SORT_KEYS["name"])
    return sorted(by_name, key=_SORT_KEYS[by], reverse=backwards)


_SORT_KEYS: Mapping[str, Callable[[ImageRow], Any]] = {
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
SORT_COLUMNS = tuple(_SORT_KEYS)
"""What rows can be sorted by. Sizes and counts begin with the largest, times with the oldest."""
