"""What dockmgr itself remembers between runs, in sqlite in the state folder: sightings."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manager.core.recency import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE = "dockmgr.sqlite3"
PATIENCE = 5.0
"""Seconds to wait for another process that writes."""
TABLES = """
CREATE TABLE IF NOT EXISTS sightings (
    engine TEXT NOT NULL,
    image TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    last_used TEXT,
    PRIMARY KEY (engine, image)
) WITHOUT ROWID;
"""


class Store:
    """The file; each method is one transaction."""

    def __init__(self, folder: Path) -> None:
        """Remember where; the file is made with the first write."""
        self._path = folder / FILE

    def sightings(self, engine: str) -> dict[str, Sighting]:
        """What was seen of an engine's images, by image id.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        if not self._path.exists():
            return {}
        with closing(self._open()) as database:
            rows = database.execute(
                "SELECT image, first_seen, last_used FROM sightings WHERE engine = ?", (engine,)
            ).fetchall()
        return {
            image: Sighting(datetime.fromisoformat(first), _time(used))
            for image, first, used in rows
        }

    def see(
        self, engine: str, images: Iterable[str], used: Mapping[str, datetime], now: datetime
    ) -> None:
        """Write down which images are there, and when containers used them.

        Args:
            engine: the engine's own id.
            images: the ids of all images that are there; what is known of others is forgotten.
            used: by image id, the last time that is known.
            now: the time.

        Raises:
            sqlite3.Error: the file cannot be written.
        """
        present = set(images)
        with closing(self._open()) as database, database:
            known = database.execute(
                "SELECT image FROM sightings WHERE engine = ?", (engine,)
            ).fetchall()
            database.executemany(
                "DELETE FROM sightings WHERE engine = ? AND image = ?",
                [(engine, image) for (image,) in known if image not in present],
            )
            database.executemany(
                "INSERT OR IGNORE INTO sightings (engine, image, first_seen) VALUES (?, ?, ?)",
                [(engine, image, _text(now)) for image in present],
            )
            database.executemany(
                "UPDATE sightings SET last_used = ? WHERE engine = ? AND image = ?"
                " AND (last_used IS NULL OR last_used < ?)",
                [(_text(at), engine, image, _text(at)) for image, at in used.items()],
            )

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=PATIENCE)
        database.executescript(TABLES)
        return database


def _text(moment: datetime) -> str:
    """A time as text that sorts as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
