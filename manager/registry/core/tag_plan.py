"""Plan giving names to an image: what each name stands for so far, and who loses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.model.plan import Plan, PlanStep, Verb
from manager.model.units import SHORT_ID_DIGITS
from manager.references.reference import ImageReference, parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manager.model.images import Image

ID_DIGITS = 64


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
        ManagerError: there is no such image, or (usage) a name is none that can be given.
    """
    wanted = tuple(dict.fromkeys(map(parse_target, targets)))
    image = resolve_image(images, source)
    steps, notes, given = [], [], []
    for name in wanted:
        holder = find_image_by_reference(images, name)
        if holder is not None and holder.id == image.id:
            notes.append(f"{name.familiar} is this image's already")
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
    return f", and is still {', '.join(left)}" if left else ", and has no name left"


def parse_target(text: str) -> ImageReference:
    """A name that can be given to an image.

    Raises:
        ManagerError: (usage) it is no address, or has a digest.
    """
    reference = ImageReference.parse(text)
    if reference.digest:
        raise ManagerError(
            f"{text} has a digest, which nobody can choose",
            f"give it a tag alone: {reference.familiar_name}:{reference.tag or 'TAG'}",
            ExitCode.USAGE,
        )
    return reference


def resolve_image(images: Iterable[Image], name: str) -> Image:
    """The image that a reference or an id stands for.

    Raises:
        ManagerError: there is none, or (usage) it is neither.
    """
    bare = name.removeprefix("sha256:")
    by_id = len(bare) in {SHORT_ID_DIGITS, ID_DIGITS} and set(bare) <= set("0123456789abcdef")
    images = tuple(images)
    if by_id:
        for image in images:
            if image.id.removeprefix("sha256:").startswith(bare):
                return image
    found = None
    if len(bare) != ID_DIGITS:
        found = find_image_by_reference(images, ImageReference.parse(name))
    if found is None:
        raise ManagerError(
            f"there is no image {name} on this engine", "see what there is with: dockmgr images"
        )
    return found


def find_image_by_reference(images: Iterable[Image], reference: ImageReference) -> Image | None:
    """The image that has a name, or was pulled by a digest; None if there is none."""
    for image in images:
        for name in image.digests if reference.digest else image.tags:
            held = parse_reference(name)
            # An engine can hold what the grammar forbids.
            if held is None or held.repository != reference.repository:
                continue
            if (held.digest or held.tag) == (reference.digest or reference.tag):
                return image
    return None
