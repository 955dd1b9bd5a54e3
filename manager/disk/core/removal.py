"""What really goes when references are removed: each kind of store has rules of its own."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from manager.model.images import Image, ImageStore
from manager.model.snapshot import Snapshot

OTHER_REFERENCES_REASON = "it has other references"
IN_USE_REASON = "a container uses it"
HAS_CHILDREN_REASON = "other images are built on it"


@dataclass(frozen=True, slots=True)
class Removal:
    """What becomes of the images of a snapshot."""

    deleted: tuple[str, ...] = ()
    """The ids of the images that go, in the order in which they do."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """By its id, why an image that was asked for stays."""


class RemainingImages:
    """The images of a snapshot while references go one by one."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Begin with all of them."""
        self._store = snapshot.store
        self._used = snapshot.containers_by_image().keys()
        self._parents = {image.id: image.parent for image in snapshot.images}
        """Of the images that are left."""
        self._tags = {image.id: len(removable_references(image)) for image in snapshot.images}
        self._children = Counter(image.parent for image in snapshot.images)
        self.deleted: list[str] = []
        """The ids of the images that are gone, in the order in which they went."""
        self.kept: dict[str, str] = {}
        """By its id, why an image stayed."""

    def remove(self, image_id: str) -> tuple[str, ...]:
        """Take all references of an image away; the ids of all images that went with that."""
        before = len(self.deleted)
        for _ in range(max(1, self._tags.get(image_id, 0))):
            self.untag(image_id)
        return tuple(self.deleted[before:])

    def result(self) -> Removal:
        """What has become of the images so far."""
        gone = set(self.deleted)
        kept = {image_id: why for image_id, why in self.kept.items() if image_id not in gone}
        return Removal(tuple(self.deleted), kept)

    def untag(self, image_id: str) -> None:
        """Take one reference away; the image goes with the last one, if it can."""
        if image_id not in self._parents:
            return  # gone already, as a parent of another
        tagged = self._tags[image_id] > 0
        self._tags[image_id] = max(0, self._tags[image_id] - 1)
        if self._tags[image_id]:
            self.kept[image_id] = OTHER_REFERENCES_REASON
        elif image_id in self._used:
            self.kept[image_id] = IN_USE_REASON
        elif self._store is ImageStore.CONTAINERD:
            self._remove_from_containerd(image_id, tagged=tagged)
        elif self._store is ImageStore.GRAPH_DRIVER and self._children[image_id]:
            self.kept[image_id] = HAS_CHILDREN_REASON
        else:
            self._remove_with_parents(image_id)

    def simulate_single_removal(self, image_id: str) -> tuple[str, ...]:
        """What goes with all references of one image; afterwards all is as before."""
        tags, parents = self._tags[image_id], self._parents
        self._parents = dict(parents)
        for _ in range(max(1, tags)):
            self.untag(image_id)
        gone = tuple(self.deleted)
        for deleted in gone:
            self._children[parents[deleted]] += 1
        self._parents, self._tags[image_id] = parents, tags
        self.deleted.clear()
        self.kept.clear()
        return gone

    def _remove_with_parents(self, image_id: str) -> None:
        """The image goes, and each parent that nothing needs any more.

        Podman does not mind if others were built on the image that was named.
        """
        parent = self._delete(image_id)
        while parent in self._parents and not self._needed(parent):
            parent = self._delete(parent)

    def _needed(self, image_id: str) -> bool:
        return bool(self._tags[image_id] or self._children[image_id]) or image_id in self._used

    def _remove_from_containerd(self, image_id: str, *, tagged: bool) -> None:
        """What had a name stays if others were built on it; its nameless parents go in any case.

        Unless one of all its parents is not there any more: then none of them goes.
        """
        parents = []
        parent = self._parents[image_id]
        while parent in self._parents:
            parents.append(parent)
            parent = self._parents[parent]
        if tagged and self._children[image_id]:
            self.kept[image_id] = HAS_CHILDREN_REASON
        else:
            self._delete(image_id)
        for known in parents if not parent else ():
            if self._tags[known] or known in self._used:
                return
            self._delete(known)

    def _delete(self, image_id: str) -> str:
        """Take an image out; its parent."""
        parent = self._parents.pop(image_id)
        self._children[parent] -= 1
        self.deleted.append(image_id)
        return parent


class SingleRemovals:
    """What goes with each image if it is the only one that is removed."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Look at a snapshot once, for many questions."""
        self._store = RemainingImages(snapshot)

    def deleted(self, image_id: str) -> tuple[str, ...]:
        """The ids of the images that go with all references of this one."""
        return self._store.simulate_single_removal(image_id)


def removable_references(image: Image) -> tuple[str, ...]:
    """What holds an image, and what it can be removed by: tags, and digests it was pulled by.

    A digest of a repository of which there is a tag goes with the last of those tags.
    """
    if not image.digests:
        return image.tags
    tagged = {tag.rpartition(":")[0] for tag in image.tags}
    return (*image.tags, *(it for it in image.digests if it.partition("@")[0] not in tagged))


def simulate_removal(snapshot: Snapshot, image_ids: Iterable[str]) -> Removal:
    """What happens if references are removed one after the other, without force.

    Args:
        snapshot: all images, hidden parents of builds included, and all containers.
        image_ids: the image that each reference stands for, in the order of removal; an image
            appears once for each of its references that is removed.
    """
    store = RemainingImages(snapshot)
    for image_id in image_ids:
        store.untag(image_id)
    return store.result()


def simulate_full_removal(snapshot: Snapshot, image_ids: Iterable[str]) -> Removal:
    """What happens if all references of some images are removed, image by image.

    Args:
        snapshot: as for `simulate_removal`.
        image_ids: those images, in order.
    """
    store = RemainingImages(snapshot)
    for image_id in image_ids:
        store.remove(image_id)
    return store.result()


def order_children_first(chosen: Iterable[str], images: Iterable[Image]) -> tuple[str, ...]:
    """Ids of images in an order in which none stands before one that was built on it.

    Args:
        chosen: the ids to order.
        images: all images, since hidden parents can lie between two of the chosen.
    """
    parents = {image.id: image.parent for image in images}
    depths: dict[str, int] = {}
    for start in parents:
        line = []
        at = start
        while at in parents and at not in depths:
            depths[at] = 0  # a cycle, which no engine should tell of, ends here
            line.append(at)
            at = parents[at]
        depth = depths.get(at, -1)
        for image_id in reversed(line):
            depth += 1
            depths[image_id] = depth
    return tuple(sorted(dict.fromkeys(chosen), key=lambda image_id: -depths.get(image_id, 0)))
