"""Control groups that a lab's engine made: empty folders once it has ended, and then removed.

Source: cgroups(7); version 1 has one tree a controller, version 2 a single one.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from manager.lab.processes import wait_until

CGROUP_ROOT = Path("/sys/fs/cgroup")
PODMAN_PARENT = "libpod_parent"
"""Podman has no option for the parent of all its groups."""


def cgroup_parent(hostname: str) -> str:
    """The group under which an engine is told to put those of its containers."""
    return f"/{hostname}"


def remove_cgroups(hostname: str, *, podman: bool) -> bool:
    """Remove the groups of a lab whose processes have ended; whether none is left.

    Args:
        hostname: the lab's.
        podman: whether it was a Podman; the groups of another one are then left alone only as
            long as they have processes.
    """
    trees = list(_cgroup_trees(hostname, podman=podman))
    return wait_until(lambda: all([_remove_tree(tree) for tree in trees]), 5)  # noqa: C419 - all of them are to be tried


def _cgroup_trees(hostname: str, *, podman: bool) -> Iterator[Path]:
    for root in (CGROUP_ROOT, *CGROUP_ROOT.iterdir()):
        if root.is_dir() and not root.is_symlink():
            yield root / cgroup_parent(hostname).lstrip("/")
            if podman:
                yield root / PODMAN_PARENT


def _remove_tree(tree: Path) -> bool:
    """Remove a tree of groups from its leaves on; what still has processes stays."""
    if not tree.is_dir():
        return True
    for folder, _, _ in os.walk(tree, topdown=False):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            # Podman's groups may be those of another Podman, in use: they are not ours.
            return tree.name == PODMAN_PARENT
    return True
