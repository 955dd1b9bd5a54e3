"""What an engine says of its disk usage: layers, containers, volumes, the build cache."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from manager.engine.errors import EngineError
from manager.engine.image_details import int_or_zero
from manager.model.snapshot import CacheRecord, Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.engine.client import Engine

IMAGES = "image"
CONTAINERS = "container"
VOLUMES = "volume"
BUILD_CACHE = "build-cache"
USAGE_KINDS = (IMAGES, CONTAINERS, VOLUMES, BUILD_CACHE)

USAGE_BY_KIND_API = (1, 42)
"""From this API on each kind can be asked for alone; before, all are counted each time."""
MAX_TRIES = 20
RETRY_PAUSE_SECONDS = 0.25
"""Seconds between two tries: an old engine counts for one client at a time."""


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """The engine's own figures; what it failed to tell is None."""

    layers_size: int | None = None
    """Bytes of all layers of all images."""
    shared: Mapping[str, int] = field(default_factory=dict)
    """By image id, the bytes of layers that it shares with other images that are no mere parents
    of a build."""
    writable: Mapping[str, int] | None = None
    """By container id, the bytes of its writable layer."""
    volumes: tuple[Volume, ...] | None = None
    build_cache: tuple[CacheRecord, ...] | None = None
    failure: str = ""
    """What the engine said instead, where it failed."""


def read_disk_usage(engine: Engine, *kinds: str) -> DiskUsage:
    """Ask for the disk usage of some kinds of things; kinds are counted side by side.

    Source: Docker Engine API, ``GET /system/df``.

    Args:
        engine: whom to ask.
        kinds: of `USAGE_KINDS`.

    Raises:
        ManagerError: the engine could not be asked.
    """
    if engine.api_version_tuple < USAGE_BY_KIND_API or engine.is_podman:
        return _request_usage(engine, {})
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=len(kinds)) as pool:
        parts = list(pool.map(lambda kind: _request_usage(engine, {"type": kind}), kinds))
    found = DiskUsage()
    for kind, part in zip(kinds, parts, strict=True):
        found = replace(found, **_pick_fields(kind, part))
        found = replace(found, failure=found.failure or part.failure)
    return found


def _pick_fields(kind: str, part: DiskUsage) -> dict[str, Any]:
    if kind == IMAGES:
        return {"layers_size": part.layers_size, "shared": part.shared}
    if kind == CONTAINERS:
        return {"writable": part.writable}
    if kind == VOLUMES:
        return {"volumes": part.volumes}
    return {"build_cache": part.build_cache}


def _request_usage(engine: Engine, query: dict[str, str]) -> DiskUsage:
    for _ in range(MAX_TRIES):
        try:
            return _parse_usage(engine.get_json("/system/df", query))
        except EngineError as error:
            failure = error.message
            if "already running" not in failure:
                break
            time.sleep(RETRY_PAUSE_SECONDS)
    return DiskUsage(failure=failure)


def _parse_usage(row: dict[str, Any]) -> DiskUsage:
    total = row.get("LayersSize")
    shared = {it["Id"]: int_or_zero(it.get("SharedSize", -1)) for it in row.get("Images") or ()}
    return DiskUsage(
        layers_size=total if isinstance(total, int) and total > 0 else None,
        shared={image: size for image, size in shared.items() if size >= 0},
        writable={it["Id"]: int_or_zero(it.get("SizeRw")) for it in row.get("Containers") or ()},
        volumes=tuple(_parse_volume(it) for it in row.get("Volumes") or ()),
        build_cache=tuple(_parse_cache_record(it) for it in row.get("BuildCache") or ()),
    )


def _parse_volume(row: dict[str, Any]) -> Volume:
    data = row.get("UsageData") or {}
    size, users = data.get("Size", -1), data.get("RefCount", -1)
    return Volume(
        name=row.get("Name") or "",
        size=size if isinstance(size, int) and size >= 0 else None,
        users=users if isinstance(users, int) and users >= 0 else None,
        labels=row.get("Labels") or {},
    )


def _parse_cache_record(row: dict[str, Any]) -> CacheRecord:
    return CacheRecord(
        id=row.get("ID") or "",
        size=int_or_zero(row.get("Size")),
        shared=bool(row.get("Shared")),
        in_use=bool(row.get("InUse")),
        kind=row.get("Type") or "",
        description=row.get("Description") or "",
    )
