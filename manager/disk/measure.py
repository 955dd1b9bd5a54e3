"""How many bytes really left the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.engine.disk_usage import IMAGES, read_disk_usage
from manager.model.images import ImageStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.disk.core.accounting import DiskAccounting
    from manager.engine.client import Engine
    from manager.model.snapshot import Snapshot

DIGEST_PREFIX = "sha256:"
"""Before every id that Docker reports; Podman leaves it out."""


def measure_freed_bytes(
    engine: Engine, snapshot: Snapshot, disk: DiskAccounting, deleted: Iterable[str]
) -> int | None:
    """The bytes that went; None where the engine does not let that be known.

    A graph driver names each layer it removed; of others only the totals can be compared. What
    another process does at the same time is then counted too.

    Args:
        engine: where.
        snapshot: what was there before.
        disk: the bytes of its images.
        deleted: the ids that the engine said it deleted, without algorithm.
    """
    if snapshot.store is ImageStore.GRAPH_DRIVER:
        released = disk.bytes_of_deleted_layers(DIGEST_PREFIX + identity for identity in deleted)
        return released.low if released.low == released.high else None
    if snapshot.layers_size is None:
        return None
    after = read_disk_usage(engine, IMAGES)
    # An engine without any image tells no total.
    return None if after.failure else snapshot.layers_size - (after.layers_size or 0)
