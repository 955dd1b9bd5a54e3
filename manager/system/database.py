"""The one file in which dockmgr remembers things, and room in it for when the disk is full.

A full disk is exactly when something has to be deleted, and nothing is deleted that was not
written down before. So room is taken while there is some: pages of the file that hold nothing,
and a rollback journal that is kept at its size. On a file system that writes in place (ext4, xfs,
tmpfs, NTFS, APFS without a snapshot) what fits into them can then be written at any time.

Source: SQLite documentation, "PRAGMA journal_mode" (PERSIST) and "The Freelist".
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.system.folders import DATABASE_FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA_VERSION = 1
"""Of the tables."""
BUSY_TIMEOUT_SECONDS = 5.0
"""Seconds to wait for another process that writes."""
RESERVE_BYTES = 512 * 1024
"""Bytes that are kept free inside the file: some hundred steps of a plan fit."""
REFILL_BELOW_BYTES = RESERVE_BYTES // 4
"""From so few bytes on it is filled up again."""
FILLER_ROW_BYTES = 3000
"""Bytes of a row that fills most of a page, so that changing it keeps the page as it was."""
JOURNAL_ROWS = 64
"""So many pages one transaction can change on a full disk."""
CREATE_TABLES_SQL = """
CREATE TABLE IF NOT EXISTS sightings (
    engine TEXT NOT NULL,
    image TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    last_used TEXT,
    PRIMARY KEY (engine, image)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pins (
    engine TEXT NOT NULL,
    name TEXT NOT NULL,
    pinned TEXT NOT NULL,
    PRIMARY KEY (engine, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS prunes (
    id INTEGER PRIMARY KEY,
    engine TEXT NOT NULL,
    began TEXT NOT NULL,
    ended TEXT,
    steps INTEGER NOT NULL,
    frees_low INTEGER,
    frees_high INTEGER,
    cached_high INTEGER,
    freed INTEGER,
    archive TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS steps (
    prune INTEGER NOT NULL,
    number INTEGER NOT NULL,
    verb TEXT NOT NULL,
    target TEXT NOT NULL,
    object_id TEXT NOT NULL,
    back TEXT NOT NULL,
    platforms TEXT NOT NULL,
    status TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (prune, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserve (filler BLOB);
"""


@contextmanager
def report_database_errors(what: str) -> Iterator[None]:
    """Say in one sentence what is wrong with the file.

    Args:
        what: that cannot be used then: ``the journal``.

    Raises:
        ManagerError: it cannot be read or written.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise ManagerError(
            f"{what} cannot be used: {error}",
            "nothing is deleted without it; choose a folder on another disk with XDG_STATE_HOME",
        ) from error


class Database:
    """The file; it is made with the first write."""

    def __init__(self, folder: Path) -> None:
        """Remember where."""
        self.path = folder / DATABASE_FILE_NAME

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection, or None where nothing was ever written.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        if not self.path.exists():
            yield None
            return
        with closing(self.connect()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection with a transaction, which is kept if nothing goes wrong.

        Raises:
            sqlite3.Error: the file cannot be written.
        """
        with closing(self.connect()) as connection, connection:
            yield connection

    def connect(self) -> sqlite3.Connection:
        """Open the file, made and with room taken if it is new; to be closed by the caller.

        Raises:
            sqlite3.Error: it cannot be opened, or there is no room for it.
            OSError: its folder cannot be made.
        """
        new = not self.path.exists()
        if new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # What somebody has deleted and when is nobody else's business.
            self.path.touch(mode=0o600)
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = PERSIST")
            connection.execute("PRAGMA temp_store = MEMORY")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version < SCHEMA_VERSION:
                connection.executescript(CREATE_TABLES_SQL)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                reserve_space(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def count_free_bytes(connection: sqlite3.Connection) -> int:
    """Bytes inside the file that hold nothing."""
    (pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(size)


def reserve_space(connection: sqlite3.Connection, wanted: int = RESERVE_BYTES) -> None:
    """Take room inside the file, and for the rollback journal, if there is too little.

    Raises:
        sqlite3.OperationalError: the disk is full.
    """
    missing = wanted - count_free_bytes(connection)
    if missing <= 0:
        return
    rows = max(missing // FILLER_ROW_BYTES + 1, JOURNAL_ROWS)
    with connection:
        connection.executemany(
            "INSERT INTO reserve VALUES (zeroblob(?))", [(FILLER_ROW_BYTES,)] * rows
        )
    with connection:
        # To change a page its old content goes to the rollback journal, which so gets its size.
        connection.execute(
            "UPDATE reserve SET filler = randomblob(?) WHERE rowid <= ?",
            (FILLER_ROW_BYTES, JOURNAL_ROWS),
        )
    with connection:
        connection.execute("DELETE FROM reserve")
