"""Prunes that are cut off: killed, on a full disk, with an engine that falls silent."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manager.engine.client import Engine
from manager.lab.state import Lab
from manager.prune.journal import Journal, JournalEntry, StepStatus
from manager.system import folders
from manager.system.folders import DATABASE_FILE_NAME
from tests.command import PROGRAM, Command
from tests.engine.orchard import Orchard, plant
from tests.troubled_engine import TroubledEngine

FRUIT = ("apple*", "pear*", "cherry*")
KILLS = 10


@pytest.fixture
def orchard(engine: Engine, lab: Lab) -> Iterator[Orchard]:
    """Sixty images, some of them with two names; most exist nowhere else, as that is quicker."""
    planted = plant(engine, lab, 10, 50)
    yield planted
    planted.cut()


def written(after: int) -> list[JournalEntry]:
    """All steps in the journal of prunes after one."""
    journal = Journal(folders.state_folder())
    return [e for prune in journal.prunes() if prune.id > after for e in journal.entries(prune.id)]


def last_prune() -> int:
    return max((prune.id for prune in Journal(folders.state_folder()).prunes()), default=0)


def agree(orchard: Orchard, before: dict[str, str], after: int) -> None:
    """Whether journal and engine say the same of every image.

    One that is on its way out may have lost its last name when the program was killed: then the
    journal knows that its step was begun, and the next run settles it.
    """
    there = orchard.tags()
    entries = written(after)
    begun = {it.target for it in entries if it.status in {StepStatus.DONE, StepStatus.BEGUN}}
    assert set(before) - set(there) <= begun
    done = [it.target for it in entries if it.status is StepStatus.DONE]
    assert set(done).isdisjoint(there)
    assert len(done) == len(set(done)), "a name was taken twice"
    images = {image.id: image for image in orchard.engine.images.list()}
    on_the_way = {it.object_id for it in entries if it.status is StepStatus.BEGUN}
    for image_id in (set(before.values()) & images.keys()) - on_the_way:
        assert images[image_id].tags, "an image was left without a name"


def settled(orchard: Orchard) -> None:
    """Wait until the engine has finished what it was asked for before the program was killed."""
    seen: dict[str, str] = {}
    for _ in range(50):
        now = orchard.tags()
        if now == seen:
            return
        seen = now
        time.sleep(0.1)


def test_ten_kills_lose_nothing_and_the_next_run_finishes(
    run: Command, orchard: Orchard, lab: Lab, program_env: dict[str, str]
) -> None:
    before, after = orchard.tags(), last_prune()
    rng = random.Random(4)  # noqa: S311 - not for secrets
    cut = 0
    for _ in range(KILLS):
        if len(orchard.tags()) < len(before) // 2:
            # So many have gone that the next one could be done before it is killed.
            plant(orchard.engine, lab, 10, 50)
            after = last_prune()
        with subprocess.Popen(
            [*PROGRAM, "prune", *FRUIT, "--include-local", "--yes"],
            env={**program_env, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as prune:
            assert prune.stdout is not None
            for _ in range(rng.randrange(1, 7)):
                prune.stdout.readline()
            time.sleep(rng.random() * 0.01)
            prune.send_signal(signal.SIGKILL)
        settled(orchard)
        cut += bool(orchard.tags())
        agree(orchard, before, after)
    assert cut > KILLS // 2, "most were done before they were killed"
    finished = run.ok("prune", *FRUIT, "--include-local", "--yes")
    assert "was interrupted; dockmgr history" in finished.err
    assert orchard.tags() == {}
    agree(orchard, before, after)
    done = {it.target for it in written(after) if it.status is StepStatus.DONE}
    # Where Podman was cut off between the last tag and the digest, that digest went later.
    by_digest = {it for it in done if "@" in it}
    assert done - by_digest == set(before)
    assert {it.partition("@")[0] for it in by_digest} <= {it.partition(":")[0] for it in before}
    assert not any(it.status is StepStatus.BEGUN for it in written(after))
    left = {image.id for image in orchard.engine.images.list()}
    assert left.isdisjoint(before.values())
    assert all(row["ended"] for row in run.ok("history", "--json").data)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of a few megabytes on which the program keeps its state."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "dockmgr-test", str(folder)], check=True
    )
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Write until nothing more fits."""
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    assert os.statvfs(folder).f_bavail == 0


def test_a_full_disk_does_not_keep_the_journal_from_being_written(
    run: Command, orchard: Orchard, small_disk: Path
) -> None:
    before = orchard.tags()
    run.ok("images")
    assert (small_disk / "dockmgr" / DATABASE_FILE_NAME).exists()
    fill(small_disk)
    done = run.ok("prune", *FRUIT, "--include-local", "--yes", "--json").data
    assert orchard.tags() == {}
    assert {it["status"] for it in done["outcomes"]} == {"done"}
    assert {it.target for it in written(0) if it.status is StepStatus.DONE} == set(before)
    (row,) = run.ok("history", "--json").data
    assert (row["freed"], row["state"]) == (done["freed"], "done")


def test_where_no_journal_can_be_written_nothing_is_deleted(
    run: Command, orchard: Orchard, small_disk: Path
) -> None:
    before = orchard.tags()
    fill(small_disk)
    refused = run("prune", *FRUIT, "--include-local", "--yes")
    assert refused.code == 1
    assert "the journal cannot be used" in refused.err or "No space left" in refused.err
    assert "XDG_STATE_HOME" in refused.err
    assert orchard.tags() == before


def test_an_engine_that_falls_silent_ends_it_and_the_next_run_finishes(
    run: Command, orchard: Orchard, lab: Lab
) -> None:
    before, after = orchard.tags(), last_prune()
    deletions = 0

    def fall_silent(path: str, answer: Any) -> Any:
        nonlocal deletions
        if path.startswith("/images/") and isinstance(answer, list):
            deletions += any(isinstance(row, dict) and "Untagged" in row for row in answer)
        if deletions > 5:
            raise ConnectionAbortedError
        return answer

    with TroubledEngine(lab.socket, fall_silent) as engine:
        cut = run("--host", engine.host, "prune", *FRUIT, "--include-local", "--yes")
    assert cut.code == 3
    assert "not done; run the command again to continue" in cut.err
    assert 0 < len(orchard.tags()) < len(before)
    agree(orchard, before, after)
    finished = run.ok("prune", *FRUIT, "--include-local", "--yes")
    assert "was interrupted" in finished.err
    assert orchard.tags() == {}
    agree(orchard, before, after)
    done = {it.target for it in written(after) if it.status is StepStatus.DONE}
    # Where Podman was cut off between the last tag and the digest, that digest went later.
    by_digest = {it for it in done if "@" in it}
    assert done - by_digest == set(before)
    assert {it.partition("@")[0] for it in by_digest} <= {it.partition(":")[0] for it in before}
