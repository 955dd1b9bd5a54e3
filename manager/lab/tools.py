"""The programs of the host that a lab needs, and getting those that are missing."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from manager.errors import ManagerError

# Program or file: Debian package that has it.
PACKAGES_BY_PROGRAM = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "setsid": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
ERROR_TAIL_LINES = 8


def list_missing_packages() -> list[str]:
    """The Debian packages whose programs this machine lacks."""
    lacking = [
        package
        for program, package in PACKAGES_BY_PROGRAM.items()
        if not (Path(program).exists() if program.startswith("/") else shutil.which(program))
    ]
    return sorted(set(lacking))


def check_machine() -> None:
    """Refuse a machine on which no lab can be.

    Raises:
        ManagerError: it is not Linux, or we are not root.
    """
    if platform.system() != "Linux":
        raise ManagerError(
            "a lab needs Linux: it runs a Linux engine in its own namespaces",
            "use Docker Desktop, or run dockmgr inside a Linux virtual machine",
        )
    if os.geteuid() != 0:
        raise ManagerError(
            "a lab needs root: it creates namespaces, mounts and a network interface",
            "run the command with sudo",
        )


def check_tools() -> None:
    """Refuse a machine that lacks a program.

    Raises:
        ManagerError: the error names the packages, and how to get them.
    """
    packages = list_missing_packages()
    if not packages:
        return
    names = ", ".join(packages)
    if shutil.which("apt-get"):
        hint = f"add --install, or run: {' '.join(install_command(packages))}"
    else:
        hint = "install them with this system's package manager (mmdebstrap needs apt itself)"
    raise ManagerError(f"a lab needs programs from packages that are not installed: {names}", hint)


def install_command(packages: list[str]) -> list[str]:
    """What `install_packages` runs after apt's lists are up to date."""
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]


def install_packages(packages: list[str]) -> None:
    """Get packages with apt.

    Raises:
        ManagerError: apt failed; the error shows its last lines.
    """
    if not shutil.which("apt-get"):
        check_tools()
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install_command(packages)):
        answer = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise ManagerError(
                f"{' '.join(command[:2])} failed",
                "its last lines say why",
                details=tuple(answer.stdout.splitlines()[-ERROR_TAIL_LINES:]),
            )
