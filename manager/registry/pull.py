"""Pull images in parallel; what fails for a moment is tried again."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.registry.core.transfer_failures import explain_pull_failure
from manager.registry.core.transfer_progress import PullProgress
from manager.registry.transfer import (
    TransferContext,
    TransferEvent,
    TransferMethod,
    run_transfers,
    transfer_image,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.engine.client import Engine
    from manager.model.images import Image
    from manager.references.reference import ImageReference
    from manager.registry.core.transfer_failures import TransferFailure


@dataclass(frozen=True, slots=True)
class PullResult:
    """What became of one image."""

    reference: ImageReference
    image: Image | None = None
    digest: str = ""
    current: bool = False
    """Whether the engine had the newest already."""
    error: ManagerError | None = None


def pull_images(
    engine: Engine, references: Sequence[ImageReference], means: TransferContext, parallel: int
) -> tuple[PullResult, ...]:
    """Pull images; one that fails does not stop the others.

    Args:
        engine: where to.
        references: which; each once.
        means: with what.
        parallel: how many in parallel.

    Raises:
        KeyboardInterrupt: the person stopped it; what had come stays with the engine.
    """
    return run_transfers(
        references, lambda it, stopping: _try_pull(engine, it, means, stopping), parallel
    )


def pull_image(engine: Engine, reference: ImageReference, means: TransferContext) -> PullResult:
    """Pull one image.

    Raises:
        ManagerError: (registry) it could not be had; the error says why.
    """
    outcome = _try_pull(engine, reference, means, threading.Event())
    if outcome.error is not None:
        raise outcome.error
    return outcome


def _try_pull(
    engine: Engine, reference: ImageReference, means: TransferContext, stopping: threading.Event
) -> PullResult:
    def explain(said: str, progress: PullProgress) -> TransferFailure:
        begun = bool(progress.layers)
        return explain_pull_failure(
            said, reference.familiar, reference.registry, means.lab, begun=begun
        )

    way = TransferMethod(
        PullProgress,
        lambda auth: engine.images.pull(reference, means.platform, auth),
        explain,
        # A graph driver throws away all layers of a pull that failed, whole ones too.
        lambda progress: progress.done if means.discards_failed_layers else 0,
    )
    try:
        before = engine.images.find(reference.for_engine)
        progress = transfer_image(reference, way, means, stopping)
        image = engine.images.find(reference.for_engine)
    except ManagerError as error:
        means.report(TransferEvent(reference, PullProgress(error=error.message), finished=True))
        return PullResult(reference, error=error)
    means.report(TransferEvent(reference, progress, finished=True))
    # Podman tells neither the digest nor whether anything was new.
    same = before is not None and image is not None and before.id == image.id
    digest = progress.digest or _find_digest(image, reference)
    return PullResult(reference, image, digest, progress.current or same)


def _find_digest(image: Image | None, reference: ImageReference) -> str:
    for name in image.digests if image else ():
        repository, _, digest = name.partition("@")
        if repository in {reference.familiar_name, reference.repository}:
            return digest
    return ""
