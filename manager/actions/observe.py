"""Look at an engine: what it holds, in few calls, and each image once in its life."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from manager.adapters import folders
from manager.adapters.engine import details, usage
from manager.core.model import Image, ImageDetail, Snapshot, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from manager.adapters.engine.client import Engine

PARALLEL = 8
"""Images read at once on the containerd store; elsewhere that saves nothing."""
PLATFORM_WISH = (1, 49)
"""From this API on one of several platforms of an image can be looked at."""
SHARED_SIZE = (1, 42)
"""From this API on a list of images tells what they share."""
SNAPSHOTTER = "io.containerd.snapshotter.v1"


@dataclass(frozen=True, slots=True)
class Wish:
    """One look at one image."""

    key: str
    """By which its details are known: see `Snapshot.details`."""
    image: str
    platform: str = ""


def store_of(engine: Engine, info: Mapping[str, Any]) -> Store:
    """How an engine keeps its images.

    Args:
        engine: which.
        info: what it says of itself.
    """
    if engine.podman:
        return Store.PODMAN
    status = {row[0]: row[1] for row in info.get("DriverStatus") or () if len(row) > 1}
    return Store.CONTAINERD if status.get("driver-type") == SNAPSHOTTER else Store.GRAPH_DRIVER


def listing(engine: Engine) -> Snapshot:
    """Containers and images as the lists tell them: three calls."""
    return Snapshot(
        engine.containers.list(), engine.images.list_all(), store=store_of(engine, engine.info())
    )


def everything(
    engine: Engine, report: Callable[[int, int], None] = lambda _done, _all: None
) -> Snapshot:
    """All that is needed to know what any set of images takes.

    What was read of an image before is not read again.

    Args:
        engine: which.
        report: told how many images have been read, of how many.

    Raises:
        ManagerError: the engine could not be asked.
    """
    info = engine.info()
    store = store_of(engine, info)
    snapshot = Snapshot(engine.containers.list(), engine.images.list_all(), store=store)
    told = usage.read(engine, usage.IMAGES, usage.BUILD_CACHE)
    return with_details(engine, with_usage(snapshot, told), info, report)


def with_usage(snapshot: Snapshot, told: usage.Usage) -> Snapshot:
    """A snapshot with the engine's own figures."""
    images = snapshot.images
    if all(image.shared is None for image in images):
        images = tuple(replace(image, shared=told.shared.get(image.id)) for image in images)
    return replace(
        snapshot,
        images=images,
        layers_size=told.layers_size,
        build_cache=told.build_cache or (),
    )


def with_details(
    engine: Engine,
    snapshot: Snapshot,
    info: Mapping[str, Any],
    report: Callable[[int, int], None] = lambda _done, _all: None,
) -> Snapshot:
    """A snapshot with the details of all images; those not kept from before are read.

    Args:
        engine: which.
        snapshot: its lists.
        info: what it says of itself.
        report: told how many images have been read, of how many.
    """
    from manager.adapters.kept import KeptDetails

    wishes = [wish for image in snapshot.images for wish in _wishes(engine, image)]
    present = {wish.key for wish in wishes}
    kept = KeptDetails(folders.cache(), f"{info.get('ID')} {snapshot.store} {info.get('Driver')}")
    found = {key: it for key, it in kept.load().items() if key in present}
    missing = [wish for wish in wishes if wish.key not in found]
    read = dict(_read(engine, missing, snapshot.store, report))
    if read:
        kept.add(read, present)
    return replace(snapshot, details={**found, **read})


def _wishes(engine: Engine, image: Image) -> Iterable[Wish]:
    """The looks that an image needs: one, or one for each platform that is present."""
    platforms = [manifest for manifest in image.manifests if manifest.platform]
    if not image.manifests:
        yield Wish(image.id, image.id)
    elif len(platforms) == 1:
        yield Wish(platforms[0].digest, image.id)
    elif engine.api_numbers >= PLATFORM_WISH:
        for manifest in platforms:
            yield Wish(manifest.digest, image.id, manifest.platform)


def _read(
    engine: Engine, wishes: list[Wish], store: Store, report: Callable[[int, int], None]
) -> Iterable[tuple[str, ImageDetail]]:
    """Look at images; one that is gone meanwhile, or that the engine cannot read, is left out."""
    workers = PARALLEL if store is Store.CONTAINERD else 1
    with ThreadPoolExecutor(max_workers=workers) as pool:
        looks = pool.map(lambda wish: details.read(engine, wish.image, wish.platform), wishes)
        for count, (wish, detail) in enumerate(zip(wishes, looks, strict=True), 1):
            report(count, len(wishes))
            if detail is not None:
                yield wish.key, detail
