"""Pulls onto a disk that is nearly full: refused, warned of, or made room for."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from manager.lab import labs
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from tests.command import Command

SIZE = "400m"
LEFT = 15_000_000
"""Bytes that are left free: less than the largest layer of redis, as it comes."""
PIECE = 1 << 20


@pytest.fixture
def small(
    host_tools: None, private_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lab]:
    """A lab with all that is its own on a disk of a few hundred megabytes."""
    del host_tools
    folder = private_folders / "small"
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "dockmgr-test", str(folder)], check=True
    )
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    lab = labs.bring_up_lab(labs.LabRequest(f"s{os.getpid()}", DEFAULT_FLAVOUR), lambda _: None)
    yield lab
    labs.take_down_lab(lab.name)
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def fill(folder: Path, left: int) -> None:
    """Write until so many bytes are free."""
    with (folder / "filler").open("wb", buffering=0) as file:
        while (free := _free(folder)) > left:
            file.write(bytes(min(PIECE, free - left)))


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def test_what_cannot_fit_is_refused_and_room_is_made_if_asked_for(
    small: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Command(capsys, {**os.environ, "DOCKER_HOST": small.host})
    run.ok("pull", "redis", "nginx")
    run.ok("rmi", "redis", "--yes")
    fill(small.folder.parent, LEFT)
    refused = run("pull", "redis")
    assert refused.code == 1
    told = r"this cannot fit: it needs at least 22\.[0-9]MB, and the engine's disk has 15MB free"
    assert re.search(told, refused.err), refused.err
    assert "hint: make room with: dockmgr prune --free " in refused.err
    assert [row["tags"] for row in run.ok("images", "--json").data] == [["nginx:latest"]]
    asked = run("pull", "redis", "--make-room")
    assert asked.code == 1
    assert "nginx:latest" in asked.err
    assert "a confirmation needs a terminal" in asked.err
    # Room for the layers as they come, but hardly for what becomes of them as well.
    fill(small.folder.parent, 98_000_000)
    made = run.ok("pull", "redis", "--make-room", "--yes")
    assert "redis:latest: pulled" in made.out
    assert [row["tags"] for row in run.ok("images", "--json").data] == [["redis:latest"]]


def test_sizes_and_room_cannot_be_had_as_json_together(capsys: pytest.CaptureFixture[str]) -> None:
    refused = Command(capsys, {"DOCKER_HOST": "unix:///nowhere.sock"})(
        "pull", "redis", "--make-room", "--json"
    )
    assert refused.code == 2
    assert "cannot be combined" in refused.err
