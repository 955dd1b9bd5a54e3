"""Started containers, and the last lines they wrote."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.engine import processes
from manager.engine.errors import NotFoundError
from manager.errors import ManagerError
from manager.groups.logs import split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manager.engine.client import Engine

LOG_TAIL_LINES = 10
"""How many of its last lines a container that failed is shown with."""


@dataclass(frozen=True, slots=True)
class StartedContainer:
    """A started container."""

    id: str
    name: str
    lines: Callable[[], tuple[str, ...]] | None = None
    """Gives its last lines, if they were collected: with ``--rm`` the engine deletes them."""


def read_last_lines(engine: Engine, one: StartedContainer) -> tuple[str, ...]:
    """The last lines of a container; none where the engine no longer has them.

    Raises:
        ManagerError: the engine could not be asked.
    """
    if one.lines is not None:
        return one.lines()
    try:
        return engine.containers.last_lines(one.id, LOG_TAIL_LINES)
    except NotFoundError:
        return ()


def collect_last_lines(engine: Engine, container_id: str) -> Callable[[], tuple[str, ...]]:
    """Collect the last lines of a container whose log the engine will delete.

    Args:
        engine: the engine.
        container_id: a container that has not started yet.

    Returns:
        A function that gives the lines once the container has ended.

    Raises:
        ManagerError: the engine could not be asked.
    """
    kept: deque[str] = deque(maxlen=LOG_TAIL_LINES)
    pieces = processes.attach_output(engine, container_id)

    def read(pieces: Iterator[bytes]) -> None:
        try:
            kept.extend(split_lines(pieces))
        except ManagerError as error:
            kept.append(f"(the rest could not be read: {error.message})")

    # A daemon thread: it ends with its container, or with the program.
    thread = threading.Thread(target=read, args=(pieces,), daemon=True)
    thread.start()

    def tell() -> tuple[str, ...]:
        thread.join(timeout=1)
        return tuple(kept)

    return tell
