"""Find the facts that pages tell: of an engine, of one container, of where a pull asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from manager.engine.container_history import (
    inspect_container_with_size,
    list_file_changes,
    list_past_events,
)
from manager.explain.core.containers import ContainerDetails
from manager.explain.core.engine_facts import find_image
from manager.groups.core.selection import known_names
from manager.model.events import ContainerEvent
from manager.registry.protocol.endpoints import list_endpoints, parse_registry_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.engine.client import Engine
    from manager.model.containers import Container
    from manager.model.snapshot import Snapshot
    from manager.references.reference import ImageReference

RUNNING_STATES = {"running", "paused", "restarting"}
SAME_EVENT_TOLERANCE = timedelta(seconds=2)
"""The list of containers tells times in whole seconds, and an event comes after what it tells."""
FIRST_REAL_YEAR = 1971
"""Before this year is what an engine writes for a time that never was."""


def find_registry_urls(
    reference: ImageReference | None, info: Mapping[str, Any], lab_registry: str
) -> tuple[str, ...]:
    """Where the engine asks the registry of an address, without a path, the first place first.

    Args:
        reference: the address; None where it is none.
        info: what the engine says of itself.
        lab_registry: ``HOST:PORT`` of the lab's own registry, where it is a lab; else empty.
    """
    if reference is None:
        return ()
    if lab_registry and is_answered_by_lab(reference, lab_registry):
        return (f"http://{lab_registry}",)
    mirrors, insecure = parse_registry_config(info)
    return tuple(it.url for it in list_endpoints(reference.registry, mirrors, insecure))


def is_answered_by_lab(reference: ImageReference, lab_registry: str) -> bool:
    """Whether a lab's own registry answers where this address's would."""
    return bool(lab_registry) and reference.registry in {"docker.io", lab_registry}


def inspect_container(
    engine: Engine, container: Container, info: Mapping[str, Any]
) -> ContainerDetails:
    """What only a look at a container itself tells.

    Raises:
        ManagerError: the engine could not be asked, or the container is gone.
    """
    row = inspect_container_with_size(engine, container.id)
    state = row.get("State") or {}
    written = row.get("SizeRw")
    until = _parse_time(info.get("SystemTime"))
    life = list_past_events(engine, container.id, container.created, until) if until else ()
    mounts = tuple(
        f"{it.get('Name') or it.get('Source')} at {it.get('Destination')}"
        for it in row.get("Mounts") or ()
    )
    return ContainerDetails(
        written if isinstance(written, int) else None,
        list_file_changes(engine, container.id),
        complete_events(container.created, state, life),
        mounts,
        str((row.get("Config") or {}).get("Image") or ""),
        tuple(str(it.get("Destination") or "") for it in row.get("Mounts") or ()),
    )


def complete_events(
    created: datetime, state: Mapping[str, Any], known_events: tuple[ContainerEvent, ...]
) -> tuple[ContainerEvent, ...]:
    """The events an engine still knows, and those that it only keeps the times of.

    Args:
        created: when the container was made.
        state: as the engine's inspect tells it.
        known_events: its events, as far as the engine tells them: it forgets old ones, and
            Podman tells the newest a second late.
    """
    kept = [ContainerEvent(created, "created")]
    started, ended = _parse_time(state.get("StartedAt")), _parse_time(state.get("FinishedAt"))
    if ended and state.get("Status") not in RUNNING_STATES:
        kept.append(ContainerEvent(ended, f"ended with exit code {state.get('ExitCode')}"))
    if started:
        kept.append(ContainerEvent(started, "started"))
    missing = [event for event in kept if not any(_is_same_event(event, it) for it in known_events)]
    return tuple(sorted([*missing, *known_events], key=lambda event: event.time))


def _is_same_event(one: ContainerEvent, other: ContainerEvent) -> bool:
    return (
        one.description == other.description and abs(one.time - other.time) < SAME_EVENT_TOLERANCE
    )


def _parse_time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if found.year >= FIRST_REAL_YEAR else None


def find_meanings(snapshot: Snapshot, word: str, concept: str) -> tuple[str, ...]:
    """All meanings of a word here, the first one first: kinds of `manager.explain.core.pages`."""
    containers = {it.name for it in snapshot.containers} | {it.id for it in snapshot.containers}
    containers |= {it.short_id for it in snapshot.containers}
    found = {
        "concept": bool(concept),
        "container": word in containers,
        "image": find_image(snapshot, word) is not None,
        "group": word in known_names(snapshot) and bool(snapshot.members(word)),
    }
    return tuple(kind for kind, is_one in found.items() if is_one) or ("address",)
