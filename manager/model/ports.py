"""Ports of containers: where each is published, asked for as a binding, and how to reach it."""

from dataclasses import dataclass

WILDCARD_ADDRESSES = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognised here, bound to by the engine
WEB_PORTS = frozenset({80, 3000, 5000, 8000, 8008, 8080, 8081, 8888, 9000})
"""Ports whose services speak HTTP by convention, so that a link to them can be followed."""
TLS_WEB_PORTS = frozenset({443, 8443})


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a container, and where it is published, if it is."""

    container_port: int
    protocol: str = "tcp"
    host_ip: str = ""
    """Address on the engine's machine; empty where the port is not published."""
    host_port: int | None = None

    def __str__(self) -> str:
        """As docker shows it: ``0.0.0.0:8080->80/tcp``, or ``80/tcp`` if not published."""
        inner = f"{self.container_port}/{self.protocol}"
        if self.host_port is None:
            return inner
        host = f"[{self.host_ip}]" if ":" in self.host_ip else self.host_ip
        return f"{host}:{self.host_port}->{inner}"


@dataclass(frozen=True, slots=True)
class PortBinding:
    """One port of a container, and a port of the engine's machine or none."""

    container_port: int
    host_port: int | None = None
    """None lets the engine choose."""
    host_ip: str = ""
    protocol: str = "tcp"

    def __str__(self) -> str:
        """The binding in docker's syntax."""
        inner = f"{self.container_port}/{self.protocol}"
        host = f"[{self.host_ip}]" if ":" in self.host_ip else self.host_ip
        if self.host_port is None:
            return f"{host}::{inner}" if host else inner
        return f"{host}:{self.host_port}:{inner}" if host else f"{self.host_port}:{inner}"


def published_address(port: Port, engine_address: str) -> str:
    """Where a published port can be reached: ``HOST:PORT``.

    Args:
        port: a published port.
        engine_address: the engine's machine as seen from here; used where the port is
            published on all its addresses.
    """
    host = engine_address if port.host_ip in WILDCARD_ADDRESSES else port.host_ip
    return f"[{host}]:{port.host_port}" if ":" in host else f"{host}:{port.host_port}"


def published_url(port: Port, engine_address: str) -> str:
    """A published port as a URL; the scheme is a guess from the container's port."""
    scheme = port.protocol
    if port.protocol == "tcp" and port.container_port in WEB_PORTS:
        scheme = "http"
    elif port.protocol == "tcp" and port.container_port in TLS_WEB_PORTS:
        scheme = "https"
    return f"{scheme}://{published_address(port, engine_address)}"
