"""Which images to remove to free enough bytes: the least recently used, and no more than needed.

What docuum does by deleting and measuring is done on the snapshot, before anything is removed.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.last_use import LastUse
from manager.disk.core.removal import order_children_first, simulate_full_removal
from manager.disk.core.tally import FreedTally
from manager.model.images import Image
from manager.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class SpaceGoal:
    """How many bytes to free."""

    min_bytes: int
    """Bytes."""
    of_disk: bool = False
    """Whether bytes that the build cache may keep do not count."""
    spares_unneeded: bool = False
    """Whether images that turn out not to be needed are kept after all."""


def sort_by_last_use(
    image_ids: Iterable[str], images: Sequence[Image], uses: Mapping[str, LastUse]
) -> tuple[str, ...]:
    """Some images in the order of removal; none comes before an image that was built on it.

    An image counts as used when any image that was built on it was used or first seen.
    """
    parents = {image.id: image.parent for image in images}
    latest = {image_id: uses[image_id].at for image_id in parents}
    for start in parents:
        at, image_id, seen = latest[start], start, set[str]()
        while image_id in parents and image_id not in seen:
            seen.add(image_id)
            latest[image_id] = max(at, latest[image_id])
            image_id = parents[image_id]
    # Among those used at the same time children come first: sorting is stable.
    return tuple(sorted(order_children_first(image_ids, images), key=lambda it: latest[it]))


def select_images_for_goal(
    goal: SpaceGoal,
    disk: DiskAccounting,
    snapshot: Snapshot,
    chosen: Sequence[str],
    order: Sequence[str],
) -> tuple[str, ...]:
    """As many images as are needed, from the beginning of an order.

    Args:
        goal: how many bytes.
        disk: the bytes of the images.
        snapshot: all images, and the containers that use them.
        chosen: the ids of images that are removed in any case.
        order: the ids of those that may be removed, in order.

    Returns:
        Ids of `order`; all of them if even those are not enough.
    """
    search = _GoalSearch(goal, disk, snapshot, tuple(order_children_first(chosen, snapshot.images)))
    count = search.count(order)
    taken = tuple(order[:count])
    return search.drop_unneeded(taken) if goal.spares_unneeded else taken


@dataclass(frozen=True, slots=True)
class _GoalSearch:
    goal: SpaceGoal
    disk: DiskAccounting
    snapshot: Snapshot
    chosen: tuple[str, ...]

    def gain(self, taken: Sequence[str]) -> int:
        """Bytes that some of the order frees; the likely number if it is not known."""
        ids = order_children_first((*self.chosen, *taken), self.snapshot.images)
        gone = simulate_full_removal(self.snapshot, ids).deleted
        lost = self.disk.bytes_left_in_build_cache(gone).high if self.goal.of_disk else 0
        return self.disk.bytes_freed_by(gone).likely - lost

    def tally(self, taken: Sequence[str]) -> tuple[FreedTally, int, int]:
        """A tally of the chosen and some of the order; lowest and highest sum."""
        pinned: AbstractSet[int] = self.disk.may_be_cached if self.goal.of_disk else frozenset()
        tally = FreedTally(self.disk, self.snapshot, pinned)
        amounts = [tally.take(image_id) for image_id in (*self.chosen, *taken)]
        return tally, sum(it.low for it in amounts), sum(it.high for it in amounts)

    def count(self, order: Sequence[str]) -> int:
        """How many from the beginning of the order are needed."""
        tally, low, high = self.tally(())
        if low >= self.goal.min_bytes:
            return 0
        first = 0
        for count, image_id in enumerate(order, 1):
            amount = tally.take(image_id)
            low, high = low + amount.low, high + amount.high
            first = first or (count if high >= self.goal.min_bytes else 0)
            if low >= self.goal.min_bytes:
                break
        else:
            count = len(order)
        # With sizes known to the byte, the first count that can be enough is enough. Otherwise
        # the range of a whole set is narrower than the sum of the ranges of its images.
        return self._narrowed(order, first or count, count) if order else 0

    def _narrowed(self, order: Sequence[str], first: int, last: int) -> int:
        while first < last:
            middle = (first + last) // 2
            if self.gain(order[:middle]) >= self.goal.min_bytes:
                last = middle
            else:
                first = middle + 1
        return last

    def drop_unneeded(self, taken: Sequence[str]) -> tuple[str, ...]:
        """The images that are enough when those used last are kept, as far as possible.

        If all images are not enough, those that free nothing are kept.
        """
        tally, _, _ = self.tally(taken)
        rest = self.gain(taken)
        least = min(self.goal.min_bytes, rest)
        kept = dict.fromkeys(taken)
        for image_id in reversed(taken):
            if image_id not in tally.gone or tally.has_removed_named_parent(image_id):
                continue
            back, amount = tally.put_back(image_id)
            if rest - amount.likely >= least:
                rest -= amount.likely
                del kept[image_id]
            else:
                tally.take_again(back)
        return tuple(kept)
