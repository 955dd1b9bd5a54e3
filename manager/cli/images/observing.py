"""What commands on images begin with: look at the engine, and remember what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.cli.progress import counting
from manager.disk import observe
from manager.disk.core.accounting import Disk
from manager.disk.remember import remember

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.cli.session import Session
    from manager.disk.core.last_use import LastUse
    from manager.engine.disk_usage import Usage
    from manager.model.snapshot import Snapshot

SLOW = 100
"""From so many images on that have to be read, people see how far that is."""


@dataclass(frozen=True, slots=True)
class View:
    """An engine as a command sees it."""

    snapshot: Snapshot
    disk: Disk
    last_uses: Mapping[str, LastUse]
    """By image id."""
    first_seen: Mapping[str, datetime]
    """By image id, before now."""
    info: Mapping[str, Any]
    """What the engine says of itself."""
    usage: Usage
    now: datetime
    engine_id: str
    """What the engine is known by from one run to the next."""


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
    engine_id = observe.engine_id(work.engine, found.info)
    seen = remember(engine_id, found.snapshot, now)
    if seen.warning:
        work.out.warn(seen.warning)
    return View(
        found.snapshot,
        Disk(found.snapshot),
        seen.last_uses,
        seen.first_seen,
        found.info,
        found.usage,
        now,
        engine_id,
    )
