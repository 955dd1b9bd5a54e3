"""Processes of the machine, read from /proc, ended by their id.

Source: proc(5).
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from manager.errors import ManagerError

PROC = Path("/proc")
PAUSE = 0.05


def start_time(pid: int) -> int | None:
    """When a process began, in clock ticks since the machine did; None if it has ended.

    With it a process is told from a later one that was given the same id.
    """
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name stands in parentheses and may hold any character; fields are counted from its end.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def name(pid: int) -> str:
    """The name of a process's program; empty if it has ended."""
    try:
        return (PROC / str(pid) / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def with_argument(argument: str) -> list[int]:
    """The processes one of whose arguments is exactly this."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile
        if argument in arguments and start_time(int(entry.name)) is not None:
            found.append(int(entry.name))
    return sorted(found)


def kill(pids: list[int]) -> None:
    """End processes at once, and wait until they are gone.

    Raises:
        ManagerError: one is still there after 10 seconds.
    """
    begun = {pid: start_time(pid) for pid in pids}
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    alive = [pid for pid, start in begun.items() if start is not None]
    if not until(lambda: all(start_time(pid) != begun[pid] for pid in alive), 10):
        raise ManagerError(
            f"processes did not end: {', '.join(map(str, alive))}", "try again in a moment"
        )


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds; whether it did within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE)
    return True
