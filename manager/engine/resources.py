"""What an engine has beside images and containers: networks, volumes, the build cache."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.engine.disk_usage import BUILD_CACHE, VOLUMES, read_disk_usage
from manager.engine.errors import ConflictError
from manager.engine.transport import Request
from manager.model.snapshot import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from manager.engine.client import Engine
    from manager.model.snapshot import CacheRecord, Volume

BUILTIN_NETWORKS = frozenset({"bridge", "host", "none", "podman", "ingress", "docker_gwbridge"})
"""Networks that the engine makes itself."""
RECORDS_PER_REQUEST = 50
"""So many records of the build cache are named in one request."""


def list_networks(engine: Engine) -> tuple[Network, ...]:
    """The networks that somebody made on this engine, with the containers on them.

    Source: Docker Engine API, ``GET /networks`` tells running containers only and only of one
    network; so the list of containers is asked.

    Raises:
        ManagerError: the engine could not be asked.
    """
    rows = engine.get_json("/networks")
    containers = engine.get_json("/containers/json", {"all": 1})
    users: dict[str, list[str]] = {}
    for container in containers or ():
        name = (container.get("Names") or ["/"])[0].removeprefix("/")
        settings = (container.get("NetworkSettings") or {}).get("Networks") or {}
        for network, row in settings.items():
            # What a container that never ran is on is told by name only.
            for key in {network, (row or {}).get("NetworkID") or network}:
                users.setdefault(key, []).append(name)
    return tuple(_parse_network(row, users) for row in rows or () if _is_user_network(row))


def _is_user_network(row: dict[str, Any]) -> bool:
    return (
        row.get("Name") not in BUILTIN_NETWORKS
        and row.get("Scope", "local") == "local"
        and not row.get("Ingress")
        and not row.get("ConfigOnly")
    )


def _parse_network(row: dict[str, Any], users: dict[str, list[str]]) -> Network:
    found = {*users.get(row["Id"], ()), *users.get(row["Name"], ())}
    found |= {it.get("Name") or "" for it in (row.get("Containers") or {}).values()}
    created = row.get("Created")
    return Network(
        row["Id"],
        row["Name"],
        datetime.fromisoformat(created) if created else datetime.fromtimestamp(0, UTC),
        tuple(sorted(found)),
        row.get("Labels") or {},
    )


def make_network(engine: Engine, name: str, labels: Mapping[str, str]) -> str | None:
    """Make a network, unless there is one of that name.

    Returns:
        Its id; None if it was there already.

    Raises:
        ManagerError: the engine refused.
    """
    if any(row.get("Name") == name for row in engine.get_json("/networks") or ()):
        return None
    body = {"Name": name, "Labels": dict(labels), "CheckDuplicate": True}
    try:
        made = engine.call(Request("POST", "/networks/create", body=body))
    except ConflictError:
        return None  # another process has made it meanwhile
    identity: str = made["Id"]
    return identity


def remove_network(engine: Engine, identity: str) -> None:
    """Remove a network that no container is on.

    Raises:
        NotFoundError: there is none.
        ConflictError: a container is on it.
        ManagerError: the engine refused.
    """
    engine.call(Request("DELETE", f"/networks/{identity}"))


def list_volumes(engine: Engine) -> tuple[Volume, ...]:
    """The volumes, with what they take and by how many containers they are used.

    Raises:
        ManagerError: the engine could not be asked.
    """
    return read_disk_usage(engine, VOLUMES).volumes or ()


def read_volume_times(engine: Engine) -> dict[str, str]:
    """When each volume was made, by its name: by both it is known again.

    Raises:
        ManagerError: the engine could not be asked.
    """
    rows: list[dict[str, Any]] = engine.get_json("/volumes").get("Volumes") or []
    return {row["Name"]: str(row.get("CreatedAt") or "") for row in rows}


def remove_volume(engine: Engine, name: str) -> None:
    """Remove a volume that no container has, running or not; never by force.

    Raises:
        NotFoundError: there is none.
        ConflictError: a container has it.
        ManagerError: the engine refused.
    """
    engine.call(Request("DELETE", f"/volumes/{name}"))


def list_cache_records(engine: Engine) -> tuple[CacheRecord, ...]:
    """The records of the build cache.

    Raises:
        ManagerError: the engine could not be asked.
    """
    return read_disk_usage(engine, BUILD_CACHE).build_cache or ()


def remove_cache_records(engine: Engine, wanted: Sequence[str]) -> tuple[str, ...]:
    """Remove records of the build cache by their ids, and no others.

    A record goes only when none is left that was made from it; so it is tried until no more go.

    Source: Docker Engine API, ``POST /build/prune``; its filter ``id`` is a regular expression.

    Returns:
        The ids of the records that went.

    Raises:
        ManagerError: the engine refused.
    """
    gone: list[str] = []
    while True:
        left = [identity for identity in wanted if identity not in gone]
        went = [
            it
            for start in range(0, len(left), RECORDS_PER_REQUEST)
            for it in _remove_cache_batch(engine, left[start:])
        ]
        gone += [identity for identity in went if identity in left]
        if not went:
            return tuple(gone)


def _remove_cache_batch(engine: Engine, wanted: Sequence[str]) -> Iterable[str]:
    names = "|".join(it for it in wanted[:RECORDS_PER_REQUEST] if it.isalnum())
    query = {"all": True, "filters": {"id": [f"^({names})$"]}}
    row = engine.call(Request("POST", "/build/prune", query))
    return tuple((row or {}).get("CachesDeleted") or ())
