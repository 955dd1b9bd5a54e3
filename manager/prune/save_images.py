"""Save images to a file that is read back before it counts, and restore them from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.prune import archive

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from manager.engine.client import Engine
    from manager.model.images import Image


def save_images(
    engine: Engine, images: Sequence[Image], path: Path, report: Callable[[int], None]
) -> None:
    """Save images to one new file, without their names; no image is removed.

    Args:
        engine: the engine that has them.
        images: the images.
        path: the file.
        report: is given how many bytes have come.

    Raises:
        ManagerError: an image cannot be saved, or the file is incomplete.
    """
    archive.write_archive((engine.images.save(image.id) for image in images), path, report)
    try:
        archive.verify_archive(path, [image.id for image in images])
    except ManagerError:
        path.unlink(missing_ok=True)
        raise


def restore_images(engine: Engine, path: Path, image_ids: Collection[str]) -> None:
    """Restore images under their ids, without names; names of other images do not change.

    Args:
        engine: the engine to load them into.
        path: the file.
        image_ids: the images that have to exist afterwards.

    Raises:
        ManagerError: the file cannot be read, or an image does not exist afterwards.
    """
    engine.images.load(archive.read_archive(path))
    for image_id in image_ids:
        if engine.images.find(image_id) is None:
            raise ManagerError(
                f"image {image_id.removeprefix('sha256:')[:12]} was not restored from {path}",
                "load the file yourself with: docker load --input FILE",
            )
