"""Image layers from folders: what one root file system has beyond another, or lacks.

The same files give the same layer, byte for byte, each time. Extended attributes are not kept.

Source: OCI image specification 1.1, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

import filecmp
import gzip
import hashlib
import os
import stat
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPRESSION_LEVEL = 6
WHITEOUT_PREFIX = ".wh."
"""Before the name of a file or folder that the layer below has and this one takes away."""


@dataclass(frozen=True, slots=True)
class PackedLayer:
    """One layer in the folder of blobs."""

    digest: str
    """Of the compressed file, as the manifest names it."""
    diff_id: str
    """Of the tar inside, as the image's configuration names it."""
    size: int
    """Bytes of the compressed file."""


def pack_layer(tree: Path, below: Path | None, blobs: Path) -> PackedLayer:
    """Make a layer of what a tree has that the tree below it has not, or has otherwise.

    Args:
        tree: a root file system.
        below: the one it stands on; None for the lowest layer.
        blobs: the folder that gets the layer, under its digest.
    """
    partial = blobs / "layer.partial"
    # No name and no time in the header: they would make equal layers differ.
    with (
        partial.open("wb") as raw,
        gzip.GzipFile("", "wb", COMPRESSION_LEVEL, raw, mtime=0) as packed,
    ):
        inner = _HashingWriter(cast("IO[bytes]", packed))
        with tarfile.TarFile(
            mode="w", fileobj=cast("IO[bytes]", inner), format=tarfile.PAX_FORMAT
        ) as archive:
            for path in _changed_paths(tree, below, ""):
                _add_entry(archive, tree, path)
    digest = _sha256(partial)
    size = partial.stat().st_size
    partial.rename(blobs / digest.removeprefix("sha256:"))
    return PackedLayer(digest, inner.digest, size)


class _HashingWriter:
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


def _changed_paths(tree: Path, below: Path | None, prefix: str) -> Iterator[str]:
    """What the layer holds, in order of the names, each folder before what is in it.

    The folders above a change are in it too: an engine that unpacks a layer by itself would
    make up owner and mode of those it does not find.
    """
    ours = {entry.name for entry in tree.iterdir()}
    theirs = {entry.name for entry in below.iterdir()} if below else set()
    for name in sorted(ours | theirs):
        if name not in ours:
            yield f"{prefix}{WHITEOUT_PREFIX}{name}"
            continue
        here, there = tree / name, below / name if below else None
        changed = there is None or not _is_unchanged(here, there)
        inner = []
        if _is_folder(here):
            lower = there if there and _is_folder(there) else None
            inner = list(_changed_paths(here, lower, f"{prefix}{name}/"))
        if changed or inner:
            yield f"{prefix}{name}"
            yield from inner


def _add_entry(archive: tarfile.TarFile, tree: Path, path: str) -> None:
    here = tree / path
    if here.name.startswith(WHITEOUT_PREFIX) and not os.path.lexists(here):
        archive.addfile(tarfile.TarInfo(path))
        return
    entry = archive.gettarinfo(here, arcname=path)
    entry.mtime = 0
    entry.uname = entry.gname = ""
    # A second name of a file that is in the archive already is a link, without content.
    if entry.isreg():
        with here.open("rb") as content:
            archive.addfile(entry, content)
    else:
        archive.addfile(entry)


def _is_folder(path: Path) -> bool:
    """Whether it is a folder itself, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def _is_unchanged(one: Path, other: Path) -> bool:
    """Whether two files or folders are alike in type, mode, owner and content.

    A folder's content is not looked at. A device counts as changed: it is told apart by more.
    """
    try:
        a, b = one.lstat(), other.lstat()
    except FileNotFoundError:
        return False
    if (a.st_mode, a.st_uid, a.st_gid) != (b.st_mode, b.st_uid, b.st_gid):
        return False
    if stat.S_ISLNK(a.st_mode):
        return one.readlink() == other.readlink()
    if stat.S_ISREG(a.st_mode):
        return filecmp.cmp(one, other, shallow=False)
    return stat.S_ISDIR(a.st_mode)
