"""Plan removing images by reference: never by force, never one that a container uses."""

from manager.core.model import SHORT_ID, Container, Image, Snapshot
from manager.core.plan import Plan, Step, Verb
from manager.core.reference import ImageReference, InvalidReferenceError
from manager.core.units import format_size
from manager.errors import ManagerError

ID_DIGITS = 64


def plan_untag(snapshot: Snapshot, names: tuple[str, ...]) -> Plan:
    """Decide what removing these references does: an image goes with its last one.

    Args:
        snapshot: all images and all containers.
        names: references; or ids (12 or all 64 digits) of images that have no reference.

    Raises:
        ManagerError: there is no such image, a container uses it, or an id was given for an
            image that has references.
    """
    left = {image.id: [*image.tags, *_digest_only(image)] for image in snapshot.images}
    steps: list[Step] = []
    for name in dict.fromkeys(names):
        image, reference = find(snapshot, name)
        references = left[image.id]
        if reference in references:
            references.remove(reference)
        last = not references
        _refuse_if_used(snapshot, image, reference, last=last)
        steps.append(_step(image, reference, references))
    return Plan(tuple(steps))


def find(snapshot: Snapshot, name: str) -> tuple[Image, str]:
    """The image a name stands for, and the reference to remove it by.

    Raises:
        ManagerError: there is none, or it is named by an id although it has references.
    """
    bare = name.removeprefix("sha256:")
    if len(bare) in {SHORT_ID, ID_DIGITS} and set(bare) <= set("0123456789abcdef"):
        for image in snapshot.images:
            if image.id.removeprefix("sha256:").startswith(bare):
                return image, _by_id(image)
    try:
        wanted = ImageReference.parse(name)
    except InvalidReferenceError as error:
        # A bare id is no reference: if it is nobody's, say that rather than explain the grammar.
        if len(bare) == ID_DIGITS:
            raise _no_image(name) from error
        raise
    for image in snapshot.images:
        for reference in (*image.tags, *image.digests):
            if _same(ImageReference.parse(reference), wanted):
                return image, reference
    raise _no_image(name)


def _no_image(name: str) -> ManagerError:
    return ManagerError(
        f"there is no image {name} on this engine", "see what there is with: dockmgr images"
    )


def _same(held: ImageReference, wanted: ImageReference) -> bool:
    if held.repository != wanted.repository:
        return False
    if wanted.digest:
        return held.digest == wanted.digest
    return held.digest is None and held.tag == wanted.tag


def _digest_only(image: Image) -> tuple[str, ...]:
    """References of an image that was pulled by digest and has no tag."""
    return () if image.tags else image.digests


def _by_id(image: Image) -> str:
    references = (*image.tags, *_digest_only(image))
    if references:
        raise ManagerError(
            f"image {image.short_id} has references: {', '.join(references)}",
            f"remove it by reference, as in: dockmgr rmi {references[0]}",
        )
    return image.id


def _refuse_if_used(snapshot: Snapshot, image: Image, reference: str, *, last: bool) -> None:
    users = snapshot.users(image.id)
    if not last:
        # Another tag keeps the image; only a container that shows this very tag minds.
        users = tuple(user for user in users if _shows(user, reference))
    if users:
        names = ", ".join(sorted(user.name for user in users))
        raise ManagerError(
            f"{reference} is in use by {names}",
            f"remove the containers first: dockmgr rm {names.replace(', ', ' ')}",
        )


def _shows(container: Container, reference: str) -> bool:
    try:
        shown = ImageReference.parse(container.image)
    except InvalidReferenceError:
        return False  # it shows an id: its own tag is gone already
    return shown == ImageReference.parse(reference)


def _step(image: Image, reference: str, left: list[str]) -> Step:
    if left:
        cause = f"frees nothing: the image is still {', '.join(left)}"
        return Step(Verb.UNTAG, reference, cause, object_id=image.id)
    cause = f"image {image.short_id}, {format_size(image.size)} with the layers it shares"
    return Step(Verb.DELETE, reference, cause, object_id=image.id)
