"""Locks between runs of the program: each goes when its process does, however that ends."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


WINDOWS_LOCK_OFFSET = 1 << 30
"""Where the byte is that stands for a whole file on Windows, which locks what it stands on."""


@contextmanager
def exclusive_lock(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Let one process at a time go on.

    Nothing is written: a lock that needs a new file could not be had on a full disk.

    Args:
        folder: what the lock is on; made if missing.
        on_wait: called once if another process has it.

    Raises:
        ManagerError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ManagerError(
            f"cannot create the folder {folder}: {error.strerror}",
            "choose a folder on another disk with XDG_STATE_HOME",
        ) from error
    with path_lock(folder, on_wait):
        yield


@contextmanager
def path_lock(path: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let one process at a time work on what a path stands for; nothing is written there.

    Args:
        path: a file or folder that exists; on Windows a folder.
        on_wait: called once if another process has the lock.
    """
    if sys.platform == "win32":
        yield from _lock_on_windows(path, on_wait)
        return
    import fcntl

    held = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@contextmanager
def passing_lock(path: Path) -> Iterator[None]:
    """Let one process at a time go on; the file of the lock goes with it.

    Args:
        path: the file; made if missing, and its folder too.
    """
    import fcntl

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


def _lock_on_windows(
    folder: Path, on_wait: Callable[[], None]
) -> Iterator[None]:  # pragma: no cover
    """The same where folders cannot be locked: a file of one byte is."""
    import msvcrt  # type: ignore[import-not-found, unused-ignore]

    with (folder / "lock").open("a+b") as file:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            on_wait()
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined, unused-ignore]
        yield


def try_lock_file(descriptor: int) -> bool:
    """Lock an open file for as long as it stays open; False if another process has the lock."""
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        os.lseek(descriptor, WINDOWS_LOCK_OFFSET, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
