"""Find images that an engine holds: by id, by reference, or by whichever of them was typed."""

from collections.abc import Iterable, Sequence

from manager.errors import ManagerError
from manager.model.images import Image
from manager.model.units import SHORT_ID_DIGITS
from manager.references.reference import ImageReference, parse_reference

FULL_ID_DIGITS = 64


def find_image_by_id(images: Iterable[Image], name: str) -> Image | None:
    """The image with an id of 12 or all 64 digits; None if there is none, or it is not an id."""
    digits = name.removeprefix("sha256:")
    if len(digits) not in {SHORT_ID_DIGITS, FULL_ID_DIGITS} or set(digits) - set(
        "0123456789abcdef"
    ):
        return None
    return next((it for it in images if it.id.removeprefix("sha256:").startswith(digits)), None)


def find_image_by_reference(
    images: Iterable[Image], reference: ImageReference
) -> tuple[Image, str] | None:
    """The image that has a tag or was pulled by a digest, and that name as the engine writes it."""
    for image in images:
        for name in image.digests if reference.digest else image.tags:
            held = parse_reference(name)
            # An engine can hold what the grammar forbids.
            if held is None or held.repository != reference.repository:
                continue
            if (held.digest or held.tag) == (reference.digest or reference.tag):
                return image, name
    return None


def resolve_image(images: Sequence[Image], text: str) -> tuple[Image, str]:
    """The image that a reference or an id stands for.

    Returns:
        The image, and the reference as the engine writes it; empty where an id was given.

    Raises:
        ManagerError: there is no such image, or (usage) the text is neither.
    """
    image = find_image_by_id(images, text)
    if image is not None:
        return image, ""
    # A full id is not a reference: the grammar need not be explained to whoever typed one.
    found = None
    if len(text.removeprefix("sha256:")) != FULL_ID_DIGITS:
        found = find_image_by_reference(images, ImageReference.parse(text))
    if found is None:
        raise missing_image_error(text)
    return found


def missing_image_error(name: str) -> ManagerError:
    """What to say of an image that an engine does not have."""
    return ManagerError(f"there is no image {name} on this engine", "list images: dockmgr images")
