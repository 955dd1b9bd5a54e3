"""Plan removing images by reference: never by force, never one that a container uses."""

from collections.abc import Sequence
from dataclasses import replace

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.removal import order_children_first, removable_references, simulate_removal
from manager.errors import ManagerError
from manager.model.containers import Container
from manager.model.find_images import resolve_image
from manager.model.images import Image
from manager.model.plan import Plan, PlanStep, Verb
from manager.model.snapshot import Snapshot
from manager.model.units import format_size
from manager.references.reference import ImageReference, InvalidReferenceError

MAX_NAMED_IMAGES = 3
"""How many of the images that share layers are named; the others are only counted."""


def plan_untag(
    snapshot: Snapshot, names: tuple[str, ...], disk: DiskAccounting | None = None
) -> Plan:
    """Decide what removing these references does: an image goes with its last one.

    Args:
        snapshot: all images and all containers.
        names: references, or ids (12 or all 64 digits) of images without a reference.
        disk: the bytes of the images; None for a plan without them.

    Raises:
        ManagerError: there is no such image, a container uses it, or an id was given for an
            image that has references.
    """
    named: dict[tuple[str, str], Image] = {}
    for name in names:
        image, reference = resolve_image(snapshot.images, name)
        named[image.id, reference or _require_untagged_id(image)] = image
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
            kept = f"the image keeps {', '.join(stay)}" if stay else kept
            kept = kept or f"the image is removed with {going[image_id][-1]}"
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
    cause = f"image {image.short_id}, {format_size(image.size)} including shared layers"
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
        notes.append(f"also removes {len(parents)} untagged parent image{'s' * many}")
    stay = disk.bytes_still_shared(deleted)
    if stay.bytes.high:
        names = _format_names(snapshot, stay.images)
        notes.append(f"{stay.bytes} stays on disk, shared with {names or 'other images'}")
    cached = disk.bytes_left_in_build_cache(deleted)
    if cached.high:
        notes.append(
            f"up to {format_size(cached.high)} of it may stay on disk as build cache; "
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


def _require_untagged_id(image: Image) -> str:
    names = removable_references(image)
    if names:
        raise ManagerError(
            f"image {image.short_id} has references: {', '.join(names)}",
            f"remove it by reference: dockmgr rmi {names[0]}",
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
