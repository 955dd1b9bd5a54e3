"""Records of spawns: a file for each, locked as long as its process lives.

A killed program leaves its file behind with a free lock. Records are not in the database because
every command looks for them, and looking must cost nothing where there are none.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manager.system import folders
from manager.system.locks import try_lock_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

LOCK_PAUSE_SECONDS = 0.01
"""Seconds."""
GRACE_SECONDS = 60.0
"""Seconds in which an empty file may still be written, and an engine may still make what a process
that is gone asked for."""


@dataclass(frozen=True, slots=True)
class SpawnRecord:
    """A spawn that began."""

    spawn_id: str
    """The value of the label on its containers."""
    host: str
    """The engine's address."""
    groups: Mapping[str, tuple[int, ...]]
    """The numbers of the members to make, by group."""
    file: Path
    rollback_failed: bool = False
    """Whether it failed, and so did the rollback: what is left should be removed."""

    def delete(self) -> None:
        """Delete the record: nothing is left to do."""
        try:
            self.file.unlink(missing_ok=True)
        except PermissionError:  # Windows, while it is open: what is empty says nothing
            self.file.write_text("", encoding="utf-8")

    def is_old(self) -> bool:
        """Whether it began so long ago that the engine must be done with it."""
        try:
            return time.time() - self.file.stat().st_mtime > GRACE_SECONDS
        except FileNotFoundError:
            return False  # another process has just settled it

    def touch(self) -> None:
        """Count it as begun now."""
        with suppress(FileNotFoundError):  # another process has just settled it
            os.utime(self.file)

    def mark_rollback_failed(self) -> None:
        """Record that what is left should be removed.

        Raises:
            OSError: it cannot be written.
        """
        self.file.write_text(self._text(rollback_failed=True), encoding="utf-8")

    def _text(self, *, rollback_failed: bool) -> str:
        row = {"host": self.host, "groups": self.groups}
        return json.dumps({**row, "taking_back": True} if rollback_failed else row)

    @property
    def count(self) -> int:
        """How many members it should make."""
        return sum(len(numbers) for numbers in self.groups.values())


@contextmanager
def record_spawn(
    spawn_id: str, host: str, groups: Mapping[str, Sequence[int]]
) -> Iterator[SpawnRecord]:
    """Record a spawn. The file stays until `SpawnRecord.delete`; its lock ends with the process.

    Args:
        spawn_id: the spawn's.
        host: the engine's address.
        groups: the numbers of the members to make, by group.

    Raises:
        OSError: it cannot be written.
    """
    place = folders.spawns_folder()
    place.mkdir(parents=True, exist_ok=True)
    record = SpawnRecord(
        spawn_id, host, {g: tuple(ns) for g, ns in groups.items()}, place / spawn_id
    )
    with record.file.open("w", encoding="utf-8") as file:
        while not try_lock_file(file.fileno()):
            time.sleep(LOCK_PAUSE_SECONDS)  # another process looks at it
        file.write(record._text(rollback_failed=False))  # noqa: SLF001 - of the same module
        file.flush()
        yield record


@contextmanager
def adopt_record(record: SpawnRecord) -> Iterator[bool]:
    """Take over a spawn whose process is gone; False if another process was faster.

    Args:
        record: what `find_abandoned_records` found.
    """
    try:
        file = record.file.open("r+", encoding="utf-8")
    except FileNotFoundError:
        yield False  # settled meanwhile
        return
    with file:
        yield try_lock_file(file.fileno()) and record.file.exists()


def find_abandoned_records(host: str) -> tuple[SpawnRecord, ...]:
    """The spawns on an engine whose process is gone, oldest first.

    Args:
        host: the engine's address.
    """
    place = folders.spawns_folder()
    try:
        found = sorted(place.iterdir(), key=_start_time)
    except OSError:
        return ()  # no spawn ever began here
    records = (_read_abandoned_record(file) for file in found)
    return tuple(one for one in records if one is not None and one.host == host)


def _start_time(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0  # it has just ended


def _read_abandoned_record(file: Path) -> SpawnRecord | None:
    try:
        with file.open("r+", encoding="utf-8") as opened:
            if not try_lock_file(opened.fileno()):
                return None
            text = opened.read()
        row: Any = json.loads(text)
        groups = {str(name): tuple(map(int, numbers)) for name, numbers in row["groups"].items()}
        return SpawnRecord(file.name, str(row["host"]), groups, file, bool(row.get("taking_back")))
    except OSError:
        return None  # it has just ended, or belongs to another person
    except (ValueError, KeyError, TypeError, AttributeError):
        # It was killed before it wrote its groups, and so before it made anything.
        if time.time() - _start_time(file) > GRACE_SECONDS:
            with suppress(OSError):  # it stays where it is
                file.unlink(missing_ok=True)
        return None
