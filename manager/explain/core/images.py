"""An image that is here: its layers, who shares them, its containers; and two images compared."""

from typing import Any

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.layer_tree import ROOT_LAYER
from manager.disk.core.removal import RemainingImages
from manager.explain.core.engine_facts import (
    LAB_IMAGE_NAMES,
    EngineFacts,
    describe_lab_origin,
    is_lab_image,
)
from manager.explain.core.pages import (
    Page,
    PagePart,
    VerbatimLines,
    build_container_tree,
    container_facts,
)
from manager.explain.core.text_layout import format_count, format_names, format_row
from manager.model.byte_range import ByteRange
from manager.model.images import Image, ImageStore
from manager.model.units import format_age, format_size
from manager.references.reference import parse_reference

LAYERS_SHOWN = 6


def explain_image(facts: EngineFacts, image: Image, address: Page | None) -> Page:
    """Explain an image that is here.

    Args:
        facts: of the engine.
        image: which.
        address: the explanation of the address it was named by, if it was.
    """
    disk = facts.disk
    path = find_image_layers(disk, image)
    size = format_size(image.size) if image.size >= 0 else "of unknown size"
    made = format_age(image.created, facts.now)
    named = image.tags or image.digests
    called = f"named {format_names(named)}" if named else "without a name"
    name = next(iter(named), image.short_id)
    parts: list[PagePart] = [*(address.parts if address else ())]
    parts.append(f"The image is here: {image.short_id}, {size}, built {made}, {called}.")
    if origin := describe_lab_origin(image):
        reference = parse_reference(address.name if address else image.label)
        hub = reference is not None and reference.familiar_name in LAB_IMAGE_NAMES
        other = " It is not the image that Docker Hub has under this name."
        parts.append(origin + (other if hub else ""))
    if path:
        parts += [f"Its {format_count(len(path), 'layer')}, from the top down:"]
        parts += [VerbatimLines(format_layers(facts, disk, image))]
    users = facts.snapshot.containers_using(image.id)
    if users:
        parts += ["Containers made from it:", *build_container_tree(facts.snapshot, image.id)]
    else:
        parts.append(f"No container of it exists now. Make one with: dockmgr spawn {name}")
    told: dict[str, Any] = dict(address.facts) if address else {}
    told |= {
        "image": image_facts(image, len(path)),
        "containers": list(map(container_facts, users)),
    }
    return Page("image", address.name if address else image.label, tuple(parts), told)


def image_facts(image: Image, layers: int) -> dict[str, Any]:
    """An image in a page's facts."""
    return {
        "id": image.id,
        "tags": list(image.tags),
        "digests": list(image.digests),
        "size": image.size if image.size >= 0 else None,
        "layers": layers,
        "made_by_lab": is_lab_image(image),
    }


def find_image_layers(disk: DiskAccounting, image: Image) -> tuple[int, ...]:
    """The layers of an image, lowest first; of several platforms those of the largest pile."""
    paths = (disk.holdings.parts[key].path for key in disk.holdings.part_keys_by_image[image.id])
    return max(paths, key=len, default=())


def bytes_between(disk: DiskAccounting, below: int, top: int) -> ByteRange:
    """The bytes of the layers above one, up to another."""
    sums = disk.packed if disk.store is ImageStore.PODMAN else disk.sums
    return ByteRange(*sums.between(below, top), disk.doubt)


def format_layers(facts: EngineFacts, disk: DiskAccounting, image: Image) -> tuple[str, ...]:
    """The layers of an image, the top one first, each with its size and who has it too."""
    path = find_image_layers(disk, image)
    lines: list[str] = []
    for number in range(len(path), max(0, len(path) - LAYERS_SHOWN), -1):
        layer = path[number - 1]
        size = bytes_between(disk, path[number - 2] if number > 1 else ROOT_LAYER, layer)
        others = tuple(
            facts.label(it) for it in sorted(disk.holdings.images_with({layer})) if it != image.id
        )
        shared = f", also in {format_names(others, 3)}" if others else ", in no other image"
        lines += format_row(f"layer {number}", f"{size}{shared}")
    if len(path) > LAYERS_SHOWN:
        lines += format_row("below", f"{len(path) - LAYERS_SHOWN} more")
    return tuple(lines)


def compare_images(facts: EngineFacts, first: tuple[str, Image], second: tuple[str, Image]) -> Page:
    """Explain what two images share, what each adds, and what removing one frees.

    Args:
        facts: of the engine.
        first: what was typed, and the image that it stands for.
        second: the other.
    """
    disk = facts.disk
    (typed, one), (_, other) = first, second
    if one.id == other.id:
        count = format_count(len(one.tags), "name")
        text = f"Both are the same image, {one.short_id}, with {count}: {format_names(one.tags)}."
        gone = (
            "Removing one name frees nothing while another remains."
            if len(one.tags) > 1
            else f"See what it frees: dockmgr rmi {choose_image_name(typed, one)} --dry-run"
        )
        told: dict[str, Any] = {"same": True, "image": image_facts(one, 0)}
        return Page("images", choose_image_name(typed, one), (text, gone), told)
    ours, theirs = find_image_layers(disk, one), find_image_layers(disk, other)
    common = sum(mine == its for mine, its in zip(ours, theirs, strict=False))
    top = ours[common - 1] if common else ROOT_LAYER
    shared = bytes_between(disk, ROOT_LAYER, top) if common else ByteRange()
    names = tuple(choose_image_name(*it) for it in (first, second))
    parts: list[PagePart] = [f"{names[0]} and {names[1]} side by side:"]
    both = f"{format_count(common, 'layer')}, {shared}, stored once" if common else "no layers"
    lines = [*format_row("shared", both)]
    told = {"same": False, "shared": {"layers": common, **_byte_range_facts(shared)}, "images": []}
    removals: list[str] = []
    for name, image, path in zip(names, (one, other), (ours, theirs), strict=True):
        adds = bytes_between(disk, top, path[-1]) if len(path) > common else ByteRange()
        more = format_count(len(path) - common, "layer")
        lines += format_row(f"{name} adds", f"{more}, {adds}")
        frees, why = _predict_removal(facts, disk, image)
        removals += _format_removal(name, image, frees.format_sentence() + why)
        amounts = {"adds": _byte_range_facts(adds), "frees": _byte_range_facts(frees)}
        told["images"].append({"name": name, **image_facts(image, len(path)), **amounts})
    parts += [VerbatimLines(tuple(lines)), "Layers that other images use are not freed, so:"]
    parts += [VerbatimLines(tuple(removals))]
    return Page("images", " ".join(names), tuple(parts), told)


def choose_image_name(typed: str, image: Image) -> str:
    """The name of an image that was typed, with its tag; of its others if it was an id."""
    wanted = parse_reference(typed)
    fitting = (tag for tag in image.tags if wanted is not None and parse_reference(tag) == wanted)
    return next(fitting, image.label)


def _format_removal(name: str, image: Image, frees: str) -> tuple[str, ...]:
    """What removing an image by its names frees; one name alone frees nothing beside others."""
    others = tuple(tag for tag in image.tags if tag != name)
    if not others:
        return format_row(f"removing {name} frees", frees)
    kept = f"nothing, since it is also called {format_names(others)}"
    return (
        *format_row(f"removing only {name} frees", kept),
        *format_row(f"removing it with all {len(image.tags)} names frees", frees, indent=4),
    )


def _predict_removal(
    facts: EngineFacts, disk: DiskAccounting, image: Image
) -> tuple[ByteRange, str]:
    """What removing an image by all its names frees, and what has to be done before."""
    left = RemainingImages(facts.snapshot)
    left.remove(image.id)
    result = left.result()
    users = tuple(sorted(it.name for it in facts.snapshot.containers_using(image.id)))
    if users:
        return disk.bytes_freed_by(
            [image.id]
        ), f"; but its containers must be removed first: {format_names(users)}"
    why = result.kept.get(image.id, "")
    return disk.bytes_freed_by(result.deleted), f"; it stays, since {why}" if why else ""


def _byte_range_facts(number: ByteRange) -> dict[str, Any]:
    return {"low": number.low, "high": number.high, "exact": number.is_exact}
