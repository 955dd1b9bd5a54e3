"""Examples of the words of the field, from what is on an engine now; or how to get one."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

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

NO_IMAGE_TEXT = "There are no images here yet. Get one with: dockmgr pull nginx"
NO_CONTAINER_TEXT = "There are no containers here now. Make one with: dockmgr spawn nginx"
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
        none = (
            f"None of the {count} here has" if len(images) > 1 else "The image here does not have"
        )
        text = f"{none} a container. Make one with: dockmgr spawn {named}"
        return (text,), told
    parts: list[PagePart] = ["Of your images, this one has the most containers:", *drawn]
    if any(it.id == drawn[0].branch.image_id and is_lab_image(it) for it in images):
        parts.append("dockmgr built that image for its labs; it is not Docker's.")
    return parts, told


def container_example(facts: EngineFacts) -> ExampleContent:
    """A container beside the others of its image."""
    found = facts.snapshot.containers
    told = {"containers": list(map(container_facts, found))}
    if not found:
        return (NO_CONTAINER_TEXT,), told
    running = sum(it.is_running for it in found)
    text = f"You have {format_count(len(found), 'container')}, {running} running. For example:"
    name = next((it.name for it in found if it.is_running), found[0].name)
    return (
        text,
        *build_container_tree(facts.snapshot),
        f"Look at one with: dockmgr explain {name}",
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
    text = f"{best.label} has {layers}, from the top down:"
    return (text, VerbatimLines(format_layers(facts, disk, best))), told


def tag_example(facts: EngineFacts) -> ExampleContent:
    """The image with the most tags."""
    tagged = [it for it in facts.snapshot.images if it.tags]
    if not tagged:
        return (NO_IMAGE_TEXT,), {"tags": []}
    best = max(tagged, key=lambda it: (len(it.tags), it.label))
    tags = format_count(len(best.tags), "tag")
    text = f"Image {best.short_id} has {tags}: {format_names(best.tags)}."
    more = f"Add another with: dockmgr tag {best.tags[0]} mine:1"
    return (text, more), {"id": best.id, "tags": list(best.tags)}


def digest_example(facts: EngineFacts) -> ExampleContent:
    """An image whose digest is known."""
    images = sorted(facts.snapshot.images, key=lambda it: (not it.tags, it.label))
    best = next((it for it in images if it.digests), None)
    if best is None:
        why = "No image here has a digest from a registry." if images else NO_IMAGE_TEXT
        return (why,), {"digest": None}
    digest = best.digests[0].rpartition("@")[2]
    text = f"In its registry, {best.label} has the digest"
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
        f"run by {identify_registry(host).operator.partition(';')[0]}"
        for host, count in counts.most_common(4)
    ]
    parts: list[PagePart] = ["The names of your images begin with these registries:", *lines]
    if facts.lab:
        parts.append("In this lab, its own registry answers for docker.io.")
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
        f"Repositories of your images: {len(tags)}. "
        f"These tags of {name} are here: {format_names(tuple(tags[name]))}. "
        f"List all tags of {name} with: dockmgr tags {name}"
    )
    return (text,), {"repositories": tags}


def reference_example(facts: EngineFacts) -> ExampleContent:
    """The reference of an image, short and in full."""
    found = _tag_references(facts)
    if not found:
        return (NO_IMAGE_TEXT,), {"reference": None}
    short = min(found, key=lambda it: (len(it.familiar), it.familiar))
    text = f"For example, {short.familiar} in full is {short.canonical}."
    more = f"Take it apart with: dockmgr explain image:{short.familiar}"
    return (text, more), {"reference": short.familiar, "canonical": short.canonical}


def volume_example(facts: EngineFacts) -> ExampleContent:
    """The volumes."""
    # Those without a name have 64 digits for one.
    nameless = {it.name for it in facts.volumes if is_bare_id(it.name)}
    found = sorted(facts.volumes, key=lambda it: (it.name in nameless, it.name))
    told = {"volumes": [{"name": it.name, "size": it.size, "users": it.users} for it in found]}
    if not found:
        text = "There are no volumes here yet. Make one with:"
        return (text, VerbatimLines(("  dockmgr spawn redis --volume data:/data",))), told
    lines = [
        f"  {f'{it.name[:SHORT_ID_DIGITS]}… (no name)' if it.name in nameless else it.name}: "
        f"{'size unknown' if it.size is None else format_size(it.size)}"
        + (f", used by {format_count(it.users, 'container')}" if it.users is not None else "")
        for it in found[:4]
    ]
    volumes = format_count(len(found), "volume")
    text = f"You have {volumes}. For example:"
    return (text, *lines), told


def network_example(facts: EngineFacts) -> ExampleContent:
    """The networks that somebody made."""
    found = sorted(facts.networks, key=lambda it: it.name)
    told = {"networks": [{"name": it.name, "containers": list(it.users)} for it in found]}
    if not found:
        text = "There are only the engine's own networks here. Make another with:"
        return (text, VerbatimLines(("  docker network create lan",))), told
    lines = [f"  {it.name}: {format_names(it.users) or 'no containers'}" for it in found[:4]]
    return ("Besides the engine's own networks, there are:", *lines), told


def engine_example(facts: EngineFacts) -> ExampleContent:
    """The engine."""
    snapshot = facts.snapshot
    running = sum(it.is_running for it in snapshot.containers)
    where = f"in the lab {facts.lab}" if facts.lab else "not a lab"
    text = (
        f"Yours is {facts.engine}, {where}, at {facts.host} (chosen by: {facts.source}). It has "
        f"{format_count(len(snapshot.images), 'image')} and "
        f"{format_count(len(snapshot.containers), 'container')}, {running} running."
    )
    told = {"engine": facts.engine, "host": facts.host, "source": facts.source, "lab": facts.lab}
    counts = {"images": len(snapshot.images), "containers": len(snapshot.containers)}
    return (text,), {**told, **counts, "running": running}


def context_example(facts: EngineFacts) -> ExampleContent:
    """The contexts, and whether one of them is in use."""
    known = (
        f"Contexts here: {format_names(facts.contexts)}."
        if facts.contexts
        else "There are no contexts here."
    )
    used = f"This command used {facts.context}" if facts.context else "This command used no context"
    text = f"{known} {used}; its engine is at {facts.host} (chosen by: {facts.source})."
    return (text,), {"contexts": list(facts.contexts), "used": facts.context or None}


def dangling_example(facts: EngineFacts) -> ExampleContent:
    """The images without a tag, those of them without a digest, and what they would free."""
    found = [it for it in facts.snapshot.visible_images if not it.tags]
    lone = [it for it in found if not it.digests]
    told = {"untagged": [it.id for it in found], "dangling": [it.id for it in lone]}
    if not found:
        return ("There are none here. One appears when you build or pull a tag again.",), told
    names = format_names(tuple(it.short_id for it in found))
    neither = format_names(tuple(it.short_id for it in lone)) or "none"
    frees = _predict_freed(facts, [it.id for it in found])
    text = (
        f"Your untagged images: {names}. Those without a digest too: {neither}. Removing the "
        f"untagged ones that no container uses frees {frees}."
    )
    see = (
        "See what would be removed: dockmgr prune --untagged --dry-run, or with --dangling instead"
    )
    return (text, see), told


def prune_example(facts: EngineFacts) -> ExampleContent:
    """What nobody uses, and what it would free."""
    used = facts.snapshot.containers_by_image()
    idle = [it.id for it in facts.snapshot.images if it.id not in used]
    stopped = [it.name for it in facts.snapshot.containers if not it.is_running]
    frees = _predict_freed(facts, idle)
    text = (
        f"Images here without a container: {len(idle)}. Removing them would free {frees}. "
        "See what would be removed: dockmgr prune --all --dry-run"
    )
    more = (
        f"Stopped containers here: {len(stopped) or 'none'}. They are removed only on request, "
        "and only if they ended more than a day ago: "
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
        text = "There are no groups here yet. Make one with: dockmgr spawn nginx --count 3"
        return (text,), told
    counts = tuple(f"{name} ({len(facts.snapshot.members(name))})" for name in names)
    return (f"Your groups, with their number of members: {format_names(counts)}.",), told


def lab_example(facts: EngineFacts) -> ExampleContent:
    """The labs that are up."""
    told = {"labs": list(facts.labs), "used": facts.lab or None}
    if not facts.labs:
        return ("No lab is up. Start one with: dockmgr lab up",), told
    used = f"This command used {facts.lab}." if facts.lab else "This command used another engine."
    return (f"Labs that are up: {format_names(facts.labs)}. {used}",), told
