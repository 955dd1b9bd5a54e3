"""The disk of an engine, where it can be known; virtual machines, where it cannot."""

import os
from pathlib import Path

import pytest

from manager.engine import disk_space

HERE = {"KernelVersion": os.uname().release, "OperatingSystem": "Debian GNU/Linux 12"}
SOCKET = "unix:///var/run/docker.sock"


def test_an_engine_on_this_machine(tmp_path: Path) -> None:
    found = disk_space.find_disk_space(SOCKET, {**HERE, "DockerRootDir": str(tmp_path)}, None)
    assert isinstance(found, disk_space.DiskSpace)
    assert 0 < found.free <= found.total
    assert found.path == str(tmp_path)


def test_a_labs_own_folder_counts(tmp_path: Path) -> None:
    found = disk_space.find_disk_space("unix:///x", {"OperatingSystem": "Docker Desktop"}, tmp_path)
    assert isinstance(found, disk_space.DiskSpace)


@pytest.mark.parametrize(
    ("host", "info", "why"),
    [
        ("tcp://build:2376", HERE, "is not on this machine"),
        (SOCKET, {**HERE, "OperatingSystem": "Docker Desktop"}, "runs in Docker Desktop"),
        (SOCKET, {**HERE, "Name": "colima"}, "runs in Colima"),
        (SOCKET, {**HERE, "Name": "lima-rancher-desktop"}, "runs in Rancher Desktop"),
        (SOCKET, {"KernelVersion": "another"}, "runs on another machine"),
        (SOCKET, {**HERE, "DockerRootDir": "/nowhere/at/all"}, "does not report where"),
        (SOCKET, HERE, "does not report where"),
    ],
)
def test_where_it_cannot_be_known_it_says_why(host: str, info: dict[str, str], why: str) -> None:
    found = disk_space.find_disk_space(host, info, None)
    assert isinstance(found, str)
    assert why in found


def test_the_file_of_a_virtual_machine_may_stay_large() -> None:
    assert disk_space.shrink_hint(HERE) == ""
    hint = disk_space.shrink_hint({**HERE, "OperatingSystem": "Docker Desktop"})
    assert "may not shrink automatically" in hint
    assert "Optimize-VHD" in hint
    assert "fstrim" in disk_space.shrink_hint({**HERE, "Name": "colima"})
    assert set(disk_space.SHRINK_HINTS) >= set(disk_space.VIRTUAL_MACHINE_NAMES.values())
