"""Look at an engine: what it holds, in few calls, and each image once in its life."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from manager.engine.disk_usage import BUILD_CACHE, IMAGES, DiskUsage, read_disk_usage
from manager.engine.image_details import read_image_detail
from manager.model.images import Image, ImageDetail, ImageStore
from manager.model.snapshot import Snapshot
from manager.system import folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from manager.engine.client import Engine

DEFAULT_PARALLEL_READS = 16
"""Images read in parallel, unless the settings say otherwise."""
PLATFORM_INSPECT_API = (1, 49)
"""From this API on one of several platforms of an image can be looked at."""
FIRST_CONTAINERD_VERSION = 24
"""The first Docker with a containerd store to choose."""
SHARED_CONTENT_VERSION = 29
"""From this Docker on what images share includes compressed content."""
CONTAINERD_DRIVER_TYPE = "io.containerd.snapshotter.v1"


@dataclass(frozen=True, slots=True)
class DetailRequest:
    """One look at one image."""

    key: str
    """By which its details are known: see `Snapshot.details`."""
    image: Image
    platform: str = ""

    @property
    def name(self) -> str:
        """What to ask by."""
        return self.image.tags[0] if self.image.tags else self.image.id


def detect_store(engine: Engine, info: Mapping[str, Any]) -> ImageStore:
    """How an engine keeps its images.

    Args:
        engine: which.
        info: what it says of itself.
    """
    if engine.is_podman:
        return ImageStore.PODMAN
    status = {row[0]: row[1] for row in info.get("DriverStatus") or () if len(row) > 1}
    return (
        ImageStore.CONTAINERD
        if status.get("driver-type") == CONTAINERD_DRIVER_TYPE
        else ImageStore.GRAPH_DRIVER
    )


@dataclass(frozen=True, slots=True)
class ObservedEngine:
    """An engine at one moment."""

    snapshot: Snapshot
    info: Mapping[str, Any]
    """What the engine says of itself."""
    usage: DiskUsage
    """What it says of its disk usage; empty if it was not asked."""


def observe_engine(
    engine: Engine,
    kinds: tuple[str, ...] = (IMAGES, BUILD_CACHE),
    parallel: int = DEFAULT_PARALLEL_READS,
    report: Callable[[int, int], None] = lambda _done, _all: None,
) -> ObservedEngine:
    """All that is needed to know what any set of images takes.

    What was read of an image before is not read again: then it takes three calls, and one more
    for each kind of usage.

    Args:
        engine: which.
        kinds: of `USAGE_KINDS`, what else is asked for: without the total of the images no number
            can be called exact.
        parallel: how many images are read in parallel on the containerd store; elsewhere they are
            read one by one, since more would save nothing.
        report: told how many images have been read, of how many.

    Raises:
        ManagerError: the engine could not be asked.
    """
    info = engine.info()
    store = detect_store(engine, info)
    images, told = _list_images(engine, kinds)
    if store is not ImageStore.GRAPH_DRIVER and not _shares_layers_only(info):
        images = tuple(replace(image, shared_size=None) for image in images)
    # After the images: one that was made meanwhile is then seen to be used.
    snapshot = Snapshot(engine.containers.list(), images, store=store)
    snapshot = _add_usage(snapshot, told)
    return ObservedEngine(_add_details(engine, snapshot, info, parallel, report), info, told)


def _list_images(engine: Engine, kinds: tuple[str, ...]) -> tuple[tuple[Image, ...], DiskUsage]:
    """All images, and what the engine says of its disk usage if that is asked for."""
    if not kinds:
        return engine.images.list_all(), DiskUsage()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1) as pool:
        # Both count the bytes of all images, which the containerd store takes a second for.
        asked = pool.submit(read_disk_usage, engine, *kinds)
        return engine.images.list_all(), asked.result()


def engine_id(engine: Engine, info: Mapping[str, Any]) -> str:
    """What an engine is known by from one run to the next.

    Podman makes up an id each time it is asked.
    """
    if engine.is_podman or not info.get("ID"):
        return f"{info.get('Name')} {info.get('DockerRootDir')}"
    return str(info["ID"])


def _shares_layers_only(info: Mapping[str, Any]) -> bool:
    """Whether what images share is told of unpacked layers; from 29 on it is told otherwise."""
    major = str(info.get("ServerVersion") or "").partition(".")[0]
    return major.isdigit() and FIRST_CONTAINERD_VERSION <= int(major) < SHARED_CONTENT_VERSION


def _add_usage(snapshot: Snapshot, told: DiskUsage) -> Snapshot:
    """A snapshot with the engine's own figures."""
    images = snapshot.images
    if all(image.shared_size is None for image in images):
        images = tuple(replace(image, shared_size=told.shared.get(image.id)) for image in images)
    return replace(
        snapshot,
        images=images,
        layers_size=told.layers_size,
        build_cache=told.build_cache or (),
    )


def _add_details(
    engine: Engine,
    snapshot: Snapshot,
    info: Mapping[str, Any],
    parallel: int,
    report: Callable[[int, int], None],
) -> Snapshot:
    """A snapshot with the details of all images; those not kept from before are read."""
    from manager.disk.detail_cache import ImageDetailCache

    wishes = [wish for image in snapshot.images for wish in _detail_requests(engine, image)]
    present = {wish.key for wish in wishes}
    kept = ImageDetailCache(
        folders.cache_folder(), f"{engine_id(engine, info)} {snapshot.store} {info.get('Driver')}"
    )
    found = {key: it for key, it in kept.load().items() if key in present}
    missing = [wish for wish in wishes if wish.key not in found]
    workers = parallel if snapshot.store is ImageStore.CONTAINERD else 1
    read = dict(_read_details(engine, missing, workers, report))
    worth_keeping = {key: detail for key, detail in read.items() if detail.is_complete}
    if worth_keeping:
        kept.add(worth_keeping, present)
    return replace(snapshot, details={**found, **read})


def _detail_requests(engine: Engine, image: Image) -> Iterable[DetailRequest]:
    """The looks that an image needs: one, or one for each platform that is present."""
    platforms = [manifest for manifest in image.manifests if manifest.platform]
    if not image.manifests:
        yield DetailRequest(image.id, image)
    elif len(platforms) == 1:
        yield DetailRequest(platforms[0].digest, image)
    elif engine.api_version_tuple >= PLATFORM_INSPECT_API:
        for manifest in platforms:
            yield DetailRequest(manifest.digest, image, manifest.platform)


def _read_details(
    engine: Engine, wishes: list[DetailRequest], workers: int, report: Callable[[int, int], None]
) -> Iterable[tuple[str, ImageDetail]]:
    """Look at images; one that is gone meanwhile, or that the engine cannot read, is left out."""
    if not wishes:
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=workers) as pool:
        looks = pool.map(
            lambda wish: read_image_detail(engine, wish.image.id, wish.name, wish.platform),
            wishes,
        )
        for count, (wish, detail) in enumerate(zip(wishes, looks, strict=True), 1):
            report(count, len(wishes))
            if detail is not None:
                yield wish.key, detail
