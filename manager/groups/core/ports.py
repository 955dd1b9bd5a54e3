"""Published ports in the syntax of ``docker run --publish``, and the one that each member gets."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from manager.errors import ExitCode, ManagerError
from manager.model.naming import fill_placeholders, has_placeholder
from manager.model.ports import WILDCARD_ADDRESSES, PortBinding
from manager.references.reference import HIGHEST_PORT

PROTOCOLS = ("tcp", "udp", "sctp")


@dataclass(frozen=True, slots=True)
class PublishSpec:
    """One ``--publish``: as many ports of the container in a row, and where they are published."""

    container_port: int
    host_port: int | None = None
    """None lets the engine choose."""
    host_ip: str = ""
    protocol: str = "tcp"
    width: int = 1
    """How many ports in a row, on both sides."""
    last: int = HIGHEST_PORT
    """The highest port of the engine's machine that may be taken."""
    fixed: bool = False
    """Whether the text named the member's own port, so that no other will do."""

    @classmethod
    def parse(cls, text: str, number: int = 1) -> "PublishSpec":
        """Read ``[[HOST_IP:]HOST_PORTS:]CONTAINER_PORTS[/PROTOCOL]``; PORTS is ``8000`` or a range.

        Source: the ``docker run`` reference; an IPv6 address stands in brackets. As there, a range
        of the host for one port of the container means any of them.

        Args:
            text: what was typed.
            number: the member whose port it is, for ``{n}`` in the text.

        Raises:
            ManagerError: (usage) the text is none of these forms.
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
        told = _parse_protocol(text, protocol)
        if not host or not host[0]:
            return cls(first, None, host_ip, told, width)
        low, high = _parse_port_range(text, host[0])
        if width > 1 and high - low + 1 != width:
            raise _publish_error(
                text, f"has {high - low + 1} ports on one side and {width} on the other"
            )
        limit = high if "-" in host[0] and width == 1 else HIGHEST_PORT
        return cls(first, low, host_ip, told, width, limit, fixed)

    def at(self, host_port: int | None) -> tuple[PortBinding, ...]:
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


PortKey = tuple[int, str]
"""A port and its protocol."""


@dataclass
class TakenPorts:
    """Who has which port of the engine's machine."""

    _holders: dict[PortKey, list[tuple[str, str]]] = field(default_factory=dict)
    """Address and holder of each."""

    def add(self, ip: str, port: int, protocol: str, holder: str) -> None:
        """Note that somebody has a port."""
        self._holders.setdefault((port, protocol), []).append((ip, holder))

    def add_all(self, others: "TakenPorts") -> None:
        """Note what is noted elsewhere; what is known already keeps its first holder."""
        for (port, protocol), holders in others._holders.items():  # noqa: SLF001 - its own kind
            for ip, holder in holders:
                self.add(ip, port, protocol, holder)

    def holder(self, ip: str, port: int, protocol: str) -> str | None:
        """Who has a port already, so that it cannot be had at this address; None if nobody."""
        for other, holder in self._holders.get((port, protocol), ()):
            if other == ip or other in WILDCARD_ADDRESSES or ip in WILDCARD_ADDRESSES:
                return holder
        return None


class PortChooser:
    """Gives each member its ports, none twice.

    Member n gets the port asked for plus n minus the group's first number; where that is taken,
    the next that is free.
    """

    def __init__(self, publish: tuple[str, ...], start: int, taken: TakenPorts) -> None:
        """Remember what was asked for.

        Args:
            publish: in docker's syntax, perhaps with ``{n}``.
            start: the group's first number.
            taken: what others have; what is chosen is added to it.

        Raises:
            ManagerError: (usage) one cannot be read.
        """
        self._publish = publish
        self._start = start
        self._taken = taken
        self._names: set[str] = set()
        self.notes: list[str] = []
        """What was skipped, and why."""
        for text in publish:
            PublishSpec.parse(text, start)

    def choose(self, name: str, number: int) -> tuple[PortBinding, ...]:
        """The ports of a member.

        Args:
            name: what it is called.
            number: its number.

        Raises:
            ManagerError: there is no free port left for it.
        """
        found: list[PortBinding] = []
        self._names.add(name)
        for text in self._publish:
            spec = PublishSpec.parse(text, number)
            found += spec.at(self._first_free(spec, name, number))
        return tuple(found)

    def _first_free(self, spec: PublishSpec, name: str, number: int) -> int | None:
        if spec.host_port is None:
            return None
        wanted = spec.host_port + (0 if spec.fixed else (number - self._start) * spec.width)
        why = ""
        for port in _candidate_ports(spec, wanted):
            holder = self._holder(spec, port)
            if holder is None:
                for binding in spec.at(port):
                    self._taken.add(binding.host_ip, binding.host_port or 0, spec.protocol, name)
                if why:
                    self.notes.append(f"{why}: {name} gets {port}")
                return port
            # That its neighbours make way for one that had to is nothing to be told each time.
            if holder not in self._names:
                why = why or f"port {port} is taken by {holder}"
        raise _no_port_error(spec, name, wanted, why)

    def _holder(self, spec: PublishSpec, port: int) -> str | None:
        return next(
            (
                holder
                for step in range(spec.width)
                if (holder := self._taken.holder(spec.host_ip, port + step, spec.protocol))
            ),
            None,
        )


def _candidate_ports(spec: PublishSpec, wanted: int) -> Iterator[int]:
    """The ports that will do, best first."""
    if spec.fixed:
        yield wanted
        return
    highest = spec.last - spec.width + 1
    yield from range(wanted, highest + 1, spec.width)
    if spec.last != HIGHEST_PORT and spec.host_port is not None:
        # Of a range that was named any port will do.
        yield from range(spec.host_port, min(wanted, highest + 1))


def _no_port_error(spec: PublishSpec, name: str, wanted: int, why: str) -> ManagerError:
    if spec.fixed:
        why = why or f"another member has port {wanted}"
        return ManagerError(f"{name} cannot be made: {why}", "publish another port")
    if spec.last != HIGHEST_PORT:
        return ManagerError(
            f"there is no port left for {name} from {spec.host_port} to {spec.last}"
            + (f": {why}" if why else ""),
            "publish a wider range, or make fewer",
        )
    needed = wanted + spec.width - 1
    return ManagerError(
        f"{name} would need port {needed}, and ports end at {HIGHEST_PORT}"
        if needed > HIGHEST_PORT
        else f"there is no port left for {name} from {wanted} on: {why}",
        "publish a lower port, or only the container's port to let the engine choose",
        ExitCode.USAGE,
    )


def _split_address(text: str, rest: str) -> tuple[str, str]:
    """Take a leading ``IP:`` off; an IPv6 address is told by its brackets."""
    if rest.startswith("["):
        address, bracket, rest = rest[1:].partition("]:")
        if not bracket:
            raise _publish_error(text, "has a bracket without its pair")
    elif rest.count(":") == 2:  # noqa: PLR2004 - IP, host port, container port
        address, _, rest = rest.partition(":")
    else:
        return "", rest
    import ipaddress

    try:
        return str(ipaddress.ip_address(address)), rest
    except ValueError:
        raise _publish_error(text, f"names {address!r}, which is no IP address") from None


def _parse_port_range(text: str, digits: str) -> tuple[int, int]:
    """``8000`` or ``8000-8010``."""
    first, dash, last = digits.partition("-")
    low = _parse_port(text, first)
    high = _parse_port(text, last) if dash else low
    if high < low:
        raise _publish_error(text, f"has the range {digits}, which ends before it begins")
    return low, high


def _parse_port(text: str, digits: str) -> int:
    plain = digits.lstrip("0")
    fits = digits.isascii() and digits.isdigit() and 1 <= len(plain) <= len(str(HIGHEST_PORT))
    if not fits or int(plain) > HIGHEST_PORT:
        raise _publish_error(text, f"names {digits!r}, which is no port from 1 to {HIGHEST_PORT}")
    return int(plain)


def _parse_protocol(text: str, protocol: str) -> str:
    if "/" in text and protocol.lower() not in PROTOCOLS:
        raise _publish_error(text, f"names {protocol!r}, which is none of {', '.join(PROTOCOLS)}")
    return protocol.lower() or "tcp"


def _publish_error(text: str, why: str) -> ManagerError:
    return ManagerError(
        f"--publish {text} {why}",
        "write HOST:CONTAINER as in 8080:80, or only the container's port as in 80",
        ExitCode.USAGE,
    )
