"""Where an engine's bytes are, by kind, and what of each could be freed: what ``df`` shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from manager.disk.core.accounting import Disk
from manager.disk.core.listing import ImageRow, State
from manager.disk.core.removal import references, simulate
from manager.model.byte_range import Bytes
from manager.model.snapshot import CacheRecord, Container, Snapshot, Volume

RMI = "dockmgr rmi"


@dataclass(frozen=True, slots=True)
class Kind:
    """One line: a kind of things, what they take, and what of it could be freed."""

    name: str
    count: int
    size: Bytes
    freeable: Bytes
    command: str = ""
    """What frees it; empty where nothing can be."""


def overview(
    snapshot: Snapshot,
    disk: Disk,
    rows: Iterable[ImageRow],
    writable: Mapping[str, int] | None,
    volumes: Iterable[Volume] | None,
) -> tuple[Kind, ...]:
    """All kinds, in the order in which they are shown; the sizes of images add up to the total.

    Args:
        snapshot: images, containers and the build cache.
        disk: the bytes of the images.
        rows: the images that people see.
        writable: by container id, the bytes it has written; None where the engine failed to tell.
        volumes: all of them; None as above.
    """
    kinds = list(_images(snapshot, disk, rows))
    if writable is not None:
        kinds.append(_containers(snapshot.containers, writable))
    if volumes is not None:
        kinds.append(_volumes(tuple(volumes)))
    kinds.append(_build_cache(snapshot.build_cache))
    return tuple(kinds)


def _images(snapshot: Snapshot, disk: Disk, rows: Iterable[ImageRow]) -> Iterable[Kind]:
    """In use, idle, dangling: each takes what would be left without those after it."""
    by_state: dict[State, list[ImageRow]] = {state: [] for state in State}
    for row in rows:
        by_state[row.state].append(row)
    dangling = _going(snapshot, by_state[State.DANGLING])
    unused = _going(snapshot, [*by_state[State.IDLE], *by_state[State.DANGLING]])
    of_dangling, of_unused, total = disk.takes(dangling), disk.takes(unused), disk.total()
    idle_names = [row.image.label for row in by_state[State.IDLE]]
    dangling_ids = [row.image.short_id for row in by_state[State.DANGLING]]
    yield Kind("images in use", len(by_state[State.IN_USE]), total.without(of_unused), Bytes())
    yield Kind(
        "idle images",
        len(idle_names),
        of_unused.without(of_dangling),
        disk.frees(unused).without(disk.frees(dangling)),
        _command(RMI, idle_names, "IMAGE..."),
    )
    yield Kind(
        "dangling images",
        len(dangling_ids),
        of_dangling,
        disk.frees(dangling),
        _command(RMI, dangling_ids, "IMAGE..."),
    )


def _going(snapshot: Snapshot, rows: Iterable[ImageRow]) -> tuple[str, ...]:
    """The ids of the images that go if these are removed."""
    going = [row.image.id for row in rows for _ in references(row.image) or ("",)]
    return simulate(snapshot, going).deleted


WIDEST = 26
"""Columns of a command that names what it frees; where that has no room, the person chooses."""


def _command(verb: str, names: Sequence[str], some: str) -> str:
    """The command that removes these things; empty if there are none."""
    if not names:
        return ""
    whole = f"{verb} {' '.join(names)}"
    return whole if len(whole) <= WIDEST else f"{verb} {some}"


def _containers(containers: Iterable[Container], writable: Mapping[str, int]) -> Kind:
    stopped = [container for container in containers if not container.running]
    size = sum(writable.values())
    freeable = sum(writable.get(container.id, 0) for container in stopped)
    command = _command("dockmgr rm", sorted(it.name for it in stopped), "NAME...")
    return Kind("containers", len(writable), Bytes(size, size), Bytes(freeable, freeable), command)


def _volumes(volumes: tuple[Volume, ...]) -> Kind:
    unused = [volume for volume in volumes if volume.users == 0]
    unknown = any(volume.size is None for volume in volumes)
    doubt = "the engine does not tell the size of every volume" if unknown else ""
    size = sum(volume.size or 0 for volume in volumes)
    freeable = sum(volume.size or 0 for volume in unused)
    command = "docker volume rm NAME..." if unused else ""
    return Kind(
        "volumes", len(volumes), Bytes(size, size, doubt), Bytes(freeable, freeable, doubt), command
    )


def _build_cache(records: tuple[CacheRecord, ...]) -> Kind:
    """What an image has too is counted with the image, as the engine does."""
    own = [record for record in records if not record.shared]
    size = sum(record.size for record in own)
    freeable = sum(record.size for record in own if not record.in_use)
    command = "docker builder prune --all" if freeable else ""
    return Kind("build cache", len(records), Bytes(size, size), Bytes(freeable, freeable), command)
