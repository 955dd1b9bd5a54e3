"""Commands that run inside a lab, beside its engine."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.lab import processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.lab.state import Lab

OUTPUT_TAIL_LINES = 8
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command inside a lab has ended."""

    exit_code: int | None
    """None if its time ran out."""
    output: tuple[str, ...]
    """The last lines that it wrote."""


def enter_lab(lab: Lab) -> tuple[str, ...]:
    """The words that run a command inside a lab when they precede it.

    Raises:
        ManagerError: the lab has ended.
    """
    found = [pid for pid in processes.pids_with_descendants([lab.pid]) if pid != lab.pid]
    if not found:
        raise ManagerError(f"lab {lab.name!r} has ended", "start a new one with: dockmgr lab up")
    return ("nsenter", f"--target={min(found)}", "--all", "--")


def run_inside_lab(lab: Lab, command: Sequence[str], seconds: float) -> CommandResult:
    """Run a command inside a lab, with nothing of this machine's environment.

    Args:
        lab: the lab, which is up.
        command: the program, from the lab's root file system, and its arguments.
        seconds: how long it may take; then it is killed with all that it started.

    Raises:
        ManagerError: the lab has ended.
    """
    env = {"PATH": SEARCH_PATH, "HOME": "/root", "LANG": "C.UTF-8", "DOCKER_HOST": lab.host}
    # A file, since a program that the command leaves running would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [*enter_lab(lab), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            # What a command leaves running when it ends stays, as it would in a terminal.
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        text = output.read().decode(errors="replace")
    return CommandResult(code, tuple(text.splitlines()[-OUTPUT_TAIL_LINES:]))
