"""Manifests and configurations that registries gave: kept by their digest, as files in the cache.

What has a digest never changes, so that no registry is asked for it twice; Docker Hub counts.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING

from manager.references.grammar import is_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTS_FOLDER = "documents"
MAX_CACHED_FILES = 4000
"""Files that are kept; beyond that the oldest go."""
LENGTH_SUFFIX = ".length"
"""Ends the name of a file that holds not a document but how long a layer is unpacked."""


class DocumentCache:
    """The documents. It is only a cache: what cannot be read or written is asked for again."""

    def __init__(self, cache: Path) -> None:
        """Remember where.

        Args:
            cache: the cache folder; made if missing.
        """
        self._folder = cache / DOCUMENTS_FOLDER

    def get(self, digest: str) -> bytes | None:
        """A document; None if it is not kept, or not whole.

        Args:
            digest: whose.
        """
        if not is_digest(digest):
            return None  # nothing is kept under what is not a digest
        algorithm = digest.partition(":")[0]
        try:
            raw = self._path(digest).read_bytes()
        except OSError:
            return None
        return raw if hashlib.new(algorithm, raw).hexdigest() == digest.partition(":")[2] else None

    def put(self, digest: str, raw: bytes) -> None:
        """Keep a document.

        Args:
            digest: the document's own.
            raw: the document.
        """
        self._write(self._path(digest), raw)

    def length(self, digest: str) -> int | None:
        """How long a layer is unpacked, modulo 4 GiB; None if that is not kept.

        Args:
            digest: of the layer.
        """
        try:
            return int(self._path(digest, LENGTH_SUFFIX).read_bytes())
        except (OSError, ValueError):
            return None

    def put_length(self, digest: str, length: int) -> None:
        """Keep how long a layer is unpacked.

        Args:
            digest: of the layer.
            length: bytes, modulo 4 GiB.
        """
        self._write(self._path(digest, LENGTH_SUFFIX), str(length).encode())

    def _path(self, digest: str, end: str = "") -> Path:
        return self._folder / (digest.replace(":", "-") + end)

    def _write(self, path: Path, raw: bytes) -> None:
        """Write a file whole or not at all; a failure only means that nothing is cached."""
        # Several threads may keep the same document at the same time.
        partial = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.write_bytes(raw)
            partial.replace(path)

    def trim(self) -> None:
        """Let the oldest go where there are too many."""
        with suppress(OSError):  # another process may be trimming too
            found = sorted(self._files())
            for _, path in found[: max(len(found) - MAX_CACHED_FILES, 0)]:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, Path]]:
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                yield entry.stat().st_mtime, Path(entry.path)
