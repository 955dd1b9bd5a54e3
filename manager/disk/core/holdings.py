"""Which layers each image holds, and which of them go when a set of images goes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from manager.disk.core.layer_tree import ROOT_LAYER, LayerTree
from manager.model.images import Image, ImageManifest, ImageStore
from manager.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ImagePart:
    """One platform of one image: a path in the tree of layers. Most images have one part."""

    key: str
    """The manifest's digest on the containerd store, else the image's id."""
    path: tuple[int, ...]
    """Its layers, lowest first; empty where it has none, or where they are not known."""
    known: bool
    """Whether its layers are known."""
    size: int
    """Bytes of all its layers, as the engine counts them; negative where it does not say."""
    manifest: ImageManifest | None = None
    config: tuple[int, int] = (0, 0)
    """Lowest and highest bytes of its configuration."""

    @property
    def end(self) -> int:
        """Its highest layer."""
        return self.path[-1] if self.path else ROOT_LAYER


class LayerHoldings:
    """The layers of all images of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Make the tree of the layers."""
        self.tree = LayerTree()
        self.parts: dict[str, ImagePart] = {}
        """Each part once, however many images have it."""
        self.part_keys_by_image: dict[str, tuple[str, ...]] = {}
        """The keys of an image's parts."""
        self.image_ids_by_part: dict[str, set[str]] = {}
        for image in snapshot.images:
            found = [self._part(snapshot, image, it) for it in _manifests(snapshot, image)]
            self.part_keys_by_image[image.id] = tuple(part.key for part in found)
            for part in found:
                self.parts[part.key] = part
                self.image_ids_by_part.setdefault(part.key, set()).add(image.id)
        self.held = [0] * len(self.tree)
        """By how many parts each layer is held."""
        for part in self.parts.values():
            for layer in part.path:
                self.held[layer] += 1
        self._ends = Counter(_config_key(part) for part in self.parts.values())
        self.same_change: dict[str, list[int]] = {}
        """By diff id, the layers that make the same change to different parents."""
        for layer, diff_id in enumerate(self.tree.diff_ids):
            self.same_change.setdefault(diff_id, []).append(layer)
        self.repeated = {it for same in self.same_change.values() if len(same) > 1 for it in same}

    def _part(self, snapshot: Snapshot, image: Image, manifest: ImageManifest | None) -> ImagePart:
        key = manifest.digest if manifest else image.id
        size = manifest.unpacked_size if manifest else image.size
        detail = snapshot.details.get(key)
        path = self.tree.path(detail.diff_ids) if detail else ()
        config = detail.config_size if detail else (0, 0)
        return ImagePart(key, path, detail is not None, size, manifest, config)

    def has_double(self, part: ImagePart) -> bool:
        """Whether another part can have the same configuration."""
        return self._ends[_config_key(part)] > 1

    def parts_exclusive_to(self, image_ids: set[str]) -> list[ImagePart]:
        """The parts that none but these images have; those that end low come first."""
        found = {
            key: self.parts[key]
            for image_id in image_ids
            for key in self.part_keys_by_image[image_id]
            if self.image_ids_by_part[key] <= image_ids
        }
        return sorted(found.values(), key=lambda part: (len(part.path), part.key))

    def layers_exclusive_to(self, parts: Iterable[ImagePart]) -> set[int]:
        """The layers that no other part holds: always the upper end of a path."""
        going: dict[int, int] = {}
        for part in parts:
            for layer in part.path:
                going[layer] = going.get(layer, 0) + 1
        return {layer for layer, count in going.items() if count == self.held[layer]}

    def layer_stretches(self, tops: Iterable[int], layers: set[int]) -> Iterator[tuple[int, int]]:
        """Some layers as stretches without a branch, each layer in one stretch.

        Args:
            tops: where stretches can end, those that are low in the tree first.
            layers: those that count.

        Yields:
            The highest layer of a stretch, and the layer beneath its lowest.
        """
        done: set[int] = set()
        for top in tops:
            below = top
            while below in layers and below not in done:
                done.add(below)
                below = self.tree.parents[below]
            if below != top:
                yield top, below

    def images_with(self, layers: set[int]) -> dict[str, int]:
        """The images that have any of some layers, and how many of them each has."""
        found: dict[str, int] = {}
        for key, part in self.parts.items():
            count = len(layers.intersection(part.path))
            for image_id in self.image_ids_by_part[key] if count else ():
                found[image_id] = max(count, found.get(image_id, 0))
        return found


def _manifests(snapshot: Snapshot, image: Image) -> tuple[ImageManifest | None, ...]:
    """The manifests of an image, or one that stands for them.

    Podman tells one size for the layers and all that is kept beside them, as if it were content.
    """
    if snapshot.store is ImageStore.PODMAN:
        return (ImageManifest(image.id, 0, max(0, image.size)),)
    return image.manifests or (None,)


def _config_key(part: ImagePart) -> tuple[int, int]:
    """What parts with the same configuration have in common."""
    manifest = part.manifest
    return part.end, manifest.content_size - manifest.size if manifest else 0
