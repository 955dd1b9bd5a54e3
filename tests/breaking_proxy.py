"""A way to a server on which each third connection breaks, each time after other bytes."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

BYTES = (0, 3_000, 1_000, 20_000)
"""After so many from the server: before it answers, in an answer, in the handshake, in a body.

An engine may need three connections for each try, and would meet the same break each time: each
second one lets short answers through.
"""
EACH = 3
PIECE = 4096


@dataclass
class Breaks:
    """How it went."""

    connections: int = 0
    broken: int = 0
    _after: Iterator[int] = field(default_factory=lambda: cycle(BYTES))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> int | None:
        """After how many bytes the next connection breaks; None for never."""
        with self._lock:
            self.connections += 1
            return next(self._after) if self.connections % EACH == 0 else None

    def broke(self) -> None:
        """Count one that has broken."""
        with self._lock:
            self.broken += 1


@contextmanager
def breaking(listener: socket.socket, connect: Callable[[], socket.socket]) -> Iterator[Breaks]:
    """Pass connections on for as long as the block runs.

    Args:
        listener: takes them.
        connect: makes one to the server.
    """
    breaks = Breaks()
    thread = threading.Thread(target=_accept, args=(listener, connect, breaks), daemon=True)
    thread.start()
    try:
        yield breaks
    finally:
        # Wakes who waits for the next one; closing alone would not.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def _accept(listener: socket.socket, connect: Callable[[], socket.socket], breaks: Breaks) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server, after = connect(), breaks.next()
        threading.Thread(target=_pump, args=(client, server, None), daemon=True).start()
        threading.Thread(target=_back, args=(server, client, after, breaks), daemon=True).start()


def _back(server: socket.socket, client: socket.socket, after: int | None, breaks: Breaks) -> None:
    with server, client:
        if _pump(server, client, after):
            breaks.broke()
        # The other direction still waits for what the client says.
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket, most: int | None) -> bool:
    """Hand on what comes until it ends; whether it was too much."""
    passed = 0
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            if most is not None and passed + len(piece) > most:
                target.sendall(piece[: most - passed])
                return True
            target.sendall(piece)
            passed += len(piece)
        target.shutdown(socket.SHUT_WR)
    return False
