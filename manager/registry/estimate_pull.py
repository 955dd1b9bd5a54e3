"""What a pull takes, asked beforehand: of the registries, and of the engine what it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.model.snapshot import Store
from manager.registry.core.manifests import (
    Index,
    MalformedError,
    Manifest,
    read_config,
    read_manifest,
)
from manager.registry.core.pull_estimate import Here, Need, chain_ids, need
from manager.system.concurrency import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from manager.model.snapshot import Image
    from manager.references.reference import ImageReference
    from manager.registry.document_cache import Documents
    from manager.registry.lookup import Lookup, Remote

PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Sized:
    """What is known of a pull before it begins."""

    remotes: Mapping[ImageReference, Remote]
    unknown: Mapping[ImageReference, ManagerError]
    """Why nothing is known of the others."""
    here: Here
    store: Store

    def need(self, *references: ImageReference) -> Need:
        """What pulling images takes, all together.

        Args:
            references: some of those that were asked for; none means all that are known.
        """
        chosen = references or tuple(self.remotes)
        known = [self.remotes[it] for it in chosen if it in self.remotes]
        wanted = {it.manifest_digest: it.wanted(self.store) for it in known}
        return need(tuple(wanted.values()), self.here, self.store)


def ask(
    lookup: Lookup,
    references: Sequence[ImageReference],
    images: Iterable[Image],
    store: Store,
    report: Callable[[int, int], None] = lambda _done, _all: None,
) -> Sized:
    """Ask registries for all images at once; one that cannot be asked hinders no other.

    Nor is one waited for that is slow, or that only the engine can reach.

    Args:
        lookup: how.
        references: which, each once.
        images: those that the engine has.
        store: how the engine keeps them.
        report: told how many answers there are, of how many.
    """

    def one(reference: ImageReference) -> Remote | ManagerError:
        try:
            return lookup.remote(reference)
        except ManagerError as error:
            return error

    answers = together(tuple(references), one, PARALLEL, report, lookup.patience)
    late = ManagerError(
        f"no answer came within {lookup.patience:g} s", "the engine may have more luck"
    )
    lookup.documents.trim()
    remotes = {it: found for it, found in answers.items() if not isinstance(found, ManagerError)}
    told = {it: answers.get(it, late) for it in references}
    unknown = {it: found for it, found in told.items() if isinstance(found, ManagerError)}
    # Now, since what was just read may tell what images that are here were made of.
    return Sized(remotes, unknown, present(images, lookup.documents, store), store)


def present(images: Iterable[Image], documents: Documents, store: Store) -> Here:
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
        for digest, manifest in _read_before(image, documents):
            if not _is_here(image, digest, manifest, store):
                continue
            manifests |= {digest, *(name.rpartition("@")[2] for name in image.digests)}
            blobs.add(manifest.config.digest)
            blobs.update(layer.digest for layer in manifest.layers)
            raw = documents.get(manifest.config.digest)
            if raw is not None:
                chains.update(chain_ids(read_config(raw).diff_ids))
    return Here(frozenset(manifests), frozenset(blobs), frozenset(chains))


def _read_before(image: Image, documents: Documents) -> Iterator[tuple[str, Manifest]]:
    """The manifests that an image may have come by, with their digests."""
    for digest in dict.fromkeys(name.rpartition("@")[2] for name in image.digests):
        found = _document(documents, digest)
        if isinstance(found, Manifest):
            yield digest, found
        for entry in found.entries if isinstance(found, Index) else ():
            inner = _document(documents, entry.blob.digest)
            if isinstance(inner, Manifest):
                yield entry.blob.digest, inner


def _document(documents: Documents, digest: str) -> Index | Manifest | None:
    raw = documents.get(digest)
    try:
        return read_manifest(raw) if raw is not None else None
    except MalformedError:
        return None  # a document of another kind: it says nothing of layers


def _is_here(image: Image, digest: str, manifest: Manifest, store: Store) -> bool:
    if store is Store.CONTAINERD:
        return any(it.digest == digest and it.unpacked for it in image.manifests)
    return image.id == manifest.config.digest
