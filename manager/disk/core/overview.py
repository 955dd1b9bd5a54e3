"""What takes an engine's disk space, by kind, and what could be freed: what ``df`` shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.listing import ImageRow, ImageState
from manager.disk.core.removal import removable_references, simulate_removal
from manager.model.byte_range import ByteRange
from manager.model.containers import Container
from manager.model.snapshot import CacheRecord, Snapshot, Volume

RMI_COMMAND = "dockmgr rmi"


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One line: a kind of things, what they take, and what of it could be freed."""

    name: str
    count: int
    size: ByteRange
    freeable: ByteRange
    command: str = ""
    """What frees it; empty where nothing can be."""


def build_overview(
    snapshot: Snapshot,
    disk: DiskAccounting,
    rows: Iterable[ImageRow],
    writable: Mapping[str, int] | None,
    volumes: Iterable[Volume] | None,
) -> tuple[UsageRow, ...]:
    """All kinds, in the order in which they are shown; the sizes of images add up to the total.

    Args:
        snapshot: images, containers and the build cache.
        disk: the bytes of the images.
        rows: the images that people see.
        writable: by container id, the bytes it has written; None where the engine failed to tell.
        volumes: all of them; None as above.
    """
    kinds = list(_image_rows(snapshot, disk, rows))
    if writable is not None:
        kinds.append(_container_row(snapshot.containers, writable))
    if volumes is not None:
        kinds.append(_volume_row(tuple(volumes)))
    kinds.append(_build_cache_row(snapshot.build_cache))
    return tuple(kinds)


def _image_rows(
    snapshot: Snapshot, disk: DiskAccounting, rows: Iterable[ImageRow]
) -> Iterable[UsageRow]:
    """In use, idle, dangling: each takes what would be left without those after it."""
    by_state: dict[ImageState, list[ImageRow]] = {state: [] for state in ImageState}
    for row in rows:
        by_state[row.state].append(row)
    dangling = _deleted_image_ids(snapshot, by_state[ImageState.DANGLING])
    unused = _deleted_image_ids(
        snapshot, [*by_state[ImageState.IDLE], *by_state[ImageState.DANGLING]]
    )
    of_dangling, of_unused, total = (
        disk.bytes_held_by(dangling),
        disk.bytes_held_by(unused),
        disk.total(),
    )
    idle_names = [row.image.label for row in by_state[ImageState.IDLE]]
    dangling_ids = [row.image.short_id for row in by_state[ImageState.DANGLING]]
    yield UsageRow(
        "images in use", len(by_state[ImageState.IN_USE]), total.subtract(of_unused), ByteRange()
    )
    yield UsageRow(
        "idle images",
        len(idle_names),
        of_unused.subtract(of_dangling),
        disk.bytes_freed_by(unused).subtract(disk.bytes_freed_by(dangling)),
        _removal_command(RMI_COMMAND, idle_names, "IMAGE..."),
    )
    yield UsageRow(
        "dangling images",
        len(dangling_ids),
        of_dangling,
        disk.bytes_freed_by(dangling),
        _removal_command(RMI_COMMAND, dangling_ids, "IMAGE..."),
    )


def _deleted_image_ids(snapshot: Snapshot, rows: Iterable[ImageRow]) -> tuple[str, ...]:
    """The ids of the images that go if these are removed."""
    going = [row.image.id for row in rows for _ in removable_references(row.image) or ("",)]
    return simulate_removal(snapshot, going).deleted


MAX_COMMAND_WIDTH = 26
"""The longest command that names all it frees; a longer one leaves the choice to the person."""


def _removal_command(verb: str, names: Sequence[str], some: str) -> str:
    """The command that removes these things; empty if there are none."""
    if not names:
        return ""
    whole = f"{verb} {' '.join(names)}"
    return whole if len(whole) <= MAX_COMMAND_WIDTH else f"{verb} {some}"


def _container_row(containers: Iterable[Container], writable: Mapping[str, int]) -> UsageRow:
    stopped = [container for container in containers if not container.is_running]
    size = sum(writable.values())
    freeable = sum(writable.get(container.id, 0) for container in stopped)
    command = _removal_command("dockmgr rm", sorted(it.name for it in stopped), "NAME...")
    return UsageRow(
        "containers", len(writable), ByteRange(size, size), ByteRange(freeable, freeable), command
    )


def _volume_row(volumes: tuple[Volume, ...]) -> UsageRow:
    unused = [volume for volume in volumes if volume.users == 0]
    unknown = any(volume.size is None for volume in volumes)
    doubt = "the engine does not report the size of every volume" if unknown else ""
    size = sum(volume.size or 0 for volume in volumes)
    freeable = sum(volume.size or 0 for volume in unused)
    command = "docker volume rm NAME..." if unused else ""
    return UsageRow(
        "volumes",
        len(volumes),
        ByteRange(size, size, doubt),
        ByteRange(freeable, freeable, doubt),
        command,
    )


def _build_cache_row(records: tuple[CacheRecord, ...]) -> UsageRow:
    """What an image has too is counted with the image, as the engine does."""
    own = [record for record in records if not record.shared]
    size = sum(record.size for record in own)
    freeable = sum(record.size for record in own if not record.in_use)
    command = "docker builder prune --all" if freeable else ""
    return UsageRow(
        "build cache", len(records), ByteRange(size, size), ByteRange(freeable, freeable), command
    )
