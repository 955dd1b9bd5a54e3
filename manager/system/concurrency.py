"""Ask many things at once, in threads that Ctrl-C does not wait for."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Key = TypeVar("Key")
Value = TypeVar("Value")


def map_in_threads(
    keys: Sequence[Key],
    work: Callable[[Key], Value],
    parallel: int,
    report: Callable[[int, int], None] = lambda _done, _all: None,
    patience: float | None = None,
) -> dict[Key, Value]:
    """What some work gives for each key; with patience, only for those that were done in time.

    Args:
        keys: each once.
        work: called in threads.
        parallel: how many at once.
        report: told how many are done, of how many.
        patience: seconds; None for as long as it takes.

    Raises:
        KeyboardInterrupt: at once, whatever is still being waited for.
        BaseException: the first that the work raised.
    """
    waiting: queue.SimpleQueue[Key] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Key, Value, BaseException | None]] = queue.SimpleQueue()
    for key in keys:
        waiting.put(key)

    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            try:
                key = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((key, work(key), None))
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                done.put((key, None, error))  # type: ignore[arg-type] # never read with an error

    for _ in range(min(parallel, len(keys))):
        # Daemons: Ctrl-C ends the program while they wait for what may never come.
        threading.Thread(target=run, daemon=True).start()
    found: dict[Key, Value] = {}
    end = None if patience is None else time.monotonic() + patience
    try:
        while len(found) < len(keys):
            try:
                left = None if end is None else max(0.0, end - time.monotonic())
                key, value, error = done.get(timeout=left)
            except queue.Empty:
                break
            if error is not None:
                raise error
            found[key] = value
            report(len(found), len(keys))
    finally:
        over.set()
    return found
