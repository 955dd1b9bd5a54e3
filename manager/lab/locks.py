"""Locks between commands that run at the same time; each goes when its process does, however.

Source: flock(2).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from manager.lab import state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def lab_lock(name: str) -> Iterator[None]:
    """Let one process at a time change a lab; the lock goes when the process does."""
    path = state.labs_folder() / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        with path.open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Whoever had it before may have removed the file: then this lock guards nothing.
            try:
                if path.stat().st_ino != os.fstat(lock.fileno()).st_ino:
                    continue
            except FileNotFoundError:
                continue
            try:
                yield
            finally:
                path.unlink()
            return


@contextlib.contextmanager
def path_lock(path: Path) -> Iterator[None]:
    """Let one process at a time work on what a path stands for; nothing is written there.

    Labs of other users and other state folders share the cache and the network namespace.
    """
    held = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
