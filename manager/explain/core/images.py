"""An image that is here: its layers, who shares them, its containers; and two images compared."""

from typing import Any

from manager.disk.core.accounting import Disk
from manager.disk.core.layers import ROOT
from manager.disk.core.removal import Remaining
from manager.explain.core.pages import (
    LAB_IMAGES,
    Facts,
    Page,
    Part,
    Picture,
    container_facts,
    is_of_lab,
    listed,
    of_lab,
    plural,
    relation,
    row,
)
from manager.model.byte_range import Bytes
from manager.model.snapshot import Image, Store
from manager.model.units import format_age, format_size
from manager.references.reference import read

LAYERS_SHOWN = 6


def page(facts: Facts, image: Image, address: Page | None) -> Page:
    """Explain an image that is here.

    Args:
        facts: of the engine.
        image: which.
        address: the explanation of the address it was named by, if it was.
    """
    disk = facts.disk
    path = layers_of(disk, image)
    size = format_size(image.size) if image.size >= 0 else "a size the engine does not tell"
    made = format_age(image.created, facts.now)
    named = image.tags or image.digests
    called = f"called {listed(named)}" if named else "without a name"
    name = next(iter(named), image.short_id)
    parts: list[Part] = [*(address.parts if address else ())]
    parts.append(f"It is here: image {image.short_id}, {size}, made {made}, {called}.")
    if origin := of_lab(image):
        reference = read(address.name if address else image.label)
        hub = reference is not None and reference.familiar_name in LAB_IMAGES
        other = " It is not the image that Docker Hub has under this name."
        parts.append(origin + (other if hub else ""))
    if path:
        parts += [f"Its {plural(len(path), 'layer')}, the top one first:"]
        parts += [Picture(pile(facts, disk, image))]
    users = facts.snapshot.users(image.id)
    if users:
        parts += ["Made from it:", *relation(facts.snapshot, image.id)]
    else:
        parts.append(f"No container was made from it. Make one with: dockmgr spawn {name}")
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
        "made_by_lab": is_of_lab(image),
    }


def layers_of(disk: Disk, image: Image) -> tuple[int, ...]:
    """The layers of an image, lowest first; of several platforms those of the largest pile."""
    paths = (disk.holdings.parts[key].path for key in disk.holdings.of_image[image.id])
    return max(paths, key=len, default=())


def between(disk: Disk, below: int, top: int) -> Bytes:
    """The bytes of the layers above one, up to another."""
    sums = disk.packed if disk.store is Store.PODMAN else disk.sums
    return Bytes(*sums.between(below, top), disk.doubt)


def pile(facts: Facts, disk: Disk, image: Image) -> tuple[str, ...]:
    """The layers of an image, the top one first, each with its size and who has it too."""
    path = layers_of(disk, image)
    lines: list[str] = []
    for number in range(len(path), max(0, len(path) - LAYERS_SHOWN), -1):
        layer = path[number - 1]
        size = between(disk, path[number - 2] if number > 1 else ROOT, layer)
        others = tuple(
            facts.label(it) for it in sorted(disk.holdings.images_with({layer})) if it != image.id
        )
        shared = f", also in {listed(others, 3)}" if others else ", in no other image"
        lines += row(f"layer {number}", f"{size}{shared}")
    if len(path) > LAYERS_SHOWN:
        lines += row("below", f"{len(path) - LAYERS_SHOWN} more")
    return tuple(lines)


def compare(facts: Facts, first: tuple[str, Image], second: tuple[str, Image]) -> Page:
    """Explain what two images share, what each adds, and what removing one frees.

    Args:
        facts: of the engine.
        first: what was typed, and the image that it stands for.
        second: the other.
    """
    disk = facts.disk
    (typed, one), (_, other) = first, second
    if one.id == other.id:
        count = plural(len(one.tags), "name")
        text = f"They are one image, {one.short_id}, with {count}: {listed(one.tags)}."
        gone = (
            "Removing one name frees nothing while it has another."
            if len(one.tags) > 1
            else f"What removing it frees: dockmgr rmi {name_of(typed, one)} --dry-run"
        )
        told: dict[str, Any] = {"same": True, "image": image_facts(one, 0)}
        return Page("images", name_of(typed, one), (text, gone), told)
    ours, theirs = layers_of(disk, one), layers_of(disk, other)
    common = sum(mine == its for mine, its in zip(ours, theirs, strict=False))
    top = ours[common - 1] if common else ROOT
    shared = between(disk, ROOT, top) if common else Bytes()
    names = tuple(name_of(*it) for it in (first, second))
    parts: list[Part] = [f"{names[0]} and {names[1]} side by side:"]
    both = f"{plural(common, 'layer')}, {shared}, kept once" if common else "no layer"
    lines = [*row("both have", both)]
    told = {"same": False, "shared": {"layers": common, **_amount(shared)}, "images": []}
    removals: list[str] = []
    for name, image, path in zip(names, (one, other), (ours, theirs), strict=True):
        adds = between(disk, top, path[-1]) if len(path) > common else Bytes()
        more = plural(len(path) - common, "layer")
        lines += row(f"{name} adds", f"{more}, {adds}")
        frees, why = _removal(facts, disk, image)
        removals += _removing(name, image, frees.sentence() + why)
        amounts = {"adds": _amount(adds), "frees": _amount(frees)}
        told["images"].append({"name": name, **image_facts(image, len(path)), **amounts})
    parts += [Picture(tuple(lines)), "What other images have too is not freed, so:"]
    parts += [Picture(tuple(removals))]
    return Page("images", " ".join(names), tuple(parts), told)


def name_of(typed: str, image: Image) -> str:
    """The name of an image that was typed, with its tag; of its others if it was an id."""
    wanted = read(typed)
    fitting = (tag for tag in image.tags if wanted is not None and read(tag) == wanted)
    return next(fitting, image.label)


def _removing(name: str, image: Image, frees: str) -> tuple[str, ...]:
    """What removing an image by its names frees; one name alone frees nothing beside others."""
    others = tuple(tag for tag in image.tags if tag != name)
    if not others:
        return row(f"removing {name} frees", frees)
    kept = f"nothing, since it is also called {listed(others)}"
    return (
        *row(f"removing only {name} frees", kept),
        *row(f"removing it with all {len(image.tags)} names frees", frees, indent=4),
    )


def _removal(facts: Facts, disk: Disk, image: Image) -> tuple[Bytes, str]:
    """What removing an image by all its names frees, and what has to be done before."""
    left = Remaining(facts.snapshot)
    left.remove(image.id)
    result = left.result()
    users = tuple(sorted(it.name for it in facts.snapshot.users(image.id)))
    if users:
        return disk.frees([image.id]), f"; but first its containers have to go: {listed(users)}"
    why = result.kept.get(image.id, "")
    return disk.frees(result.deleted), f"; it stays, since {why}" if why else ""


def _amount(number: Bytes) -> dict[str, Any]:
    return {"low": number.low, "high": number.high, "exact": number.exact}
