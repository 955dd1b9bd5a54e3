"""Save images to a file that was read back before it counts, and bring them back from it."""

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
    """Save images to one new file, without their names; nothing is removed.

    Args:
        engine: which has them.
        images: which.
        path: the file.
        report: told how many bytes have come.

    Raises:
        ManagerError: one of them could not be saved, or the file is not whole.
    """
    archive.write_archive((engine.images.save(image.id) for image in images), path, report)
    try:
        archive.verify_archive(path, [image.id for image in images])
    except ManagerError:
        path.unlink(missing_ok=True)
        raise


def restore_images(engine: Engine, path: Path, image_ids: Collection[str]) -> None:
    """Bring images back under their ids, without names; no name of another image is touched.

    Args:
        engine: where to.
        path: the file.
        image_ids: which have to be there afterwards.

    Raises:
        ManagerError: the file cannot be read, or an image is not there afterwards.
    """
    engine.images.load(archive.read_archive(path))
    for image_id in image_ids:
        if engine.images.find(image_id) is None:
            raise ManagerError(
                f"image {image_id.removeprefix('sha256:')[:12]} did not come back from {path}",
                "load it by hand with: docker load --input FILE",
            )
