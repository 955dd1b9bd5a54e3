"""Shell completion with the names that are really there."""

import os
import subprocess
import sys

import pytest

from manager.engine.client import Engine
from tests.command import Command


def completed(line: str, env: dict[str, str]) -> list[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    told = subprocess.run(
        [sys.executable, "-m", "manager"],
        env={
            **env,
            "_DOCKMGR_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr == ""
    return told.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("dockmgr sp", ["spawn"]),
        ("dockmgr rm bu", ["busybox", "busybox1", "busybox2"]),
        ("dockmgr logs busybox2", ["busybox2"]),
        ("dockmgr rmi bus", ["busybox:latest"]),
        ("dockmgr push bus", ["busybox:latest"]),
        ("dockmgr tag busybox bus", ["busybox:latest"]),
        ("dockmgr tags bus", ["busybox"]),
        ("dockmgr explain la", ["lab", "layer"]),
        ("dockmgr explain bus", ["busybox", "busybox1", "busybox2", "busybox:latest"]),
        ("dockmgr lab st", ["status"]),
    ],
)
def test_names(
    run: Command, engine: Engine, program_env: dict[str, str], line: str, offered: list[str]
) -> None:
    del engine
    run.ok("spawn", "busybox", "-n", "2", "--", "sleep", "600")
    assert completed(line, program_env) == offered


def test_without_an_engine_it_is_silent() -> None:
    env = {**os.environ, "DOCKER_HOST": "unix:///nowhere/engine.sock"}
    assert completed("dockmgr rm b", env) == []
