"""What was read of images once and never changes: kept in the cache folder, in sqlite."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from manager.model.images import HistoryRow, ImageDetail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CACHE_FILE_NAME = "images.sqlite3"
CACHE_VERSION = 2
"""Of the table and of the texts in it; what another version wrote is thrown away."""
LOCK_TIMEOUT_SECONDS = 5.0


class ImageDetailCache:
    """The details of the images of one engine's store.

    It is only a cache: where its file cannot be read or written, details are read again.
    """

    def __init__(self, folder: Path, store: str, patience: float = LOCK_TIMEOUT_SECONDS) -> None:
        """Remember where.

        Args:
            folder: the cache folder; made if missing.
            store: which engine's store: the same image is kept in another way by another.
            patience: seconds to wait for another process that writes.
        """
        self._patience = patience
        self._folder = folder
        self._store = store

    def load(self) -> dict[str, ImageDetail]:
        """All that is kept, by image id or manifest digest."""
        if not (self._folder / CACHE_FILE_NAME).exists():
            return {}
        try:
            with closing(self._open()) as database:
                rows = database.execute(
                    "SELECT image, detail FROM details WHERE store = ?", (self._store,)
                ).fetchall()
            return {image: _parse_detail(text) for image, text in rows}
        except sqlite3.OperationalError:
            return {}  # another process is writing, or the file cannot be read
        except (sqlite3.DatabaseError, ValueError):
            self._discard()
            return {}

    def add(self, details: Mapping[str, ImageDetail], present: Iterable[str]) -> str:
        """Keep more, and forget images that are no longer there.

        Args:
            details: by image id or manifest digest.
            present: all that the engine has now.

        Returns:
            Why it could not be kept; empty if it was.
        """
        rows = [(self._store, image, _format_detail(detail)) for image, detail in details.items()]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as database, database:
                database.executemany("INSERT OR REPLACE INTO details VALUES (?, ?, ?)", rows)
                kept = database.execute(
                    "SELECT image FROM details WHERE store = ?", (self._store,)
                ).fetchall()
                gone = {image for (image,) in kept} - set(present)
                database.executemany(
                    "DELETE FROM details WHERE store = ? AND image = ?",
                    [(self._store, image) for image in gone],
                )
        except (sqlite3.Error, OSError) as error:
            return str(error)
        return ""

    def _open(self) -> sqlite3.Connection:
        path = self._folder / CACHE_FILE_NAME
        if not path.exists():
            # A history can hold secrets of a build: only its owner may read it.
            path.touch(mode=0o600)
        database = sqlite3.connect(path, timeout=self._patience)
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != CACHE_VERSION:
            with database:
                database.execute("DROP TABLE IF EXISTS details")
                database.execute(
                    "CREATE TABLE details (store TEXT, image TEXT, detail TEXT,"
                    " PRIMARY KEY (store, image)) WITHOUT ROWID"
                )
                database.execute(f"PRAGMA user_version = {CACHE_VERSION}")
        return database

    def _discard(self) -> None:
        with suppress(OSError):  # a file that cannot be removed is skipped again the next time
            (self._folder / CACHE_FILE_NAME).unlink(missing_ok=True)


def _format_detail(detail: ImageDetail) -> str:
    history = [[row.size, row.created_by] for row in detail.history]
    return json.dumps([detail.diff_ids, history, detail.config_size, detail.platform])


def _parse_detail(text: str) -> ImageDetail:
    diff_ids, history, (low, high), platform = json.loads(text)
    rows = tuple(HistoryRow(size, created_by) for size, created_by in history)
    return ImageDetail(tuple(diff_ids), rows, (low, high), platform=platform)
