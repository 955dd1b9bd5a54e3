"""Root file systems from Debian's packages, made by mmdebstrap from the machine's own mirror."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# What only a person reading on the machine would need.
EXCLUDED_PATHS = (
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/share/info/*",
    "/usr/share/doc/*",
)
# But the version of a package that is only unpacked is told nowhere else.
KEPT_CHANGELOGS = "/usr/share/doc/*/changelog*"
ERROR_TAIL_LINES = 8
# These suites still change, and the machine's clock may be ahead of the mirror.
UNRELEASED_SUITES = frozenset({"forky"})


def find_apt_mirror() -> str | None:
    """The Debian mirror that this machine's own apt uses; None where it uses none.

    Source: apt-get(8), ``indextargets``.
    """
    if shutil.which("apt-get") is None:
        return None
    columns = "$(SITE)|$(LABEL)|$(COMPONENT)"
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", columns, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [line.split("|") for line in answer.stdout.splitlines()]
    # The label is that of the downloaded index: security and backports have others.
    sites = [row[0] for row in rows if len(row) == 3 and row[1:] == ["Debian", "main"]]  # noqa: PLR2004
    return sites[0] if sites else None


def bootstrap_root(
    target: Path,
    *,
    suite: str,
    packages: Sequence[str],
    variant: str = "minbase",
    mirror_url: str | None = None,
) -> None:
    """Make a root file system; it appears at ``target`` whole or not at all.

    Args:
        target: a folder that does not exist yet.
        suite: Debian's name of the release.
        packages: what is in it beside the variant's own.
        variant: mmdebstrap's variant: ``minbase``, ``extract``…
        mirror_url: the mirror; None for the machine's own, or else mmdebstrap's.

    Raises:
        ManagerError: mmdebstrap failed; the error shows its last lines.
    """
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    command = [
        # Killed with us, together with all its children and their mounts.
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
        *("mmdebstrap", "--mode=root", "--format=directory", f"--variant={variant}"),
        f"--include={','.join(packages)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED_PATHS),
        f"--dpkgopt=path-include={KEPT_CHANGELOGS}",
        *(['--aptopt=Acquire::Check-Valid-Until "false"'] if suite in UNRELEASED_SUITES else []),
        suite,
        str(partial),
    ]
    chosen = mirror_url or find_apt_mirror()
    _run_mmdebstrap([*command, chosen] if chosen else command, suite)
    partial.rename(target)


def _run_mmdebstrap(command: list[str], suite: str) -> None:
    """Run a command that ends when we do, whatever ends us."""
    answer = subprocess.run(
        ["setpriv", "--pdeathsig", "KILL", "--", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if answer.returncode:
        raise ManagerError(
            f"cannot create the root file system of Debian {suite}",
            "see the last lines above; check that the mirror is reachable and the disk has space",
            details=tuple(answer.stdout.splitlines()[-ERROR_TAIL_LINES:]),
        )
