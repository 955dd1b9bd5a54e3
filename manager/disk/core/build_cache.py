"""Which layers of images the build cache may hold too: it does not say, but can be recognised."""

from manager.disk.core.holdings import LayerHoldings
from manager.disk.core.layer_tree import ROOT_LAYER, LayerSums
from manager.model.images import ImageStore
from manager.model.snapshot import CacheRecord, Snapshot

LAYER_RECORD_KIND = "regular"
"""The kind of records that are layers; others are sources and mounts."""
RUN_RECORD_PREFIX = "mount / from exec "
"""How a record describes a RUN instruction."""
BUILDKIT_SUFFIX = " # buildkit"
"""What BuildKit adds to an instruction in the history."""


def find_maybe_cached_layers(
    snapshot: Snapshot, holdings: LayerHoldings, unpacked: LayerSums, packed: LayerSums
) -> frozenset[int]:
    """The layers that may be held by the build cache as well, and all beneath them.

    A record names no layer. It is matched by its instruction, or by its size where it names
    none. On a graph driver it says whether an image has its layer too; on the containerd store
    it says nothing of the layers of the image that a build began with.
    """
    everything = snapshot.store is ImageStore.CONTAINERD
    shared = [
        record
        for record in snapshot.build_cache
        if record.size > 0 and record.kind == LAYER_RECORD_KIND and (record.shared or everything)
    ]
    if not shared:
        return frozenset()
    found: set[int] = set()
    for layer, instruction in _collect_instructions(snapshot, holdings, unpacked).items():
        sizes = _possible_sizes(snapshot, holdings, unpacked, packed, layer)
        if any(_matches_layer(record, instruction, sizes) for record in shared):
            while layer != ROOT_LAYER and layer not in found:
                found.add(layer)
                layer = holdings.tree.parents[layer]  # noqa: PLW2901 - on to the one beneath
    return frozenset(found)


def _collect_instructions(
    snapshot: Snapshot, holdings: LayerHoldings, unpacked: LayerSums
) -> dict[int, set[str]]:
    """Of each layer, the lines of history that may have made it: those with its bytes."""
    found: dict[int, set[str]] = {layer: set() for layer in range(len(holdings.tree))}
    for part in holdings.parts.values():
        detail = snapshot.details.get(part.key)
        if detail is None:
            continue
        for layer in part.path:
            low, high = unpacked.between(holdings.tree.parents[layer], layer)
            found[layer] |= {
                row.created_by.removesuffix(BUILDKIT_SUFFIX)
                for row in detail.history
                if low <= row.size <= high
            }
    return found


def _possible_sizes(
    snapshot: Snapshot, holdings: LayerHoldings, unpacked: LayerSums, packed: LayerSums, layer: int
) -> tuple[tuple[int, int], ...]:
    """What a record of a layer can show as its size: the layer, its compressed form, or both."""
    below = holdings.tree.parents[layer]
    plain = unpacked.between(below, layer)
    if snapshot.store is not ImageStore.CONTAINERD:
        return (plain,)
    compressed = packed.between(below, layer)
    return plain, compressed, (plain[0] + compressed[0], plain[1] + compressed[1])


def _matches_layer(
    record: CacheRecord, instructions: set[str], sizes: tuple[tuple[int, int], ...]
) -> bool:
    if not any(low <= record.size <= high for low, high in sizes):
        return False
    words = record.description.rpartition("] ")[2].removeprefix(RUN_RECORD_PREFIX)
    named = (
        words.split(" ", 1)[0] in {"COPY", "ADD", "WORKDIR"}
        or RUN_RECORD_PREFIX in record.description
    )
    return not named or any(line.endswith(words) for line in instructions)
