"""Plan removing images by reference: never by force, never one that a container uses."""

from collections.abc import Sequence
from dataclasses import replace

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.removal import order_children_first, removable_references, simulate_removal
from manager.errors import ManagerError
from manager.model.containers import Container
from manager.model.images import Image
from manager.model.plan import Plan, PlanStep, Verb
from manager.model.snapshot import Snapshot
from manager.model.units import SHORT_ID_DIGITS, format_size
from manager.references.reference import ImageReference, InvalidReferenceError

FULL_ID_DIGITS = 64
MAX_NAMED_IMAGES = 3
"""So many images are named that something is shared with; of others, only how many there are."""


def plan_untag(
    snapshot: Snapshot, names: tuple[str, ...], disk: DiskAccounting | None = None
) -> Plan:
    """Decide what removing these references does: an image goes with its last one.

    Args:
        snapshot: all images and all containers.
        names: references; or ids (12 or all 64 digits) of images that have no reference.
        disk: the bytes of the images; None for a plan that does not tell them.

    Raises:
        ManagerError: there is no such image, a container uses it, or an id was given for an
            image that has references.
    """
    named: dict[tuple[str, str], Image] = {}
    for name in names:
        image, reference = find_image(snapshot, name)
        named[image.id, reference] = image
    # What was built on an image goes before it: else the image would have to stay.
    order = order_children_first((image_id for image_id, _ in named), snapshot.images)
    pairs = sorted(named, key=lambda pair: order.index(pair[0]))
    removal = simulate_removal(snapshot, [image_id for image_id, _ in pairs])
    left = {image.id: list(removable_references(image)) for image in named.values()}
    going: dict[str, list[str]] = {}
    for image_id, reference in pairs:
        going.setdefault(image_id, []).append(reference)
    steps: list[PlanStep] = []
    for image_id, reference in pairs:
        rest = left[image_id]
        if reference in rest:
            rest.remove(reference)
        _refuse_if_used(snapshot, named[image_id, reference], reference, last=not rest)
        kept = removal.kept.get(image_id, "")
        if rest:
            stay = [name for name in rest if name not in going[image_id]]
            kept = f"the image is still {', '.join(stay)}" if stay else kept
            kept = kept or f"the image goes with {going[image_id][-1]}"
        steps.append(
            _build_untag_step(named[image_id, reference], reference, kept, others=bool(rest))
        )
    plan = Plan(tuple(steps))
    return _add_bytes(snapshot, disk, plan, removal.deleted) if disk is not None else plan


def _build_untag_step(image: Image, reference: str, kept: str, *, others: bool) -> PlanStep:
    if kept:
        cause = f"frees nothing: {kept}"
        return PlanStep(
            Verb.UNTAG, reference, cause, object_id=image.id, has_other_references=others
        )
    cause = f"image {image.short_id}, {format_size(image.size)} with the layers it shares"
    return PlanStep(Verb.DELETE, reference, cause, object_id=image.id)


def _add_bytes(
    snapshot: Snapshot, disk: DiskAccounting, plan: Plan, deleted: Sequence[str]
) -> Plan:
    """The plan with what it frees, and what of its images stays for the sake of others."""
    frees = disk.bytes_freed_by(deleted)
    notes = [f"frees {frees.format_sentence()}"]
    named = {step.object_id for step in plan}
    parents = [image_id for image_id in deleted if image_id not in named]
    if parents:
        many = len(parents) != 1
        notes.append(
            f"{len(parents)} nameless parent{'s' * many} of {'these' if many else 'it'} "
            f"go{'es' * (not many)} too"
        )
    stay = disk.bytes_still_shared(deleted)
    if stay.bytes.high:
        names = _format_names(snapshot, stay.images)
        notes.append(f"{stay.bytes} stay{'s' * (not names)}, shared with {names or 'others'}")
    cached = disk.bytes_left_in_build_cache(deleted)
    if cached.high:
        notes.append(
            f"up to {format_size(cached.high)} of it can stay on the disk for the build cache: "
            "docker builder prune removes that"
        )
    return replace(plan, notes=tuple(notes), frees=frees, cached=cached)


def _format_names(snapshot: Snapshot, image_ids: Sequence[str]) -> str:
    """Some images by name; nameless ones are only counted."""
    wanted = dict.fromkeys(image_ids)
    labels = {image.id: image.label for image in snapshot.images if image.tags}
    named = [labels[image_id] for image_id in wanted if image_id in labels]
    more = len(wanted) - len(named[:MAX_NAMED_IMAGES])
    words = named[:MAX_NAMED_IMAGES] + ([f"{more} more"] if more else [])
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def find_image(snapshot: Snapshot, name: str) -> tuple[Image, str]:
    """The image a name stands for, and the reference to remove it by.

    Raises:
        ManagerError: there is none, or it is named by an id although it has references.
    """
    bare = name.removeprefix("sha256:")
    if len(bare) in {SHORT_ID_DIGITS, FULL_ID_DIGITS} and set(bare) <= set("0123456789abcdef"):
        for image in snapshot.images:
            if image.id.removeprefix("sha256:").startswith(bare):
                return image, _require_untagged_id(image)
    try:
        wanted = ImageReference.parse(name)
    except InvalidReferenceError as error:
        # A bare id is no reference: if it is nobody's, say that rather than explain the grammar.
        if len(bare) == FULL_ID_DIGITS:
            raise _no_image_error(name) from error
        raise
    for image in snapshot.images:
        for reference in (*image.tags, *image.digests):
            if _is_same_reference(ImageReference.parse(reference), wanted):
                return image, reference
    raise _no_image_error(name)


def _no_image_error(name: str) -> ManagerError:
    return ManagerError(
        f"there is no image {name} on this engine", "see what there is with: dockmgr images"
    )


def _is_same_reference(held: ImageReference, wanted: ImageReference) -> bool:
    if held.repository != wanted.repository:
        return False
    if wanted.digest:
        return held.digest == wanted.digest
    return held.digest is None and held.tag == wanted.tag


def _require_untagged_id(image: Image) -> str:
    names = removable_references(image)
    if names:
        raise ManagerError(
            f"image {image.short_id} has references: {', '.join(names)}",
            f"remove it by reference, as in: dockmgr rmi {names[0]}",
        )
    return image.id


def _refuse_if_used(snapshot: Snapshot, image: Image, reference: str, *, last: bool) -> None:
    users = snapshot.containers_using(image.id)
    if not last:
        # Another tag keeps the image; only a container that shows this very tag minds.
        users = tuple(user for user in users if _shows_reference(user, reference))
    if users:
        names = ", ".join(sorted(user.name for user in users))
        raise ManagerError(
            f"{reference} is in use by {names}",
            f"remove the containers first: dockmgr rm {names.replace(', ', ' ')}",
        )


def _shows_reference(container: Container, reference: str) -> bool:
    try:
        shown = ImageReference.parse(container.image)
    except InvalidReferenceError:
        return False  # it shows an id: its own tag is gone already
    return shown == ImageReference.parse(reference)
