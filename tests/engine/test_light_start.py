"""Short commands start fast: what they do not need is never imported."""

import subprocess
import sys

import pytest

from tests.command import Command

HEAVY = {"docker", "requests", "urllib3", "rich", "sqlite3", "platformdirs"}
"""Each takes longer to import than the engine takes to answer."""
SCRIPT = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from manager.__main__ import main
sys.exit(main())
"""


def loaded_packages(env: dict[str, str], *arguments: str) -> tuple[str, set[str]]:
    """What a command writes, and the packages that are loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, {name.partition(".")[0] for name in done.stderr.split()}


@pytest.fixture
def env(run: Command, program_env: dict[str, str]) -> dict[str, str]:
    run.ok("spawn", "busybox", "-n", "2", "--", "sleep", "600")
    run.ok("images")  # keeps the details
    return program_env


def test_ls(env: dict[str, str]) -> None:
    shown, loaded = loaded_packages(env, "ls", "--json")
    assert "busybox2" in shown
    assert "manager" in loaded
    assert not HEAVY & loaded


def test_images(env: dict[str, str]) -> None:
    shown, loaded = loaded_packages(env, "images", "--json")
    assert "busybox:latest" in shown
    assert not (HEAVY - {"sqlite3"}) & loaded  # the details are kept in it


@pytest.mark.parametrize(
    "shell",
    [
        {"_DOCKMGR_COMPLETE": "complete_bash", "COMP_WORDS": "dockmgr stop b", "COMP_CWORD": "2"},
        {"_DOCKMGR_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "dockmgr stop b"},
    ],
    ids=["bash", "zsh"],
)
def test_completion(env: dict[str, str], shell: dict[str, str]) -> None:
    shown, loaded = loaded_packages(env | shell)
    assert "busybox2" in shown
    assert not HEAVY & loaded
