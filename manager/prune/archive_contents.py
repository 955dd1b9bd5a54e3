"""The contents of an image archive, and whether an image in it is complete."""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tarfile

CHUNK_SIZE = 1 << 20
"""Bytes that are read at a time."""
MAX_JSON_SIZE = 8 << 20
"""Bytes; no manifest and no configuration is larger."""
BLOB_PREFIX = "blobs/sha256/"


@dataclass
class ArchiveContents:
    """The files of an archive: the digest of each, and the bytes of those that may be JSON."""

    digests: dict[str, str] = field(default_factory=dict)
    """By name, 64 hexadecimal digits."""
    texts: dict[str, bytes] = field(default_factory=dict)
    """By name, files that may be JSON."""
    links: dict[str, str] = field(default_factory=dict)
    """By name, the targets of symbolic links."""

    @classmethod
    def read(cls, archive: tarfile.TarFile) -> ArchiveContents:
        """Read a whole archive without writing anything."""
        found = cls()
        for member in archive:
            name = member.name.removeprefix("./")
            if member.issym():
                target = posixpath.join(posixpath.dirname(name), member.linkname)
                found.links[name] = posixpath.normpath(target)
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                found.digests[name], text = _read_member(file, member.size)
                if text is not None:
                    found.texts[name] = text
        return found

    def find_problem(self, image_id: str) -> str:
        """What is missing or broken in an image; empty if it is complete."""
        digits = image_id.removeprefix("sha256:")
        if f"{BLOB_PREFIX}{digits}" in self.texts and "manifests" in self._json(
            f"{BLOB_PREFIX}{digits}"
        ):
            return self._index_problem(digits)
        if f"{BLOB_PREFIX}{digits}" in self.texts and "layers" in self._json(
            f"{BLOB_PREFIX}{digits}"
        ):
            return self._manifest_problem(digits)
        return self._config_problem(digits)

    def _json(self, name: str) -> Any:  # noqa: ANN401 - any JSON
        try:
            return json.loads(self.texts.get(name, b"{}"))
        except ValueError:
            return {}

    def _blob_problem(self, digits: str) -> str:
        held = self.digests.get(f"{BLOB_PREFIX}{digits}")
        if held is None:
            return f"blob {digits[:12]} is missing"
        return "" if held == digits else f"blob {digits[:12]} is broken"

    def _index_problem(self, digits: str) -> str:
        """An image for several platforms needs at least one complete platform."""
        problem = self._blob_problem(digits)
        if problem:
            return problem
        rows = self._json(f"{BLOB_PREFIX}{digits}")["manifests"]
        names = [row["digest"].removeprefix("sha256:") for row in rows]
        present = [name for name in names if f"{BLOB_PREFIX}{name}" in self.digests]
        problems = [self._manifest_problem(name) for name in present]
        if not present:
            return f"no platform of {digits[:12]} is present"
        return next(iter(filter(None, problems)), "") if all(problems) else ""

    def _manifest_problem(self, digits: str) -> str:
        manifest = self._json(f"{BLOB_PREFIX}{digits}")
        try:
            rows = [manifest["config"], *manifest["layers"]]
            names = [digits, *(row["digest"].removeprefix("sha256:") for row in rows)]
        except (KeyError, TypeError):
            return f"blob {digits[:12]} is not a valid manifest"
        return next(iter(filter(None, map(self._blob_problem, names))), "")

    def _config_problem(self, digits: str) -> str:
        """The image has the id of its configuration, as on stores other than containerd's."""
        for row in self._json("manifest.json") or ():
            if posixpath.basename(row["Config"]).removesuffix(".json") == digits:
                return self._row_problem(digits, row)
        return f"image {digits[:12]} is missing"

    def _row_problem(self, digits: str, row: dict[str, Any]) -> str:
        if self.digests.get(row["Config"]) != digits:
            return f"the configuration of {digits[:12]} is missing or broken"
        wanted = (self._json(row["Config"]).get("rootfs") or {}).get("diff_ids") or []
        held = [f"sha256:{self._layer(name)}" for name in row["Layers"] or ()]
        return "" if held == wanted else f"a layer of {digits[:12]} is missing or broken"

    def _layer(self, name: str) -> str:
        """The digest of a layer; a layer that images share can be a link."""
        for _ in range(len(self.links) + 1):
            if name not in self.links:
                break
            name = self.links[name]
        return self.digests.get(name, "")


def _read_member(file: IO[bytes], size: int) -> tuple[str, bytes | None]:
    """The digest of a file, and its bytes if it looks like JSON and is small."""
    digest = sha256()
    chunk = file.read(CHUNK_SIZE)
    is_text = size <= MAX_JSON_SIZE and chunk[:1] in {b"{", b"["}
    parts = []
    while chunk:
        digest.update(chunk)
        if is_text:
            parts.append(chunk)
        chunk = file.read(CHUNK_SIZE)
    return digest.hexdigest(), b"".join(parts) if is_text else None
