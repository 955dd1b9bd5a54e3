"""Which ports of the engine's machine are taken already, by whatever program."""

from __future__ import annotations

import ipaddress
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from manager.model.ports import WILDCARD_ADDRESSES, PortBinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LISTENING_STATES = {"tcp": "0A", "udp": "07"}
"""The state of a socket that takes what comes; source: Linux, include/net/tcp_states.h."""


def find_busy_bindings(bindings: Iterable[PortBinding], pid: int | None = None) -> set[PortBinding]:
    """Those of some bindings that cannot be had on this machine.

    Args:
        bindings: what is wanted; those without a port, and those of sctp, are never busy.
        pid: a process whose network it is; None for that of this process.
    """
    wanted = [one for one in bindings if one.host_port is not None]
    if not wanted:
        return set()
    folder = Path("/proc") / (str(pid) if pid else "self") / "net"
    if not folder.is_dir():
        return {one for one in wanted if not _can_be_bound(one)}
    taken = set(_read_listening_sockets(folder))
    return {one for one in wanted if any(_is_blocked_by(one, *it) for it in taken)}


def _is_blocked_by(wanted: PortBinding, protocol: str, ip: str, port: int) -> bool:
    if (wanted.protocol, wanted.host_port) != (protocol, port):
        return False
    return ip == wanted.host_ip or ip in WILDCARD_ADDRESSES or wanted.host_ip in WILDCARD_ADDRESSES


def _read_listening_sockets(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Protocol, address and port of all sockets that take what comes.

    Source: Linux, Documentation/networking/proc_net_tcp.rst; an address is written in words of
    32 bits in the order of the machine's bytes.
    """
    for protocol, state in _LISTENING_STATES.items():
        for name in (protocol, f"{protocol}6"):
            try:
                lines = (folder / name).read_text(encoding="ascii").splitlines()[1:]
            except OSError:
                continue  # no IPv6, or a process of somebody else: the engine will tell
            for line in lines:
                fields = line.split()
                if fields[3] == state:
                    address, _, port = fields[1].partition(":")
                    yield protocol, _parse_ip(address), int(port, 16)


def _parse_ip(digits: str) -> str:
    words = [bytes.fromhex(digits[at : at + 8]) for at in range(0, len(digits), 8)]
    packed = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return str(ipaddress.ip_address(packed))


def _can_be_bound(wanted: PortBinding) -> bool:
    kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
    if wanted.protocol not in kinds:
        return True
    family = socket.AF_INET6 if ":" in wanted.host_ip else socket.AF_INET
    with socket.socket(family, kinds[wanted.protocol]) as one:
        try:
            one.bind((wanted.host_ip, wanted.host_port))
        except PermissionError:
            return True  # a low port, which the engine may have all the same
        except OSError:
            return False
    return True
