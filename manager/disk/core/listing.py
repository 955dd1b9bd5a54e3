"""The images of an engine as rows to show: each with its bytes, its users and its state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.last_use import LastUse
from manager.disk.core.removal import SingleRemovals
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
    snapshot: Snapshot,
    disk: DiskAccounting,
    uses: Mapping[str, LastUse],
    *,
    with_intermediate: bool = False,
) -> tuple[ImageRow, ...]:
    """A row for each image.

    Args:
        snapshot: all images and all containers.
        disk: their bytes.
        uses: their last uses, by image id.
        with_intermediate: whether images that are only steps of builds have rows too.
    """
    alone = SingleRemovals(replace(snapshot, containers=()))
    users = _container_names(snapshot)
    found = []
    for image in snapshot.images if with_intermediate else snapshot.visible_images:
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


class ImageSort(StrEnum):
    """What images can be sorted by: sizes and counts largest first, times oldest first."""

    NAME = "name"
    ID = "id"
    SIZE = "size"
    SHARED = "shared"
    FREES = "frees"
    CONTAINERS = "containers"
    USED = "used"
    CREATED = "created"
    STATE = "state"


_SORT_KEYS: Mapping[ImageSort, Callable[[ImageRow], Any]] = {
    ImageSort.NAME: lambda row: (not row.image.tags, row.image.label),
    ImageSort.ID: lambda row: row.image.id,
    ImageSort.SIZE: lambda row: -row.image.size,
    ImageSort.SHARED: lambda row: -row.shared.high,
    ImageSort.FREES: lambda row: (-row.frees.low, -row.frees.high),
    ImageSort.CONTAINERS: lambda row: -len(row.containers),
    ImageSort.USED: lambda row: row.last_use.at,
    ImageSort.CREATED: lambda row: row.image.created,
    ImageSort.STATE: lambda row: row.state,
}


def sort_rows(
    found: Sequence[ImageRow], by: ImageSort, *, backwards: bool = False
) -> list[ImageRow]:
    """The rows in order; those that are equal in it by name."""
    by_name = sorted(found, key=_SORT_KEYS[ImageSort.NAME])
    return sorted(by_name, key=_SORT_KEYS[by], reverse=backwards)
