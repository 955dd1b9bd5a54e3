"""Examples of the words of the field, from what is on an engine now; or how to get one."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from manager.disk.core.intermediate import seen
from manager.disk.core.removal import Remaining
from manager.explain.core.images import layers_of, pile
from manager.explain.core.pages import (
    Facts,
    Part,
    Picture,
    container_facts,
    is_of_lab,
    listed,
    plural,
    relation,
)
from manager.model.snapshot import SHORT_ID
from manager.model.units import format_size
from manager.references.reference import ImageReference, is_bare_id, read
from manager.references.registry_hosts import of

NO_IMAGE = "There is no image here yet. Get one with: dockmgr pull nginx"
NO_CONTAINER = "There is no container here yet. Make one with: dockmgr spawn nginx"
Found = tuple[Sequence[Part], dict[str, Any]]


def of_image(facts: Facts) -> Found:
    """An image with its containers."""
    images = facts.snapshot.images
    told: dict[str, Any] = {"images": len(images), "containers": len(facts.snapshot.containers)}
    if not images:
        return (NO_IMAGE,), told
    drawn = relation(facts.snapshot)
    if not drawn:
        named = max(images, key=lambda it: len(it.tags)).label
        count = plural(len(images), "image")
        text = f"Of {count} here none has a container. Make one with: dockmgr spawn {named}"
        return (text,), told
    parts: list[Part] = ["Of yours, this one has the most containers:", *drawn]
    if any(it.id == drawn[0].branch.image_id and is_of_lab(it) for it in images):
        parts.append("That image is of the lab's own making, not Docker's.")
    return parts, told


def of_container(facts: Facts) -> Found:
    """A container beside the others of its image."""
    found = facts.snapshot.containers
    told = {"containers": list(map(container_facts, found))}
    if not found:
        return (NO_CONTAINER,), told
    running = sum(it.running for it in found)
    text = f"Here are {plural(len(found), 'container')}, {running} running. For example:"
    name = next((it.name for it in found if it.running), found[0].name)
    return (text, *relation(facts.snapshot), f"More of one: dockmgr explain {name}"), told


def of_layer(facts: Facts) -> Found:
    """The image that shares the most layers with others."""
    images = facts.snapshot.images
    if not images:
        return (NO_IMAGE,), {"image": None}
    disk = facts.disk
    held = {
        it.id: sum(disk.holdings.held[layer] > 1 for layer in layers_of(disk, it)) for it in images
    }
    best = max(images, key=lambda it: (held[it.id], len(layers_of(disk, it)), it.label))
    told = {"image": best.label, "layers": len(layers_of(disk, best)), "shared": held[best.id]}
    text = f"{best.label} here has {plural(len(layers_of(disk, best)), 'layer')}, the top first:"
    return (text, Picture(pile(facts, disk, best))), told


def of_tag(facts: Facts) -> Found:
    """The image with the most tags."""
    tagged = [it for it in facts.snapshot.images if it.tags]
    if not tagged:
        return (NO_IMAGE,), {"tags": []}
    best = max(tagged, key=lambda it: (len(it.tags), it.label))
    text = f"Image {best.short_id} here has {plural(len(best.tags), 'tag')}: {listed(best.tags)}."
    more = f"Give it another with: dockmgr tag {best.tags[0]} mine:1"
    return (text, more), {"id": best.id, "tags": list(best.tags)}


def of_digest(facts: Facts) -> Found:
    """An image whose digest is known."""
    images = sorted(facts.snapshot.images, key=lambda it: (not it.tags, it.label))
    best = next((it for it in images if it.digests), None)
    if best is None:
        why = "No image here has a digest that a registry gave it." if images else NO_IMAGE
        return (why,), {"digest": None}
    digest = best.digests[0].rpartition("@")[2]
    text = f"{best.label} here has, in its registry, the digest"
    return (text, Picture((f"  {digest}",))), {"image": best.label, "digest": digest}


def _references(facts: Facts) -> list[ImageReference]:
    tags = (read(tag) for image in facts.snapshot.images for tag in image.tags)
    return sorted((it for it in tags if it is not None), key=lambda it: it.familiar)


def of_registry(facts: Facts) -> Found:
    """The registries that images are named after."""
    counts = Counter(it.registry for it in _references(facts))
    told = {"registries": dict(counts)}
    if not counts:
        return (NO_IMAGE,), told
    lines = [
        f"  {host}: {plural(count, 'name')} here; run by: {of(host).run_by.partition(';')[0]}"
        for host, count in counts.most_common(4)
    ]
    parts: list[Part] = ["Your images are named after these:", *lines]
    if facts.lab:
        parts.append("In this lab its own registry answers in place of docker.io.")
    return parts, told


def of_repository(facts: Facts) -> Found:
    """The repository with the most tags here."""
    tags: dict[str, list[str]] = {}
    for found in _references(facts):
        tags.setdefault(found.familiar_name, []).append(found.tag or "")
    if not tags:
        return (NO_IMAGE,), {"repositories": {}}
    name = max(tags, key=lambda it: (len(tags[it]), it))
    text = (
        f"Yours are named after {len(tags)}. "
        f"Of {name} these tags are here: {listed(tuple(tags[name]))}. "
        f"What its registry has: dockmgr tags {name}"
    )
    return (text,), {"repositories": tags}


def of_reference(facts: Facts) -> Found:
    """The reference of an image, short and in full."""
    found = _references(facts)
    if not found:
        return (NO_IMAGE,), {"reference": None}
    short = min(found, key=lambda it: (len(it.familiar), it.familiar))
    text = f"Of yours, {short.familiar} is in full {short.canonical}."
    more = f"Take it apart: dockmgr explain image:{short.familiar}"
    return (text, more), {"reference": short.familiar, "canonical": short.canonical}


def of_volume(facts: Facts) -> Found:
    """The volumes."""
    # Those without a name have 64 digits for one.
    nameless = {it.name for it in facts.volumes if is_bare_id(it.name)}
    found = sorted(facts.volumes, key=lambda it: (it.name in nameless, it.name))
    told = {"volumes": [{"name": it.name, "size": it.size, "users": it.users} for it in found]}
    if not found:
        text = "There is no volume here yet. Make one with:"
        return (text, Picture(("  dockmgr spawn redis --volume data:/data",))), told
    lines = [
        f"  {f'{it.name[:SHORT_ID]}… (no name)' if it.name in nameless else it.name}: "
        f"{'size unknown' if it.size is None else format_size(it.size)}"
        + (f", had by {plural(it.users, 'container')}" if it.users is not None else "")
        for it in found[:4]
    ]
    text = f"Here {'is' if len(found) == 1 else 'are'} {plural(len(found), 'volume')}. For example:"
    return (text, *lines), told


def of_network(facts: Facts) -> Found:
    """The networks that somebody made."""
    found = sorted(facts.networks, key=lambda it: it.name)
    told = {"networks": [{"name": it.name, "containers": list(it.users)} for it in found]}
    if not found:
        text = "Here are only the engine's own networks. Make another with:"
        return (text, Picture(("  docker network create lan",))), told
    lines = [f"  {it.name}: {listed(it.users) or 'no container'}" for it in found[:4]]
    return ("Beside the engine's own, here are:", *lines), told


def of_engine(facts: Facts) -> Found:
    """The engine."""
    snapshot = facts.snapshot
    running = sum(it.running for it in snapshot.containers)
    where = f"of the lab {facts.lab}" if facts.lab else "not a lab's"
    text = (
        f"Yours is {facts.engine}, {where}, at {facts.host} (chosen by: {facts.source}). It holds "
        f"{plural(len(snapshot.images), 'image')} and "
        f"{plural(len(snapshot.containers), 'container')}, {running} running."
    )
    told = {"engine": facts.engine, "host": facts.host, "source": facts.source, "lab": facts.lab}
    counts = {"images": len(snapshot.images), "containers": len(snapshot.containers)}
    return (text,), {**told, **counts, "running": running}


def of_context(facts: Facts) -> Found:
    """The contexts, and whether one of them is in use."""
    known = (
        f"Contexts known here: {listed(facts.contexts)}."
        if facts.contexts
        else ("No context was made here.")
    )
    used = f"This command used {facts.context}" if facts.context else "This command used none"
    text = f"{known} {used}; its engine is at {facts.host} (chosen by: {facts.source})."
    return (text,), {"contexts": list(facts.contexts), "used": facts.context or None}


def of_dangling(facts: Facts) -> Found:
    """The images without a tag, those of them without a digest, and what they would free."""
    found = [it for it in seen(facts.snapshot) if not it.tags]
    lone = [it for it in found if not it.digests]
    told = {"untagged": [it.id for it in found], "dangling": [it.id for it in lone]}
    if not found:
        return ("There is none here. One appears when you build or pull a tag anew.",), told
    names = listed(tuple(it.short_id for it in found))
    neither = listed(tuple(it.short_id for it in lone)) or "none"
    frees = _frees(facts, [it.id for it in found])
    text = (
        f"Of yours untagged: {names}. Of these without a digest too: {neither}. Those untagged "
        f"that no container uses free {frees}."
    )
    see = "See what would go: dockmgr prune --untagged --dry-run, or with --dangling instead"
    return (text, see), told


def of_prune(facts: Facts) -> Found:
    """What nobody uses, and what it would free."""
    used = facts.snapshot.users_by_image()
    idle = [it.id for it in facts.snapshot.images if it.id not in used]
    stopped = [it.name for it in facts.snapshot.containers if not it.running]
    frees = _frees(facts, idle)
    text = (
        f"Here {plural(len(idle), 'image')} without a container would free {frees}. "
        "See what would go: dockmgr prune --all --dry-run"
    )
    more = (
        f"Stopped here: {plural(len(stopped), 'container') if stopped else 'no container'}. "
        "What is stopped goes only if that is asked for, and if it ended more than a day ago: "
        "dockmgr prune --stopped-containers --dry-run"
    )
    return (text, more), {"idle": len(idle), "stopped": stopped}


def _frees(facts: Facts, image_ids: Sequence[str]) -> str:
    left = Remaining(facts.snapshot)
    for image_id in image_ids:
        left.remove(image_id)
    return str(facts.disk.frees(left.result().deleted))


def of_group(facts: Facts) -> Found:
    """The groups."""
    names = sorted({it.group for it in facts.snapshot.containers if it.group})
    told = {"groups": {name: len(facts.snapshot.members(name)) for name in names}}
    if not names:
        text = "There is no group here yet. Make one with: dockmgr spawn nginx --count 3"
        return (text,), told
    counts = tuple(f"{name} ({len(facts.snapshot.members(name))})" for name in names)
    return (f"Your groups, and how many are in each: {listed(counts)}.",), told


def of_lab(facts: Facts) -> Found:
    """The labs that are up."""
    told = {"labs": list(facts.labs), "used": facts.lab or None}
    if not facts.labs:
        return ("No lab is up. Make one with: dockmgr lab up",), told
    used = f"This command used {facts.lab}." if facts.lab else "This command used another engine."
    return (f"Up now: {listed(facts.labs)}. {used}",), told
