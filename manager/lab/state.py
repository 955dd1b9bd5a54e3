"""What is known of labs: where each keeps its files, which are up, how they are reached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.lab.processes import start_time
from manager.system import folders

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

DEFAULT_LAB_NAME = "lab"
REGISTRY_PORT = 5000
MAX_SOCKET_PATH_BYTES = 107
"""Bytes of a Unix socket's path; source: unix(7)."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab that is up."""

    name: str
    flavour: str
    folder: Path
    address: str
    """The engine's address on the link between host and lab; published ports answer there."""
    gateway: str
    """The host's address on that link, as the lab sees it."""
    pid: int
    """The process whose death ends the whole lab."""
    pid_started: int
    started: datetime
    mounts: tuple[str, ...] = ()
    """Folders of the host that the lab sees at the same path."""

    @property
    def socket(self) -> Path:
        """The engine's socket."""
        return socket_path(self.folder)

    @property
    def host(self) -> str:
        """The engine's address as ``DOCKER_HOST`` has it."""
        return f"unix://{self.socket}"

    @property
    def registry(self) -> str:
        """The lab's registry, ``HOST:PORT``."""
        return f"{self.address}:{REGISTRY_PORT}"

    @property
    def context(self) -> str:
        """The docker context."""
        return context_name(self.name)

    def sees(self, path: Path) -> bool:
        """Whether a file or folder of the host is there in the lab too."""
        return any(path.is_relative_to(mount) for mount in self.mounts)

    @property
    def alive(self) -> bool:
        """Whether the process is there, and is the same that was started."""
        return start_time(self.pid) == self.pid_started


def context_name(name: str) -> str:
    """The docker context of a lab."""
    return "dockmgr-lab" if name == DEFAULT_LAB_NAME else f"dockmgr-lab-{name}"


def check_lab_name(name: str) -> None:
    """Refuse what cannot be the name of a lab.

    Raises:
        ManagerError: (usage) it cannot.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,15}", name, re.ASCII):
        raise ManagerError(
            f"{name!r} is not a valid lab name",
            "use up to 16 lowercase letters, digits and dashes",
            ExitCode.USAGE,
        )


def labs_folder() -> Path:
    """Where labs keep their files: a folder for each."""
    # One spelling only: by it the processes of a lab are found.
    return folders.state_folder().resolve() / "labs"


def lock_file(name: str) -> Path:
    """The file by which one process at a time changes a lab."""
    return labs_folder() / f"{name}.lock"


def folder_for_lab(name: str) -> Path:
    """Where one lab keeps its files."""
    return labs_folder() / name


def socket_path(lab_folder: Path) -> Path:
    """The engine's socket in a lab's folder."""
    return lab_folder / "docker.sock"


def save_lab(lab: Lab) -> None:
    """Write down that a lab is up: whole or not at all."""
    import json

    target = lab.folder / "state.json"
    partial = target.with_suffix(".partial")
    partial.write_text(
        json.dumps(
            {
                "name": lab.name,
                "flavour": lab.flavour,
                "address": lab.address,
                "gateway": lab.gateway,
                "pid": lab.pid,
                "pid_started": lab.pid_started,
                "started": lab.started.isoformat(),
                "mounts": lab.mounts,
            }
        ),
        encoding="utf-8",
    )
    partial.replace(target)


def find_running_lab(name: str) -> Lab | None:
    """The lab of that name if it is up."""
    lab = _load_lab(folder_for_lab(name))
    return lab if lab is not None and lab.alive else None


def list_running_labs() -> list[Lab]:
    """All labs that are up, by name."""
    root = labs_folder()
    if not root.is_dir():
        return []
    try:
        entries = sorted(root.iterdir())
    except PermissionError:
        return []  # another person's, who does not share them
    labs = [_load_lab(entry) for entry in entries if entry.is_dir()]
    return [lab for lab in labs if lab is not None and lab.alive]


def _load_lab(lab_folder: Path) -> Lab | None:
    import json
    from datetime import datetime

    try:
        row = json.loads((lab_folder / "state.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, PermissionError):
        return None  # not up; or another person's, who does not share it
    return Lab(
        name=row["name"],
        flavour=row["flavour"],
        folder=lab_folder,
        address=row["address"],
        gateway=row["gateway"],
        pid=row["pid"],
        pid_started=row["pid_started"],
        started=datetime.fromisoformat(row["started"]),
        mounts=tuple(row["mounts"]),
    )
