"""Layers as a tree, and what is known of the sums of their sizes.

A layer is told apart by all layers beneath it (its chain), so the layers of all images form a
tree: images that share a layer share all below it. What engines tell are sums along a path from
the root (the size of an image, of what it shares), seldom a layer's own size. So sums are kept,
each as the lowest and highest value it can have, and sizes are differences of two.
"""

from collections.abc import Iterable, Sequence

ROOT_LAYER = -1
"""Stands for the place beneath the lowest layers."""
UNBOUNDED_BYTES = 1 << 62
"""More bytes than any store holds: a sum of which nothing is known."""


def chain_id(below: str, diff_id: str) -> str:
    """What a layer is known by together with all beneath it.

    Source: OCI image specification 1.1, "Layer ChainID".

    Args:
        below: the chain of the one beneath it; empty for the lowest.
        diff_id: the layer's own.
    """
    from hashlib import sha256  # loading it costs what a small command takes

    if not below:
        return diff_id
    return f"sha256:{sha256(f'{below} {diff_id}'.encode()).hexdigest()}"


class LayerTree:
    """The layers of many images."""

    def __init__(self) -> None:
        """Begin empty."""
        self.parents: list[int] = []
        """Of each layer, the one beneath it."""
        self.diff_ids: list[str] = []
        self._known: dict[tuple[int, str], int] = {}

    def __len__(self) -> int:
        """How many layers there are."""
        return len(self.parents)

    def path(self, diff_ids: Iterable[str]) -> tuple[int, ...]:
        """The layers of an image, lowest first; those not seen before are added."""
        at, found = ROOT_LAYER, []
        for diff_id in diff_ids:
            below, at = at, self._known.get((at, diff_id), ROOT_LAYER)
            if at == ROOT_LAYER:
                at = self._known[below, diff_id] = len(self.parents)
                self.parents.append(below)
                self.diff_ids.append(diff_id)
            found.append(at)
        return tuple(found)

    def chain_ids(self) -> tuple[str, ...]:
        """The id of each layer's chain, by which a graph driver knows it."""
        found: list[str] = []
        for below, diff_id in zip(self.parents, self.diff_ids, strict=True):
            found.append(chain_id("" if below == ROOT_LAYER else found[below], diff_id))
        return tuple(found)


class LayerSums:
    """For each layer of a tree, the lowest and highest sum of the sizes from the root to it."""

    def __init__(self, tree: LayerTree) -> None:
        """Nothing is known yet; the tree has all its layers."""
        self._parents = tree.parents
        self._low = [0] * len(tree)
        self._high = [UNBOUNDED_BYTES] * len(tree)
        self.contradictory = False
        """Whether the engine's own figures contradict each other."""

    def low(self, layer: int) -> int:
        """Lowest sum up to a layer, in bytes."""
        return 0 if layer == ROOT_LAYER else self._low[layer]

    def high(self, layer: int) -> int:
        """Highest sum up to a layer, in bytes."""
        return 0 if layer == ROOT_LAYER else self._high[layer]

    def known(self, layer: int) -> bool:
        """Whether the sum up to a layer has one value."""
        return self.low(layer) == self.high(layer)

    def narrow(self, layer: int, low: int, high: int) -> bool:
        """Learn that a sum lies between two values.

        Returns:
            Whether that was news. What contradicts is not taken in, and remembered.
        """
        if layer == ROOT_LAYER:
            return False
        low, high = max(low, self._low[layer]), min(high, self._high[layer])
        if low > high:
            self.contradictory = True
            return False
        news = (low, high) != (self._low[layer], self._high[layer])
        self._low[layer], self._high[layer] = low, high
        return news

    def settle(self) -> None:
        """Pass on what is known: no sum is less than the one beneath it."""
        # A layer is always added after the one beneath it.
        for layer, below in enumerate(self._parents):
            self.narrow(layer, self.low(below), UNBOUNDED_BYTES)
        for layer in range(len(self._parents) - 1, -1, -1):
            self.narrow(self._parents[layer], 0, self._high[layer])

    def between(self, below: int, layer: int) -> tuple[int, int]:
        """Lowest and highest bytes of the layers above one, up to and with another."""
        low = max(0, self.low(layer) - self.high(below))
        return low, max(low, self.high(layer) - self.low(below))

    def total(self) -> tuple[int, int]:
        """Lowest and highest bytes of all layers of the tree."""
        branches = [0] * len(self._parents)
        for below in self._parents:
            if below != ROOT_LAYER:
                branches[below] += 1
        low = high = 0
        for layer, count in enumerate(branches):
            # A layer's own sum counts once, and is taken away again for each that stands on it.
            if count == 0:
                low += self._low[layer]
                high += self._high[layer]
            elif count > 1:
                low -= (count - 1) * self._high[layer]
                high -= (count - 1) * self._low[layer]
        return max(low, 0), high


def place_history(
    sizes: Sequence[int], bounds: Sequence[tuple[int, int]]
) -> tuple[tuple[int, int], ...] | None:
    """Which sum each layer can have, from a history that does not say which lines made layers.

    A line with bytes made a layer; one without may have made an empty layer, or none. All ways
    to lay the lines onto the layers are followed together, and those that contradict what is
    known of a sum are dropped. A history that tells of less bytes than the image has tells of
    its lowest layers.

    Args:
        sizes: bytes of each line, oldest first.
        bounds: for each layer, lowest first, the lowest and highest sum up to it.

    Returns:
        Narrower bounds; None where the history fits in no way.
    """
    if not bounds:
        return ()
    sums = [0]
    for size in sizes:
        sums.append(sums[-1] + size)
    reached = _reachable_counts(sizes, sums, bounds)
    whole = len(bounds) in reached[-1]
    ends = {len(bounds)} if whole else reached[-1]
    if not ends:
        return None
    found: list[set[int]] = [set() for _ in bounds]
    states = set(ends)
    for row in range(len(sizes) - 1, -1, -1):
        before: set[int] = set()
        for count in reached[row]:
            if sizes[row] == 0 and count in states:
                before.add(count)
            if count + 1 in states and _is_within_bounds(sums[row + 1], count, bounds):
                before.add(count)
                found[count].add(sums[row + 1])
        states = before
    shortest = min(ends)
    return tuple(
        _sum_bounds(values, bound, sums[-1] if layer >= shortest else None)
        for layer, (values, bound) in enumerate(zip(found, bounds, strict=True))
    )


def _reachable_counts(
    sizes: Sequence[int], sums: Sequence[int], bounds: Sequence[tuple[int, int]]
) -> list[set[int]]:
    """After each line, how many layers may have been made."""
    reached = [{0}]
    for row, size in enumerate(sizes):
        following: set[int] = set() if size else set(reached[-1])
        for count in reached[-1]:
            if _is_within_bounds(sums[row + 1], count, bounds):
                following.add(count + 1)
        reached.append(following)
    return reached


def _is_within_bounds(total: int, layer: int, bounds: Sequence[tuple[int, int]]) -> bool:
    return layer < len(bounds) and bounds[layer][0] <= total <= bounds[layer][1]


def _sum_bounds(values: set[int], bound: tuple[int, int], told: int | None) -> tuple[int, int]:
    """The bounds of a layer's sum; beyond the end of a short history only the rest is known."""
    if told is not None:
        return max(bound[0], min(values, default=told)), bound[1]
    return min(values), max(values)
