"""What a growing set of images frees, image by image, each at the cost of its own layers only.

`DiskAccounting.bytes_freed_by` answers for one set, at the cost of the whole set. To go through
thousands of images one by one, the layers are counted down instead: a layer goes with the last
image that holds it, so what one more image frees is the upper end of its path.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.holdings import ImagePart
from manager.disk.core.layer_tree import ROOT_LAYER
from manager.disk.core.removal import RemainingImages
from manager.model.byte_range import ByteRange
from manager.model.images import ImageStore
from manager.model.snapshot import Snapshot


class FreedTally:
    """Images that go one after the other."""

    def __init__(self, disk: DiskAccounting, snapshot: Snapshot, pinned: AbstractSet[int]) -> None:
        """None has gone yet.

        Args:
            disk: the bytes of the images.
            snapshot: the images, and the containers that use them.
            pinned: layers that cannot be counted on, as the build cache may hold them.
        """
        self._disk = disk
        self._pinned = pinned
        self._remaining = RemainingImages(snapshot)
        self._parents = {image.id: image.parent for image in snapshot.images}
        self._named = {image.id for image in snapshot.images if image.tags or image.digests}
        self._held = list(disk.holdings.held)
        self._left = {key: len(ids) for key, ids in disk.holdings.image_ids_by_part.items()}
        self.gone: set[str] = set()
        """The ids of the images that are gone, nameless parents included."""

    def take(self, image_id: str) -> ByteRange:
        """Let an image go with all its references; what that frees beyond what went before."""
        return self._sum(map(self._take_out, self._remaining.remove(image_id)))

    def put_back(self, image_id: str) -> tuple[tuple[str, ...], ByteRange]:
        """Let an image stay after all, with its nameless parents.

        Afterwards only what was put back can be taken again, with `take_again`.

        Returns:
            The ids of the images that stay, and what of the freed bytes stays with them.
        """
        ids = []
        while image_id in self.gone and image_id not in ids:
            ids.append(image_id)
            parent = self._parents[image_id]
            image_id = parent if parent not in self._named else ""
        return tuple(ids), self._sum([self._put_in(it) for it in ids])

    def take_again(self, image_ids: Iterable[str]) -> None:
        """Let what was put back go after all."""
        for image_id in image_ids:
            self._take_out(image_id)

    def has_removed_named_parent(self, image_id: str) -> bool:
        """Whether a parent of an image is gone that has a name of its own."""
        seen = set()
        while (image_id := self._parents.get(image_id, "")) and image_id not in seen:
            seen.add(image_id)
            if image_id in self.gone and image_id in self._named:
                return True
        return False

    def _sum(self, amounts: Iterable[tuple[int, int]]) -> ByteRange:
        found = list(amounts)
        return ByteRange(sum(it[0] for it in found), sum(it[1] for it in found), self._disk.doubt)

    def _take_out(self, image_id: str) -> tuple[int, int]:
        self.gone.add(image_id)
        low = high = self._disk.index_sizes[image_id]
        for key in self._disk.holdings.part_keys_by_image[image_id]:
            self._left[key] -= 1
            if self._left[key]:
                continue
            part = self._disk.holdings.parts[key]
            for layer in part.path:
                self._held[layer] -= 1
            least, most = self._bytes_freed_with(part)
            low, high = low + least, high + most
        return low, high

    def _put_in(self, image_id: str) -> tuple[int, int]:
        self.gone.discard(image_id)
        low = high = self._disk.index_sizes[image_id]
        for key in self._disk.holdings.part_keys_by_image[image_id]:
            self._left[key] += 1
            if self._left[key] > 1:
                continue
            part = self._disk.holdings.parts[key]
            least, most = self._bytes_freed_with(part)
            for layer in part.path:
                self._held[layer] += 1
            low, high = low + least, high + most
        return low, high

    def _bytes_freed_with(self, part: ImagePart) -> tuple[int, int]:
        """What goes with a part when none of the layers at its upper end is held any more."""
        free = sum(1 for layer in part.path if not self._held[layer])
        below = self._below(part, free)
        pinned = sum(1 for layer in part.path if layer in self._pinned)
        sure = min(free, len(part.path) - pinned)
        sums = self._disk.packed if self._disk.store is ImageStore.PODMAN else self._disk.sums
        high = sums.between(below, part.end)[1] if free else 0
        low = sums.between(self._below(part, sure), part.end)[0] if sure else 0
        if self._disk.store is ImageStore.CONTAINERD and part.manifest is not None:
            low, high = low + part.manifest.size, high + part.manifest.content_size
        return low, high

    @staticmethod
    def _below(part: ImagePart, count: int) -> int:
        """The layer beneath the highest few of a part."""
        return part.path[-count - 1] if count < len(part.path) else ROOT_LAYER
