"""Images in one compressed file: complete or absent, and read back before it is trusted.

Each image is saved by a request of its own: after a request for several, Docker 28 never frees
the layers that they share. The tars are joined here, with shared files once.

Source: OCI image layout 1.1; Docker's image specification 1.2, "Combined Image JSON + Filesystem
Changeset Format" (``manifest.json``), which engines before 25 and Podman write.
"""

from __future__ import annotations

import json
import os
import tarfile
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, cast

from manager.errors import ManagerError
from manager.prune.archive_contents import CHUNK_SIZE, ArchiveContents

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

COMPRESSION_LEVEL = 3
"""For gzip: higher levels take twice as long and save a tenth."""
MANIFEST_FILE, INDEX_FILE, LAYOUT_FILE, REPOSITORIES_FILE = (
    "manifest.json",
    "index.json",
    "oci-layout",
    "repositories",
)


def check_folder(folder: Path) -> None:
    """Check that files can be written to a folder, which is created if it is missing.

    Raises:
        ManagerError: they cannot.
    """
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ManagerError(
            f"cannot save images to {folder}: {error.strerror}", "name another folder"
        ) from error


def write_archive(
    saved: Iterable[Iterable[bytes]], path: Path, report: Callable[[int], None] = lambda _: None
) -> None:
    """Write images to one new file.

    Args:
        saved: the tar of each image, as an engine sends it.
        path: the file, which appears when complete, readable by its owner only.
        report: is given how many bytes have been read.

    Raises:
        ManagerError: the file cannot be written, for example to a full disk.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _create_file(temporary) as file:
                with tarfile.open(
                    fileobj=file, mode="w:gz", compresslevel=COMPRESSION_LEVEL
                ) as archive:
                    _ArchiveWriter(archive, report).write(saved)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except (OSError, tarfile.TarError) as error:
        raise ManagerError(
            f"cannot save the images to {path}: {error}", "name a folder with more free space"
        ) from error


@contextmanager
def _create_file(path: Path) -> Iterator[IO[bytes]]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; systems that cannot sync folders do so by themselves."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class _ArchiveWriter:
    """Joins several tars."""

    def __init__(self, archive: tarfile.TarFile, report: Callable[[int], None]) -> None:
        self._archive = archive
        self._report = report
        self._names: set[str] = set()
        self._rows: list[Any] = []
        self._index: dict[str, Any] | None = None
        self._layout: bytes = b""

    def write(self, saved: Iterable[Iterable[bytes]]) -> None:
        done = 0
        for chunks in saved:
            stream = _ChunkStream(chunks, self._report, done)
            with tarfile.open(mode="r|", fileobj=cast("IO[bytes]", stream)) as source:
                for member in source:
                    self._copy_member(source, member)
            # The padding after the tar has to be read too, or the engine waits.
            while stream.read(CHUNK_SIZE):
                pass
            done = stream.count
        self._add_file(MANIFEST_FILE, json.dumps(self._rows).encode())
        if self._index is not None:
            self._add_file(INDEX_FILE, json.dumps(self._index).encode())
            self._add_file(LAYOUT_FILE, self._layout)

    def _copy_member(self, source: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = member.name.removeprefix("./")
        if name in {MANIFEST_FILE, INDEX_FILE, LAYOUT_FILE, REPOSITORIES_FILE}:
            file = source.extractfile(member)
            self._merge_metadata(name, file.read() if file else b"")
        elif name not in self._names and (member.isfile() or member.issym() or member.isdir()):
            self._names.add(name)
            self._archive.addfile(member, source.extractfile(member) if member.isfile() else None)

    def _merge_metadata(self, name: str, content: bytes) -> None:
        if name == MANIFEST_FILE:
            # Without names: loading a name would take it from an image that has it by then.
            self._rows += [{**row, "RepoTags": None} for row in json.loads(content)]
        elif name == LAYOUT_FILE:
            self._layout = content
        elif name == INDEX_FILE:
            found = json.loads(content)
            if self._index is None:
                self._index = {**found, "manifests": []}
            self._index["manifests"] += [_strip_names(row) for row in found["manifests"]]

    def _add_file(self, name: str, content: bytes) -> None:
        row = tarfile.TarInfo(name)
        row.size, row.mode = len(content), 0o644
        import io

        self._archive.addfile(row, io.BytesIO(content))


def _strip_names(row: dict[str, Any]) -> dict[str, Any]:
    """An entry of an index without image names."""
    notes = {
        key: value
        for key, value in (row.get("annotations") or {}).items()
        if key not in {"io.containerd.image.name", "org.opencontainers.image.ref.name"}
    }
    return {**{k: v for k, v in row.items() if k != "annotations"}, "annotations": notes}


class _ChunkStream:
    """Chunks of bytes as a readable file."""

    def __init__(self, chunks: Iterable[bytes], report: Callable[[int], None], count: int) -> None:
        self._chunks = iter(chunks)
        self._report = report
        self._rest = b""
        self.count = count

    def read(self, size: int) -> bytes:
        parts = [self._rest]
        length = len(self._rest)
        while length < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            parts.append(chunk)
            length += len(chunk)
            self.count += len(chunk)
            self._report(self.count)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]


def verify_archive(path: Path, image_ids: Collection[str]) -> None:
    """Read an archive back, and prove that it has images with all their layers.

    Args:
        path: the file.
        image_ids: the ids of those images.

    Raises:
        ManagerError: the file cannot be read, or a part of an image is missing or broken.
    """
    try:
        with tarfile.open(path, mode="r|gz") as archive:
            contents = ArchiveContents.read(archive)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise _broken_archive_error(path, f"reading it back failed: {error}") from error
    for image_id in image_ids:
        problem = contents.find_problem(image_id)
        if problem:
            raise _broken_archive_error(path, problem)


def _broken_archive_error(path: Path, problem: str) -> ManagerError:
    return ManagerError(f"the archive {path} is incomplete: {problem}", "check the disk")


def read_archive(path: Path) -> Iterator[bytes]:
    """The tar in a file in chunks, as an engine loads it.

    Raises:
        ManagerError: the file cannot be read.
    """
    import gzip

    try:
        with gzip.open(path) as file:
            while chunk := file.read(CHUNK_SIZE):
                yield chunk
    except (OSError, EOFError) as error:
        raise ManagerError(f"cannot read the archive {path}: {error}") from error
