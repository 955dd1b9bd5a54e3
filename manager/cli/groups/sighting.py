"""Remember that images were used, as every command on containers does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from manager.system import folders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.cli.session import Session
    from manager.model.containers import Container

SIGHTING_INTERVAL_SECONDS = 600.0
"""Seconds between two writes by commands that only show something."""


def record_sightings(work: Session, containers: Iterable[Container], pause: float = 0) -> None:
    """Remember when containers used their images.

    Args:
        work: the session.
        containers: as they were seen.
        pause: seconds after the last write in which nothing is written.
    """
    if pause and 0 <= time.time() - folders.last_database_write() < pause:
        return
    from datetime import UTC, datetime

    from manager.disk.observe import engine_id
    from manager.disk.remember import remember_uses

    def identity() -> str:
        return engine_id(work.engine, work.engine.info())

    warning = remember_uses(identity, containers, datetime.now(UTC))
    if warning:
        work.out.warn(warning)
