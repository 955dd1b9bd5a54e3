"""Containers under the image they come from, groups together: what ``ls`` draws."""

from dataclasses import dataclass

from manager.core.model import Container, Snapshot, by_group_and_number


@dataclass(frozen=True, slots=True)
class Branch:
    """One image and the containers made from it."""

    image: str
    """The name of the image as most of its containers show it."""
    image_id: str
    containers: tuple[Container, ...]

    @property
    def running(self) -> int:
        """How many of the containers run."""
        return sum(container.running for container in self.containers)


def branches(snapshot: Snapshot) -> tuple[Branch, ...]:
    """The images that have containers, by name; containers by group and number.

    Containers are told apart by the id of their image, never by its name: two containers of
    ``nginx:latest`` made before and after the tag moved stand under two images.
    """
    by_image: dict[str, list[Container]] = {}
    for container in sorted(snapshot.containers, key=by_group_and_number):
        by_image.setdefault(container.image_id, []).append(container)
    found = [
        Branch(_name(containers), image_id, tuple(containers))
        for image_id, containers in by_image.items()
    ]
    return tuple(sorted(found, key=lambda branch: (branch.image, branch.image_id)))


def _name(containers: list[Container]) -> str:
    """A tag if any container still shows one: an image's id says less."""
    names = sorted({container.image for container in containers})
    named = [name for name in names if not name.startswith("sha256:")]
    return (named or names)[0]
