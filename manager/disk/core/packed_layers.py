"""Packed layers: compressed ones of the containerd store, and layers as Podman counts them."""

from collections.abc import Set as AbstractSet

from manager.disk.core.holdings import ImagePart, LayerHoldings
from manager.disk.core.layer_tree import LayerSums


def content_span(
    holdings: LayerHoldings,
    packed: LayerSums,
    parts: list[ImagePart],
    freed: set[int],
    cached: AbstractSet[int],
) -> tuple[int, int]:
    """Lowest and highest bytes of content that go with some parts of images.

    Args:
        holdings: the layers of all images.
        packed: what is known of the sums of compressed layers.
        parts: those that go; those that end low come first.
        freed: the layers that none but these have.
        cached: layers that the build cache may hold as well, and all beneath them.
    """
    least = [
        it[0]
        for part, it in _part_spans(holdings, packed, parts, freed - cached)
        if part.end not in cached
    ]
    most = [it[1] for _, it in _part_spans(holdings, packed, parts, freed)]
    low = sum(least) - _double_counted_span(holdings, packed, freed - cached)[1]
    high = sum(most) - _double_counted_span(holdings, packed, freed)[0]
    return max(0, low), max(0, high)


def podman_content_span(
    holdings: LayerHoldings, packed: LayerSums, parts: list[ImagePart], freed: set[int]
) -> tuple[int, int]:
    """The same for Podman, which keeps each layer once for each parent it stands on."""
    spans = [it for _, it in _part_spans(holdings, packed, parts, freed)]
    return sum(low for low, _ in spans), sum(high for _, high in spans)


def _part_spans(
    holdings: LayerHoldings, packed: LayerSums, parts: list[ImagePart], layers: set[int]
) -> list[tuple[ImagePart, tuple[int, int]]]:
    """Lowest and highest bytes of each part's own content, every layer counted with one part."""
    below = dict(holdings.layer_stretches((part.end for part in parts), layers))
    return [(part, _own_span(holdings, packed, part, below.pop(part.end, None))) for part in parts]


def _own_span(
    holdings: LayerHoldings, packed: LayerSums, part: ImagePart, below: int | None
) -> tuple[int, int]:
    manifest = part.manifest
    if manifest is None:
        return 0, 0
    if not part.path:
        # An attestation, or a platform of which nothing is known: any of its blobs can be shared.
        return manifest.size, manifest.content_size
    least, most = part.config
    if holdings.has_double(part):
        least = 0  # another manifest may have the same configuration
    if below is None:
        return manifest.size + least, manifest.size + most
    # The whole content is known, and what of it lies beneath the stretch is the rest.
    low = manifest.content_size - packed.high(below) - (part.config[1] if least == 0 else 0)
    low = max(manifest.size + least, low)
    return low, max(low, manifest.content_size - packed.low(below))


def _double_counted_span(
    holdings: LayerHoldings, packed: LayerSums, layers: set[int]
) -> tuple[int, int]:
    """Lowest and highest bytes counted too often: the same change on two parents is one blob."""
    low = high = 0
    for diff_id in {holdings.tree.diff_ids[layer] for layer in layers & holdings.repeated}:
        all_of_it = holdings.same_change[diff_id]
        going = [
            packed.between(holdings.tree.parents[layer], layer)
            for layer in all_of_it
            if layer in layers
        ]
        once = len(going) == len(all_of_it)
        low += sum(it[0] for it in going) - (max(it[0] for it in going) if once else 0)
        high += sum(it[1] for it in going) - (max(it[1] for it in going) if once else 0)
    return low, high
