"""How many bytes any set of images takes, and how many leave the store when it goes.

Layers form a tree, and an image is a path in it (`manager.disk.core.layer_tree`). A layer goes
when all images that hold it go. So what a set of images frees is the sum of those stretches of
the tree that only the set holds, each the difference of two sums. Where the engine lets both be
known that is exact; where not, the answer is an interval. On the containerd store the compressed
layers are a second tree of the same shape (`manager.disk.core.packed_layers`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from manager.disk.core.build_cache import find_maybe_cached_layers
from manager.disk.core.holdings import ImagePart, LayerHoldings
from manager.disk.core.layer_sums import packed_sums, unpacked_sums
from manager.disk.core.layer_tree import ROOT_LAYER
from manager.disk.core.packed_layers import content_span, podman_content_span
from manager.model.byte_range import ByteRange
from manager.model.images import ImageStore
from manager.model.snapshot import Snapshot

_DOUBTS_BY_STORE = {
    ImageStore.PODMAN: "Podman does not report what its layers take on disk",
    ImageStore.CONTAINERD: "this engine does not report what each compressed layer takes",
}


@dataclass(frozen=True, slots=True)
class SharedBytes:
    """What stays of images that go, since others have it too."""

    bytes: ByteRange
    images: tuple[str, ...]
    """The ids of those others, those with the most in common first."""


@dataclass(frozen=True, slots=True)
class LayerStretch:
    """Layers that stand on each other without a branch and without an image ending between."""

    bytes: ByteRange
    layers: int
    images: tuple[tuple[str, str], ...]
    """The images whose highest layer is the highest of these: the id, and the platform where an
    image has several."""
    above: tuple["LayerStretch", ...]


class DiskAccounting:
    """The bytes of an engine's images."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Work out what the engine's figures say of each layer.

        Args:
            snapshot: all images, hidden parents of builds included, with details.
        """
        self._snapshot = snapshot
        self.store = snapshot.store
        self.holdings = LayerHoldings(snapshot)
        self.sums = unpacked_sums(snapshot, self.holdings)
        """Of unpacked layers."""
        self.packed = packed_sums(snapshot, self.holdings)
        """Of compressed layers; on Podman the only ones."""
        self.index_sizes = {image.id: image.index_size for image in snapshot.images}
        self.may_be_cached = find_maybe_cached_layers(
            snapshot, self.holdings, self.sums, self.packed
        )
        self.doubt = self._find_doubt()
        """Why no number here can be called exact; empty if all can."""

    def _find_doubt(self) -> str:
        doubt = _DOUBTS_BY_STORE.get(self.store, "")
        if not doubt and any(not part.known for part in self.holdings.parts.values()):
            doubt = "the engine did not report the layers of every image"
        if not doubt and self.sums.contradictory:
            doubt = "the engine's figures contradict each other"
        return doubt or self._doubt_total()

    def _doubt_total(self) -> str:
        told = self._snapshot.layers_size
        if told is None:
            return "the engine's own total was not asked for, or is not available"
        low, high = self.sums.total()
        if not low <= told <= high:
            return f"the engine's own total is {told} bytes, but its layers add up to {low}"
        return ""

    def total(self) -> ByteRange:
        """The bytes of all images."""
        found = self.bytes_held_by(self.holdings.part_keys_by_image)
        told = self._snapshot.layers_size
        if told is None or self.store is not ImageStore.CONTAINERD:
            return found
        # The engine's own total holds what the build cache has as well.
        return replace(found, high=max(found.low, min(found.high, told)))

    def bytes_held_by(self, image_ids: Iterable[str]) -> ByteRange:
        """What none but these images take, whether or not the build cache has it too."""
        return self._count_leaving_bytes(image_ids, frozenset())

    def bytes_freed_by(self, image_ids: Iterable[str]) -> ByteRange:
        """What leaves the store when these images go, and no other.

        Args:
            image_ids: the images that really go: see `manager.disk.core.removal.simulate_removal`.
        """
        # On a graph driver what the build cache has too leaves the store; elsewhere it stays.
        containerd = self.store is ImageStore.CONTAINERD
        return self._count_leaving_bytes(
            image_ids, self.may_be_cached if containerd else frozenset()
        )

    def _count_leaving_bytes(self, image_ids: Iterable[str], kept: frozenset[int]) -> ByteRange:
        gone, parts, freed = self._removed_parts(image_ids)
        if self.store is ImageStore.PODMAN:
            low, high = podman_content_span(self.holdings, self.packed, parts, freed)
            return ByteRange(low, high, self._doubt(low, high))
        low, high = self._span(parts, freed)
        if self.store is ImageStore.CONTAINERD:
            low, _ = self._span(parts, freed - kept)
            least, most = content_span(self.holdings, self.packed, parts, freed, kept)
            sure = gone - self._ending_in(kept, gone)
            low += least + sum(self.index_sizes[it] for it in sure)
            high += most + sum(self.index_sizes[it] for it in gone)
        return ByteRange(low, high, self._doubt(low, high))

    def _ending_in(self, layers: frozenset[int], image_ids: set[str]) -> set[str]:
        """Those of some images whose highest layer is one of some layers."""
        parts = self.holdings.parts
        return {
            image_id
            for image_id in image_ids
            if any(parts[key].end in layers for key in self.holdings.part_keys_by_image[image_id])
        }

    def bytes_left_in_build_cache(self, image_ids: Iterable[str]) -> ByteRange:
        """What of the bytes that leave the store the build cache may go on holding on the disk."""
        if not self.may_be_cached:
            return ByteRange()
        _, parts, freed = self._removed_parts(image_ids)
        low, high = self._span(parts, freed)
        least, most = self._span(parts, freed - self.may_be_cached)
        low, high = max(0, low - most), max(0, high - least)
        return ByteRange(low, high, self._doubt(low, high))

    def bytes_of_deleted_layers(self, deleted: Iterable[str]) -> ByteRange:
        """The bytes of layers that an engine says it has deleted.

        Args:
            deleted: ids as a graph driver reports them; those of images are skipped.
        """
        gone = set(deleted)
        tree = self.holdings.tree
        spans = [
            self.sums.between(tree.parents[layer], layer)
            for layer, chain in enumerate(tree.chain_ids())
            if chain in gone
        ]
        low, high = sum(low for low, _ in spans), sum(high for _, high in spans)
        return ByteRange(low, high, self._doubt(low, high))

    def bytes_still_shared(self, image_ids: Iterable[str]) -> SharedBytes:
        """What of these images stays when they go, and which others it is shared with."""
        gone, _, freed = self._removed_parts(image_ids)
        tops = set()
        for image_id in gone:
            for key in self.holdings.part_keys_by_image[image_id]:
                kept = [layer for layer in self.holdings.parts[key].path if layer not in freed]
                tops.update(kept[-1:])
        everything = set(range(len(self.holdings.tree)))
        runs = self.holdings.layer_stretches(sorted(tops), everything)
        spans = [self.sums.between(below, top) for top, below in runs]
        low, high = sum(low for low, _ in spans), sum(high for _, high in spans)
        others = {
            image_id: count
            for image_id, count in self.holdings.images_with(tops).items()
            if image_id not in gone
        }
        nearest = sorted(others, key=lambda image_id: (-others[image_id], image_id))
        return SharedBytes(ByteRange(low, high, self._doubt(low, high)), tuple(nearest))

    def _removed_parts(
        self, image_ids: Iterable[str]
    ) -> tuple[set[str], list[ImagePart], set[int]]:
        gone = {image_id for image_id in image_ids if image_id in self.holdings.part_keys_by_image}
        parts = self.holdings.parts_exclusive_to(gone)
        return gone, parts, self.holdings.layers_exclusive_to(parts)

    def _doubt(self, low: int, high: int) -> str:
        if self.doubt or low == high:
            return self.doubt
        return "the engine does not report the size of every layer"

    def _span(self, parts: list[ImagePart], layers: set[int]) -> tuple[int, int]:
        runs = self.holdings.layer_stretches((part.end for part in parts), layers)
        spans = [self.sums.between(below, top) for top, below in runs]
        return sum(low for low, _ in spans), sum(high for _, high in spans)

    def stretches(self, image_ids: set[str]) -> tuple[LayerStretch, ...]:
        """The layers of some images as a tree: the largest come first.

        Args:
            image_ids: images; others count only where they have layers in common with these.
        """
        above: dict[int, set[int]] = {}
        ends: dict[int, list[tuple[str, str]]] = {}
        for image_id in sorted(image_ids & self.holdings.part_keys_by_image.keys()):
            parts = [self.holdings.parts[key] for key in self.holdings.part_keys_by_image[image_id]]
            parts = [part for part in parts if part.path]
            for part in parts:
                for below, layer in pairwise((ROOT_LAYER, *part.path)):
                    above.setdefault(below, set()).add(layer)
                platform = part.manifest.platform if part.manifest and len(parts) > 1 else ""
                ends.setdefault(part.end, []).append((image_id, platform))
        return self._build_stretches(ROOT_LAYER, above, ends)

    def _build_stretches(
        self, below: int, above: dict[int, set[int]], ends: dict[int, list[tuple[str, str]]]
    ) -> tuple[LayerStretch, ...]:
        sums = self.packed if self.store is ImageStore.PODMAN else self.sums
        found = []
        for lowest in above.get(below, ()):
            top, count = lowest, 1
            while top not in ends and len(above.get(top, ())) == 1:
                (top,) = above[top]
                count += 1
            low, high = sums.between(below, top)
            size = ByteRange(low, high, self._doubt(low, high))
            found.append(
                LayerStretch(
                    size, count, tuple(ends.get(top, ())), self._build_stretches(top, above, ends)
                )
            )
        return tuple(sorted(found, key=lambda it: (-it.bytes.high, it.images)))
