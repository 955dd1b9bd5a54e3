"""Push images in parallel; what fails for a moment is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.model.find_images import find_image_by_reference
from manager.registry.core.transfer_failures import explain_push_failure
from manager.registry.core.transfer_progress import PushProgress
from manager.registry.transfer import (
    TransferContext,
    TransferEvent,
    TransferMethod,
    run_transfers,
    transfer_image,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from manager.engine.client import Engine
    from manager.model.images import Image
    from manager.references.reference import ImageReference
    from manager.registry.core.transfer_failures import TransferFailure


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of one tag."""

    reference: ImageReference
    image: Image
    progress: PushProgress
    error: ManagerError | None = None


def find_images_to_push(
    images: Sequence[Image], references: Sequence[ImageReference]
) -> tuple[Image, ...]:
    """The images that are to be pushed, in order.

    Args:
        images: of the engine.
        references: their tags.

    Raises:
        ManagerError: one of them is not here, or (usage) is named by a digest.
    """
    found = []
    for reference in references:
        if reference.digest:
            raise ManagerError(
                f"{reference.typed} has a digest: only tags can be pushed",
                f"tag it first: dockmgr tag {reference.typed} {reference.familiar_name}:TAG",
                ExitCode.USAGE,
            )
        held = find_image_by_reference(images, reference)
        if held is None:
            raise ManagerError(
                f"there is no image {reference.familiar} on this engine: nothing was pushed",
                f"tag one first: dockmgr tag IMAGE {reference.familiar}",
            )
        found.append(held[0])
    return tuple(found)


def push_images(
    engine: Engine, references: Sequence[ImageReference], means: TransferContext, parallel: int
) -> tuple[PushResult, ...]:
    """Push tags to their registries; one that fails does not stop the others.

    Args:
        engine: from where.
        references: which; each once.
        means: with what.
        parallel: how many in parallel.

    Raises:
        ManagerError: one of them is not here; then nothing is pushed.
        KeyboardInterrupt: the person stopped it; layers that have arrived stay there.
    """
    images = dict(
        zip(references, find_images_to_push(engine.images.list(), references), strict=True)
    )

    def work(reference: ImageReference, stopping: threading.Event) -> PushResult:
        def explain(said: str, progress: PushProgress) -> TransferFailure:
            name, registry = reference.familiar, reference.registry
            return explain_push_failure(said, name, registry, means.lab, begun=progress.begun)

        way = TransferMethod(
            PushProgress, lambda auth: engine.images.push(reference, auth), explain
        )
        error, progress = None, PushProgress()
        try:
            progress = transfer_image(reference, way, means, stopping)
        except ManagerError as failed:
            error, progress = failed, PushProgress(error=failed.message)
        means.report(TransferEvent(reference, progress, finished=True))
        return PushResult(reference, images[reference], progress, error)

    return run_transfers(references, work, parallel)
