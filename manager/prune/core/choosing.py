"""Which images go so that enough bytes come free: the least recently used, and no more than that.

What docuum does by deleting and measuring is done here on the snapshot, before anything goes.
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
    """How many bytes are to come free."""

    least: int
    """Bytes."""
    of_disk: bool = False
    """Whether what the build cache may go on holding does not count."""
    sparing: bool = False
    """Whether what turns out not to be needed is spared again."""


def sort_by_last_use(
    image_ids: Iterable[str], images: Sequence[Image], uses: Mapping[str, LastUse]
) -> tuple[str, ...]:
    """Some images in the order in which they may go; none stands before what was built on it.

    An image counts as used when anything that was built on it was used, or was first seen.
    """
    parents = {image.id: image.parent for image in images}
    latest = {image_id: uses[image_id].at for image_id in parents}
    for start in parents:
        at, image_id, seen = latest[start], start, set[str]()
        while image_id in parents and image_id not in seen:
            seen.add(image_id)
            latest[image_id] = max(at, latest[image_id])
            image_id = parents[image_id]
    # Of those used at the same time what was built on the other goes first: sorting keeps that.
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
        chosen: the ids of images that go in any case.
        order: the ids of those that may go, the first one first.

    Returns:
        Ids of `order`; all of them where even that is not enough.
    """
    search = _GoalSearch(goal, disk, snapshot, tuple(order_children_first(chosen, snapshot.images)))
    count = search.count(order)
    taken = tuple(order[:count])
    return search.without_needless(taken) if goal.sparing else taken


@dataclass(frozen=True, slots=True)
class _GoalSearch:
    goal: SpaceGoal
    disk: DiskAccounting
    snapshot: Snapshot
    chosen: tuple[str, ...]

    def gain(self, taken: Sequence[str]) -> int:
        """Bytes that come free with some of the order; likely ones, where they are not known."""
        ids = order_children_first((*self.chosen, *taken), self.snapshot.images)
        gone = simulate_full_removal(self.snapshot, ids).deleted
        lost = self.disk.bytes_left_in_build_cache(gone).high if self.goal.of_disk else 0
        return self.disk.bytes_freed_by(gone).likely - lost

    def tally(self, taken: Sequence[str]) -> tuple[FreedTally, int, int]:
        """A tally of what goes in any case and of some of the order; lowest and highest sum."""
        pinned: AbstractSet[int] = self.disk.may_be_cached if self.goal.of_disk else frozenset()
        tally = FreedTally(self.disk, self.snapshot, pinned)
        amounts = [tally.take(image_id) for image_id in (*self.chosen, *taken)]
        return tally, sum(it.low for it in amounts), sum(it.high for it in amounts)

    def count(self, order: Sequence[str]) -> int:
        """How many from the beginning of the order are needed."""
        tally, low, high = self.tally(())
        if low >= self.goal.least:
            return 0
        first = 0
        for count, image_id in enumerate(order, 1):
            amount = tally.take(image_id)
            low, high = low + amount.low, high + amount.high
            first = first or (count if high >= self.goal.least else 0)
            if low >= self.goal.least:
                break
        else:
            count = len(order)
        # Where sizes are known to the byte, the first that can be enough is enough. Elsewhere
        # the answer for a whole set is narrower than the sum of those for each image.
        return self._narrowed(order, first or count, count) if order else 0

    def _narrowed(self, order: Sequence[str], first: int, last: int) -> int:
        while first < last:
            middle = (first + last) // 2
            if self.gain(order[:middle]) >= self.goal.least:
                last = middle
            else:
                first = middle + 1
        return last

    def without_needless(self, taken: Sequence[str]) -> tuple[str, ...]:
        """What is still enough when those used last are spared, as far as they can be.

        Where all of it is not enough, those are spared that free nothing.
        """
        tally, _, _ = self.tally(taken)
        rest = self.gain(taken)
        least = min(self.goal.least, rest)
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
