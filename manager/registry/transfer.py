"""Images between engine and registries, in parallel; what fails for a moment is tried again."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from manager.engine.errors import EngineError
from manager.errors import ExitCode, ManagerError
from manager.model.units import format_size
from manager.registry.core.transfer_progress import TransferProgress
from manager.registry.logins.lookup import find_credentials
from manager.system.concurrency import map_in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from manager.references.reference import ImageReference
    from manager.registry.core.transfer_failures import TransferFailure

MAX_EVENTS_PER_SECOND = 10
AnyProgress = TypeVar("AnyProgress", bound=TransferProgress)
WorkResult = TypeVar("WorkResult")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how patiently."""

    attempts: int
    """Tries in all."""
    backoff: float
    """Seconds before the second try; twice as long before each further one."""

    def pause(self, attempt: int) -> float:
        """Seconds to wait after a try, the first being 1."""
        return float(self.backoff * 2 ** (attempt - 1))


@dataclass(frozen=True, slots=True)
class TransferEvent:
    """How far one image is, or what it waits for."""

    reference: ImageReference
    progress: TransferProgress
    notice: str = ""
    """Something to say: that it is tried again, or a warning about credentials."""
    finished: bool = False


@dataclass(frozen=True, slots=True)
class TransferContext:
    """What it is done with."""

    retry: RetryPolicy
    report: Callable[[TransferEvent], None]
    """Called from the threads that do it, at most about ten times a second for each image."""
    platform: str = ""
    """Of a pull; empty for the engine's own."""
    lab: str = ""
    """The lab's name, if the engine is one."""
    discards_failed_layers: bool = False
    """Whether the engine keeps nothing of a pull that failed."""
    env: Mapping[str, str] | None = None
    """Where credentials are looked for; None for the process's own environment."""


@dataclass(frozen=True, slots=True)
class TransferMethod(Generic[AnyProgress]):
    """What is done with one image."""

    begin: Callable[[], AnyProgress]
    """Makes a progress that nothing is known of."""
    send: Callable[[Mapping[str, str]], Iterator[dict[str, Any]]]
    """Does it with some credentials; gives the engine's messages."""
    explain: Callable[[str, AnyProgress], TransferFailure]
    """Says what the engine's words mean, that far."""
    count_lost_bytes: Callable[[AnyProgress], int] = lambda _: 0
    """Bytes that had arrived and are sent again with the next try."""


def run_transfers(
    references: Sequence[ImageReference],
    work: Callable[[ImageReference, threading.Event], WorkResult],
    parallel: int,
) -> tuple[WorkResult, ...]:
    """Do something with each image, in threads that Ctrl-C does not wait for.

    Args:
        references: which, each once.
        work: done for each; its event is set when all is to end.
        parallel: how many in parallel.

    Raises:
        KeyboardInterrupt: the person stopped it.
        BaseException: the first that the work raised.
    """
    stopping = threading.Event()
    try:
        found = map_in_threads(references, lambda it: work(it, stopping), parallel)
    finally:
        stopping.set()
    return tuple(found[reference] for reference in references)


def transfer_image(
    reference: ImageReference,
    way: TransferMethod[AnyProgress],
    means: TransferContext,
    stopping: threading.Event,
) -> AnyProgress:
    """Carry one image, trying again where that can help.

    Raises:
        ManagerError: (registry) it did not come about; the error says why.
    """
    attempt = 1
    means.report(TransferEvent(reference, way.begin()))
    while True:
        progress, said = _attempt_transfer(reference, way, means, stopping)
        if not said:
            return progress
        why = way.explain(said, progress)
        if stopping.is_set() or not why.retry or attempt >= means.retry.attempts:
            raise _transfer_error(why)
        pause = means.retry.pause(attempt)
        attempt += 1
        again = f"{why.kind}; trying again in {pause:g} s ({attempt} of {means.retry.attempts})"
        if lost := way.count_lost_bytes(progress):
            again += f"; {format_size(lost)} must be downloaded again"
        means.report(TransferEvent(reference, progress, f"{reference.familiar}: {again}"))
        if stopping.wait(pause):
            raise _transfer_error(why)


def _transfer_error(why: TransferFailure) -> ManagerError:
    return ManagerError(why.message, why.hint, ExitCode.REGISTRY)


def _attempt_transfer(
    reference: ImageReference,
    way: TransferMethod[AnyProgress],
    means: TransferContext,
    stopping: threading.Event,
) -> tuple[AnyProgress, str]:
    """Try once: how far it came, and the engine's words if it failed."""
    progress = way.begin()
    env = os.environ if means.env is None else means.env
    known, warnings = find_credentials(reference.registry, env)
    for warning in warnings:
        means.report(TransferEvent(reference, progress, f"warning: {warning}"))
    auth = known.auth_config() if known else {}
    said_at = 0.0
    try:
        for message in way.send(auth):
            progress.add(message)
            now = time.monotonic()
            if now - said_at >= 1 / MAX_EVENTS_PER_SECOND:
                said_at = now
                means.report(TransferEvent(reference, progress))
            if stopping.is_set():
                return progress, "stopped"
    except EngineError as error:
        # A refusal before the first message: Docker sends most of a registry's this way.
        return progress, error.message
    return progress, progress.error
