"""Remove a reference from an image, if everything is still as planned."""

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
    """A condition of a step no longer holds."""


class TargetGoneError(Exception):
    """The target of a step no longer exists."""


@dataclass(frozen=True, slots=True)
class ReferenceRemoval:
    """One step on one image."""

    engine: Engine
    step: PlanStep
    pins: Callable[[], tuple[str, ...]]
    """What is pinned now."""

    def remove(self) -> list[str]:
        """Remove the reference.

        Returns:
            The ids of images and layers that the engine reported as deleted, without algorithm.

        Raises:
            StepSkippedError: a condition no longer holds.
            TargetGoneError: the reference no longer exists.
            ManagerError: the engine refuses, or does not answer.
        """
        image = self._find_unchanged_image()
        # Only an image without a tag is removed by id: the containerd store can show a digest
        # under which it finds no image.
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

    def _find_unchanged_image(self) -> Image:
        """The image, if it is still as planned."""
        step = self.step
        image = self.engine.images.find(step.target)
        if image is not None and image.id != step.object_id:
            raise StepSkippedError(f"{step.target} is another image now")
        if image is None:
            image = self.engine.images.find(step.object_id)
            # The containerd store can show a digest under which it finds no image.
            if image is None or (image.tags and step.target not in removable_references(image)):
                raise TargetGoneError
        if step.verb is Verb.UNTAG or not image.tags or self.engine.is_podman:
            # Docker itself refuses to remove the last tag of an image in use; Podman does not, if
            # the image has a digest.
            self._refuse_if_used(image)
        if any(matches_pin(pin, image) for pin in self.pins()):
            raise StepSkippedError("it is pinned now")
        if set(removable_references(image)) != set(step.expected_references or ()):
            names = ", ".join(removable_references(image)) or "none"
            raise StepSkippedError(f"its names have changed to {names}")
        return image

    def _refuse_if_used(self, image: Image) -> None:
        users = [it.name for it in self.engine.containers.list() if _uses_image(it, image)]
        if users:
            raise StepSkippedError(f"{users[0]} uses it now")

    def _finish_deleting(self) -> None:
        """The image has lost its last name and stays: remove it, or restore the name."""
        images, step = self.engine.images, self.step
        image = images.find(step.object_id)
        repository = step.target.rpartition(":")[0]
        for digest in image.digests if image is not None and not image.tags else ():
            # The digest of the pull: Podman, unlike Docker, keeps it after the last tag.
            if digest.partition("@")[0] == repository:
                images.remove(digest)
        if images.find(step.object_id) is None:
            return
        if step.target != step.object_id and "@" not in step.target:
            images.tag(step.object_id, ImageReference.parse(step.target))
        raise StepSkippedError("another image has been built on it; its name is restored")


def _uses_image(container: Container, image: Image) -> bool:
    mounted = {image.id, *image.tags, *image.digests}
    return container.image_id == image.id or not mounted.isdisjoint(container.mounted_images)
