"""Published ports: one port of a container and where the host publishes it."""

from dataclasses import dataclass

WILDCARD_ADDRESSES = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - recognised here, bound to by the engine


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
