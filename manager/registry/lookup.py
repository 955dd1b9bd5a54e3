"""Look an image up in its registry: what its name means now, and what it consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.registry.core.freshness import is_same_image
from manager.registry.core.manifests import (
    ImageConfig,
    ImageIndex,
    RegistryManifest,
    parse_image_config,
    parse_manifest,
)
from manager.registry.core.platforms import choose_entry
from manager.registry.core.pull_estimate import ImageToPull
from manager.registry.core.unpacked_size import estimate_unpacked_size, has_length_trailer
from manager.registry.protocol.errors import RegistryError
from manager.system.concurrency import map_in_threads

if TYPE_CHECKING:
    from manager.model.images import Image, ImageStore
    from manager.references.reference import ImageReference
    from manager.registry.core.manifests import Blob, IndexEntry
    from manager.registry.core.quota import Quota
    from manager.registry.document_cache import DocumentCache
    from manager.registry.protocol.client import Registry
    from manager.registry.protocol.registries import RegistryPool

PARALLEL_LENGTHS = 6
"""Layers of an image that are asked about in parallel."""
RESERVED_PULL_COUNT = 3
"""The last pulls of a quota, which are left to the engine."""


@dataclass(frozen=True, slots=True)
class RemoteImage:
    """An image as its registry tells it."""

    reference: ImageReference
    digest: str
    """What the name means now: an index, or a manifest."""
    platforms: tuple[IndexEntry, ...]
    """Those of the index; empty where there is none."""
    manifest_digest: str
    """Of the manifest for the platform."""
    manifest: RegistryManifest
    documents: int
    """Bytes of the manifest, and of the index that leads to it."""
    config: ImageConfig
    lengths: tuple[int | None, ...]
    """How long each layer is unpacked, modulo 4 GiB; None where that is not known."""
    quota: Quota | None
    """How many more pulls the registry allows, if it says so."""

    def is_same(self, image: Image) -> bool:
        """Whether an image that an engine has is this one."""
        return is_same_image(
            image, {self.digest, self.manifest_digest}, self.manifest.config.digest
        )

    def build_image_to_pull(self, store: ImageStore) -> ImageToPull:
        """It as an image that an engine is to pull.

        Args:
            store: how that engine keeps images.
        """
        pairs = zip(self.manifest.layers, self.lengths, strict=True)
        sizes = tuple(estimate_unpacked_size(layer, length, store) for layer, length in pairs)
        return ImageToPull(
            *(self.manifest_digest, self.manifest, self.config.diff_ids, sizes, self.documents),
            self.digest,
        )


class QuotaError(ManagerError):
    """So little of a quota is left that only the engine is to use it."""


@dataclass(frozen=True, slots=True)
class ImageLookup:
    """How images are looked up."""

    registries: RegistryPool
    documents: DocumentCache
    platform: str
    """``os/arch[/variant]``, whose manifest is looked at."""
    reads_layer_lengths: bool = True
    """Whether layers are asked how long they are unpacked."""
    spares_quota: bool = False
    """Whether a small rest of a quota is left alone."""
    patience: float = 5.0
    """Seconds that registries get to tell of all images before a pull begins."""

    def fetch_image(self, reference: ImageReference) -> RemoteImage:
        """Look one up.

        What its name means is asked by HEAD, which no quota counts; what has been read once is not
        asked for again.

        Args:
            reference: which.

        Raises:
            RegistryError: it is not there, or its registry cannot be asked.
            QuotaError: only a few pulls are left.
            ManagerError: (registry) it is not an image, or not available for the platform.
        """
        return self.registries.ask_first_available(
            reference.registry, lambda it: self._fetch_from(it, reference)
        )

    def fetch_digest(self, reference: ImageReference) -> str:
        """Only the digest that a name means now.

        Raises:
            RegistryError: it is not there, or its registry cannot be asked.
        """
        wanted = reference.digest or reference.tag or ""
        return self.registries.ask_first_available(
            reference.registry, lambda it: it.fetch_head(reference.path, wanted).digest
        )

    def _fetch_from(self, registry: Registry, reference: ImageReference) -> RemoteImage:
        digest = reference.digest or ""
        # By HEAD it is also told how many pulls are left, before the first of them is used up.
        if not digest or (self.spares_quota and self.documents.get(digest) is None):
            digest = registry.fetch_head(reference.path, digest or reference.tag or "").digest
        raw = self._fetch_document(registry, reference, digest)
        found, documents = parse_manifest(raw), len(raw)
        platforms: tuple[IndexEntry, ...] = ()
        manifest_digest = digest
        if isinstance(found, ImageIndex):
            platforms = found.entries
            entry = choose_entry(platforms, self.platform)
            if entry is None:
                raise _no_platform_error(reference, self.platform, platforms)
            manifest_digest = entry.blob.digest
            raw = self._fetch_document(registry, reference, manifest_digest)
            documents += len(raw)
            found = parse_manifest(raw)
        if not isinstance(found, RegistryManifest):
            raise ManagerError(
                f"{reference.familiar} is an index of indexes, which engines do not accept",
                "ask its publisher",
                ExitCode.REGISTRY,
            )
        config = parse_image_config(self._fetch_blob(registry, reference, found.config))
        layers = {layer.digest: layer for layer in found.layers}
        lengths = map_in_threads(
            tuple(layers),
            lambda it: self._fetch_length(registry, reference, layers[it]),
            PARALLEL_LENGTHS,
        )
        return RemoteImage(
            *(reference, digest, platforms, manifest_digest, found, documents, config),
            tuple(lengths[layer.digest] for layer in found.layers),
            registry.quota,
        )

    def _fetch_document(self, registry: Registry, reference: ImageReference, digest: str) -> bytes:
        raw = self.documents.get(digest)
        if raw is None:
            quota = registry.quota  # as of now: other look-ups use it up at the same time
            if self.spares_quota and quota is not None and quota.remaining <= RESERVED_PULL_COUNT:
                raise QuotaError(
                    f"{registry.host} allows only {quota.remaining} more pulls",
                    "they are reserved for the engine",
                    ExitCode.REGISTRY,
                )
            raw = registry.fetch_manifest(reference.path, digest).raw
            self.documents.put(digest, raw)
        return raw

    def _fetch_blob(self, registry: Registry, reference: ImageReference, blob: Blob) -> bytes:
        raw = self.documents.get(blob.digest)
        if raw is None:
            raw = registry.fetch_blob(reference.path, blob.digest)
            self.documents.put(blob.digest, raw)
        return raw

    def _fetch_length(
        self, registry: Registry, reference: ImageReference, layer: Blob
    ) -> int | None:
        if not self.reads_layer_lengths or not has_length_trailer(layer):
            return None
        length = self.documents.length(layer.digest)
        if length is None:
            try:
                tail = registry.fetch_trailer(reference.path, layer.digest, layer.size)
            except RegistryError:
                return None  # only that it is not known: the layer itself may still be had
            if tail is None:
                return None
            length = int.from_bytes(tail, "little")
            self.documents.put_length(layer.digest, length)
        return length


def _no_platform_error(
    reference: ImageReference, platform: str, entries: tuple[IndexEntry, ...]
) -> ManagerError:
    names = ", ".join(dict.fromkeys(entry.platform for entry in entries if entry.platform))
    return ManagerError(
        f"{reference.familiar} is not available for {platform}",
        f"choose one with --platform: {names}" if names else "it is available for no platform",
        ExitCode.REGISTRY,
    )
