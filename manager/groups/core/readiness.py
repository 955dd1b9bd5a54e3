"""When a started container counts as ready."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from manager.errors import ExitCode, ManagerError
from manager.model.containers import Container
from manager.references.grammar import HIGHEST_PORT

READINESS_TIMEOUT_SECONDS = 60.0
SETTLE_SECONDS = 0.2
"""How long a container must go on running after its start before it counts as started."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What must hold for each member, all of it."""

    wait: bool = False
    """Whether it must run, and be healthy if it has a healthcheck."""
    ports: tuple[int, ...] = ()
    """Ports of the container that must accept connections."""
    http: str = ""
    """``[PORT]/PATH``: a page that must answer without an error."""
    log: str = ""
    """A regular expression that a line of its log must match."""
    timeout: float = READINESS_TIMEOUT_SECONDS
    """Seconds for all of it."""
    settle: float = SETTLE_SECONDS
    """Seconds after the start in which no member may fail."""

    def __post_init__(self) -> None:
        """Refuse what can never hold.

        Raises:
            ManagerError: (usage) a port, the path, the expression or the timeout is not valid.
        """
        for port in self.ports:
            _check_port("--wait-port", str(port))
        if self.http:
            before, slash, _ = self.http.partition("/")
            if not slash:
                raise _readiness_error(
                    "--wait-http",
                    self.http,
                    "has no path",
                    "--wait-http /health or --wait-http 8080/health",
                )
            if before:
                _check_port("--wait-http", before)
        try:
            re.compile(self.log)
        except re.error as error:
            raise _readiness_error(
                "--wait-log",
                self.log,
                f"is not a valid regular expression: {error}",
                "--wait-log 'ready'",
            ) from error
        if not self.timeout > 0:
            raise _readiness_error(
                "--timeout", f"{self.timeout:g}s", "is too short", "--timeout 30s"
            )
        if self.settle < 0:
            raise _readiness_error("--settle", f"{self.settle:g}s", "is negative", "--settle 1s")

    def __bool__(self) -> bool:
        """Whether anything is to be waited for."""
        return self.wait or bool(self.ports or self.http or self.log)

    @property
    def http_port(self) -> int | None:
        """The container's port to ask; None for the first published one."""
        port = self.http.partition("/")[0]
        return int(port) if port else None

    @property
    def http_path(self) -> str:
        """The path to ask for."""
        return "/" + self.http.partition("/")[2]

    def to_data(self) -> dict[str, Any]:
        """What was asked for, as plain values."""
        settle = {} if self.settle == SETTLE_SECONDS else {"settle": self.settle}
        if not self and not settle:
            return {}
        return {
            "wait": self.wait,
            "ports": list(self.ports),
            "http": self.http,
            "log": self.log,
            "timeout": self.timeout,
            **settle,
        }


def parse_readiness(data: Mapping[str, Any]) -> Readiness:
    """Read back what `Readiness.to_data` gave.

    Raises:
        ValueError: a value is missing or of another kind.
    """
    if not data:
        return Readiness()
    kinds = {"wait": bool, "ports": list, "http": str, "log": str, "timeout": float}
    settle = data.get("settle", SETTLE_SECONDS)
    if data.keys() - {"settle"} != kinds.keys() or type(settle) is not float:
        raise ValueError(data)
    if any(type(data[k]) is not kinds[k] for k in kinds):
        raise ValueError(data)
    if not all(type(port) is int for port in data["ports"]):
        raise ValueError(data)
    ports = tuple(data["ports"])
    return Readiness(data["wait"], ports, data["http"], data["log"], data["timeout"], settle)


def health_status(container: Container) -> str:
    """``starting``, ``healthy`` or ``unhealthy``; empty without a healthcheck.

    Docker's list has it only inside a text: ``Up 3 seconds (health: starting)``.
    """
    found = re.search(r"\((?:health: )?(starting|healthy|unhealthy)\)", container.status)
    return found[1] if found else ""


def _check_port(option: str, text: str) -> None:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= HIGHEST_PORT):
        raise _readiness_error(option, text, "has no valid port", f"{option} 8080")


def _readiness_error(option: str, text: str, why: str, example: str) -> ManagerError:
    return ManagerError(f"{option} {text!r} {why}", f"for example: {example}", ExitCode.USAGE)
