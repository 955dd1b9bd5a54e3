"""What commands on images begin with: look at the engine, and remember what was seen."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.actions import observe
from manager.adapters import folders
from manager.adapters.store import Store
from manager.cli.progress import counting
from manager.core.disk import Disk
from manager.core.recency import LastUse, last_uses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.adapters.engine.usage import Usage
    from manager.cli.context import Session
    from manager.core.model import Snapshot

SLOW = 100
"""From so many images on that have to be read, people see how far that is."""


@dataclass(frozen=True, slots=True)
class View:
    """An engine as a command sees it."""

    snapshot: Snapshot
    disk: Disk
    last_uses: Mapping[str, LastUse]
    info: Mapping[str, Any]
    """What the engine says of itself."""
    usage: Usage
    now: datetime


def look(work: Session, *kinds: str) -> View:
    """Look at the engine, and write down which images are there and which are used.

    Args:
        work: the session.
        kinds: what else is asked for: see `observe.everything`.

    Raises:
        ManagerError: the engine could not be asked.
    """
    with counting(work.out, "reading images", SLOW) as report:
        found = observe.everything(work.engine, kinds, work.settings.images.parallel, report)
    now = datetime.now(UTC)
    uses = _remember(work, found, now)
    return View(found.snapshot, Disk(found.snapshot), uses, found.info, found.usage, now)


def _remember(work: Session, found: observe.Observed, now: datetime) -> Mapping[str, LastUse]:
    """The last uses; what is new in them is written down, if the file can be written."""
    engine = observe.engine_id(work.engine, found.info)
    store = Store(folders.state())
    try:
        sightings = store.sightings(engine)
        uses = last_uses(found.snapshot, sightings, now)
        known = {image_id: use.at for image_id, use in uses.items() if use.known}
        store.see(engine, [image.id for image in found.snapshot.images], known, now)
    except (sqlite3.Error, OSError) as error:
        work.out.warn(f"what was seen of images cannot be remembered: {error}")
        return last_uses(found.snapshot, {}, now)
    return uses
