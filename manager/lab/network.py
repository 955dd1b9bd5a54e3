"""The link between host and lab: a veth pair with an address on each side, and nothing else.

No firewall rule, no forwarding, no setting of the host is touched: a lab reaches its host and
nothing beyond. Source: ip-link(8), veth(4).
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manager.errors import ManagerError
from manager.lab.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINK_ADDRESS_RANGE = ipaddress.IPv4Network("10.213.0.0/16")
"""Links are taken from here: each is four addresses, and skipped if the host knows any of them."""


@dataclass(frozen=True, slots=True)
class LabLink:
    """The addresses of one link."""

    subnet: ipaddress.IPv4Network

    @property
    def host(self) -> str:
        """The host's address."""
        return str(self.subnet[1])

    @property
    def lab(self) -> str:
        """The lab's address."""
        return str(self.subnet[2])


def interface_name(lab_folder: Path) -> str:
    """The host's end of a lab's link: the same for the same lab, and at most 15 bytes long.

    The path alone would not do: in another root file system on the same network, such as a
    container's, it is another folder.
    """
    parent = lab_folder.parent.stat()
    words = f"{lab_folder} {parent.st_dev} {parent.st_ino}"
    return "dmlab" + hashlib.sha256(words.encode()).hexdigest()[:10]


def find_free_link() -> LabLink:
    """Addresses that no interface and no route of the host has.

    Raises:
        ManagerError: there are none, or the host could not be asked.
    """
    taken = list(_taken_subnets())
    for subnet in LINK_ADDRESS_RANGE.subnets(new_prefix=30):
        if not any(subnet.overlaps(other) for other in taken):
            return LabLink(subnet)
    raise ManagerError(
        f"no free addresses left in {LINK_ADDRESS_RANGE}", "stop a lab: dockmgr lab down"
    )


def _taken_subnets() -> Iterator[ipaddress.IPv4Network]:
    for address in _query_ip("address"):
        for info in address.get("addr_info", ()):
            yield ipaddress.IPv4Network((info["local"], info["prefixlen"]), strict=False)
    for route in _query_ip("route", "show", "table", "all"):
        if route["dst"] != "default":
            subnet = ipaddress.IPv4Network(route["dst"], strict=False)
            # A route that holds the whole range, such as a default in disguise, hinders nobody.
            if subnet.prefixlen > LINK_ADDRESS_RANGE.prefixlen:
                yield subnet


def _query_ip(*words: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = json.loads(_run_ip("-json", "-4", *words) or "[]")
    return answer


def _run_ip(*words: str, pid: int | None = None) -> str:
    """Run ip, in the network namespace of a process if one is given.

    Raises:
        ManagerError: it failed.
    """
    inside = ["nsenter", f"--net=/proc/{pid}/ns/net", "--"] if pid else []
    answer = subprocess.run([*inside, "ip", *words], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ManagerError(
            f"cannot create the lab's network: ip {' '.join(words)}: {answer.stderr.strip()}",
            "this machine may lack veth interfaces or the permission to create them",
        )
    return answer.stdout


def create_link(link: LabLink, interface: str, pid: int) -> None:
    """Lay the link between the host and the network namespace of a process.

    Raises:
        ManagerError: a step failed.
    """
    _run_ip(
        *("link", "add", interface, "type", "veth"), *("peer", "name", "eth0", "netns", str(pid))
    )
    _run_ip("address", "add", f"{link.host}/30", "dev", interface)
    _run_ip("link", "set", interface, "up")
    _run_ip("address", "add", f"{link.lab}/30", "dev", "eth0", pid=pid)
    _run_ip("link", "set", "eth0", "up", pid=pid)


def remove_link(interface: str) -> None:
    """Remove a link if it is still there; it goes by itself soon after its lab."""
    if wait_until(lambda: not _has_interface(interface), 2):
        return
    _run_ip("link", "delete", interface)


def _has_interface(interface: str) -> bool:
    return any(row["ifname"] == interface for row in _query_ip("link"))
