"""The journal, pins, and the room that is kept for them."""

import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from manager.disk.sightings import SightingStore
from manager.errors import ManagerError
from manager.model.byte_range import ByteRange
from manager.model.plan import Plan, PlanStep, Verb
from manager.prune.journal import Journal, StepStatus
from manager.system import database
from manager.system.database import Database
from manager.system.folders import DATABASE_FILE_NAME
from manager.system.locks import exclusive_lock

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
IDENTITY = "sha256:" + "a" * 64
UNTAG = PlanStep(
    Verb.UNTAG, "nginx:1", object_id=IDENTITY, expected_references=("nginx:1", "nginx:2")
)
DELETE = PlanStep(
    Verb.DELETE,
    "nginx:2",
    object_id=IDENTITY,
    expected_references=("nginx:2",),
    restore_from="nginx@x",
)
PLAN = Plan((UNTAG, DELETE), frees=ByteRange(10, 20), cached=ByteRange(0, 5))


def test_a_step_is_there_before_it_is_done_and_completed_after(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    recording = journal.begin("engine", PLAN, "", NOW)
    assert journal.entries(recording.prune) == ()
    recording.record_start(0, UNTAG, ())
    (entry,) = journal.entries(recording.prune)
    assert (entry.target, entry.status, entry.verb) == ("nginx:1", StepStatus.BEGUN, Verb.UNTAG)
    recording.record_outcome(0, StepStatus.DONE)
    recording.record_start(1, DELETE, ("linux/amd64",))
    first, second = journal.entries(recording.prune)
    assert (first.status, second.status) == (StepStatus.DONE, StepStatus.BEGUN)
    assert (second.restore_from, second.platforms) == ("nginx@x", ("linux/amd64",))
    (open_one,) = journal.prunes("engine")
    assert (open_one.ended, open_one.freed, open_one.steps) == (None, None, 2)
    recording.record_outcome(1, StepStatus.SKIPPED, "web1 uses it now")
    recording.finish(15, NOW)
    recording.close()
    (ended,) = journal.prunes("engine")
    assert (ended.ended, ended.freed) == (NOW, 15)
    assert (ended.predicted, ended.cached) == (ByteRange(10, 20), ByteRange(0, 5))
    assert journal.entries(ended.id)[1].detail == "web1 uses it now"


def test_what_was_told_last_is_written_when_it_is_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    recording = journal.begin("engine", PLAN, "", NOW)
    recording.record_start(0, UNTAG, ())
    recording.record_outcome(0, StepStatus.DONE)
    recording.close()
    assert journal.entries(recording.prune)[0].status is StepStatus.DONE
    assert journal.prunes()[0].ended is None


def test_prunes_are_told_apart_by_engine_and_the_last_comes_first(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for engine in ("a", "b", "a"):
        journal.begin(engine, PLAN, "/x.tar.gz", NOW).close()
    assert [it.id for it in journal.prunes("a")] == [3, 1]
    assert [it.id for it in journal.prunes()] == [3, 2, 1]
    assert journal.prunes("c") == ()
    assert journal.prunes()[0].archive == "/x.tar.gz"


def test_nothing_was_ever_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "none")
    assert journal.prunes() == ()
    assert journal.entries(1) == ()
    assert not (tmp_path / "none").exists()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    Journal(tmp_path).begin("engine", PLAN, "", NOW).close()
    assert stat.S_IMODE((tmp_path / DATABASE_FILE_NAME).stat().st_mode) == 0o600


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(ManagerError, match="the journal cannot be used: ") as caught:
        Journal(tmp_path).begin("engine", PLAN, "", NOW)
    assert "nothing is deleted without it" in caught.value.hint


def test_pins_that_cannot_be_read_are_an_error_and_not_nothing(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(ManagerError, match="the pins cannot be used"):
        SightingStore(tmp_path).read_pins("e")


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ManagerError, match=r"cannot create the folder .*: Not a directory"),
        exclusive_lock(tmp_path / "file" / "folder", lambda: None),
    ):
        pass


def test_room_is_taken_when_the_file_is_made_and_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    SightingStore(tmp_path).pin("engine", ["nginx:1"], NOW)
    size = (tmp_path / DATABASE_FILE_NAME).stat().st_size
    reserve = (tmp_path / f"{DATABASE_FILE_NAME}-journal").stat().st_size
    assert reserve >= database.JOURNAL_ROWS * database.FILLER_ROW_BYTES
    recording = journal.begin("engine", PLAN, "", NOW)
    for number in range(100):
        recording.record_start(number, UNTAG, ())
        recording.record_outcome(number, StepStatus.DONE)
    recording.finish(None, NOW)
    recording.close()
    # All of it went into room that was there already.
    assert (tmp_path / DATABASE_FILE_NAME).stat().st_size == size
    assert (tmp_path / f"{DATABASE_FILE_NAME}-journal").stat().st_size == reserve


WRITER = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from manager.prune.journal import Journal, StepStatus
from tests.unit.test_journal import NOW, PLAN, UNTAG
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
recording = Journal(folder).begin("engine", PLAN, "", NOW)
for number in range(int(sys.argv[3])):
    recording.record_start(number, UNTAG, ())
    recording.record_outcome(number, StepStatus.DONE)
recording.finish(1, NOW)
recording.close()
"""


def limited(folder: Path, limit: int, steps: int) -> subprocess.CompletedProcess[str]:
    """Write a journal where no file may become larger than so many bytes."""
    command = [sys.executable, "-c", WRITER, str(folder), str(limit), str(steps)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_journal_needs_no_new_room(tmp_path: Path) -> None:
    SightingStore(tmp_path).pin("engine", ["nginx:1"], NOW)
    done = limited(tmp_path, (tmp_path / DATABASE_FILE_NAME).stat().st_size, 100)
    assert done.returncode == 0, done.stderr
    (prune,) = Journal(tmp_path).prunes()
    assert (prune.freed, len(Journal(tmp_path).entries(prune.id))) == (1, 100)


def test_without_room_nothing_is_begun(tmp_path: Path) -> None:
    done = limited(tmp_path, 8192, 1)
    assert done.returncode != 0
    assert "ManagerError: the journal cannot be used" in done.stderr


def test_old_files_get_the_new_tables(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE_FILE_NAME) as old:
        old.execute(
            "CREATE TABLE sightings (engine TEXT NOT NULL, image TEXT NOT NULL,"
            " first_seen TEXT NOT NULL, last_used TEXT, PRIMARY KEY (engine, image)) WITHOUT ROWID"
        )
        old.execute("INSERT INTO sightings VALUES ('e', 'i', '2026-01-01T00:00:00+00:00', NULL)")
    old.close()
    assert list(SightingStore(tmp_path).read_sightings("e")) == ["i"]
    SightingStore(tmp_path).pin("e", ["x:1"], NOW)
    assert list(SightingStore(tmp_path).read_sightings("e")) == ["i"]


def test_pins_are_kept_for_each_engine(tmp_path: Path) -> None:
    store = SightingStore(tmp_path)
    assert store.read_pins("a") == ()
    store.pin("a", ["redis:7", "nginx:1", "redis:7"], NOW)
    store.pin("b", ["other:1"], NOW)
    assert store.read_pins("a") == ("nginx:1", "redis:7")
    store.unpin("a", ["nginx:1"])
    assert (store.read_pins("a"), store.read_pins("b")) == (("redis:7",), ("other:1",))


def hold(folder: Path, begun: "multiprocessing.Queue[int]") -> None:
    """Hold the lock until ended from outside."""
    with exclusive_lock(folder, lambda: None):
        begun.put(os.getpid())
        signal.pause()


def test_one_process_at_a_time_and_the_lock_goes_with_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    begun: multiprocessing.Queue[int] = context.Queue()
    other = context.Process(target=hold, args=(tmp_path, begun))
    other.start()
    begun.get(timeout=20)
    waited = []

    def waiting() -> None:
        waited.append(True)
        os.kill(other.pid or 0, signal.SIGKILL)

    with exclusive_lock(tmp_path, waiting):
        assert waited
    other.join(20)
    assert not other.is_alive()


def test_connections_of_two_processes_do_not_lose_anything(tmp_path: Path) -> None:
    first, second = Database(tmp_path).connect(), Database(tmp_path).connect()
    for connection, name in ((first, "a"), (second, "b")):
        with connection:
            connection.execute("INSERT INTO pins VALUES ('e', ?, 'now')", (name,))
    first.close()
    second.close()
    assert SightingStore(tmp_path).read_pins("e") == ("a", "b")
