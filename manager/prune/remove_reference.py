"""Take a reference from an image, if everything is still as it was planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.disk.core.removal import removable_references
from manager.disk.measure import DIGEST_PREFIX
from manager.engine.errors import ConflictError
from manager.model.plan import Verb
from manager.prune.core.protection import matches_pin
from manager.references.reference import ImageReference

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.engine.client import Engine
    from manager.model.containers import Container
    from manager.model.images import Image
    from manager.model.plan import PlanStep


class StepSkippedError(Exception):
    """A condition of a step does not hold any more."""


class TargetGoneError(Exception):
    """What a step is about is not there any more."""


@dataclass(frozen=True, slots=True)
class ReferenceRemoval:
    """One step on one image."""

    engine: Engine
    step: PlanStep
    pins: Callable[[], tuple[str, ...]]
    """What is pinned at this moment."""

    def take(self) -> list[str]:
        """Do it.

        Returns:
            The ids of images and layers that the engine said it deleted, without algorithm.

        Raises:
            LeftAloneError: a condition does not hold any more.
            GoneError: the reference is not there any more.
            ManagerError: the engine refused, or does not answer.
        """
        image = self._as_planned()
        # By its id only what has no tag is removed: the containerd store can show a digest that
        # it does not find an image by.
        by_id = not image.tags and self.engine.images.find(self.step.target) is None
        try:
            name = self.step.object_id if by_id else self.step.target
            rows = self.engine.images.remove(name)
        except ConflictError:
            self._refuse_if_used(image)
            raise
        gone = [row["Deleted"].removeprefix(DIGEST_PREFIX) for row in rows if row.get("Deleted")]
        identity = self.step.object_id.removeprefix(DIGEST_PREFIX)
        if self.step.verb is Verb.DELETE and identity not in gone:
            self._finish_deleting()
            gone.append(identity)
        return gone

    def _as_planned(self) -> Image:
        """The image, if it is still what was planned."""
        step = self.step
        image = self.engine.images.find(step.target)
        if image is not None and image.id != step.object_id:
            raise StepSkippedError(f"{step.target} has become another image meanwhile")
        if image is None:
            image = self.engine.images.find(step.object_id)
            # The containerd store can show a digest that it does not find an image by.
            if image is None or (image.tags and step.target not in removable_references(image)):
                raise TargetGoneError
        if step.verb is Verb.UNTAG or not image.tags or self.engine.is_podman:
            # Of the last tag Docker itself refuses to let go while a container uses it; Podman
            # lets the tag go where a digest is left.
            self._refuse_if_used(image)
        if any(matches_pin(pin, image) for pin in self.pins()):
            raise StepSkippedError("it is pinned by now")
        if set(removable_references(image)) != set(step.expected_references or ()):
            names = ", ".join(removable_references(image)) or "no name"
            raise StepSkippedError(f"its names have changed meanwhile: it has {names}")
        return image

    def _refuse_if_used(self, image: Image) -> None:
        users = [it.name for it in self.engine.containers.list() if _uses_image(it, image)]
        if users:
            raise StepSkippedError(f"{users[0]} uses it by now")

    def _finish_deleting(self) -> None:
        """The image has lost its last name and stays: make it go, or give the name back."""
        images, step = self.engine.images, self.step
        image = images.find(step.object_id)
        repository = step.target.rpartition(":")[0]
        for digest in image.digests if image is not None and not image.tags else ():
            # By which it was pulled: Podman, unlike Docker, keeps it when the last tag goes.
            if digest.partition("@")[0] == repository:
                images.remove(digest)
        if images.find(step.object_id) is None:
            return
        if step.target != step.object_id and "@" not in step.target:
            images.tag(step.object_id, ImageReference.parse(step.target))
        raise StepSkippedError("another image was built on it meanwhile: it has its name again")


def _uses_image(container: Container, image: Image) -> bool:
    mounted = {image.id, *image.tags, *image.digests}
    return container.image_id == image.id or not mounted.isdisjoint(container.mounted_images)
