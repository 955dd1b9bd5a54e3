"""The images that a lab's registry starts with: built from Debian packages, kept in the cache."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from manager.errors import ExitCode, ManagerError
from manager.registry.protocol.upload import ImageFiles, upload_images

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

INDEX_FILE = "index.json"
"""Written last: a folder that has it has all."""
UNUSED_SECONDS = 7 * 86_400
"""How long images of other recipes are kept after their last use."""


def ensure_images(
    cache: Path, mirror_url: str | None, report: Callable[[str], None]
) -> Sequence[ImageFiles]:
    """The images, built if they are not in the cache yet.

    Only one process at a time may do this in a cache.

    Args:
        cache: the folder of what is kept.
        mirror_url: Debian mirror; None for the machine's own.
        report: told what takes long.

    Raises:
        ManagerError: a package could not be had.
    """
    folder = cache / f"images-{recipes_key()}"
    if not (folder / INDEX_FILE).is_file():
        report("building the images of the registry from Debian packages (once)")
        remove_old_images(cache, folder, time.time())
        _build_images(folder, mirror_url)
    os.utime(folder)
    rows = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
    return [_load_image(folder, row) for row in rows]


def remove_old_images(cache: Path, wanted: Path, now: float) -> None:
    """Remove what a killed build left, and images of other recipes that nobody uses any more.

    Another version of the program may share the cache, and fill the registry of a lab right now.

    Args:
        cache: the folder of what is kept.
        wanted: the folder that is about to be built.
        now: seconds of the system's clock.
    """
    for old in cache.glob("images-*"):
        of_killed_build = old.name.startswith(wanted.name)
        if of_killed_build or now - old.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(old)


def fill_registry(url: str, images: Sequence[ImageFiles]) -> None:
    """Put the images into a registry.

    Raises:
        ManagerError: the registry could not be reached, or refused.
    """
    upload_images(url, images)


def is_registry_up(url: str) -> bool:
    """Whether a registry is there."""
    import requests

    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"{url}/v2/", timeout=5).ok
        except requests.RequestException:
            return False


def list_registry_images(url: str) -> tuple[str, ...]:
    """The images of a registry: ``library/nginx:latest`` and so on.

    Source: Docker Registry HTTP API V2, ``GET /v2/_catalog``.

    Raises:
        ManagerError: (registry) it could not be asked.
    """
    import requests

    found: list[str] = []
    with requests.Session() as session:
        session.trust_env = False
        try:
            names = session.get(f"{url}/v2/_catalog?n=1000", timeout=5).json()["repositories"]
            for name in names:
                tags = session.get(f"{url}/v2/{name}/tags/list", timeout=5).json().get("tags")
                found += [f"{name}:{tag}" for tag in sorted(tags or ())]
        except (requests.RequestException, KeyError) as error:
            raise ManagerError(
                f"cannot list the images of the registry at {url}: {error}",
                "check that the lab is up: dockmgr lab status",
                ExitCode.REGISTRY,
            ) from error
    return tuple(found)


def _load_image(folder: Path, row: dict[str, Any]) -> ImageFiles:
    manifest = (folder / row["manifest"]).read_bytes()
    told = json.loads(manifest)
    digests = [told["config"]["digest"], *(layer["digest"] for layer in told["layers"])]
    return ImageFiles(
        repository=row["repository"],
        tags=tuple(row["tags"]),
        manifest=manifest,
        media_type=told["mediaType"],
        blobs={digest: folder / digest.removeprefix("sha256:") for digest in digests},
    )


def recipes_key() -> str:
    """What is built from, in short: other recipes are other images."""
    import hashlib

    from manager.lab import recipes

    what = (recipes.RECIPES_VERSION, recipes.DEBIAN_SUITE, recipes.BASE_PACKAGES, recipes.RECIPES)
    return hashlib.sha256(repr(what).encode()).hexdigest()[:8]


def _build_images(folder: Path, mirror_url: str | None) -> None:
    """Build all images; the folder appears whole or not at all."""
    from manager.lab import building

    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir(parents=True)
    try:
        index = building.build_images(partial, mirror_url)
        (partial / INDEX_FILE).write_text(json.dumps(index), encoding="utf-8")
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
