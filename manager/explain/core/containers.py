"""A container or a group: image, layers, what was written into it, and its life so far."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from manager.explain.core.engine_facts import EngineFacts, is_lab_image
from manager.explain.core.images import choose_image_name, find_image_layers, format_layers
from manager.explain.core.pages import (
    Page,
    PagePart,
    VerbatimLines,
    build_container_tree,
    container_facts,
)
from manager.explain.core.text_layout import format_count, format_names, format_row
from manager.model.containers import Container
from manager.model.events import ContainerEvent, FileChange, FileChangeKind
from manager.model.snapshot import Snapshot
from manager.model.units import format_age, format_size
from manager.references.reference import parse_reference

CHANGES_SHOWN = 6
EVENTS_SHOWN = 8
STATE_TEXTS = {
    "created": "It was never started",
    "exited": "It is stopped: its command has ended",
}
"""States in words that say more than the engine's."""


@dataclass(frozen=True, slots=True)
class ContainerDetails:
    """What only a look at the container itself tells."""

    written_size: int | None
    """Bytes of its writable layer; None where the engine does not tell."""
    changes: tuple[FileChange, ...]
    life: tuple[ContainerEvent, ...]
    """The oldest first."""
    volumes: tuple[str, ...] = ()
    """Volumes and folders mounted into it: what is written there is not in its layer."""
    made_from: str = ""
    """The name by which its image was asked for when it was made."""
    mounted_at: tuple[str, ...] = ()
    """The paths in it at which they are mounted, which the engine makes where they are missing."""


def explain_container(facts: EngineFacts, container: Container, details: ContainerDetails) -> Page:
    """Explain a container."""
    image = next((it for it in facts.snapshot.images if it.id == container.image_id), None)
    origin = _describe_origin(facts, container, details)
    state = STATE_TEXTS.get(container.state, f"It is {container.state}")
    parts: list[PagePart] = [f"{container.name} is a container, made from {origin}. {state}."]
    parts += [*build_container_tree(facts.snapshot, container.image_id, container.name)]
    changes = drop_incidental_changes(details.changes, details.mounted_at)
    size = "of unknown size" if details.written_size is None else format_size(details.written_size)
    lines = [*format_row("writable layer", f"{size}, its own; removed with the container")]
    layers = 0
    if image is not None:
        disk = facts.disk
        layers = len(find_image_layers(disk, image))
        lines += format_layers(facts, disk, image)
    parts += [
        "Its layers, from the top down. All but the first belong to the image and never change:",
        VerbatimLines(tuple(lines)),
    ]
    if image is not None and is_lab_image(image):
        parts.append("dockmgr built the image for its labs; it is not Docker's.")
    if details.volumes:
        parts.append(
            f"Stored outside the container, in volumes or folders: {format_names(details.volumes)}."
        )
    if changes:
        lines = [line for it in changes[:CHANGES_SHOWN] for line in format_row(it.kind, it.path)]
        rest = len(changes) - CHANGES_SHOWN
        lines += format_row("and", f"{rest} more") if rest > 0 else ()
        parts += ["Files changed since it was made:", VerbatimLines(tuple(lines))]
    else:
        parts.append("None of its files has changed since it was made.")
    parts += ["Its life so far:", VerbatimLines(_format_life(details.life, facts.now))]
    told: dict[str, Any] = {
        "container": container_facts(container),
        "layers": layers,
        "written": details.written_size,
        "changes": [{"kind": it.kind, "path": it.path} for it in details.changes],
        "life": [{"at": it.time.isoformat(), "what": it.description} for it in details.life],
        "volumes": list(details.volumes),
    }
    return Page("container", container.name, tuple(parts), told)


def _describe_origin(facts: EngineFacts, container: Container, details: ContainerDetails) -> str:
    """The image that a container was made from, by the name that it had and has."""
    label = facts.label(container.image_id)
    typed = None if details.made_from.startswith("sha256:") else parse_reference(details.made_from)
    if typed is None:
        return label if container.image.startswith("sha256:") else container.image
    now = facts.image(details.made_from)
    if now is not None and now.id == container.image_id:
        return choose_image_name(details.made_from, now)
    moved = "; that name is another image now" if now is not None else ""
    return f"{label}, which was then called {typed.familiar}{moved}"


def drop_incidental_changes(
    changes: Sequence[FileChange], mounted_at: Sequence[str] = ()
) -> tuple[FileChange, ...]:
    """Changes without the folders that changed only because something in them did.

    Args:
        changes: as the engine tells them.
        mounted_at: paths of mounts: the folders that lead to them were not written by anybody.
    """
    points = {path for point in mounted_at for path in (point, *_parent_folders(point))}
    written = [it for it in changes if it.path not in points]
    parents = {path for it in written for path in _parent_folders(it.path)}
    return tuple(
        it for it in written if it.kind is not FileChangeKind.CHANGED or it.path not in parents
    )


def _parent_folders(path: str) -> tuple[str, ...]:
    """The folders that a path is in, ``/`` first."""
    return tuple(path[:end] or "/" for end, letter in enumerate(path) if letter == "/")


def _format_life(life: Sequence[ContainerEvent], now: datetime) -> tuple[str, ...]:
    lines = [f"  {len(life) - EVENTS_SHOWN} earlier events"] if len(life) > EVENTS_SHOWN else []
    for event in life[-EVENTS_SHOWN:]:
        lines += format_row(format_age(event.time, now), event.description)
    return tuple(lines)


def explain_group(facts: EngineFacts, name: str) -> Page:
    """Explain a group."""
    members = facts.snapshot.members(name)
    running = sum(member.is_running for member in members)
    meaning = (
        f"{name} is a group: {format_count(len(members), 'container')} made from one image by "
        f"dockmgr spawn, {running} running. They share the image; each has a writable layer of "
        "its own."
    )
    more = (
        f"Change how many there are: dockmgr scale {name} {len(members) + 1}. Remove them: "
        f"dockmgr rm {name}. Look at one: dockmgr explain {members[0].name}"
    )
    parts: tuple[PagePart, ...] = (
        meaning,
        *build_container_tree(_group_snapshot(facts, name)),
        more,
    )
    told = {"group": name, "running": running, "members": list(map(container_facts, members))}
    return Page("group", name, parts, told)


def _group_snapshot(facts: EngineFacts, name: str) -> Snapshot:
    return replace(facts.snapshot, containers=facts.snapshot.members(name))
