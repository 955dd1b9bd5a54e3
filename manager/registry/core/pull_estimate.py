"""What pulling images takes: bytes to download, and bytes on the engine's disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from manager.disk.core.layer_tree import chain_id
from manager.model.images import ImageStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from manager.registry.core.manifests import RegistryManifest
    from manager.registry.core.unpacked_size import UnpackedSize


@dataclass(frozen=True, slots=True)
class ImageToPull:
    """An image that is to be pulled, as its registry tells it."""

    digest: str
    """Of the manifest for the platform."""
    manifest: RegistryManifest
    diff_ids: tuple[str, ...]
    """Of the layers, lowest first; empty where the registry does not tell."""
    layer_sizes: tuple[UnpackedSize, ...]
    """What each layer takes, lowest first."""
    documents: int
    """Bytes of the manifest, and of the index that leads to it."""
    index_digest: str = ""
    """The digest of the index that the name means, if it is one."""

    def chains(self) -> tuple[str, ...]:
        """What each layer is known by together with those beneath it.

        Source: OCI image specification 1.1, "Layer ChainID". Where diff ids are not known, the
        digests of the compressed layers take their place.
        """
        layers = self.manifest.layers
        known = self.diff_ids if len(self.diff_ids) == len(layers) else [it.digest for it in layers]
        return tuple(chain_ids(known))


@dataclass(frozen=True, slots=True)
class LocalContent:
    """What an engine surely has. It does not tell all: what it may have besides does not count."""

    manifests: frozenset[str] = frozenset()
    """Digests of manifests whose layers are all here."""
    blobs: frozenset[str] = frozenset()
    """Digests of compressed layers and configurations that came to it from a registry."""
    chains: frozenset[str] = frozenset()
    """Layers that are unpacked here, by their chains."""


@dataclass(frozen=True, slots=True)
class PullEstimate:
    """What pulling some images takes, all together."""

    download: int = 0
    """Bytes that registries will send, at most."""
    required_bytes: int = 0
    """Bytes without which the pull must fail."""
    low_bytes: int = 0
    """Bytes that the engine's store grows by, at least…"""
    likely_bytes: int = 0
    """…likely…"""
    high_bytes: int = 0
    """…and at most."""

    def __bool__(self) -> bool:
        """Whether there is anything to download."""
        return self.download > 0


@dataclass(slots=True)
class _MissingContent:
    """Blobs and layers, each once."""

    blobs: dict[object, int] = field(default_factory=dict)
    layers: dict[str, UnpackedSize] = field(default_factory=dict)


def estimate_pull(
    wanted: Sequence[ImageToPull], here: LocalContent, store: ImageStore
) -> PullEstimate:
    """What pulling images takes that an engine has not.

    A graph driver downloads the same blob again for each parent that it is unpacked on; the
    containerd store keeps each blob once, and keeps it; Podman downloads it for each image that is
    pulled at the same time, and each time that it is in one. (Measured on all of them.)

    Args:
        wanted: each image once.
        here: what the engine has already.
        store: how it keeps images.
    """
    counted, documents = _MissingContent(), 0
    for image in wanted:
        if image.digest in here.manifests:
            # The index can be new all the same, where another platform has changed.
            documents += (
                image.documents
                if image.index_digest and image.index_digest not in here.manifests
                else 0
            )
            continue
        documents += image.documents
        _add_missing_content(counted, image, here, store)
    content = sum(counted.blobs.values())
    likely = sum(it.likely for it in counted.layers.values())
    high = sum(it.high for it in counted.layers.values())
    download = content + documents
    if store is ImageStore.CONTAINERD:
        return PullEstimate(download, content, download, download + likely, download + high)
    # A layer lies there as it came until it has been unpacked; Podman puts it on another disk.
    largest = max(counted.blobs.values(), default=0) if store is ImageStore.GRAPH_DRIVER else 0
    # Podman counts what it writes down of an image, too.
    extra = download if store is ImageStore.PODMAN else 0
    return PullEstimate(download, largest, 0, likely, high + extra)


def _add_missing_content(
    counted: _MissingContent, image: ImageToPull, here: LocalContent, store: ImageStore
) -> None:
    config = image.manifest.config
    if config.digest not in here.blobs:
        counted.blobs[image.digest, "config"] = config.size
    within: set[str] = set()
    layers = zip(image.manifest.layers, image.chains(), image.layer_sizes, strict=True)
    for place, (layer, chain, size) in enumerate(layers):
        have = layer.digest in here.blobs and (
            store is ImageStore.CONTAINERD or chain in here.chains
        )
        if store is ImageStore.PODMAN and not have:
            counted.blobs[image.digest, place] = layer.size
        elif not have and layer.digest not in within:
            within.add(layer.digest)
            by_digest = store is ImageStore.CONTAINERD
            counted.blobs[layer.digest if by_digest else (layer.digest, chain)] = layer.size
        if chain not in here.chains:
            counted.layers[chain] = size


class DiskFit(StrEnum):
    """Whether a disk has room for a pull."""

    YES = "fits"
    PERHAPS = "may not fit"
    HARDLY = "likely does not fit"
    NO = "cannot fit"


def assess_disk_fit(wanted: PullEstimate, free: int) -> DiskFit:
    """Whether so much room is enough.

    Args:
        wanted: what the pull takes.
        free: bytes.
    """
    if max(wanted.required_bytes, wanted.low_bytes) > free:
        return DiskFit.NO
    if wanted.likely_bytes > free:
        return DiskFit.HARDLY
    return DiskFit.PERHAPS if wanted.high_bytes > free else DiskFit.YES


def bytes_to_free(wanted: PullEstimate, free: int) -> int:
    """Bytes that have to come free so that a pull likely fits.

    Args:
        wanted: what the pull takes.
        free: bytes that are free now.
    """
    # What is downloaded lies beside what is unpacked for a while.
    return max(0, max(wanted.likely_bytes, wanted.low_bytes) + wanted.required_bytes - free)


def chain_ids(diff_ids: Iterable[str]) -> Iterator[str]:
    """The id of each layer's chain, lowest first."""
    chain = ""
    for diff_id in diff_ids:
        chain = chain_id(chain, diff_id)
        yield chain
