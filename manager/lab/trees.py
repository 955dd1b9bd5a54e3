"""Root file systems of Debian packages that images are built from: unpacked, and tidied up."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.lab import debian

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PARALLEL_TREES = 2
"""How many are made at the same time: each waits for the mirror, then for the processor."""
EMPTIED_FOLDERS = ("boot", "dev", "proc", "sys", "run", "var/cache")
"""What the engine fills, or nobody needs: only the folder itself is kept."""
REMOVED_PATHS = (
    *("etc/apt", "var/lib/apt", "var/lib/dpkg", "var/log/apt", "etc/resolv.conf", "etc/hostname"),
    *("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale"),
    *("usr/share/bash-completion", "usr/share/lintian"),
)
"""What a container never reads, and what the engine writes itself."""
SYMLINK_TARGETS = {
    "var/run": "/run",
    "usr/bin/awk": "/usr/bin/mawk",
    "usr/bin/which": "/usr/bin/which.debianutils",
}
"""Made by packages' scripts, where there is what they point to."""


@dataclass(frozen=True, slots=True)
class PackageTree:
    """A root file system."""

    path: Path
    versions: Mapping[str, str]
    """Of the packages asked for, as Debian writes them."""


def make_package_trees(
    lists: Iterable[tuple[str, ...]], folder: Path, *, suite: str, mirror_url: str | None
) -> dict[tuple[str, ...], PackageTree]:
    """Make a root file system of each list of packages.

    Args:
        lists: what is in each, beside what those packages depend on.
        folder: gets them.
        suite: Debian's name of the release.
        mirror_url: Debian mirror; None for the machine's own.

    Raises:
        ManagerError: a package could not be had.
    """
    from concurrent.futures import ThreadPoolExecutor

    wanted = {packages: folder / f"tree-{n}" for n, packages in enumerate(dict.fromkeys(lists))}

    def make(packages: tuple[str, ...]) -> PackageTree:
        path = wanted[packages]
        debian.bootstrap_root(
            path, suite=suite, packages=packages, variant="extract", mirror_url=mirror_url
        )
        # Before the change logs are removed with all that nobody reads.
        versions = {package: read_package_version(path, package) for package in packages}
        tidy_package_tree(path)
        return PackageTree(path, versions)

    with ThreadPoolExecutor(PARALLEL_TREES) as pool:
        return dict(zip(wanted, pool.map(make, wanted), strict=True))


def read_package_version(tree: Path, package: str) -> str:
    """The version of an unpacked package; empty if it does not tell.

    Source: Debian Policy 12.7: the first line of ``changelog.Debian.gz``, or of ``changelog.gz``
    for what is written for Debian itself.
    """
    import gzip

    folder = tree / "usr/share/doc" / package
    for name in ("changelog.Debian.gz", "changelog.gz"):
        if (folder / name).is_file():
            with gzip.open(folder / name, "rt", encoding="utf-8") as log:
                return log.readline().partition("(")[2].partition(")")[0]
    return ""


def tidy_package_tree(tree: Path) -> None:
    """Do what the packages' scripts would have done, and remove what no container needs."""
    for name in ("passwd", "group"):
        master = tree / "usr/share/base-passwd" / f"{name}.master"
        if master.is_file():
            shutil.copyfile(master, tree / "etc" / name)
            # Whatever the user's umask: programs that are not root are to read it.
            (tree / "etc" / name).chmod(0o644)
    for path, pointed in SYMLINK_TARGETS.items():
        if (tree / pointed.removeprefix("/")).exists():
            _remove_path(tree / path)
            (tree / path).symlink_to(pointed)
    for path in REMOVED_PATHS:
        _remove_path(tree / path)
    for path in EMPTIED_FOLDERS:
        for entry in sorted((tree / path).glob("*")):
            _remove_path(entry)


def _remove_path(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
