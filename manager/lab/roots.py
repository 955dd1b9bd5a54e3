"""The root file systems of labs, made once and kept in the cache folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.lab import debian, processes
from manager.system import folders
from manager.system.locks import path_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manager.lab.flavours import Flavour

ROOTS_VERSION = 1
"""Counted up when roots are to be made anew for another reason than their packages."""


def cache_folder() -> Path:
    """Where downloaded and built things are kept between labs."""
    return folders.cache_folder() / "lab"


def ensure_root(flavour: Flavour, mirror_url: str | None, report: Callable[[str], None]) -> Path:
    """The root file system of a flavour, made if it is not there yet.

    Args:
        flavour: which.
        mirror_url: Debian mirror; None for the machine's own.
        report: told what takes long.

    Raises:
        ManagerError: it could not be made.
    """
    root = root_folder(flavour)
    if not root.is_dir():
        report(f"downloading {flavour.root} from Debian {flavour.suite} (once)")
        debian.bootstrap_root(
            root, suite=flavour.suite, packages=flavour.packages, mirror_url=mirror_url
        )
    return root


def root_folder(flavour: Flavour) -> Path:
    """Where the root file system of a flavour is kept."""
    return cache_folder() / f"{flavour.root}-{_root_key(flavour)}"


def _root_key(flavour: Flavour) -> str:
    """What a root is made of, in short: another list of packages is another root."""
    import hashlib

    words = " ".join((str(ROOTS_VERSION), flavour.suite, *sorted(flavour.packages)))
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def clear_lab_cache() -> None:
    """Remove all that is kept.

    Raises:
        ManagerError: a lab of another state folder, or of another user, still uses it.
    """
    cache = cache_folder()
    if not cache.is_dir():
        return
    with path_lock(cache):
        for root in cache.iterdir():
            if processes.find_processes_by_arguments(str(root)):
                raise ManagerError(
                    f"the downloads were not removed: another lab uses {root}",
                    "stop that lab first, as the user who started it",
                )
        shutil.rmtree(cache)
