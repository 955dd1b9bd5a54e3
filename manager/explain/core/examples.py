"""Examples of the words of the field, from what is on an engine now; or how to get one."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from manager.disk.core.intermediate import visible_images
from manager.disk.core.removal import RemainingImages
from manager.explain.core.engine_facts import EngineFacts, is_lab_image
from manager.explain.core.images import find_image_layers, format_layers
from manager.explain.core.pages import (
    PagePart,
    VerbatimLines,
    build_container_tree,
    container_facts,
)
from manager.explain.core.text_layout import format_count, format_names
from manager.model.units import SHORT_ID_DIGITS, format_size
from manager.references.grammar import is_bare_id
from manager.references.reference import ImageReference, parse_reference
from manager.references.registry_hosts import identify_registry

NO_IMAGE_TEXT = "There is no image here yet. Get one with: dockmgr pull nginx"
NO_CONTAINER_TEXT = "There is no container here yet. Make one with: dockmgr spawn nginx"
ExampleContent = tuple[Sequence[PagePart], dict[str, Any]]


def image_example(facts: EngineFacts) -> ExampleContent:
    """An image with its containers."""
    images = facts.snapshot.images
    told: dict[str, Any] = {"images": len(images), "containers": len(facts.snapshot.containers)}
    if not images:
        return (NO_IMAGE_TEXT,), told
    drawn = build_container_tree(facts.snapshot)
    if not drawn:
        named = max(images, key=lambda it: len(it.tags)).label
        count = format_count(len(images), "image")
        text = f"Of {count} here none has a container. Make one with: dockmgr spawn {named}"
        return (text,), told
    parts: list[PagePart] = ["Of yours, this one has the most containers:", *drawn]
    if any(it.id == drawn[0].branch.image_id and is_lab_image(it) for it in images):
        parts.append("That image is of the lab's own making, not Docker's.")
    return parts, told


def container_example(facts: EngineFacts) -> ExampleContent:
    """A container beside the others of its image."""
    found = facts.snapshot.containers
    told = {"containers": list(map(container_facts, found))}
    if not found:
        return (NO_CONTAINER_TEXT,), told
    running = sum(it.is_running for it in found)
    text = f"Here are {format_count(len(found), 'container')}, {running} running. For example:"
    name = next((it.name for it in found if it.is_running), found[0].name)
    return (
        text,
        *build_container_tree(facts.snapshot),
        f"More of one: dockmgr explain {name}",
    ), told


def layer_example(facts: EngineFacts) -> ExampleContent:
    """The image that shares the most layers with others."""
    images = facts.snapshot.images
    if not images:
        return (NO_IMAGE_TEXT,), {"image": None}
    disk = facts.disk
    held = {
        it.id: sum(disk.holdings.held[layer] > 1 for layer in find_image_layers(disk, it))
        for it in images
    }
    best = max(images, key=lambda it: (held[it.id], len(find_image_layers(disk, it)), it.label))
    told = {
        "image": best.label,
        "layers": len(find_image_layers(disk, best)),
        "shared": held[best.id],
    }
    layers = format_count(len(find_image_layers(disk, best)), "layer")
    text = f"{best.label} here has {layers}, the top first:"
    return (text, VerbatimLines(format_layers(facts, disk, best))), told


def tag_example(facts: EngineFacts) -> ExampleContent:
    """The image with the most tags."""
    tagged = [it for it in facts.snapshot.images if it.tags]
    if not tagged:
        return (NO_IMAGE_TEXT,), {"tags": []}
    best = max(tagged, key=lambda it: (len(it.tags), it.label))
    tags = format_count(len(best.tags), "tag")
    text = f"Image {best.short_id} here has {tags}: {format_names(best.tags)}."
    more = f"Give it another with: dockmgr tag {best.tags[0]} mine:1"
    return (text, more), {"id": best.id, "tags": list(best.tags)}


def digest_example(facts: EngineFacts) -> ExampleContent:
    """An image whose digest is known."""
    images = sorted(facts.snapshot.images, key=lambda it: (not it.tags, it.label))
    best = next((it for it in images if it.digests), None)
    if best is None:
        why = "No image here has a digest that a registry gave it." if images else NO_IMAGE_TEXT
        return (why,), {"digest": None}
    digest = best.digests[0].rpartition("@")[2]
    text = f"{best.label} here has, in its registry, the digest"
    return (text, VerbatimLines((f"  {digest}",))), {"image": best.label, "digest": digest}


def _tag_references(facts: EngineFacts) -> list[ImageReference]:
    tags = (parse_reference(tag) for image in facts.snapshot.images for tag in image.tags)
    return sorted((it for it in tags if it is not None), key=lambda it: it.familiar)


def registry_example(facts: EngineFacts) -> ExampleContent:
    """The registries that images are named after."""
    counts = Counter(it.registry for it in _tag_references(facts))
    told = {"registries": dict(counts)}
    if not counts:
        return (NO_IMAGE_TEXT,), told
    lines = [
        f"  {host}: {format_count(count, 'name')} here; "
        f"run by: {identify_registry(host).operator.partition(';')[0]}"
        for host, count in counts.most_common(4)
    ]
    parts: list[PagePart] = ["Your images are named after these:", *lines]
    if facts.lab:
        parts.append("In this lab its own registry answers in place of docker.io.")
    return parts, told


def repository_example(facts: EngineFacts) -> ExampleContent:
    """The repository with the most tags here."""
    tags: dict[str, list[str]] = {}
    for found in _tag_references(facts):
        tags.setdefault(found.familiar_name, []).append(found.tag or "")
    if not tags:
        return (NO_IMAGE_TEXT,), {"repositories": {}}
    name = max(tags, key=lambda it: (len(tags[it]), it))
    text = (
        f"Yours are named after {len(tags)}. "
        f"Of {name} these tags are here: {format_names(tuple(tags[name]))}. "
        f"What its registry has: dockmgr tags {name}"
    )
    return (text,), {"repositories": tags}


def reference_example(facts: EngineFacts) -> ExampleContent:
    """The reference of an image, short and in full."""
    found = _tag_references(facts)
    if not found:
        return (NO_IMAGE_TEXT,), {"reference": None}
    short = min(found, key=lambda it: (len(it.familiar), it.familiar))
    text = f"Of yours, {short.familiar} is in full {short.canonical}."
    more = f"Take it apart: dockmgr explain image:{short.familiar}"
    return (text, more), {"reference": short.familiar, "canonical": short.canonical}


def volume_example(facts: EngineFacts) -> ExampleContent:
    """The volumes."""
    # Those without a name have 64 digits for one.
    nameless = {it.name for it in facts.volumes if is_bare_id(it.name)}
    found = sorted(facts.volumes, key=lambda it: (it.name in nameless, it.name))
    told = {"volumes": [{"name": it.name, "size": it.size, "users": it.users} for it in found]}
    if not found:
        text = "There is no volume here yet. Make one with:"
        return (text, VerbatimLines(("  dockmgr spawn redis --volume data:/data",))), told
    lines = [
        f"  {f'{it.name[:SHORT_ID_DIGITS]}… (no name)' if it.name in nameless else it.name}: "
        f"{'size unknown' if it.size is None else format_size(it.size)}"
        + (f", had by {format_count(it.users, 'container')}" if it.users is not None else "")
        for it in found[:4]
    ]
    volumes = format_count(len(found), "volume")
    text = f"Here {'is' if len(found) == 1 else 'are'} {volumes}. For example:"
    return (text, *lines), told


def network_example(facts: EngineFacts) -> ExampleContent:
    """The networks that somebody made."""
    found = sorted(facts.networks, key=lambda it: it.name)
    told = {"networks": [{"name": it.name, "containers": list(it.users)} for it in found]}
    if not found:
        text = "Here are only the engine's own networks. Make another with:"
        return (text, VerbatimLines(("  docker network create lan",))), told
    lines = [f"  {it.name}: {format_names(it.users) or 'no container'}" for it in found[:4]]
    return ("Beside the engine's own, here are:", *lines), told


def engine_example(facts: EngineFacts) -> ExampleContent:
    """The engine."""
    snapshot = facts.snapshot
    running = sum(it.is_running for it in snapshot.containers)
    where = f"of the lab {facts.lab}" if facts.lab else "not a lab's"
    text = (
        f"Yours is {facts.engine}, {where}, at {facts.host} (chosen by: {facts.source}). It holds "
        f"{format_count(len(snapshot.images), 'image')} and "
        f"{format_count(len(snapshot.containers), 'container')}, {running} running."
    )
    told = {"engine": facts.engine, "host": facts.host, "source": facts.source, "lab": facts.lab}
    counts = {"images": len(snapshot.images), "containers": len(snapshot.containers)}
    return (text,), {**told, **counts, "running": running}


def context_example(facts: EngineFacts) -> ExampleContent:
    """The contexts, and whether one of them is in use."""
    known = (
        f"Contexts known here: {format_names(facts.contexts)}."
        if facts.contexts
        else ("No context was made here.")
    )
    used = f"This command used {facts.context}" if facts.context else "This command used none"
    text = f"{known} {used}; its engine is at {facts.host} (chosen by: {facts.source})."
    return (text,), {"contexts": list(facts.contexts), "used": facts.context or None}


def dangling_example(facts: EngineFacts) -> ExampleContent:
    """The images without a tag, those of them without a digest, and what they would free."""
    found = [it for it in visible_images(facts.snapshot) if not it.tags]
    lone = [it for it in found if not it.digests]
    told = {"untagged": [it.id for it in found], "dangling": [it.id for it in lone]}
    if not found:
        return ("There is none here. One appears when you build or pull a tag anew.",), told
    names = format_names(tuple(it.short_id for it in found))
    neither = format_names(tuple(it.short_id for it in lone)) or "none"
    frees = _predict_freed(facts, [it.id for it in found])
    text = (
        f"Of yours untagged: {names}. Of these without a digest too: {neither}. Those untagged "
        f"that no container uses free {frees}."
    )
    see = "See what would go: dockmgr prune --untagged --dry-run, or with --dangling instead"
    return (text, see), told


def prune_example(facts: EngineFacts) -> ExampleContent:
    """What nobody uses, and what it would free."""
    used = facts.snapshot.containers_by_image()
    idle = [it.id for it in facts.snapshot.images if it.id not in used]
    stopped = [it.name for it in facts.snapshot.containers if not it.is_running]
    frees = _predict_freed(facts, idle)
    text = (
        f"Here {format_count(len(idle), 'image')} without a container would free {frees}. "
        "See what would go: dockmgr prune --all --dry-run"
    )
    more = (
        f"Stopped here: {format_count(len(stopped), 'container') if stopped else 'no container'}. "
        "What is stopped goes only if that is asked for, and if it ended more than a day ago: "
        "dockmgr prune --stopped-containers --dry-run"
    )
    return (text, more), {"idle": len(idle), "stopped": stopped}


def _predict_freed(facts: EngineFacts, image_ids: Sequence[str]) -> str:
    left = RemainingImages(facts.snapshot)
    for image_id in image_ids:
        left.remove(image_id)
    return str(facts.disk.bytes_freed_by(left.result().deleted))


def group_example(facts: EngineFacts) -> ExampleContent:
    """The groups."""
    names = sorted({it.group for it in facts.snapshot.containers if it.group})
    told = {"groups": {name: len(facts.snapshot.members(name)) for name in names}}
    if not names:
        text = "There is no group here yet. Make one with: dockmgr spawn nginx --count 3"
        return (text,), told
    counts = tuple(f"{name} ({len(facts.snapshot.members(name))})" for name in names)
    return (f"Your groups, and how many are in each: {format_names(counts)}.",), told


def lab_example(facts: EngineFacts) -> ExampleContent:
    """The labs that are up."""
    told = {"labs": list(facts.labs), "used": facts.lab or None}
    if not facts.labs:
        return ("No lab is up. Make one with: dockmgr lab up",), told
    used = f"This command used {facts.lab}." if facts.lab else "This command used another engine."
    return (f"Up now: {format_names(facts.labs)}. {used}",), told
