"""The journal: each step of a prune is written down before it is done, and completed after."""

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
class PruneRecord:
    """One that was carried out, or begun."""

    id: int
    engine: str
    began: datetime
    ended: datetime | None
    """None while it runs, or if it was cut off and nobody has looked since."""
    steps: int
    """How many were planned."""
    predicted: ByteRange | None
    cached: ByteRange
    freed: int | None
    """Bytes; None where that is not known."""
    archive: str
    """The file that images were saved to; empty where none were."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One step of one."""

    number: int
    verb: Verb
    target: str
    object_id: str
    back: str
    platforms: tuple[str, ...]
    """What was present of an image: ``linux/amd64``."""
    status: StepStatus
    detail: str


class Journal:
    """The journal of all engines."""

    def __init__(self, folder: Path) -> None:
        """Remember where; the file is made with the first write."""
        self._database = Database(folder)

    def begin(self, engine: str, plan: Plan, archive: str, now: datetime) -> PruneRecording:
        """Write down that a plan is going to be carried out.

        Raises:
            ManagerError: it cannot be written, so nothing may be deleted.
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
        """All that were carried out on an engine, or on any; the last one first.

        Raises:
            ManagerError: the file cannot be read.
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
        """The steps of one that were begun, in order.

        Raises:
            ManagerError: the file cannot be read.
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
        """Change what is known of a step.

        Raises:
            ManagerError: it cannot be written.
        """
        with _wrap_errors(), self._database.writing() as connection:
            connection.execute(
                "UPDATE steps SET status = ?, detail = ? WHERE prune = ? AND number = ?",
                (status, detail, prune, number),
            )

    def end(self, prune: int, now: datetime) -> None:
        """Write down that nothing more comes of one that was cut off.

        Raises:
            ManagerError: it cannot be written.
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
        """Go on with what `Journal.begin` has written."""
        self._connection = connection
        self.prune = prune
        self._told: list[tuple[int, StepStatus, str]] = []

    def before(self, number: int, step: PlanStep, platforms: tuple[str, ...]) -> None:
        """Write down a step that is about to be done, and what became of the one before.

        Raises:
            ManagerError: it cannot be written, so the step may not be done.
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

    def after(self, number: int, status: StepStatus, detail: str = "") -> None:
        """Tell what became of a step; it is on the disk with the next write."""
        self._told.append((number, status, detail))

    def pins(self, engine: str) -> tuple[str, ...]:
        """What is pinned on an engine at this moment.

        Raises:
            ManagerError: the file cannot be read.
        """
        with _wrap_errors():
            rows = self._connection.execute("SELECT name FROM pins WHERE engine = ?", (engine,))
            return tuple(name for (name,) in rows)

    def finish(self, freed: int | None, now: datetime) -> None:
        """Write down the end.

        Raises:
            ManagerError: it cannot be written.
        """
        with _wrap_errors(), self._connection:
            self._complete()
            self._connection.execute(
                "UPDATE prunes SET ended = ?, freed = ? WHERE id = ?",
                (_format_time(now), freed, self.prune),
            )

    def close(self) -> None:
        """Write what is left to write, and let go of the file."""
        try:
            with _wrap_errors(), self._connection:
                self._complete()
        finally:
            self._connection.close()

    def _complete(self) -> None:
        self._connection.executemany(
            "UPDATE steps SET status = ?, detail = ? WHERE prune = ? AND number = ?",
            [(status, detail, self.prune, number) for number, status, detail in self._told],
        )
        self._told = []


def _reserve_space(connection: sqlite3.Connection) -> None:
    """Room for the steps, if there is any to take; what was taken before does for a while."""
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
