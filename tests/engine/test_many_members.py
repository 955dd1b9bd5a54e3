"""A group of hundreds."""

import os
from pathlib import Path

import pytest

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.lab.flavours import DEFAULT_FLAVOUR
from tests.command import Command
from tests.lab_fixtures import LabFactory, clean


def test_three_hundred_are_spawned_listed_scaled_and_removed(
    start_lab: LabFactory, capsys: pytest.CaptureFixture[str], private_folders: Path
) -> None:
    del private_folders
    lab = start_lab(DEFAULT_FLAVOUR)
    run = Command(capsys, {**os.environ, "DOCKER_HOST": lab.host})
    with Engine(Endpoint(lab.host, "test lab")) as engine:
        clean(engine)
        run.ok("spawn", "busybox", "-n", "300", "-p", "20000:80", "--", "sleep", "600")
        listed = run.ok("ls", "busybox", "--json").data
        assert [row["index"] for row in listed] == list(range(1, 301))
        assert {row["state"] for row in listed} == {"running"}
        ports = [{port["host_port"] for port in row["ports"]} for row in listed]
        assert ports == [{20000 + number} for number in range(300)]
        run.ok("scale", "busybox", "303")
        run.ok("scale", "busybox", "298", "--yes", "-t", "0")
        names = {container.name for container in engine.containers.list()}
        assert names == {f"busybox{number}" for number in range(1, 299)}
        run.ok("rm", "busybox", "--force", "--yes")
        assert engine.containers.list() == ()
