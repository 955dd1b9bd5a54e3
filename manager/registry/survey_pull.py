"""What a pull takes, asked before it begins: of the registries, and of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.model.images import ImageStore
from manager.registry.core.manifests import (
    ImageIndex,
    MalformedDocumentError,
    RegistryManifest,
    parse_image_config,
    parse_manifest,
)
from manager.registry.core.pull_estimate import LocalContent, PullEstimate, chain_ids, estimate_pull
from manager.system.concurrency import map_in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from manager.model.images import Image
    from manager.references.reference import ImageReference
    from manager.registry.document_cache import DocumentCache
    from manager.registry.lookup import ImageLookup, RemoteImage

PARALLEL_LOOKUPS = 8


@dataclass(frozen=True, slots=True)
class PullSurvey:
    """What is known of a pull before it begins."""

    remotes: Mapping[ImageReference, RemoteImage]
    unknown: Mapping[ImageReference, ManagerError]
    """Why nothing is known of the others."""
    here: LocalContent
    store: ImageStore

    def estimate(self, *references: ImageReference) -> PullEstimate:
        """What pulling images takes, all together.

        Args:
            references: some of those that were asked for; none means all that are known.
        """
        chosen = references or tuple(self.remotes)
        known = [self.remotes[it] for it in chosen if it in self.remotes]
        wanted = {it.manifest_digest: it.build_image_to_pull(self.store) for it in known}
        return estimate_pull(tuple(wanted.values()), self.here, self.store)


def survey_pull(
    lookup: ImageLookup,
    references: Sequence[ImageReference],
    images: Iterable[Image],
    store: ImageStore,
    report: Callable[[int, int], None] = lambda _done, _all: None,
) -> PullSurvey:
    """Ask registries for all images in parallel; one that fails does not hinder the others.

    Nor is one waited for that is slow, or that only the engine can reach.

    Args:
        lookup: how.
        references: which, each once.
        images: those that the engine has.
        store: how the engine keeps them.
        report: told how many answers there are, of how many.
    """

    def one(reference: ImageReference) -> RemoteImage | ManagerError:
        try:
            return lookup.fetch_image(reference)
        except ManagerError as error:
            return error

    answers = map_in_threads(tuple(references), one, PARALLEL_LOOKUPS, report, lookup.patience)
    late = ManagerError(f"no answer within {lookup.patience:g} s", "the engine may still reach it")
    lookup.documents.trim()
    remotes = {it: found for it, found in answers.items() if not isinstance(found, ManagerError)}
    told = {it: answers.get(it, late) for it in references}
    unknown = {it: found for it, found in told.items() if isinstance(found, ManagerError)}
    # Now, since what was just read may tell what images that are here were made of.
    return PullSurvey(remotes, unknown, find_local_content(images, lookup.documents, store), store)


def find_local_content(
    images: Iterable[Image], documents: DocumentCache, store: ImageStore
) -> LocalContent:
    """What of an engine's images is known to have come from a registry, and how.

    An engine tells which manifests it pulled an image by, and not which compressed layers these
    have; that is known only of manifests that were read before.

    Args:
        images: all that it has.
        documents: what was read before.
        store: how it keeps images.
    """
    manifests: set[str] = set()
    blobs: set[str] = set()
    chains: set[str] = set()
    for image in images:
        for digest, manifest in _find_cached_manifests(image, documents):
            if not _has_manifest(image, digest, manifest, store):
                continue
            manifests |= {digest, *(name.rpartition("@")[2] for name in image.digests)}
            blobs.add(manifest.config.digest)
            blobs.update(layer.digest for layer in manifest.layers)
            raw = documents.get(manifest.config.digest)
            if raw is not None:
                chains.update(chain_ids(parse_image_config(raw).diff_ids))
    return LocalContent(frozenset(manifests), frozenset(blobs), frozenset(chains))


def _find_cached_manifests(
    image: Image, documents: DocumentCache
) -> Iterator[tuple[str, RegistryManifest]]:
    """The manifests that an image may have come by, with their digests."""
    for digest in dict.fromkeys(name.rpartition("@")[2] for name in image.digests):
        found = _load_cached_manifest(documents, digest)
        if isinstance(found, RegistryManifest):
            yield digest, found
        for entry in found.entries if isinstance(found, ImageIndex) else ():
            inner = _load_cached_manifest(documents, entry.blob.digest)
            if isinstance(inner, RegistryManifest):
                yield entry.blob.digest, inner


def _load_cached_manifest(
    documents: DocumentCache, digest: str
) -> ImageIndex | RegistryManifest | None:
    raw = documents.get(digest)
    try:
        return parse_manifest(raw) if raw is not None else None
    except MalformedDocumentError:
        return None  # a document of another kind: it says nothing of layers


def _has_manifest(image: Image, digest: str, manifest: RegistryManifest, store: ImageStore) -> bool:
    if store is ImageStore.CONTAINERD:
        return any(it.digest == digest and it.unpacked_size for it in image.manifests)
    return image.id == manifest.config.digest
