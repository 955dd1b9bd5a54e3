"""What an engine's figures say of the sums of layer sizes."""

from manager.disk.core.holdings import ImagePart, LayerHoldings
from manager.disk.core.layer_tree import LayerSums, place_history
from manager.model.images import ImageStore
from manager.model.snapshot import Snapshot


def unpacked_sums(snapshot: Snapshot, holdings: LayerHoldings) -> LayerSums:
    """The bytes of unpacked layers: from the sizes of images, what they share, and histories.

    Podman does not tell them: nothing is known of them then.
    """
    sums = LayerSums(holdings.tree)
    if snapshot.store is ImageStore.PODMAN:
        return sums
    for part in holdings.parts.values():
        if part.size >= 0:
            sums.narrow(part.end, part.size, part.size)
    _learn_shared_sums(snapshot, holdings, sums)
    sums.settle()
    _learn_from_histories(snapshot, holdings, sums)
    return sums


def packed_sums(snapshot: Snapshot, holdings: LayerHoldings) -> LayerSums:
    """The bytes of compressed layers in the containerd store, and of layers as Podman counts them.

    An image's content is its manifest, whose size is known, its configuration, which can only be
    estimated, and its layers.
    """
    sums = LayerSums(holdings.tree)
    for part in holdings.parts.values():
        if part.manifest is not None and part.path:
            rest = part.manifest.content_size - part.manifest.size
            low, high = part.config
            sums.narrow(part.end, max(0, rest - high), rest - low)
    sums.settle()
    if snapshot.store is ImageStore.PODMAN:
        _learn_from_histories(snapshot, holdings, sums)
    return sums


def _learn_from_histories(snapshot: Snapshot, holdings: LayerHoldings, sums: LayerSums) -> None:
    """Each may make another one clearer, so they are read until none tells anything new."""
    news = True
    while news:
        told = [_learn_from_history(snapshot, part, sums) for part in holdings.parts.values()]
        news = any(told)
        sums.settle()


def _learn_shared_sums(snapshot: Snapshot, holdings: LayerHoldings, sums: LayerSums) -> None:
    """What an image shares is the sum up to the highest layer that another has too.

    The engine counts only the images in the list that it was asked for.
    """
    counted = [image for image in snapshot.images if image.shared_size is not None]
    parts = {
        image.id: [holdings.parts[it] for it in holdings.part_keys_by_image[image.id]]
        for image in counted
    }
    held = [0] * len(holdings.tree)
    for part in (part for found in parts.values() for part in found):
        for layer in part.path:
            held[layer] += 1
    for image in counted:
        with_layers = [part for part in parts[image.id] if part.path]
        if len(with_layers) != 1 or not _is_shared_size_complete(snapshot, with_layers[0]):
            continue
        common = [layer for layer in with_layers[0].path if held[layer] > 1]
        if common and image.shared_size is not None:
            sums.narrow(common[-1], image.shared_size, image.shared_size)


def _is_shared_size_complete(snapshot: Snapshot, part: ImagePart) -> bool:
    """Whether what is shared is told with all that belongs to it.

    On the containerd store what a committed container left beneath its layer is not counted; an
    image without a history was not made so.
    """
    return snapshot.store is ImageStore.GRAPH_DRIVER or not snapshot.details[part.key].history


def _learn_from_history(snapshot: Snapshot, part: ImagePart, sums: LayerSums) -> bool:
    """Learn the sums below the end of one part; whether there was news."""
    detail = snapshot.details.get(part.key)
    if detail is None or all(sums.known(layer) for layer in part.path):
        return False
    rows = [row.size for row in detail.history]
    if not rows or min(rows) < 0:
        return False
    told = sum(rows)
    extra = _bytes_beside_history(snapshot, part, told)
    if extra < 0:
        return False
    bounds = [(max(0, sums.low(layer) - extra), sums.high(layer)) for layer in part.path]
    if snapshot.store is not ImageStore.GRAPH_DRIVER:
        # The history tells of layers alone, and the image's size of other things as well.
        bounds[-1] = (told, told)
    placed = place_history(rows, bounds)
    if placed is None:
        return False
    news = [
        sums.narrow(layer, low, high + extra)
        for layer, (low, high) in zip(part.path, placed, strict=True)
    ]
    return any(news)


def _bytes_beside_history(snapshot: Snapshot, part: ImagePart, told: int) -> int:
    """Bytes that an image has beside the layers of its history; negative if that cannot be.

    A container that was committed on the containerd store leaves, beneath the layer it made, what
    the engine had put into it (``/etc/hosts`` and the like).
    """
    return part.size - told if snapshot.store is ImageStore.CONTAINERD else 0
