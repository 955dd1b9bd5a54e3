"""Pull images, several at once; what fails for a moment is tried again."""

from __future__ import annotations

import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.adapters import credentials
from manager.adapters.engine.failures import EngineError
from manager.core.pulling import Failure, PullProgress, failure
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from manager.adapters.engine.client import Engine
    from manager.core.model import Image
    from manager.core.reference import ImageReference

EVENTS_EACH_SECOND = 10


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and how patiently."""

    attempts: int
    """Tries in all."""
    backoff: float
    """Seconds before the second try; twice as long before each further one."""

    def pause(self, attempt: int) -> float:
        """Seconds to wait after a try, the first being 1."""
        return float(self.backoff * 2 ** (attempt - 1))


@dataclass(frozen=True, slots=True)
class PullEvent:
    """How far one pull is, or what it waits for."""

    reference: ImageReference
    progress: PullProgress
    notice: str = ""
    """Something to say: that it is tried again, or a warning about credentials."""
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of one image."""

    reference: ImageReference
    image: Image | None = None
    digest: str = ""
    current: bool = False
    """Whether the engine had the newest already."""
    error: ManagerError | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What a pull works with."""

    retry: Retry
    report: Callable[[PullEvent], None]
    """Called from the threads that pull, at most about ten times a second for each image."""
    platform: str = ""
    lab: str = ""
    """The lab's name, if the engine is one."""
    env: Mapping[str, str] | None = None
    """Where credentials are looked for; None for the process's own environment."""


def pull(
    engine: Engine, references: Sequence[ImageReference], means: Means, parallel: int
) -> tuple[Pulled, ...]:
    """Pull images; one that fails does not stop the others.

    Args:
        engine: where to.
        references: which; each once.
        means: with what.
        parallel: how many at once.

    Raises:
        KeyboardInterrupt: the person stopped it; what had come stays with the engine.
    """
    stopping = threading.Event()
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Pulled | BaseException]] = queue.SimpleQueue()
    for place in range(len(references)):
        waiting.put(place)

    def work() -> None:
        while not stopping.is_set():
            try:
                place = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((place, _outcome(engine, references[place], means, stopping)))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                done.put((place, error))

    for _ in range(min(parallel, len(references))):
        # Daemons: Ctrl-C ends the program while they wait for bytes that may never come.
        threading.Thread(target=work, daemon=True).start()
    outcomes: dict[int, Pulled] = {}
    try:
        while len(outcomes) < len(references):
            place, outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes[place] = outcome
    finally:
        stopping.set()
    return tuple(outcomes[place] for place in range(len(references)))


def pull_one(engine: Engine, reference: ImageReference, means: Means) -> Pulled:
    """Pull one image.

    Raises:
        ManagerError: (registry) it could not be had; the error says why.
    """
    outcome = _outcome(engine, reference, means, threading.Event())
    if outcome.error is not None:
        raise outcome.error
    return outcome


def _outcome(
    engine: Engine, reference: ImageReference, means: Means, stopping: threading.Event
) -> Pulled:
    try:
        before = engine.images.find(reference.for_engine)
        progress = _with_retries(engine, reference, means, stopping)
        image = engine.images.find(reference.for_engine)
    except ManagerError as error:
        means.report(PullEvent(reference, PullProgress(error=error.message), finished=True))
        return Pulled(reference, error=error)
    means.report(PullEvent(reference, progress, finished=True))
    # Podman tells neither the digest nor whether anything was new.
    same = before is not None and image is not None and before.id == image.id
    digest = progress.digest or _digest(image, reference)
    return Pulled(reference, image, digest, progress.current or same)


def _digest(image: Image | None, reference: ImageReference) -> str:
    for name in image.digests if image else ():
        repository, _, digest = name.partition("@")
        if repository in {reference.familiar_name, reference.repository}:
            return digest
    return ""


def _with_retries(
    engine: Engine, reference: ImageReference, means: Means, stopping: threading.Event
) -> PullProgress:
    attempt = 1
    means.report(PullEvent(reference, PullProgress()))
    while True:
        progress, said = _attempt(engine, reference, means, stopping)
        if not said:
            return progress
        begun = bool(progress.layers)
        why = failure(said, reference.familiar, reference.registry, means.lab, begun=begun)
        if stopping.is_set() or not why.retry or attempt >= means.retry.attempts:
            raise _error(why)
        pause = means.retry.pause(attempt)
        attempt += 1
        again = f"{why.kind}; trying again in {pause:g} s ({attempt} of {means.retry.attempts})"
        means.report(PullEvent(reference, progress, f"{reference.familiar}: {again}"))
        if stopping.wait(pause):
            raise _error(why)


def _error(why: Failure) -> ManagerError:
    return ManagerError(why.message, why.hint, ExitCode.REGISTRY)


def _attempt(
    engine: Engine, reference: ImageReference, means: Means, stopping: threading.Event
) -> tuple[PullProgress, str]:
    """Try once: how far it came, and the engine's words if it failed."""
    progress = PullProgress()
    env = os.environ if means.env is None else means.env
    known, warnings = credentials.find(reference.registry, env)
    for warning in warnings:
        means.report(PullEvent(reference, progress, f"warning: {warning}"))
    auth = known.auth_config() if known else {}
    said_at = 0.0
    try:
        for message in engine.images.pull(reference, means.platform, auth):
            progress.add(message)
            now = time.monotonic()
            if now - said_at >= 1 / EVENTS_EACH_SECOND:
                said_at = now
                means.report(PullEvent(reference, progress))
            if stopping.is_set():
                return progress, "stopped"
    except EngineError as error:
        # A refusal before the first message: Docker sends most of a registry's this way.
        return progress, error.message
    return progress, progress.error
