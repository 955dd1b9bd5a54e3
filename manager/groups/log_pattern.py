"""Wait until a line of a container's log matches."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.groups.logs import split_lines

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from manager.engine.client import Engine

LOG_RETRY_SECONDS = 0.1
"""Seconds until a log that has ended is read again."""
CHECKS_AFTER_ERROR = 10
"""How many checks may pass after an error, to see whether the container has ended."""


class LogPatternWatch:
    """Reads a container's log, in a thread of its own, until a line matches."""

    def __init__(
        self, engine: Engine, container_id: str, pattern: re.Pattern[str], end: float
    ) -> None:
        """Begin to read."""
        self._engine = engine
        self._end = end
        self._container_id = container_id
        self._pattern = pattern
        self._found = threading.Event()
        self._error: ManagerError | None = None
        self._error_count = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        # The log ends with the process, and goes on when it is restarted.
        try:
            while not self._found.is_set() and self._error is None and time.monotonic() < self._end:
                self._read_once()
                time.sleep(LOG_RETRY_SECONDS)
        finally:
            # Nobody waits for this thread: it may still read when everything else is closed.
            self._engine.close_thread_client()

    def _read_once(self) -> None:
        try:
            # Lines from before a restart do not count. (The engine notes the start a moment after
            # the container may have begun to write, so that its end is what counts.)
            since = self._engine.containers.last_end_seconds(self._container_id)
            with closing(
                self._engine.containers.logs(
                    self._container_id, follow=True, tail=None, timestamps=False, since=since
                )
            ) as pieces:
                self._search(split_lines(pieces))
        except ManagerError as error:
            self._error = error

    def _search(self, written: Iterator[str]) -> None:
        if any(self._pattern.search(line) for line in written):
            self._found.set()

    def pending_reason(self) -> str:
        """Why it is not ready yet; empty if it is.

        Raises:
            ManagerError: the log cannot be read.
        """
        if self._found.is_set():
            return ""
        if self._error is not None:
            # The log of a container that has just ended cannot be read: that it ended is the news.
            self._error_count += 1
            if self._error_count > CHECKS_AFTER_ERROR:
                raise self._error
            return f"its log cannot be read: {self._error.message}"
        return f"no line of its log matches {self._pattern.pattern!r}"
