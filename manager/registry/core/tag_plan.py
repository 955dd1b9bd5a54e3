"""Plan giving names to an image: what each name means so far, and which image loses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.model.find_images import find_image_by_reference, resolve_image
from manager.model.plan import Plan, PlanStep, Verb
from manager.references.reference import ImageReference, parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manager.model.images import Image


@dataclass(frozen=True, slots=True)
class Tagging:
    """What is to be done: a step for each name, its id that of the image that has it so far."""

    image: Image
    plan: Plan
    targets: tuple[ImageReference, ...]
    """In the order of the steps."""

    @property
    def moves(self) -> tuple[str, ...]:
        """The names that other images lose."""
        return tuple(step.target for step in self.plan if step.object_id)


def plan_tag(images: Sequence[Image], source: str, targets: Iterable[str]) -> Tagging:
    """Decide what giving these names does.

    Args:
        images: of the engine.
        source: a reference, or an id of 12 or all 64 digits.
        targets: the names; each is read before anything is decided.

    Raises:
        ManagerError: there is no such image, or (usage) a name cannot be given.
    """
    wanted = tuple(dict.fromkeys(map(parse_target, targets)))
    image, _ = resolve_image(images, source)
    steps, notes, given = [], [], []
    for name in wanted:
        found = find_image_by_reference(images, name)
        holder = found[0] if found else None
        if holder is not None and holder.id == image.id:
            notes.append(f"{name.familiar} already names this image")
            continue
        cause = f"image {image.short_id}"
        if holder is not None:
            cause += f"; image {holder.short_id} loses it{_format_remaining_names(holder, wanted)}"
        steps.append(PlanStep(Verb.TAG, name.familiar, cause, holder.id if holder else ""))
        given.append(name)
    return Tagging(image, Plan(tuple(steps), tuple(notes)), tuple(given))


def _format_remaining_names(holder: Image, lost: Sequence[ImageReference]) -> str:
    """What an image is still called that loses some names."""
    left = sorted(tag for tag in holder.tags if parse_reference(tag) not in lost)
    return f" and keeps {', '.join(left)}" if left else " and is left untagged"


def parse_target(text: str) -> ImageReference:
    """A name that can be given to an image.

    Raises:
        ManagerError: (usage) it is not a valid reference, or has a digest.
    """
    reference = ImageReference.parse(text)
    if reference.digest:
        raise ManagerError(
            f"{text} has a digest, which cannot be chosen",
            f"use a tag only: {reference.familiar_name}:{reference.tag or 'TAG'}",
            ExitCode.USAGE,
        )
    return reference
