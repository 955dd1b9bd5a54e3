"""A spawn that is ended in the middle: nothing of it is left, and nothing else is touched."""

import signal
import subprocess
import time

import pytest

from manager.engine.client import Engine
from tests.command import PROGRAM, Command

CTRL_C, KILL, CLOSED_TERMINAL = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@pytest.mark.parametrize(
    ("how", "members"),
    [(CTRL_C, 1), (CTRL_C, 4), (CTRL_C, 12), (KILL, 4), (CLOSED_TERMINAL, 4)],
)
def test_nothing_is_left(
    run: Command, engine: Engine, program_env: dict[str, str], how: signal.Signals, members: int
) -> None:
    run.ok("spawn", "busybox", "--name", "kept", "--", "sleep", "600")
    command = [*PROGRAM, "spawn", "busybox", "-n", "200", "--", "sleep", "600"]
    with subprocess.Popen(command, env=program_env, stderr=subprocess.PIPE, text=True) as spawn:
        end = time.monotonic() + 30
        while len(engine.containers.list("dockmgr.group=busybox")) < members:
            assert time.monotonic() < end
        spawn.send_signal(how)
        _, said = spawn.communicate(timeout=60)
    assert spawn.returncode == 130
    assert said.endswith("interrupted\n")
    assert [container.name for container in engine.containers.list()] == ["kept1"]


def test_nothing_is_left_after_ctrl_c_again_and_again(
    run: Command, engine: Engine, program_env: dict[str, str]
) -> None:
    run.ok("pull", "busybox")
    command = [*PROGRAM, "spawn", "busybox", "-n", "200", "--", "sleep", "600"]
    with subprocess.Popen(command, env=program_env, stderr=subprocess.PIPE, text=True) as spawn:
        end = time.monotonic() + 30
        while len(engine.containers.list("dockmgr.group=busybox")) < 6:
            assert time.monotonic() < end
        for _ in range(3):
            spawn.send_signal(CTRL_C)
            time.sleep(0.15)
        _, said = spawn.communicate(timeout=60)
    assert spawn.returncode == 130, said
    assert said.endswith("interrupted\n")
    assert engine.containers.list() == ()
