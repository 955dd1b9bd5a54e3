"""How many bytes any set of images takes, and how many leave the store when it goes.

Layers form a tree, and an image is a path in it (`manager.core.layers`). A layer goes when all
images that hold it go. So what a set of images frees is the sum of those stretches of the tree
that only the set holds, each the difference of two sums. Where the engine lets both be known that
is exact; where not, the answer is an interval. On the containerd store the compressed layers are
a second tree of the same shape (`manager.core.content`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from manager.core import content
from manager.core.cached import maybe_cached
from manager.core.holdings import Holdings, Part
from manager.core.model import Snapshot, Store
from manager.core.sizes import packed_sums, unpacked_sums

_DOUBTS = {
    Store.PODMAN: "Podman does not tell what its layers take on the disk",
    Store.CONTAINERD: "this engine does not tell what each compressed layer takes",
}


@dataclass(frozen=True, slots=True)
class Bytes:
    """A number of bytes, known or between two values."""

    low: int = 0
    high: int = 0
    doubt: str = ""
    """Why it may not be called exact; empty where nothing speaks against it."""

    @property
    def exact(self) -> bool:
        """Whether it is known to the byte, and the engine's own total agrees."""
        return self.low == self.high and not self.doubt


@dataclass(frozen=True, slots=True)
class Stay:
    """What stays of images that go, since others have it too."""

    bytes: Bytes = Bytes()
    images: tuple[str, ...] = ()
    """The ids of those others, those with the most in common first."""


class Disk:
    """The bytes of an engine's images."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Work out what the engine's figures say of each layer.

        Args:
            snapshot: all images, hidden parents of builds included, with details.
        """
        self._snapshot = snapshot
        self._holdings = Holdings(snapshot)
        self._sums = unpacked_sums(snapshot, self._holdings)
        self._packed = packed_sums(snapshot, self._holdings)
        self._cached = maybe_cached(snapshot, self._holdings, self._sums, self._packed)
        self.doubt = self._check()
        """Why no number here may be called exact; empty if nothing speaks against it."""

    def _check(self) -> str:
        doubt = _DOUBTS.get(self._snapshot.store, "")
        if not doubt and any(not part.known for part in self._holdings.parts.values()):
            doubt = "the engine did not tell the layers of every image"
        if not doubt and self._sums.contradictory:
            doubt = "the engine's figures contradict each other"
        return doubt or self._check_total()

    def _check_total(self) -> str:
        told = self._snapshot.layers_size
        if told is None:
            return "the engine's own total was not asked for, or not to be had"
        low, high = self._sums.total()
        if not low <= told <= high:
            return f"the engine's own total is {told} bytes, that of its layers {low}"
        return ""

    def total(self) -> Bytes:
        """The bytes of all images."""
        return self.frees(self._holdings.of_image)

    def frees(self, image_ids: Iterable[str]) -> Bytes:
        """What leaves the store when these images go, and no other.

        Args:
            image_ids: the images that really go: see `manager.core.removal.simulate`.
        """
        gone, parts, freed = self._going(image_ids)
        if self._snapshot.store is Store.PODMAN:
            low, high = content.span_of_podman(self._holdings, self._packed, parts, freed)
            return Bytes(low, high, self._doubt(low, high))
        low, high = self._span(parts, freed)
        if self._snapshot.store is Store.CONTAINERD:
            # Snapshots that the build cache has too stay; on a graph driver they leave the store.
            low, _ = self._span(parts, freed - self._cached)
            least, most = content.span(self._holdings, self._packed, parts, freed, self._cached)
            high += most + content.indexes(self._snapshot, gone)
            low += least + content.indexes(self._snapshot, gone - self._built(gone))
        return Bytes(low, high, self._doubt(low, high))

    def _built(self, image_ids: set[str]) -> set[str]:
        """Those of some images whose highest layers the build cache may hold."""
        parts = self._holdings.parts
        return {
            image_id
            for image_id in image_ids
            if any(parts[key].end in self._cached for key in self._holdings.of_image[image_id])
        }

    def cached(self, image_ids: Iterable[str]) -> Bytes:
        """What of the bytes that leave the store the build cache may go on holding on the disk."""
        if not self._cached:
            return Bytes()
        _, parts, freed = self._going(image_ids)
        low, high = self._span(parts, freed)
        least, most = self._span(parts, freed - self._cached)
        low, high = max(0, low - most), max(0, high - least)
        return Bytes(low, high, self._doubt(low, high))

    def stays(self, image_ids: Iterable[str]) -> Stay:
        """What of these images stays when they go, and which others it is shared with."""
        gone, _, freed = self._going(image_ids)
        tops = set()
        for image_id in gone:
            for key in self._holdings.of_image[image_id]:
                kept = [layer for layer in self._holdings.parts[key].path if layer not in freed]
                tops.update(kept[-1:])
        everything = set(range(len(self._holdings.tree)))
        runs = self._holdings.runs(sorted(tops), everything)
        spans = [self._sums.between(below, top) for top, below in runs]
        low, high = sum(low for low, _ in spans), sum(high for _, high in spans)
        others = {
            image_id: count
            for image_id, count in self._holdings.images_with(tops).items()
            if image_id not in gone
        }
        nearest = sorted(others, key=lambda image_id: (-others[image_id], image_id))
        return Stay(Bytes(low, high, self._doubt(low, high)), tuple(nearest))

    def _going(self, image_ids: Iterable[str]) -> tuple[set[str], list[Part], set[int]]:
        gone = {image_id for image_id in image_ids if image_id in self._holdings.of_image}
        parts = self._holdings.only_of(gone)
        return gone, parts, self._holdings.freed(parts)

    def _doubt(self, low: int, high: int) -> str:
        if self.doubt or low == high:
            return self.doubt
        return "the engine does not tell the size of every layer"

    def _span(self, parts: list[Part], layers: set[int]) -> tuple[int, int]:
        runs = self._holdings.runs((part.end for part in parts), layers)
        spans = [self._sums.between(below, top) for top, below in runs]
        return sum(low for low, _ in spans), sum(high for _, high in spans)
