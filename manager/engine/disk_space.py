"""The disk that an engine keeps its things on: its size and what is free, where that is known."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCKER_DESKTOP = "Docker Desktop"


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """A disk."""

    path: str
    """Where the engine keeps its things on it."""
    total: int
    """Bytes."""
    free: int
    """Bytes that a user's program may still take."""


def find_disk_space(host: str, info: Mapping[str, Any], lab_folder: Path | None) -> DiskSpace | str:
    """The disk of an engine; or why it cannot be known.

    Args:
        host: the engine's address.
        info: what the engine says of itself.
        lab_folder: where the data of a lab's engine are on this machine; None for other engines.
    """
    if lab_folder is not None:
        return _measure_disk_space(str(lab_folder))
    machine = virtual_machine_name(info)
    if machine:
        return f"the engine runs in {machine}, so its disk is not visible from here"
    if not host.startswith("unix://"):
        return f"the engine at {host} is not on this machine"
    folder = info.get("DockerRootDir") or ""
    # A socket can lead elsewhere; an engine here has this machine's kernel.
    if sys.platform == "win32" or info.get("KernelVersion") != os.uname().release:
        return "the engine runs on another machine or in a virtual machine"
    if not folder or not Path(folder).is_dir():
        return "the engine does not report where on this machine it keeps its data"
    return _measure_disk_space(folder)


def _measure_disk_space(folder: str) -> DiskSpace | str:
    try:
        found = os.statvfs(folder)
    except OSError as error:
        return f"cannot read the disk of {folder}: {error.strerror}"
    return DiskSpace(folder, found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def virtual_machine_name(info: Mapping[str, Any]) -> str:
    """The virtual machine that an engine runs in, by name; empty where it shows none.

    Args:
        info: what the engine says of itself.
    """
    name, system = str(info.get("Name") or ""), str(info.get("OperatingSystem") or "")
    if DOCKER_DESKTOP in system:
        return DOCKER_DESKTOP
    for sign, called in VIRTUAL_MACHINE_NAMES.items():
        if name.startswith(sign) or sign in system:
            return called
    return "a virtual machine" if sys.platform in {"darwin", "win32"} else ""


VIRTUAL_MACHINE_NAMES = {
    "colima": "Colima",
    "lima-rancher-desktop": "Rancher Desktop",
    "lima": "Lima",
    "rancher-desktop": "Rancher Desktop",
    "podman-machine": "a Podman machine",
    "orbstack": "OrbStack",
    "minikube": "Minikube",
}
"""How virtual machines for engines call themselves."""

SHRINK_HINTS = {
    DOCKER_DESKTOP: "on Windows run `wsl --shutdown`, then `Optimize-VHD`; on a Mac it shrinks"
    " automatically after a while, or with: docker run --privileged --pid=host"
    " docker/desktop-reclaim-space",
    "Colima": "shrink it with: colima ssh -- sudo fstrim --all",
    "Lima": "shrink it with: limactl shell default sudo fstrim --all",
    "Rancher Desktop": "shrink it with: rdctl shell sudo fstrim --all",
    "a Podman machine": "shrink it with: podman machine ssh sudo fstrim --all",
    "OrbStack": "it shrinks automatically",
    "Minikube": "shrink it with: minikube ssh sudo fstrim --all",
}


def shrink_hint(info: Mapping[str, Any]) -> str:
    """What to say after bytes were freed in a virtual machine; empty where there is none."""
    machine = virtual_machine_name(info)
    if not machine:
        return ""
    how = SHRINK_HINTS.get(machine, "see its manual for how to shrink it")
    return f"the disk file of {machine} may not shrink automatically: {how}"
