"""What a container has become: its size, the files it changed, and what happened to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.engine.errors import EngineError
from manager.engine.events import list_events
from manager.model.events import ContainerEvent, FileChange, FileChangeKind

if TYPE_CHECKING:
    from manager.engine.client import Engine

CHANGE_KINDS = (FileChangeKind.CHANGED, FileChangeKind.ADDED, FileChangeKind.DELETED)
"""Source: Docker Engine API, ``GET /containers/{id}/changes``, ``Kind`` 0, 1 and 2."""
EVENT_WORDS = {
    "create": "created",
    "start": "started",
    "pause": "paused",
    "unpause": "went on",
    "oom": "ran out of memory",
    "rename": "renamed",
    "died": "ended",
    "die": "ended",
}
"""What events are told, and how; Podman says ``died``. Others repeat these (stop, kill)."""


def inspect_container_with_size(engine: Engine, identity: str) -> dict[str, Any]:
    """All the engine knows of a container, the bytes of its writable layer included.

    Raises:
        NotFoundError: there is none.
        ManagerError: the engine could not be asked.
    """
    row: dict[str, Any] = engine.get_json(f"/containers/{identity}/json", {"size": True})
    return row


def list_file_changes(engine: Engine, identity: str) -> tuple[FileChange, ...]:
    """The files that differ from the image.

    Raises:
        ManagerError: the engine could not be asked.
    """
    rows = engine.get_json(f"/containers/{identity}/changes")
    found = [FileChange(CHANGE_KINDS[row["Kind"]], row["Path"]) for row in rows or ()]
    return tuple(sorted(found, key=lambda it: it.path))


def list_past_events(
    engine: Engine, identity: str, since: datetime, until: datetime
) -> tuple[ContainerEvent, ...]:
    """What happened to a container, as far as the engine remembers; Docker keeps 256 events in all.

    Args:
        engine: which.
        identity: the container's id.
        since: a time of the engine's clock.
        until: as `since`; one that is to come would be waited for.

    Raises:
        ManagerError: the engine could not be asked.
    """
    query = {
        "since": int(since.timestamp()),
        "until": f"{until.timestamp():.9f}",
        "filters": {"container": [identity], "type": ["container"]},
    }
    try:
        rows = list_events(engine, query)
    except EngineError:
        return ()  # an engine that keeps no events; what it keeps of the container is told instead
    return tuple(
        _parse_past_event(row)
        for row in rows
        if row.get("Action", row.get("status")) in EVENT_WORDS
    )


def _parse_past_event(row: dict[str, Any]) -> ContainerEvent:
    what = EVENT_WORDS[row.get("Action") or row["status"]]
    told = (row.get("Actor") or {}).get("Attributes") or {}
    code = told.get("exitCode", told.get("containerExitCode"))
    if what == "ended" and code is not None:
        what = f"ended with exit code {code}"
    nanoseconds = row.get("timeNano")
    moment = nanoseconds / 1e9 if nanoseconds else row["time"]
    return ContainerEvent(datetime.fromtimestamp(moment, UTC), what)
