"""Manifests: what a registry says an image is made of, for which platforms, and how large.

Source: OCI image specification 1.1, "Image Manifest", "Image Index", "Image Configuration"; Docker
image manifest version 2, schema 2. Both say the same under other media types.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from manager.errors import ExitCode, ManagerError
from manager.references.grammar import is_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_MEDIA_TYPES = (OCI_INDEX, DOCKER_MANIFEST_LIST)
MANIFEST_MEDIA_TYPES = (OCI_MANIFEST, DOCKER_MANIFEST)
ATTESTATION_ANNOTATION = "vnd.docker.reference.type"
"""The annotation by which BuildKit marks attestations, which are not images."""
UNKNOWN_PLATFORM = "unknown/unknown"
CONFIG_MEDIA_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
"""The kinds of configuration that make a manifest an image's; charts and the like have others."""


class MalformedDocumentError(ManagerError):
    """What a registry sent is not a manifest, or not one that engines still accept."""

    def __init__(self, message: str, hint: str = "tell its publisher") -> None:
        """Keep the sentence; the exit code is always the registry's."""
        super().__init__(message, hint, ExitCode.REGISTRY)


@dataclass(frozen=True, slots=True)
class Blob:
    """Something that is named by its digest: a layer, a configuration, a manifest."""

    digest: str
    size: int
    """Bytes, as it is sent."""
    media_type: str = ""
    annotations: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One line of an index: the manifest of a platform."""

    blob: Blob
    platform: str
    """``os/arch[/variant]``; empty where it does not say."""


@dataclass(frozen=True, slots=True)
class ImageIndex:
    """Manifests for several platforms under one name."""

    entries: tuple[IndexEntry, ...]
    """Without attestations and other things that are not images."""


@dataclass(frozen=True, slots=True)
class RegistryManifest:
    """One image: its configuration and its layers, lowest first."""

    config: Blob
    layers: tuple[Blob, ...]

    @property
    def download(self) -> int:
        """Bytes of configuration and layers, each blob once."""
        return sum({blob.digest: blob.size for blob in (self.config, *self.layers)}.values())


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image says of itself."""

    platform: str
    """``os/arch[/variant]``; empty where it does not say."""
    created: datetime | None
    diff_ids: tuple[str, ...]
    """The digests of the unpacked layers, lowest first."""
    labels: Mapping[str, str]
    run: Mapping[str, Any]
    """How containers of it run, in the words of the specification: ``Cmd``, ``ExposedPorts``…"""


def parse_manifest(raw: bytes, media_type: str = "") -> ImageIndex | RegistryManifest:
    """Read a manifest or an index.

    Args:
        raw: as the registry sent it.
        media_type: as the registry named it; the document's own counts where it has one.

    Raises:
        MalformedDocumentError: it is neither.
    """
    row = _parse_object(raw, "manifest")
    kind = str(row.get("mediaType") or media_type.partition(";")[0].strip())
    if row.get("schemaVersion") == 1:
        raise MalformedDocumentError(
            "the image has a schema 1 manifest, which engines no longer accept",
            "ask its publisher to build and push it again",
        )
    try:
        if kind in INDEX_MEDIA_TYPES or ("manifests" in row and kind not in MANIFEST_MEDIA_TYPES):
            return ImageIndex(tuple(_parse_entries(row["manifests"])))
        if "config" in row:
            found = RegistryManifest(
                _parse_blob(row["config"]), tuple(_parse_blob(it) for it in row["layers"])
            )
            kind = found.config.media_type
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedDocumentError("the image's manifest is malformed") from error
    else:
        if "config" in row and kind in CONFIG_MEDIA_TYPES:
            return found
    raise MalformedDocumentError(
        f"this is not an image but {kind or 'something else'}", "check the address"
    )


def parse_image_config(raw: bytes) -> ImageConfig:
    """Read the configuration of an image.

    Raises:
        MalformedDocumentError: it is not a configuration.
    """
    row = _parse_object(raw, "configuration")
    try:
        diff_ids = tuple(str(it) for it in (row.get("rootfs") or {}).get("diff_ids") or ())
        run = dict(row.get("config") or {})
        labels = {str(k): str(v) for k, v in (run.get("Labels") or {}).items()}
        words = (row.get("os"), row.get("architecture"), row.get("variant"))
        platform = "/".join(str(word) for word in words if word)
    except (TypeError, ValueError, AttributeError) as error:
        raise MalformedDocumentError("the image's configuration is malformed") from error
    return ImageConfig(platform, _parse_timestamp(row.get("created")), diff_ids, labels, run)


def _parse_object(raw: bytes, what: str) -> dict[str, Any]:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedDocumentError(f"the image's {what} is not valid JSON") from error
    if not isinstance(row, dict):
        raise MalformedDocumentError(f"the image's {what} is malformed")
    return row


def _parse_entries(rows: list[dict[str, Any]]) -> list[IndexEntry]:
    found = []
    for row in rows:
        told = row.get("platform") or {}
        words = (told.get("os"), told.get("architecture"), told.get("variant"))
        platform = "/".join(str(word) for word in words if word)
        annotations = row.get("annotations") or {}
        if (
            platform == UNKNOWN_PLATFORM
            or ATTESTATION_ANNOTATION in annotations
            or row.get("artifactType")
        ):
            continue
        if row.get("mediaType", OCI_MANIFEST) in MANIFEST_MEDIA_TYPES:
            found.append(IndexEntry(_parse_blob(row), platform))
    return found


def _parse_blob(row: dict[str, Any]) -> Blob:
    digest, size = row["digest"], row["size"]
    if not is_digest(digest) or not isinstance(size, int) or size < 0:
        raise ValueError
    annotations = row.get("annotations")
    return Blob(
        digest,
        size,
        str(row.get("mediaType") or ""),
        annotations if isinstance(annotations, dict) else None,
    )


def _parse_timestamp(text: object) -> datetime | None:
    from datetime import UTC

    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
