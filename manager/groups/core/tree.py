"""Containers under the image they come from, groups together: what ``ls`` draws."""

from dataclasses import dataclass, replace

from manager.model.containers import Container, by_group_and_number
from manager.model.images import Image
from manager.model.snapshot import Snapshot
from manager.model.units import SHORT_ID_DIGITS
from manager.references.reference import parse_reference


@dataclass(frozen=True, slots=True)
class ImageBranch:
    """One image and the containers made from it."""

    image: str
    """The name of the image as most of its containers show it."""
    image_id: str
    containers: tuple[Container, ...]

    @property
    def running(self) -> int:
        """How many of the containers run."""
        return sum(container.is_running for container in self.containers)


def image_branches(snapshot: Snapshot) -> tuple[ImageBranch, ...]:
    """The images that have containers, by name; containers by group and number.

    Containers are told apart by the id of their image, never by its name: two containers of
    ``nginx:latest`` made before and after the tag moved stand under two images.

    Args:
        snapshot: the containers, and all images: without these, names are as the engine shows them.
    """
    by_image: dict[str, list[Container]] = {}
    for container in sorted(with_current_image_names(snapshot), key=by_group_and_number):
        by_image.setdefault(container.image_id, []).append(container)
    found = [
        ImageBranch(_branch_name(containers), image_id, tuple(containers))
        for image_id, containers in by_image.items()
    ]
    return tuple(sorted(found, key=lambda branch: (branch.image, branch.image_id)))


def with_current_image_names(snapshot: Snapshot) -> tuple[Container, ...]:
    """The containers, each with the name that its image has now in place of what it shows.

    Args:
        snapshot: as for `image_branches`.
    """
    images = {image.id: image for image in snapshot.images}
    return tuple(
        replace(it, image=_current_image_name(it, images.get(it.image_id)))
        for it in snapshot.containers
    )


def has_only_image_id(container: Container) -> bool:
    """Whether the engine shows only the id of a container's image: its name means another now."""
    return container.image_id.removeprefix("sha256:").startswith(
        container.image.removeprefix("sha256:")
    )


def _current_image_name(container: Container, image: Image | None) -> str:
    """The tag it was made by if the image still has it, else another tag, else the short id."""
    typed = None if has_only_image_id(container) else parse_reference(container.image)
    if image is None:
        return typed.familiar if typed is not None else container.made_from
    if typed is not None and (typed.digest or typed.familiar in image.tags):
        return typed.familiar  # no digest ever moves to another image
    return image.label


def _branch_name(containers: list[Container]) -> str:
    """A name if any container shows one: an image's id says less."""
    short = containers[0].image_id.removeprefix("sha256:")[:SHORT_ID_DIGITS]
    names = sorted({container.image for container in containers})
    return next((name for name in names if name != short), short)
