"""Image layers from folders: what one root file system has beyond another.

The same files give the same layer, byte for byte, each time.

Source: OCI image specification 1.1, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

import filecmp
import gzip
import hashlib
import stat
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What the engine fills, or the packages will: only the folder itself is kept.
EMPTY = frozenset({"boot", "dev", "proc", "sys", "run", "var/cache"})
# What a container never reads: package lists and documentation; and what the engine writes.
LEFT_OUT = frozenset(
    {"etc/apt", "var/lib/apt", "var/lib/dpkg"}
    | {"var/log/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info"}
    | {"usr/share/bash-completion", "usr/share/lintian", "etc/resolv.conf", "etc/hostname"}
)
COMPRESSION = 6


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer in the folder of blobs."""

    digest: str
    """Of the compressed file, as the manifest names it."""
    diff_id: str
    """Of the tar inside, as the image's configuration names it."""
    size: int
    """Bytes of the compressed file."""


def pack(tree: Path, below: Path | None, blobs: Path) -> Layer:
    """Make a layer of what a tree has that the tree below it has not, or has otherwise.

    Args:
        tree: a root file system.
        below: the one it stands on; None for the lowest layer.
        blobs: the folder that gets the layer, under its digest.
    """
    partial = blobs / "layer.partial"
    # No name and no time in the header: they would make equal layers differ.
    with partial.open("wb") as raw, gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as packed:
        inner = _Hashing(cast("IO[bytes]", packed))
        with tarfile.TarFile(
            mode="w", fileobj=cast("IO[bytes]", inner), format=tarfile.PAX_FORMAT
        ) as archive:
            _add_changes(archive, tree, below)
    digest = _sha256(partial)
    size = partial.stat().st_size
    partial.rename(blobs / digest.removeprefix("sha256:"))
    return Layer(digest, inner.digest, size)


class _Hashing:
    """Passes bytes on to a file, and hashes them on the way."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._hash = hashlib.sha256()
        self._written = 0

    def tell(self) -> int:
        return self._written

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._written += len(data)
        return self._target.write(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _add_changes(archive: tarfile.TarFile, tree: Path, below: Path | None) -> None:
    first: dict[tuple[int, int], str] = {}
    for path in _walk(tree, ""):
        here = tree / path
        if below is not None and _same(here, below / path):
            continue
        entry = archive.gettarinfo(here, arcname=path)
        entry.mtime = 0
        entry.uname = entry.gname = ""
        status = here.lstat()
        key = (status.st_dev, status.st_ino)
        if entry.isreg() and status.st_nlink > 1 and key in first:
            entry.type, entry.linkname, entry.size = tarfile.LNKTYPE, first[key], 0
            archive.addfile(entry)
        elif entry.isreg() or entry.islnk():
            # tarfile calls a file a link whose other name is in another layer, or left out.
            entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", status.st_size
            first[key] = path
            with here.open("rb") as content:
                archive.addfile(entry, content)
        else:
            archive.addfile(entry)


def _walk(tree: Path, folder: str) -> Iterator[str]:
    """All paths below a folder, each folder before what is in it, in order of their names."""
    for name in sorted(entry.name for entry in (tree / folder).iterdir()):
        path = f"{folder}/{name}" if folder else name
        if path in LEFT_OUT:
            continue
        yield path
        if path not in EMPTY and stat.S_ISDIR((tree / path).lstat().st_mode):
            yield from _walk(tree, path)


def _same(one: Path, other: Path) -> bool:
    try:
        a, b = one.lstat(), other.lstat()
    except FileNotFoundError:
        return False
    if (a.st_mode, a.st_uid, a.st_gid) != (b.st_mode, b.st_uid, b.st_gid):
        return False
    if stat.S_ISLNK(a.st_mode):
        return one.readlink() == other.readlink()
    return not stat.S_ISREG(a.st_mode) or filecmp.cmp(one, other, shallow=False)
