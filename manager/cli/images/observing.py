"""How commands on images begin: look at the engine, and remember what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.cli.progress import show_count
from manager.disk import observe
from manager.disk.core.accounting import DiskAccounting
from manager.disk.remember import remember_images

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.cli.session import Session
    from manager.disk.core.last_use import LastUse
    from manager.engine.disk_usage import DiskUsage
    from manager.model.snapshot import Snapshot

PROGRESS_FROM_IMAGES = 100
"""Progress is shown from this number of images to read."""


@dataclass(frozen=True, slots=True)
class EngineView:
    """An engine as a command sees it."""

    snapshot: Snapshot
    disk: DiskAccounting
    last_uses: Mapping[str, LastUse]
    """By image id."""
    first_seen: Mapping[str, datetime]
    """By image id, before now."""
    info: Mapping[str, Any]
    """What the engine says of itself."""
    usage: DiskUsage
    now: datetime
    engine_id: str
    """What the engine is known by from one run to the next."""


def load_engine_view(work: Session, *kinds: str) -> EngineView:
    """Look at the engine, and record which images are there and which are used.

    Args:
        work: the session.
        kinds: what else is asked for: see `observe_engine`.

    Raises:
        ManagerError: the engine could not be asked.
    """
    with show_count(work.out, "reading images", PROGRESS_FROM_IMAGES) as report:
        found = observe.observe_engine(work.engine, kinds, work.settings.images.parallel, report)
    now = datetime.now(UTC)
    engine_id = observe.engine_id(work.engine, found.info)
    seen = remember_images(engine_id, found.snapshot, now)
    if seen.warning:
        work.out.warn(seen.warning)
    return EngineView(
        found.snapshot,
        DiskAccounting(found.snapshot),
        seen.last_uses,
        seen.first_seen,
        found.info,
        found.usage,
        now,
        engine_id,
    )
