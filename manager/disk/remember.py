"""What was seen of images before, and recording what is seen now."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.disk.core.last_use import LastUse, last_use_by_container, last_uses
from manager.disk.sightings import SightingStore
from manager.system import folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from manager.model.containers import Container
    from manager.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RememberedImages:
    """What is known of the images of an engine over time."""

    last_uses: Mapping[str, LastUse]
    """By image id."""
    first_seen: Mapping[str, datetime]
    """By image id; those that are seen for the first time now are left out."""
    warning: str = ""
    """Why what is seen now could not be recorded; empty if it was."""


def remember_images(engine_id: str, snapshot: Snapshot, now: datetime) -> RememberedImages:
    """The last uses of all images; what is new in them is recorded where possible.

    Args:
        engine_id: what the engine is known by.
        snapshot: all images and all containers.
        now: the time.
    """
    store = SightingStore(folders.state_folder())
    try:
        sightings = store.read_sightings(engine_id)
        uses = last_uses(snapshot, sightings, now)
        known = {image_id: use.at for image_id, use in uses.items() if use.known}
        store.record_images(engine_id, [image.id for image in snapshot.images], known, now)
    except (sqlite3.Error, OSError) as error:
        warning = f"the use of images cannot be recorded: {error}"
        return RememberedImages(last_uses(snapshot, {}, now), {}, warning)
    return RememberedImages(uses, {image_id: it.first_seen for image_id, it in sightings.items()})


def remember_uses(
    engine_id: Callable[[], str], containers: Iterable[Container], now: datetime
) -> str:
    """Record when containers used their images: a removed one leaves no other trace.

    Args:
        engine_id: asks what the engine is known by; only asked if something is recorded.
        containers: those that were seen.
        now: the time.

    Returns:
        Why it could not be recorded; empty if nothing went wrong.
    """
    store = SightingStore(folders.state_folder())
    used: dict[str, datetime] = {}
    for container in containers:
        at = last_use_by_container(container, now).at
        used[container.image_id] = max(at, used.get(container.image_id, at))
    try:
        if used:
            store.record_uses(engine_id(), used, now)
    except (sqlite3.Error, OSError) as error:
        return f"the use of images cannot be recorded: {error}"
    return ""
