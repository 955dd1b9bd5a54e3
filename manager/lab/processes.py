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
POLL_SECONDS = 0.05


def start_time(pid: int) -> int | None:
    """When a process began, in clock ticks since the machine did; None if it has ended.

    With it a process is told from a later one that was given the same id.
    """
    fields = _stat_fields(pid)
    return int(fields[19]) if fields else None


def _stat_fields(pid: int) -> list[str]:
    """What ``/proc/PID/stat`` has after the name; empty if the process has ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The name stands in parentheses and may hold any character; fields are counted from its end.
    fields = text.rpartition(")")[2].split()
    return [] if fields[0] in "ZX" else fields


def process_name(pid: int) -> str:
    """The name of a process's program; empty if it has ended."""
    try:
        return (PROC / str(pid) / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def find_processes_by_arguments(*wanted: str) -> list[int]:
    """The processes that have all of these among their arguments, each exactly."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile
        if set(wanted) <= set(arguments) and start_time(int(entry.name)) is not None:
            found.append(int(entry.name))
    return sorted(found)


def pids_with_descendants(pids: list[int]) -> list[int]:
    """Processes and all that they and their children have started."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, rest = [], list(pids)
    while rest:
        found.append(rest.pop())
        rest += children.get(found[-1], [])
    return found


def kill_processes(pids: list[int]) -> None:
    """End processes at once, and wait until they and all that they have started are gone.

    Only these get the signal: what they have started ends with them.

    Raises:
        ManagerError: one is still there after 10 seconds.
    """
    begun = {pid: start_time(pid) for pid in pids_with_descendants(pids)}
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    alive = [pid for pid, start in begun.items() if start is not None]
    if not wait_until(lambda: all(start_time(pid) != begun[pid] for pid in alive), 10):
        raise ManagerError(
            f"processes did not exit: {', '.join(map(str, alive))}", "try again in a moment"
        )


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds; whether it did within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_SECONDS)
    return True
