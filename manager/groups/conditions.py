"""What has to hold before a container is ready: health, ports, pages, lines."""

from __future__ import annotations

import re
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from manager.engine.port_probe import can_connect, find_http_problem
from manager.errors import ManagerError
from manager.groups.core.readiness import Readiness, health_status
from manager.groups.logs import split_lines
from manager.model.port_addresses import WILDCARD_ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manager.engine.client import Engine
    from manager.groups.ready import ReadinessWatch
    from manager.model.containers import Container, Port

LOG_TAIL_LINES = 10
"""How many of its last lines a container that failed is shown with."""
LOG_RETRY_SECONDS = 0.1
"""Seconds after which what a container writes is read again, once its process has ended."""
LOCALHOST = "localhost"
"""The engine's address where it is this machine."""
CHECKS_AFTER_ERROR = 10
"""How often it is looked whether a container has ended whose output cannot be read."""


@dataclass
class ReadinessChecker:
    """What has to hold, asked of one container at a time; what held once is not asked again."""

    watch: ReadinessWatch
    ready: Readiness
    _held: set[tuple[str, str]] = field(default_factory=set)
    _logs: dict[str, _LogWatch] = field(default_factory=dict)
    _networks: dict[str, str] = field(default_factory=dict)

    def __call__(self, row: Container) -> str:
        """Why a container is not ready yet; empty if it is."""
        if row.state == "restarting":
            return "it ends again and again, and is restarted"
        if row.state != "running":
            return f"it is {row.state}"
        for name, check in self._checks(row):
            if (row.id, name) not in self._held:
                if why := check():
                    return why
                self._held.add((row.id, name))
        return ""

    def _checks(self, row: Container) -> Iterator[tuple[str, Callable[[], str]]]:
        if self.ready.wait:
            yield "health", partial(self._health, row)
        for port in self.ready.ports:
            yield f"port {port}", partial(self._port, row, port)
        if self.ready.http:
            yield "http", partial(self._http, row)
        if self.ready.log:
            yield "log", partial(self._log, row)

    def _health(self, row: Container) -> str:
        told = health_status(row)
        if not told and self.watch.engine.podman:
            # Podman's list does not tell it.
            state = self.watch.engine.containers.inspect(row.id).get("State") or {}
            told = (state.get("Health") or {}).get("Status") or ""
        if told == "unhealthy":
            raise self._unhealthy(row)
        return "its healthcheck has not passed yet" if told == "starting" else ""

    def _unhealthy(self, row: Container) -> ManagerError:
        state = self.watch.engine.containers.inspect(row.id).get("State") or {}
        checks = (state.get("Health") or {}).get("Log") or [{}]
        said = tuple((checks[-1].get("Output") or "").splitlines()[-LOG_TAIL_LINES:])
        return ManagerError(
            f"{row.name} is unhealthy: its healthcheck failed with exit code "
            f"{checks[-1].get('ExitCode', 'unknown')}",
            "the last check says why" if said else "the check wrote nothing",
            details=said,
        )

    def _place(self, row: Container, port: int | None) -> tuple[str, int] | None:
        """Where a port of a container can be reached."""
        for one in row.published:
            if port in {None, one.container_port} and one.protocol == "tcp" and one.host_port:
                if one.host_ip in WILDCARD_ADDRESSES:
                    return self.watch.address, one.host_port
                return self._reachable(row, one), one.host_port
        if port is not None and row.addresses:
            return row.addresses[0], port
        if port is not None and self._on_host(row):
            return self.watch.address, port
        return None

    def _reachable(self, row: Container, port: Port) -> str:
        """The address of a port; one of another machine's own loopback is none for us."""
        from ipaddress import ip_address

        if self.watch.address != LOCALHOST and ip_address(port.host_ip).is_loopback:
            raise ManagerError(
                f"port {port.container_port} of {row.name} is published at {port.host_ip} of the"
                " engine's machine, where it cannot be tried from here",
                "publish it without an address, or wait for something else",
            )
        return port.host_ip

    def _on_host(self, row: Container) -> bool:
        """Whether a container has its machine's own network."""
        if row.id not in self._networks:
            told = self.watch.engine.containers.inspect(row.id)
            self._networks[row.id] = (told.get("HostConfig") or {}).get("NetworkMode") or ""
        return self._networks[row.id] == "host"

    def _port(self, row: Container, port: int) -> str:
        place = self._place(row, port)
        if place is not None and can_connect(*place):
            return ""
        return f"nothing answers at its port {port}"

    def _http(self, row: Container) -> str:
        place = self._place(row, self.ready.http_port)
        if place is None:
            return "it publishes no port to ask"
        return find_http_problem(*place, self.ready.http_path)

    def _log(self, row: Container) -> str:
        if row.id not in self._logs:
            pattern = re.compile(self.ready.log)
            self._logs[row.id] = _LogWatch(
                self.watch.engine, row.id, pattern, time.monotonic() + self.ready.timeout
            )
        return self._logs[row.id].why()


class _LogWatch:
    """Reads what a container writes, in a thread of its own, until a line fits."""

    def __init__(self, engine: Engine, identity: str, pattern: re.Pattern[str], end: float) -> None:
        self._engine = engine
        self._end = end
        self._identity = identity
        self._pattern = pattern
        self._found = threading.Event()
        self._error: ManagerError | None = None
        self._looks = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        # What is written ends with the process; one that is restarted begins to write again.
        try:
            while not self._found.is_set() and self._error is None and time.monotonic() < self._end:
                self._read_once()
                time.sleep(LOG_RETRY_SECONDS)
        finally:
            # Nobody waits for this thread: it may still read when all else has been closed.
            self._engine.close_mine()

    def _read_once(self) -> None:
        try:
            # What it wrote before it was restarted says nothing of now. (When it was started is
            # written down a moment after it may have begun to write.)
            since = self._engine.containers.last_ended(self._identity)
            with closing(
                self._engine.containers.logs(
                    self._identity, follow=True, tail=None, timestamps=False, since=since
                )
            ) as pieces:
                self._search(split_lines(pieces))
        except ManagerError as error:
            self._error = error

    def _search(self, written: Iterator[str]) -> None:
        if any(self._pattern.search(line) for line in written):
            self._found.set()

    def why(self) -> str:
        """Why it is not ready yet; empty if it is.

        Raises:
            ManagerError: what it writes cannot be read.
        """
        if self._found.is_set():
            return ""
        if self._error is not None:
            # Of a container that has just ended nothing can be read: its ending is the news.
            self._looks += 1
            if self._looks > CHECKS_AFTER_ERROR:
                raise self._error
            return f"what it writes cannot be read: {self._error.message}"
        return f"no line it wrote fits {self._pattern.pattern!r}"
