"""The logs of several containers, line by line, as they arrive."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manager.engine.client import Engine
    from manager.model.containers import Container


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of one container."""

    container: Container
    text: str


def read_logs(
    engine: Engine,
    containers: tuple[Container, ...],
    *,
    follow: bool,
    tail: int | None,
    timestamps: bool,
) -> Iterator[LogLine]:
    """The lines of all containers; those of one container in order.

    Without ``follow`` the containers come one after the other. With it, each is read by a
    thread of its own, and lines come as they are written.

    Args:
        engine: the engine.
        containers: the containers.
        follow: continue until all have ended.
        tail: how many earlier lines of each container; None for all.
        timestamps: put the time before each line.

    Raises:
        ManagerError: the engine could not be asked.
    """
    sources = [
        (c, engine.containers.logs(c.id, follow=follow, tail=tail, timestamps=timestamps))
        for c in containers
    ]
    if not follow:
        for container, pieces in sources:
            yield from (LogLine(container, text) for text in split_lines(pieces))
        return
    arrived: queue.SimpleQueue[LogLine | BaseException | None] = queue.SimpleQueue()

    def read(container: Container, pieces: Iterable[bytes]) -> None:
        try:
            for text in split_lines(pieces):
                arrived.put(LogLine(container, text))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            arrived.put(error)
        arrived.put(None)

    for container, pieces in sources:
        # Daemon threads: Ctrl-C ends the program while they wait for a line that may never come.
        threading.Thread(target=read, args=(container, pieces), daemon=True).start()
    reading = len(sources)
    while reading:
        item = arrived.get()
        if item is None:
            reading -= 1
        elif isinstance(item, LogLine):
            yield item
        else:
            raise item


def split_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Join pieces, cut anywhere, into whole lines."""
    joined = LineSplitter()
    for piece in pieces:
        yield from joined.add_piece(piece)
    yield from joined.remaining_lines()


class LineSplitter:
    """Makes whole lines of pieces that come one after the other."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = b""

    def add_piece(self, piece: bytes) -> list[str]:
        """Add a piece, and get the lines that it completes."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        return [line.decode(errors="replace").removesuffix("\r") for line in whole]

    def remaining_lines(self) -> list[str]:
        """The last line, if it has no end."""
        return [self._rest.decode(errors="replace")] if self._rest else []
