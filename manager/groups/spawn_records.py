"""Spawns that were begun: a file for each, locked as long as its process lives.

What is left by a program that was killed is then known by its file, whose lock is free. It is not
in the database, because every command looks, and to look must cost nothing where there is none.
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
"""Seconds within which an empty file may be one that is just being written, and an engine may
still be making what a process asked for that is gone."""


@dataclass(frozen=True, slots=True)
class SpawnRecord:
    """A spawn that was begun."""

    spawn_id: str
    """What its containers have in their label."""
    host: str
    """The engine's address."""
    groups: Mapping[str, tuple[int, ...]]
    """The numbers of the members it was to make, by group."""
    file: Path
    rollback_failed: bool = False
    """Whether it failed, and so did taking it back: what there is of it was not wanted."""

    def delete(self) -> None:
        """Nothing is left to be done about it."""
        try:
            self.file.unlink(missing_ok=True)
        except PermissionError:  # Windows, while it is open: what is empty says nothing
            self.file.write_text("", encoding="utf-8")

    def is_old(self) -> bool:
        """Whether it began so long ago that nothing of it can still be on its way."""
        try:
            return time.time() - self.file.stat().st_mtime > GRACE_SECONDS
        except FileNotFoundError:
            return False  # another process has just settled it

    def touch(self) -> None:
        """It counts as begun now."""
        with suppress(FileNotFoundError):  # another process has just settled it
            os.utime(self.file)

    def mark_rollback_failed(self) -> None:
        """Write down that what there is of it was to be removed.

        Raises:
            OSError: it cannot be written.
        """
        self.file.write_text(self._text(rollback_failed=True), encoding="utf-8")

    def _text(self, *, rollback_failed: bool) -> str:
        told = {"host": self.host, "groups": self.groups}
        return json.dumps({**told, "taking_back": True} if rollback_failed else told)

    @property
    def count(self) -> int:
        """How many members it was to make."""
        return sum(len(numbers) for numbers in self.groups.values())


@contextmanager
def record_spawn(
    spawn_id: str, host: str, groups: Mapping[str, Sequence[int]]
) -> Iterator[SpawnRecord]:
    """Write down a spawn. The file stays until `Record.delete`; its lock goes with the process.

    Args:
        spawn_id: the spawn's.
        host: the engine's address.
        groups: the numbers of the members it is to make, by group.

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
    """Take over a spawn whose process is gone; False if another process has done so first.

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
    """The spawns on an engine whose process is gone, by their time.

    Args:
        host: the engine's address.
    """
    place = folders.spawns_folder()
    try:
        found = sorted(place.iterdir(), key=_start_time)
    except OSError:
        return ()  # none was ever begun here
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
        return None  # it has just ended, or is another person's, or none at all
    except (ValueError, KeyError, TypeError, AttributeError):
        # It was killed before it had written what it wants, and so before it had made anything.
        if time.time() - _start_time(file) > GRACE_SECONDS:
            with suppress(OSError):  # it stays where it is, and says nothing
                file.unlink(missing_ok=True)
        return None
