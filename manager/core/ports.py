"""Published ports in the syntax of ``docker run --publish``."""

from dataclasses import dataclass, replace

from manager.errors import ExitCode, ManagerError

HIGHEST_PORT = 65535
PROTOCOLS = ("tcp", "udp", "sctp")


@dataclass(frozen=True, slots=True)
class PublishSpec:
    """One ``--publish``: a port of the container, and a port of the engine's machine or none."""

    container_port: int
    host_port: int | None = None
    """None lets the engine choose."""
    host_ip: str = ""
    protocol: str = "tcp"

    @classmethod
    def parse(cls, text: str) -> "PublishSpec":
        """Read ``[[HOST_IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL]``.

        Source: the ``docker run`` reference; an IPv6 address stands in brackets.

        Raises:
            ManagerError: (usage) the text is none of these forms.
        """
        rest, _, protocol = text.partition("/")
        host_ip, rest = _split_address(text, rest)
        *host, inner = rest.split(":")
        if len(host) > 1:
            raise _refused(text, "has too many colons")
        if "-" in rest:
            raise _refused(text, "is a range; each member of a group gets one port of its own")
        return cls(
            container_port=_port(text, inner),
            host_port=_port(text, host[0]) if host and host[0] else None,
            host_ip=host_ip,
            protocol=_protocol(text, protocol),
        )

    def for_member(self, number: int) -> "PublishSpec":
        """The port of member ``number``: the first member has the port asked for, and so on.

        Raises:
            ManagerError: (usage) the port would be above 65535.
        """
        if self.host_port is None:
            return self
        port = self.host_port + number - 1
        if port > HIGHEST_PORT:
            raise ManagerError(
                f"member {number} would need port {port}, and ports end at {HIGHEST_PORT}",
                "publish a lower port, or only the container's port to let the engine choose",
                ExitCode.USAGE,
            )
        return replace(self, host_port=port)

    @property
    def host_key(self) -> tuple[str, int, str] | None:
        """What of the engine's machine it takes; None where the engine chooses."""
        return None if self.host_port is None else (self.host_ip, self.host_port, self.protocol)

    def __str__(self) -> str:
        """The spec in docker's syntax."""
        inner = f"{self.container_port}/{self.protocol}"
        host = f"[{self.host_ip}]" if ":" in self.host_ip else self.host_ip
        if self.host_port is None:
            return f"{host}::{inner}" if host else inner
        return f"{host}:{self.host_port}:{inner}" if host else f"{self.host_port}:{inner}"


def _split_address(text: str, rest: str) -> tuple[str, str]:
    """Take a leading ``IP:`` off; an IPv6 address is told by its brackets."""
    if rest.startswith("["):
        address, bracket, rest = rest[1:].partition("]:")
        if not bracket:
            raise _refused(text, "has a bracket without its pair")
    elif rest.count(":") == 2:  # noqa: PLR2004 - IP, host port, container port
        address, _, rest = rest.partition(":")
    else:
        return "", rest
    import ipaddress

    try:
        return str(ipaddress.ip_address(address)), rest
    except ValueError:
        raise _refused(text, f"names {address!r}, which is no IP address") from None


def _port(text: str, digits: str) -> int:
    plain = digits.lstrip("0")
    fits = digits.isascii() and digits.isdigit() and 1 <= len(plain) <= len(str(HIGHEST_PORT))
    if not fits or int(plain) > HIGHEST_PORT:
        raise _refused(text, f"names {digits!r}, which is no port from 1 to {HIGHEST_PORT}")
    return int(plain)


def _protocol(text: str, protocol: str) -> str:
    if "/" in text and protocol.lower() not in PROTOCOLS:
        raise _refused(text, f"names {protocol!r}, which is none of {', '.join(PROTOCOLS)}")
    return protocol.lower() or "tcp"


def _refused(text: str, why: str) -> ManagerError:
    return ManagerError(
        f"--publish {text} {why}",
        "write HOST:CONTAINER as in 8080:80, or only the container's port as in 80",
        ExitCode.USAGE,
    )
