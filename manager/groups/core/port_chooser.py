"""Who has which port of the engine's machine, and the ports that each member gets."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from manager.errors import ExitCode, ManagerError
from manager.groups.core.publish_spec import PublishSpec
from manager.model.ports import WILDCARD_ADDRESSES, PortBinding
from manager.references.grammar import HIGHEST_PORT

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
        """Who has a port already, at this address or at all; None if nobody has."""
        for other, holder in self._holders.get((port, protocol), ()):
            if other == ip or other in WILDCARD_ADDRESSES or ip in WILDCARD_ADDRESSES:
                return holder
        return None


class PortChooser:
    """Gives each member its ports, none of them twice.

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
            ManagerError: no port is free for it.
        """
        found: list[PortBinding] = []
        self._names.add(name)
        for text in self._publish:
            spec = PublishSpec.parse(text, number)
            found += spec.bindings_at(self._first_free(spec, name, number))
        return tuple(found)

    def _first_free(self, spec: PublishSpec, name: str, number: int) -> int | None:
        if spec.host_port is None:
            return None
        wanted = spec.host_port + (0 if spec.fixed else (number - self._start) * spec.width)
        why = ""
        for port in _candidate_ports(spec, wanted):
            holder = self._holder(spec, port)
            if holder is None:
                for binding in spec.bindings_at(port):
                    self._taken.add(binding.host_ip, binding.host_port or 0, spec.protocol, name)
                if why:
                    self.notes.append(f"{why}; {name} gets {port}")
                return port
            # A member that moves because a neighbour did is not worth a note.
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
    highest = spec.highest_host_port - spec.width + 1
    yield from range(wanted, highest + 1, spec.width)
    if spec.highest_host_port != HIGHEST_PORT and spec.host_port is not None:
        # Of a range any port will do.
        yield from range(spec.host_port, min(wanted, highest + 1))


def _no_port_error(spec: PublishSpec, name: str, wanted: int, why: str) -> ManagerError:
    if spec.fixed:
        why = why or f"another member has port {wanted}"
        return ManagerError(f"cannot make {name}: {why}", "publish another port")
    if spec.highest_host_port != HIGHEST_PORT:
        return ManagerError(
            f"no port from {spec.host_port} to {spec.highest_host_port} is free for {name}"
            + (f": {why}" if why else ""),
            "publish a wider range, or make fewer members",
        )
    needed = wanted + spec.width - 1
    return ManagerError(
        f"{name} would need port {needed}, but the highest is {HIGHEST_PORT}"
        if needed > HIGHEST_PORT
        else f"no port from {wanted} up is free for {name}: {why}",
        "publish a lower port, or the container's port alone to let the engine choose",
        ExitCode.USAGE,
    )
