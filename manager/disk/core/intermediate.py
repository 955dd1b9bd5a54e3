"""Which images are only steps on the way to others: what engines hide, and so do lists."""

from manager.model.images import Image
from manager.model.snapshot import Snapshot


def intermediate_image_ids(snapshot: Snapshot) -> frozenset[str]:
    """The ids of the images that nobody made for themselves.

    Such an image has no tag, no digest and no container, and another image was built on it. If
    one of these is not so, somebody may look for it: a tag that moves away from an image with
    containers leaves it nameless, and ``docker commit`` of one of them makes it a parent.

    Args:
        snapshot: all images, hidden parents of builds included, and all containers.
    """
    parents = {image.parent for image in snapshot.images}
    nameless = [it.id for it in snapshot.images if not it.tags and not it.digests]
    hidden = parents.intersection(nameless)
    return frozenset(hidden - snapshot.containers_by_image().keys()) if hidden else frozenset()


def visible_images(snapshot: Snapshot) -> tuple[Image, ...]:
    """The images that people see, in the order of the snapshot."""
    hidden = intermediate_image_ids(snapshot)
    return tuple(image for image in snapshot.images if image.id not in hidden)
