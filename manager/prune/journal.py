"""The journal: each step of a prune is written down before it is done, and completed after."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from manager.model.byte_range import Bytes
from manager.model.plan import Verb
from manager.system import database
from manager.system.database import Database

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from manager.model.plan import Plan, Step


class Status(StrEnum):
    """What became of a step."""

    BEGUN = "begun"
    """Nothing is known: the program ended before the engine answered."""
    DONE = "done"
    SKIPPED = "skipped"
    """Something had changed, so it was left alone."""
    FAILED = "failed"
    GONE = "gone already"
    BACK = "brought back"


@dataclass(frozen=True, slots=True)
class Prune:
    """One that was carried out, or begun."""

    id: int
    engine: str
    began: datetime
    ended: datetime | None
    """None while it runs, or if it was cut off and nobody has looked since."""
    steps: int
    """How many were planned."""
    predicted: Bytes | None
    cached: Bytes
    freed: int | None
    """Bytes; None where that is not known."""
    archive: str
    """The file that images were saved to; empty where none were."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of one."""

    number: int
    verb: Verb
    target: str
    object_id: str
    back: str
    platforms: tuple[str, ...]
    """What was present of an image: ``linux/amd64``."""
    status: Status
    detail: str


class Journal:
    """The journal of all engines."""

    def __init__(self, folder: Path) -> None:
        """Remember where; the file is made with the first write."""
        self._database = Database(folder)

    def begin(self, engine: str, plan: Plan, archive: str, now: datetime) -> Recording:
        """Write down that a plan is going to be carried out.

        Raises:
            ManagerError: it cannot be written, so nothing may be deleted.
        """
        frees, cached = plan.frees, plan.cached or Bytes()
        with _told():
            connection = self._database.connect()
            try:
                _take_room(connection)
                with connection:
                    made = connection.execute(
                        "INSERT INTO prunes (engine, began, steps, frees_low, frees_high,"
                        " cached_high, archive) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (
                            engine,
                            _text(now),
                            len(plan.steps),
                            frees.low if frees else None,
                            frees.high if frees else None,
                            cached.high,
                            archive,
                        ),
                    )
            except BaseException:
                connection.close()
                raise
        return Recording(connection, int(made.lastrowid or 0))

    def prunes(self, engine: str | None = None) -> tuple[Prune, ...]:
        """All that were carried out on an engine, or on any; the last one first.

        Raises:
            ManagerError: the file cannot be read.
        """
        with _told(), self._database.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT id, engine, began, ended, steps, frees_low, frees_high, cached_high,"
                " freed, archive FROM prunes WHERE ? IS NULL OR engine = ? ORDER BY id DESC",
                (engine, engine),
            ).fetchall()
        return tuple(map(_prune, rows))

    def entries(self, prune: int) -> tuple[Entry, ...]:
        """The steps of one that were begun, in order.

        Raises:
            ManagerError: the file cannot be read.
        """
        with _told(), self._database.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT number, verb, target, object_id, back, platforms, status, detail"
                " FROM steps WHERE prune = ? ORDER BY number",
                (prune,),
            ).fetchall()
        return tuple(map(_entry, rows))

    def mark(self, prune: int, number: int, status: Status, detail: str = "") -> None:
        """Change what is known of a step.

        Raises:
            ManagerError: it cannot be written.
        """
        with _told(), self._database.writing() as connection:
            connection.execute(
                "UPDATE steps SET status = ?, detail = ? WHERE prune = ? AND number = ?",
                (status, detail, prune, number),
            )

    def end(self, prune: int, now: datetime) -> None:
        """Write down that nothing more comes of one that was cut off.

        Raises:
            ManagerError: it cannot be written.
        """
        with _told(), self._database.writing() as connection:
            connection.execute("UPDATE prunes SET ended = ? WHERE id = ?", (_text(now), prune))


class Recording:
    """The journal of one prune while it runs; one write to the disk for each step.

    Threads may share it, one at a time.
    """

    def __init__(self, connection: sqlite3.Connection, prune: int) -> None:
        """Go on with what `Journal.begin` has written."""
        self._connection = connection
        self.prune = prune
        self._told: list[tuple[int, Status, str]] = []

    def before(self, number: int, step: Step, platforms: tuple[str, ...]) -> None:
        """Write down a step that is about to be done, and what became of the one before.

        Raises:
            ManagerError: it cannot be written, so the step may not be done.
        """
        with _told(), self._connection:
            self._complete()
            self._connection.execute(
                "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self.prune,
                    number,
                    step.verb,
                    step.target,
                    step.object_id,
                    step.back,
                    json.dumps(platforms),
                    Status.BEGUN,
                    "",
                ),
            )

    def after(self, number: int, status: Status, detail: str = "") -> None:
        """Tell what became of a step; it is on the disk with the next write."""
        self._told.append((number, status, detail))

    def pins(self, engine: str) -> tuple[str, ...]:
        """What is pinned on an engine at this moment.

        Raises:
            ManagerError: the file cannot be read.
        """
        with _told():
            rows = self._connection.execute("SELECT name FROM pins WHERE engine = ?", (engine,))
            return tuple(name for (name,) in rows)

    def finish(self, freed: int | None, now: datetime) -> None:
        """Write down the end.

        Raises:
            ManagerError: it cannot be written.
        """
        with _told(), self._connection:
            self._complete()
            self._connection.execute(
                "UPDATE prunes SET ended = ?, freed = ? WHERE id = ?",
                (_text(now), freed, self.prune),
            )

    def close(self) -> None:
        """Write what is left to write, and let go of the file."""
        try:
            with _told(), self._connection:
                self._complete()
        finally:
            self._connection.close()

    def _complete(self) -> None:
        self._connection.executemany(
            "UPDATE steps SET status = ?, detail = ? WHERE prune = ? AND number = ?",
            [(status, detail, self.prune, number) for number, status, detail in self._told],
        )
        self._told = []


def _take_room(connection: sqlite3.Connection) -> None:
    """Room for the steps, if there is any to take; what was taken before does for a while."""
    try:
        database.reserve(connection)
    except sqlite3.OperationalError:
        if database.room(connection) < database.ENOUGH:
            raise


def _told() -> AbstractContextManager[None]:
    return database.told("the journal")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _prune(row: tuple[object, ...]) -> Prune:
    identity, engine, began, ended, steps, low, high, cached, freed, archive = row
    return Prune(
        int(str(identity)),
        str(engine),
        datetime.fromisoformat(str(began)),
        datetime.fromisoformat(str(ended)) if ended else None,
        int(str(steps)),
        Bytes(int(str(low)), int(str(high))) if low is not None else None,
        Bytes(0, int(str(cached or 0))),
        int(str(freed)) if freed is not None else None,
        str(archive),
    )


def _entry(row: tuple[object, ...]) -> Entry:
    number, verb, target, identity, back, platforms, status, detail = row
    return Entry(
        int(str(number)),
        Verb(str(verb)),
        str(target),
        str(identity),
        str(back),
        tuple(json.loads(str(platforms))),
        Status(str(status)),
        str(detail),
    )
