"""Programs that run inside a lab, beside its engine."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from manager.engine.client import Engine
from manager.lab import processes
from manager.lab.state import Lab

LISTEN = (
    "import socket, sys; sys.stdin.readline(); s = socket.socket(); "
    "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); "
    "s.bind(('', int(sys.argv[1]))); s.listen(); print('listening', flush=True); sys.stdin.read()"
)


def in_network_of(lab: Lab) -> Sequence[str]:
    """What to put before a command of this machine to run it in the lab's network."""
    return ("nsenter", f"--net=/proc/{first_process(lab)}/ns/net")


def inside(lab: Lab) -> Sequence[str]:
    """What to put before a command of the lab's to run it in the lab."""
    return ("nsenter", f"--target={first_process(lab)}", "--all")


def first_process(lab: Lab) -> int:
    """The process that runs inside the lab's namespaces, as this machine numbers it."""
    return next(pid for pid in processes.pids_with_descendants([lab.pid]) if pid != lab.pid)


@contextlib.contextmanager
def listener(lab: Lab, port: int, *, begun: bool = True) -> Iterator[subprocess.Popen[str]]:
    """A program that listens on a port of the lab, at once or when it is told a line."""
    command = [*in_network_of(lab), sys.executable, "-c", LISTEN, str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if begun:
                begin(process)
            yield process
        finally:
            process.kill()


def begin(process: subprocess.Popen[str]) -> None:
    """Let a listener take its port."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("now\n")
    process.stdin.flush()
    assert process.stdout.readline() == "listening\n"


def until_made(engine: Engine, label: str, count: int) -> None:
    """Wait until so many containers with a label exist."""
    end = time.monotonic() + 60
    while len(engine.containers.list(label)) < count:
        assert time.monotonic() < end
