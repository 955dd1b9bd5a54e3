"""Ctrl-C in the middle of a spawn: nothing of it is left, and nothing else is touched."""

import signal
import subprocess
import sys
import time

import pytest

from manager.adapters.engine.client import Engine
from tests.command import Command


@pytest.mark.parametrize("members", [1, 4, 12])
def test_nothing_is_left(
    run: Command, engine: Engine, program_env: dict[str, str], members: int
) -> None:
    run.ok("spawn", "busybox", "--name", "kept", "--", "sleep", "600")
    command = [sys.executable, "-m", "manager", "spawn", "busybox", "-n", "200"]
    with subprocess.Popen(
        [*command, "--", "sleep", "600"], env=program_env, stderr=subprocess.PIPE, text=True
    ) as spawn:
        end = time.monotonic() + 30
        while len(engine.containers.list("dockmgr.group=busybox")) < members:
            assert time.monotonic() < end
        spawn.send_signal(signal.SIGINT)
        _, said = spawn.communicate(timeout=60)
    assert spawn.returncode == 130
    assert said.endswith("interrupted\n")
    assert [container.name for container in engine.containers.list()] == ["kept1"]
