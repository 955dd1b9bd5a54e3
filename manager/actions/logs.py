"""What several containers write, line by line, as it arrives."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manager.adapters.engine.client import Engine
    from manager.core.model import Container


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one container."""

    container: Container
    text: str


def logs(
    engine: Engine,
    containers: tuple[Container, ...],
    *,
    follow: bool,
    tail: int | None,
    timestamps: bool,
) -> Iterator[Line]:
    """The lines of all containers; a container's own in order, others between them.

    Without ``follow`` the containers come one after the other. With it, each is read by a
    thread of its own, and the lines come as they are written.

    Args:
        engine: where.
        containers: whose.
        follow: go on until all have ended.
        tail: how many of each container's lines already written; None for all.
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
            yield from (Line(container, text) for text in lines(pieces))
        return
    arrived: queue.SimpleQueue[Line | ManagerError | None] = queue.SimpleQueue()

    def read(container: Container, pieces: Iterable[bytes]) -> None:
        try:
            for text in lines(pieces):
                arrived.put(Line(container, text))
        except ManagerError as error:
            arrived.put(error)
        arrived.put(None)

    for container, pieces in sources:
        # Daemons: Ctrl-C ends the program while they wait for a line that may never come.
        threading.Thread(target=read, args=(container, pieces), daemon=True).start()
    reading = len(sources)
    while reading:
        item = arrived.get()
        if item is None:
            reading -= 1
        elif isinstance(item, Line):
            yield item
        else:
            raise item


def lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Join pieces, cut wherever the engine pleased, into whole lines."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.decode(errors="replace").removesuffix("\r") for line in whole)
    if rest:
        yield rest.decode(errors="replace")
