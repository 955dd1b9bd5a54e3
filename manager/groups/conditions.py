"""What must hold before a container is ready: health, ports, pages, log lines."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from manager.engine.port_probe import can_connect, find_http_problem
from manager.errors import ManagerError
from manager.groups.core.readiness import Readiness, health_status
from manager.groups.log_pattern import LogPatternWatch
from manager.groups.started import LOG_TAIL_LINES
from manager.model.ports import WILDCARD_ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manager.engine.client import Engine
    from manager.model.containers import Container
    from manager.model.ports import Port

LOCALHOST = "localhost"
"""The engine's address where it is this machine."""


@dataclass
class ReadinessChecker:
    """Checks one container at a time; what passed once is not checked again."""

    engine: Engine
    address: str
    """The engine's machine, as seen from here."""
    ready: Readiness
    _passed: set[tuple[str, str]] = field(default_factory=set)
    _logs: dict[str, LogPatternWatch] = field(default_factory=dict)
    _networks: dict[str, str] = field(default_factory=dict)

    def __call__(self, row: Container) -> str:
        """Why a container is not ready yet; empty if it is."""
        if row.state == "restarting":
            return "it keeps ending and restarting"
        if row.state != "running":
            return f"it is {row.state}"
        for name, check in self._checks(row):
            if (row.id, name) not in self._passed:
                if why := check():
                    return why
                self._passed.add((row.id, name))
        return ""

    def _checks(self, row: Container) -> Iterator[tuple[str, Callable[[], str]]]:
        if self.ready.wait:
            yield "health", partial(self._check_health, row)
        for port in self.ready.ports:
            yield f"port {port}", partial(self._check_port, row, port)
        if self.ready.http:
            yield "http", partial(self._check_http, row)
        if self.ready.log:
            yield "log", partial(self._check_log, row)

    def _check_health(self, row: Container) -> str:
        status = health_status(row)
        if not status and self.engine.is_podman:
            # Podman's list does not have it.
            state = self.engine.containers.inspect(row.id).get("State") or {}
            status = (state.get("Health") or {}).get("Status") or ""
        if status == "unhealthy":
            raise self._unhealthy_error(row)
        return "its health check has not passed yet" if status == "starting" else ""

    def _unhealthy_error(self, row: Container) -> ManagerError:
        state = self.engine.containers.inspect(row.id).get("State") or {}
        checks = (state.get("Health") or {}).get("Log") or [{}]
        said = tuple((checks[-1].get("Output") or "").splitlines()[-LOG_TAIL_LINES:])
        return ManagerError(
            f"{row.name} is unhealthy: its health check failed with exit code "
            f"{checks[-1].get('ExitCode', 'unknown')}",
            "the last check wrote this" if said else "the check wrote nothing",
            details=said,
        )

    def _find_address(self, row: Container, port: int | None) -> tuple[str, int] | None:
        """Where a port of a container can be reached; None if nowhere."""
        for one in row.published_ports:
            if port in {None, one.container_port} and one.protocol == "tcp" and one.host_port:
                if one.host_ip in WILDCARD_ADDRESSES:
                    return self.address, one.host_port
                return self._reachable_address(row, one), one.host_port
        if port is not None and row.addresses:
            return row.addresses[0], port
        if port is not None and self._uses_host_network(row):
            return self.address, port
        return None

    def _reachable_address(self, row: Container, port: Port) -> str:
        """The address of a published port; the loopback of another machine cannot be reached."""
        from ipaddress import ip_address

        if self.address != LOCALHOST and ip_address(port.host_ip).is_loopback:
            raise ManagerError(
                f"port {port.container_port} of {row.name} is published at {port.host_ip} on the "
                "engine's host, which cannot be reached from here",
                "publish it without an address, or wait for something else",
            )
        return port.host_ip

    def _uses_host_network(self, row: Container) -> bool:
        """Whether a container shares the network of the engine's machine."""
        if row.id not in self._networks:
            inspected = self.engine.containers.inspect(row.id)
            self._networks[row.id] = (inspected.get("HostConfig") or {}).get("NetworkMode") or ""
        return self._networks[row.id] == "host"

    def _check_port(self, row: Container, port: int) -> str:
        place = self._find_address(row, port)
        if place is not None and can_connect(*place):
            return ""
        return f"nothing answers on its port {port}"

    def _check_http(self, row: Container) -> str:
        place = self._find_address(row, self.ready.http_port)
        if place is None:
            return "it publishes no port"
        return find_http_problem(*place, self.ready.http_path)

    def _check_log(self, row: Container) -> str:
        if row.id not in self._logs:
            pattern = re.compile(self.ready.log)
            self._logs[row.id] = LogPatternWatch(
                self.engine, row.id, pattern, time.monotonic() + self.ready.timeout
            )
        return self._logs[row.id].pending_reason()
