"""Servers of this process within a lab's network, at addresses that only the lab has."""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from manager.lab.state import Lab
from tests.engine.inside import first_process, in_network_of

NEW_NET = 0x40000000
"""``CLONE_NEWNET`` of setns(2)."""
BACKLOG = 128


def socket_in(lab: Lab) -> socket.socket:
    """A socket of the lab's network: it stays that wherever it is used.

    Raises:
        OSError: the network could not be entered.
    """
    made: list[socket.socket | OSError] = []
    thread = threading.Thread(target=_make, args=(first_process(lab), made))
    # A thread is in a network of its own accord, and this one ends before it can do harm.
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _make(pid: int, made: list[socket.socket | OSError]) -> None:
    try:
        with open(f"/proc/{pid}/ns/net", "rb") as network:  # noqa: PTH123 - for its number
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(network.fileno(), NEW_NET):
                code = ctypes.get_errno()
                made.append(OSError(code, os.strerror(code)))
                return
        made.append(socket.socket())
    except OSError as error:
        made.append(error)


def listening_in(lab: Lab, address: str, port: int) -> socket.socket:
    """A socket that listens within the lab."""
    listener = socket_in(lab)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener


def answers_in(lab: Lab, address: str, port: int) -> bool:
    """Whether something listens there."""
    with socket_in(lab) as connection:
        connection.settimeout(5)
        return connection.connect_ex((address, port)) == 0


@contextmanager
def addresses(lab: Lab, wanted: list[str]) -> Iterator[None]:
    """Let the lab have further addresses of its own.

    Not such as 127.0.10.1: an engine takes what resolves to the loopback for a registry that
    needs no trusted certificate, and no TLS.
    """
    lines = "\n".join(f"address add {address}/32 dev lo" for address in wanted)
    _ip(lab, lines)
    try:
        yield
    finally:
        _ip(lab, lines.replace(" add ", " delete "))


def _ip(lab: Lab, lines: str) -> None:
    command = [*in_network_of(lab), "ip", "-batch", "-"]
    subprocess.run(command, input=lines, text=True, check=True)
