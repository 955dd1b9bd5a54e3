"""A lab's life: up, down, back to its beginning; and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.lab import lifecycle, roots, seeds, state, tools
from manager.lab.flavours import get_flavour

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from manager.lab.state import Lab


@dataclass(frozen=True, slots=True)
class LabRequest:
    """What lab is wanted."""

    name: str
    flavour: str
    mounts: tuple[Path, ...] = ()
    """Folders of the host that it sees at the same path."""
    mirror: str = ""
    """Debian mirror; empty for the machine's own."""


def bring_up_lab(request: LabRequest, report: Callable[[str], None]) -> Lab:
    """Bring a lab up.

    Raises:
        ManagerError: this machine cannot have one, or it did not start.
    """
    tools.check_machine()
    tools.check_tools()
    return lifecycle.start_lab(
        request.name,
        get_flavour(request.flavour),
        mounts=list(request.mounts),
        mirror_url=request.mirror or None,
        report=report,
    )


def take_down_lab(name: str) -> bool:
    """End a lab; whether there was one.

    Raises:
        ManagerError: it could not be ended, or this machine cannot have one.
    """
    tools.check_machine()
    return lifecycle.end_lab(name)


def reset_lab(name: str, report: Callable[[str], None]) -> Lab:
    """Give a lab that is up a new beginning: the same engine with nothing in it.

    Raises:
        ManagerError: there is none, or it did not start again.
    """
    lab = get_running_lab(name)
    request = LabRequest(lab.name, lab.flavour, tuple(Path(mount) for mount in lab.mounts))
    take_down_lab(name)
    return bring_up_lab(request, report)


def remove_labs_and_cache(names: Sequence[str]) -> None:
    """End labs, and remove what is kept between labs.

    Raises:
        ManagerError: one could not be ended, or another still uses what is kept.
    """
    left = [lab for lab in state.list_running_labs() if lab.name not in names]
    if left:
        raise ManagerError(
            f"nothing was removed: lab {left[0].name!r} is also up and uses the downloads",
            f"stop it first: dockmgr lab down --name {left[0].name}",
        )
    for name in names:
        take_down_lab(name)
    roots.clear_lab_cache()


def get_running_lab(name: str) -> Lab:
    """The lab of that name.

    Raises:
        ManagerError: it is not up; (usage) no lab can be called so.
    """
    state.check_lab_name(name)
    lab = state.find_running_lab(name)
    if lab is None:
        up_now = ", ".join(other.name for other in state.list_running_labs())
        hint = f"start it with: dockmgr lab up --name {name}"
        raise ManagerError(
            f"lab {name!r} is not up",
            f"{hint}; labs that are up: {up_now} (choose with --name)" if up_now else hint,
        )
    return lab


@dataclass(frozen=True, slots=True)
class LabStatus:
    """A lab and what is in it now."""

    lab: Lab
    engine_version: str
    """The engine's own version; empty if it does not answer."""
    containers: int
    images: int
    disk_bytes: int
    """Bytes that its data takes on the host."""
    registry_images: tuple[str, ...] = ()
    """What its registry has."""


def list_lab_statuses() -> tuple[LabStatus, ...]:
    """All labs that are up, whether or not their engines answer."""
    return tuple(_read_status(lab) for lab in state.list_running_labs())


def _read_status(lab: Lab) -> LabStatus:
    from manager.engine.client import Engine
    from manager.engine.contexts import Endpoint

    disk = _measure_disk_usage(lab.folder / "data")
    try:
        with Engine(Endpoint(host=lab.host, source=f"lab {lab.name}"), patience=5) as engine:
            info = engine.info()
        images = seeds.list_registry_images(f"http://{lab.registry}")
    except ManagerError:
        return LabStatus(lab, "", 0, 0, disk)
    return LabStatus(
        lab=lab,
        engine_version=str(info.get("ServerVersion", "")),
        containers=int(info.get("Containers") or 0),
        images=int(info.get("Images") or 0),
        disk_bytes=disk,
        registry_images=images,
    )


def _measure_disk_usage(folder: Path) -> int:
    """Bytes on the disk, counted as du does: blocks of 512 bytes, hard links once."""
    seen: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*"):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue  # removed while we looked
        seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values())
