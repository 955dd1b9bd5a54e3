"""Ask many things at once, in threads that Ctrl-C does not wait for."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Key = TypeVar("Key")
Value = TypeVar("Value")


def together(
    keys: Sequence[Key],
    work: Callable[[Key], Value],
    parallel: int,
    report: Callable[[int, int], None] = lambda _done, _all: None,
) -> dict[Key, Value]:
    """What some work gives for each key.

    Args:
        keys: each once.
        work: called in threads.
        parallel: how many at once.
        report: told how many are done, of how many.

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
    try:
        while len(found) < len(keys):
            key, value, error = done.get()
            if error is not None:
                raise error
            found[key] = value
            report(len(found), len(keys))
    finally:
        over.set()
    return found
