"""The journal: each step of a prune is recorded before it is done, and completed after."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from manager.model.byte_range import ByteRange
from manager.model.plan import Verb
from manager.system import database
from manager.system.database import Database

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from manager.model.plan import Plan, PlanStep


class StepStatus(StrEnum):
    """The state of a step."""

    BEGUN = "begun"
    """Not known: the program ended before the engine answered."""
    DONE = "done"
    SKIPPED = "skipped"
    """A condition of the step no longer held."""
    FAILED = "failed"
    GONE = "gone already"
    BACK = "brought back"


@dataclass(frozen=True, slots=True)
class PruneRecord:
    """A prune that was carried out, or started."""

    id: int
    engine: str
    began: datetime
    ended: datetime | None
    """None while the prune runs, or if it was interrupted and nobody has looked since."""
    steps: int
    """How many were planned."""
    predicted: ByteRange | None
    cached: ByteRange
    freed: int | None
    """Bytes; None if that is not known."""
    archive: str
    """The file that images were saved to; empty if none were."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One step of a prune."""

    number: int
    verb: Verb
    target: str
    object_id: str
    restore_from: str
    platforms: tuple[str, ...]
    """The platforms of the image that were present: ``linux/amd64``."""
    status: StepStatus
    detail: str


class Journal:
    """The journal of all engines."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; the file is created with the first write."""
        self._database = Database(folder)

    def begin(self, engine: str, plan: Plan, archive: str, now: datetime) -> PruneRecording:
        """Record that a plan is going to be carried out.

        Raises:
            ManagerError: the journal cannot be written, so nothing may be removed.
        """
        frees, cached = plan.frees, plan.cached or ByteRange()
        with _wrap_errors():
            connection = self._database.connect()
            try:
                _reserve_space(connection)
                with connection:
                    made = connection.execute(
                        "INSERT INTO prunes (engine, began, steps, frees_low, frees_high,"
                        " cached_high, archive) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (
                            engine,
                            _format_time(now),
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
        return PruneRecording(connection, int(made.lastrowid or 0))

    def prunes(self, engine: str | None = None) -> tuple[PruneRecord, ...]:
        """The prunes on an engine, or on all engines; the last one first.

        Raises:
            ManagerError: the journal cannot be read.
        """
        with _wrap_errors(), self._database.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT id, engine, began, ended, steps, frees_low, frees_high, cached_high,"
                " freed, archive FROM prunes WHERE ? IS NULL OR engine = ? ORDER BY id DESC",
                (engine, engine),
            ).fetchall()
        return tuple(map(_parse_prune, rows))

    def entries(self, prune: int) -> tuple[JournalEntry, ...]:
        """The steps of a prune that were started, in order.

        Raises:
            ManagerError: the journal cannot be read.
        """
        with _wrap_errors(), self._database.reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT number, verb, target, object_id, back, platforms, status, detail"
                " FROM steps WHERE prune = ? ORDER BY number",
                (prune,),
            ).fetchall()
        return tuple(map(_parse_entry, rows))

    def mark(self, prune: int, number: int, status: StepStatus, detail: str = "") -> None:
        """Change the state of a step.

        Raises:
            ManagerError: the journal cannot be written.
        """
        with _wrap_errors(), self._database.writing() as connection:
            connection.execute(
                "UPDATE steps SET status = ?, detail = ? WHERE prune = ? AND number = ?",
                (status, detail, prune, number),
            )

    def end(self, prune: int, now: datetime) -> None:
        """Record that an interrupted prune is over.

        Raises:
            ManagerError: the journal cannot be written.
        """
        with _wrap_errors(), self._database.writing() as connection:
            connection.execute(
                "UPDATE prunes SET ended = ? WHERE id = ?", (_format_time(now), prune)
            )


class PruneRecording:
    """The journal of one prune while it runs; one write to the disk for each step.

    Threads may share it, one at a time.
    """

    def __init__(self, connection: sqlite3.Connection, prune: int) -> None:
        """Continue what `Journal.begin` has written."""
        self._connection = connection
        self.prune = prune
        self._pending: list[tuple[int, StepStatus, str]] = []

    def record_start(self, number: int, step: PlanStep, platforms: tuple[str, ...]) -> None:
        """Record a step that is about to be done, and the results so far.

        Raises:
            ManagerError: the journal cannot be written, so the step may not be done.
        """
        with _wrap_errors(), self._connection:
            self._complete()
            self._connection.execute(
                "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self.prune,
                    number,
                    step.verb,
                    step.target,
                    step.object_id,
                    step.restore_from,
                    json.dumps(platforms),
                    StepStatus.BEGUN,
                    "",
                ),
            )

    def record_outcome(self, number: int, status: StepStatus, detail: str = "") -> None:
        """Note the result of a step; the next write puts it on the disk."""
        self._pending.append((number, status, detail))

    def pins(self, engine: str) -> tuple[str, ...]:
        """What is pinned on an engine now.

        Raises:
            ManagerError: the journal cannot be read.
        """
        with _wrap_errors():
            rows = self._connection.execute("SELECT name FROM pins WHERE engine = ?", (engine,))
            return tuple(name for (name,) in rows)

    def finish(self, freed: int | None, now: datetime) -> None:
        """Record the end.

        Raises:
            ManagerError: the journal cannot be written.
        """
        with _wrap_errors(), self._connection:
            self._complete()
            self._connection.execute(
                "UPDATE prunes SET ended = ?, freed = ? WHERE id = ?",
                (_format_time(now), freed, self.prune),
            )

    def close(self) -> None:
        """Write what is left, and close the file."""
        try:
            with _wrap_errors(), self._connection:
                self._complete()
        finally:
            self._connection.close()

    def _complete(self) -> None:
        self._connection.executemany(
            "UPDATE steps SET status = ?, detail = ? WHERE prune = ? AND number = ?",
            [(status, detail, self.prune, number) for number, status, detail in self._pending],
        )
        self._pending = []


def _reserve_space(connection: sqlite3.Connection) -> None:
    """Reserve space for the steps, if there is any; earlier reservations last for a while."""
    try:
        database.reserve_space(connection)
    except sqlite3.OperationalError:
        if database.count_free_bytes(connection) < database.REFILL_BELOW_BYTES:
            raise


def _wrap_errors() -> AbstractContextManager[None]:
    return database.report_database_errors("the journal")


def _format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _parse_prune(row: tuple[object, ...]) -> PruneRecord:
    identity, engine, began, ended, steps, low, high, cached, freed, archive = row
    return PruneRecord(
        int(str(identity)),
        str(engine),
        datetime.fromisoformat(str(began)),
        datetime.fromisoformat(str(ended)) if ended else None,
        int(str(steps)),
        ByteRange(int(str(low)), int(str(high))) if low is not None else None,
        ByteRange(0, int(str(cached or 0))),
        int(str(freed)) if freed is not None else None,
        str(archive),
    )


def _parse_entry(row: tuple[object, ...]) -> JournalEntry:
    number, verb, target, identity, back, platforms, status, detail = row
    return JournalEntry(
        int(str(number)),
        Verb(str(verb)),
        str(target),
        str(identity),
        str(back),
        tuple(json.loads(str(platforms))),
        StepStatus(str(status)),
        str(detail),
    )
