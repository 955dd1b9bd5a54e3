"""What dockmgr itself remembers of images between runs: sightings, and pins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manager.disk.core.last_use import Sighting
from manager.system.database import Database, report_database_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PINS_LABEL = "the pins"


class SightingStore:
    """The tables; each method is one transaction."""

    def __init__(self, folder: Path) -> None:
        """Remember where; the file is made with the first write."""
        self._database = Database(folder)

    def read_sightings(self, engine: str) -> dict[str, Sighting]:
        """What was seen of an engine's images, by image id.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        with self._database.reading() as connection:
            if connection is None:
                return {}
            rows = connection.execute(
                "SELECT image, first_seen, last_used FROM sightings WHERE engine = ?", (engine,)
            ).fetchall()
        return {
            image: Sighting(datetime.fromisoformat(first), _parse_time(used))
            for image, first, used in rows
        }

    def record_images(
        self, engine: str, images: Iterable[str], used: Mapping[str, datetime], now: datetime
    ) -> None:
        """Record which images are there, and when containers used them.

        Args:
            engine: the engine's own id.
            images: the ids of all images that are there; what is known of others is forgotten.
            used: by image id, the last time that is known.
            now: the time.

        Raises:
            sqlite3.Error: the file cannot be written.
        """
        present = set(images)
        with self._database.writing() as connection:
            known = connection.execute(
                "SELECT image FROM sightings WHERE engine = ?", (engine,)
            ).fetchall()
            connection.executemany(
                "DELETE FROM sightings WHERE engine = ? AND image = ?",
                [(engine, image) for (image,) in known if image not in present],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO sightings (engine, image, first_seen) VALUES (?, ?, ?)",
                [(engine, image, _format_time(now)) for image in present],
            )
            connection.executemany(_LAST_USED_SQL, _last_used_rows(engine, used))

    def record_uses(self, engine: str, used: Mapping[str, datetime], now: datetime) -> None:
        """Record when containers used images; what is known of others stays.

        Raises:
            sqlite3.Error: the file cannot be written.
        """
        with self._database.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO sightings (engine, image, first_seen) VALUES (?, ?, ?)",
                [(engine, image, _format_time(now)) for image in used],
            )
            connection.executemany(_LAST_USED_SQL, _last_used_rows(engine, used))

    def read_pins(self, engine: str) -> tuple[str, ...]:
        """The references and ids that are pinned, in order.

        Raises:
            ManagerError: the file cannot be read.
        """
        with report_database_errors(PINS_LABEL), self._database.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT name FROM pins WHERE engine = ? ORDER BY name", (engine,)
            ).fetchall()
        return tuple(name for (name,) in rows)

    def pin(self, engine: str, names: Iterable[str], now: datetime) -> None:
        """Record that these must never be deleted.

        Raises:
            ManagerError: the file cannot be written.
        """
        with report_database_errors(PINS_LABEL), self._database.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO pins VALUES (?, ?, ?)",
                [(engine, name, _format_time(now)) for name in names],
            )

    def unpin(self, engine: str, names: Iterable[str]) -> None:
        """Forget it again.

        Raises:
            ManagerError: the file cannot be written.
        """
        with report_database_errors(PINS_LABEL), self._database.writing() as connection:
            connection.executemany(
                "DELETE FROM pins WHERE engine = ? AND name = ?", [(engine, it) for it in names]
            )


_LAST_USED_SQL = (
    "UPDATE sightings SET last_used = ? WHERE engine = ? AND image = ?"
    " AND (last_used IS NULL OR last_used < ?)"
)


def _last_used_rows(engine: str, used: Mapping[str, datetime]) -> list[tuple[str, str, str, str]]:
    return [(_format_time(at), engine, image, _format_time(at)) for image, at in used.items()]


def _format_time(moment: datetime) -> str:
    """A time as text that sorts as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _parse_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
