"""Published ports in the syntax of ``docker run --publish``."""

from dataclasses import dataclass

from manager.errors import ExitCode, ManagerError
from manager.model.naming import fill_placeholders, has_placeholder
from manager.model.ports import PortBinding
from manager.references.grammar import HIGHEST_PORT

PROTOCOLS = ("tcp", "udp", "sctp")


@dataclass(frozen=True, slots=True)
class PublishSpec:
    """One ``--publish``: ports of a container in a row, and the ports of the host for them."""

    container_port: int
    host_port: int | None = None
    """None lets the engine choose."""
    host_ip: str = ""
    protocol: str = "tcp"
    width: int = 1
    """How many ports in a row, of host and container."""
    highest_host_port: int = HIGHEST_PORT
    """The highest port of the engine's machine that may be taken."""
    fixed: bool = False
    """Whether the text names each member's own port, so that no other will do."""

    @classmethod
    def parse(cls, text: str, number: int = 1) -> "PublishSpec":
        """Read ``[[HOST_IP:]HOST_PORTS:]CONTAINER_PORTS[/PROTOCOL]``; PORTS is ``8000`` or a range.

        Source: the ``docker run`` reference; an IPv6 address stands in brackets. As there, a range
        of the host for one port of the container means any of them.

        Args:
            text: what was typed.
            number: the member whose port it is, for ``{n}`` in the text.

        Raises:
            ManagerError: (usage) the text has none of these forms.
        """
        fixed = has_placeholder(text)
        text = fill_placeholders(text, number)
        rest, _, protocol = text.partition("/")
        host_ip, rest = _split_address(text, rest)
        *host, inner = rest.split(":")
        if len(host) > 1:
            raise _publish_error(text, "has too many colons")
        first, last = _parse_port_range(text, inner)
        width = last - first + 1
        protocol = _parse_protocol(text, protocol)
        if not host or not host[0]:
            return cls(first, None, host_ip, protocol, width)
        low, high = _parse_port_range(text, host[0])
        if width > 1 and high - low + 1 != width:
            raise _publish_error(
                text, f"has {high - low + 1} host ports but {width} container ports"
            )
        limit = high if "-" in host[0] and width == 1 else HIGHEST_PORT
        return cls(first, low, host_ip, protocol, width, limit, fixed)

    def bindings_at(self, host_port: int | None) -> tuple[PortBinding, ...]:
        """The bindings, beginning with a port of the host, or with any that the engine chooses."""
        return tuple(
            PortBinding(
                self.container_port + step,
                None if host_port is None else host_port + step,
                self.host_ip,
                self.protocol,
            )
            for step in range(self.width)
        )


def _split_address(text: str, rest: str) -> tuple[str, str]:
    """Take a leading ``IP:`` off; an IPv6 address stands in brackets."""
    if rest.startswith("["):
        address, bracket, rest = rest[1:].partition("]:")
        if not bracket:
            raise _publish_error(text, "has an unmatched bracket")
    elif rest.count(":") == 2:  # noqa: PLR2004 - IP, host port, container port
        address, _, rest = rest.partition(":")
    else:
        return "", rest
    import ipaddress

    try:
        return str(ipaddress.ip_address(address)), rest
    except ValueError:
        raise _publish_error(text, f"has {address!r}, which is not a valid IP address") from None


def _parse_port_range(text: str, digits: str) -> tuple[int, int]:
    """``8000`` or ``8000-8010``."""
    first, dash, last = digits.partition("-")
    low = _parse_port(text, first)
    high = _parse_port(text, last) if dash else low
    if high < low:
        raise _publish_error(text, f"has the range {digits}, which ends before it starts")
    return low, high


def _parse_port(text: str, digits: str) -> int:
    plain = digits.lstrip("0")
    fits = digits.isascii() and digits.isdigit() and 1 <= len(plain) <= len(str(HIGHEST_PORT))
    if not fits or int(plain) > HIGHEST_PORT:
        raise _publish_error(text, f"has {digits!r}, which is not a port from 1 to {HIGHEST_PORT}")
    return int(plain)


def _parse_protocol(text: str, protocol: str) -> str:
    if "/" in text and protocol.lower() not in PROTOCOLS:
        raise _publish_error(text, f"has the protocol {protocol!r}; known: {', '.join(PROTOCOLS)}")
    return protocol.lower() or "tcp"


def _publish_error(text: str, why: str) -> ManagerError:
    return ManagerError(
        f"--publish {text} {why}",
        "write HOST:CONTAINER, such as 8080:80, or the container's port alone, such as 80",
        ExitCode.USAGE,
    )
