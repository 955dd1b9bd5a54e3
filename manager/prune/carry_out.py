"""Carry out the plan of a prune: each step checked just before, and written down before and after.

Nothing here decides what goes. A step whose conditions do not hold any more is left alone, and
the others go on; an engine that stops answering, or a journal that cannot be written, ends it.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from manager.disk.measure import measure_freed_bytes
from manager.engine import resources as others
from manager.engine.errors import EngineUnreachableError, NotFoundError
from manager.errors import ManagerError
from manager.model.images import ImageStore
from manager.model.plan import ARCHIVED, PlanStep, Verb
from manager.prune.core.waves import IMAGE_VERBS, StepChain, split_into_waves
from manager.prune.journal import StepStatus
from manager.prune.remove_reference import ReferenceRemoval, StepSkippedError, TargetGoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from manager.disk.core.accounting import DiskAccounting
    from manager.engine.client import Engine
    from manager.model.plan import Plan
    from manager.model.snapshot import Snapshot
    from manager.prune.journal import Journal, PruneRecording

MAX_PARALLEL_REMOVALS = 16
"""Images that go at the same time on the containerd store."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of a step."""

    step: PlanStep
    status: StepStatus
    detail: str = ""
    """Why it was not done, in words."""
    freed: int | None = None
    """Bytes, where the engine tells them for the step itself."""


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What became of a plan."""

    prune: int
    """Its number in the journal."""
    results: tuple[StepResult, ...]
    freed: int | None
    """Bytes of images that really left the store; None where that cannot be known."""
    ended_by: ManagerError | None = None
    """Why steps were not even tried."""


@dataclass(frozen=True, slots=True)
class PruneContext:
    """What a prune works with."""

    engine: Engine
    engine_id: str
    journal: Journal
    snapshot: Snapshot
    """What was there just before."""
    disk: DiskAccounting
    report: Callable[[StepResult], None]
    archive: Path | None = None
    """The file to save to what no registry has."""
    lost: Mapping[str, str] = field(default_factory=dict)
    """By image id, why it can no longer be had again, though the plan says that it can."""
    saving: Callable[[int], None] = lambda _bytes: None
    """Told how many bytes have been saved."""


def carry_out_plan(plan: Plan, means: PruneContext) -> PruneResult:
    """Do the steps of a plan that still may be done.

    Raises:
        ManagerError: the journal cannot be written: then nothing was done.
        KeyboardInterrupt: the person stopped it; what was done is in the journal.
    """
    archive = str(means.archive or "")
    recording = means.journal.begin(means.engine_id, plan, archive, datetime.now(UTC))
    run = _PruneRun(means, recording)
    ended_by = None
    try:
        run.archive(plan)
        run.steps(plan)
        recording.finish(run.freed(), datetime.now(UTC))
    except ManagerError as error:
        ended_by = error
    finally:
        recording.close()
    results = tuple(run.results[number] for number in sorted(run.results))
    return PruneResult(recording.prune, results, run.freed_bytes, ended_by)


@dataclass
class _PruneRun:
    means: PruneContext
    recording: PruneRecording
    results: dict[int, StepResult] = field(default_factory=dict)
    """By place in the plan."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    deleted: list[str] = field(default_factory=list)
    """Ids of images and layers that the engine said it deleted, without algorithm."""
    unsaved: str = ""
    """Why what was to be saved could not be."""
    saved: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    """Ids of images on which one was built that was to go first, and has stayed."""
    freed_bytes: int | None = None

    def freed(self) -> int | None:
        means = self.means
        if any(
            it.step.verb is Verb.DELETE and it.status is StepStatus.DONE
            for it in self.results.values()
        ):
            self.freed_bytes = measure_freed_bytes(
                means.engine, means.snapshot, means.disk, self.deleted
            )
        else:
            self.freed_bytes = 0
        return self.freed_bytes

    def archive(self, plan: Plan) -> None:
        """Save what no registry has, all in one file; what has changed is left out."""
        wanted = {step.object_id: step for step in plan if step.restore_from == ARCHIVED}
        if not wanted or self.means.archive is None:
            return
        images = []
        for step in wanted.values():
            image = self.means.engine.images.find(step.object_id)
            if image is not None:
                images.append(image)
        from manager.prune import save_images as saving

        try:
            saving.save_images(self.means.engine, images, self.means.archive, self.means.saving)
        except EngineUnreachableError:
            raise
        except ManagerError as error:
            self.unsaved = error.message
        else:
            self.saved = {image.id for image in images}

    def steps(self, plan: Plan) -> None:
        """Do all steps; on the containerd store several at once, as that is slow one by one."""
        containerd = self.means.snapshot.store is ImageStore.CONTAINERD
        for wave in split_into_waves(plan.steps, self.means.snapshot.images):
            with ThreadPoolExecutor(max_workers=MAX_PARALLEL_REMOVALS if containerd else 1) as pool:
                futures = [pool.submit(self._chain, plan, chain) for chain in wave]
                try:
                    for future in futures:
                        future.result()
                except BaseException:
                    # What has begun is finished and written down; the rest is not begun.
                    pool.shutdown(wait=True, cancel_futures=True)
                    raise

    def _chain(self, plan: Plan, chain: StepChain) -> None:
        for number in chain:
            self._step(number, plan.steps[number])

    def _step(self, number: int, step: PlanStep) -> None:
        """Do one step, if it still may be done."""
        with self.lock:
            self.recording.before(number, step, self.platforms.get(step.object_id, ()))
        status, detail, amount = StepStatus.DONE, "", None
        try:
            amount = self._act(step)
        except StepSkippedError as error:
            status, detail = StepStatus.SKIPPED, str(error)
        except (TargetGoneError, NotFoundError):
            status, detail = StepStatus.GONE, f"{step.target} is gone already"
        except EngineUnreachableError:
            # Whether it was done nobody knows: the journal says so until somebody looks.
            raise
        except ManagerError as error:
            status, detail = StepStatus.FAILED, error.message
        with self.lock:
            if step.verb in IMAGE_VERBS and status in {StepStatus.SKIPPED, StepStatus.FAILED}:
                self.held.update(self._built_on(step.object_id))
            self.recording.after(number, status, detail)
            self.results[number] = StepResult(step, status, detail, amount)
            self.means.report(self.results[number])

    @cached_property
    def platforms(self) -> dict[str, tuple[str, ...]]:
        """What is present of each image, so that the same can be pulled again."""
        details = self.means.snapshot.details
        found = {}
        for image in self.means.snapshot.images:
            told = [it.platform for it in image.manifests]
            if image.id in details:
                told.append(details[image.id].platform)
            found[image.id] = tuple(platform for platform in told if platform)
        return found

    def _act(self, step: PlanStep) -> int | None:
        engine = self.means.engine
        match step.verb:
            case Verb.UNTAG | Verb.DELETE:
                self._remove_reference(step)
            case Verb.REMOVE:
                self._remove_container(step)
            case Verb.REMOVE_VOLUME:
                others.remove_volume(engine, step.target)
            case Verb.REMOVE_NETWORK:
                self._remove_network(step)
            case Verb.CLEAR_CACHE:
                return self._clear_cache(step)
            case _:
                raise AssertionError(step)
        return None

    def _remove_container(self, step: PlanStep) -> None:
        found = [it for it in self.means.engine.containers.list() if it.id == step.object_id]
        if not found:
            raise TargetGoneError
        if found[0].is_running:
            raise StepSkippedError(f"{step.target} is {found[0].state} by now")
        self.means.engine.containers.remove(step.object_id)

    def _remove_network(self, step: PlanStep) -> None:
        found = [it for it in others.list_networks(self.means.engine) if it.id == step.object_id]
        if not found:
            raise TargetGoneError
        if found[0].users:
            raise StepSkippedError(f"{found[0].users[0]} is on it by now")
        others.remove_network(self.means.engine, step.object_id)

    def _clear_cache(self, step: PlanStep) -> int:
        before = others.list_cache_records(self.means.engine)
        wanted = set(step.expected_references or ())
        usable = [it for it in before if it.id in wanted and not it.in_use]
        gone = set(others.remove_cache_records(self.means.engine, [it.id for it in usable]))
        return sum(it.size for it in usable if it.id in gone and not it.shared)

    def _remove_reference(self, step: PlanStep) -> None:
        if step.verb is Verb.DELETE and step.object_id in self.held:
            raise StepSkippedError("one that was built on it stays: it would only lose its name")
        if step.object_id in self.means.lost:
            why = self.means.lost[step.object_id]
            raise StepSkippedError(f"it could not be brought back any more: {why}")
        if step.restore_from == ARCHIVED and step.object_id not in self.saved:
            why = self.unsaved or "it was not there when the others were saved"
            raise StepSkippedError(f"it could not be saved: {why}")
        self.deleted += ReferenceRemoval(self.means.engine, step, self._pins).take()

    def _built_on(self, image_id: str) -> Iterator[str]:
        """The images that one was built on, the nearest first."""
        parents = {image.id: image.parent for image in self.means.snapshot.images}
        seen: set[str] = set()
        while (image_id := parents.get(image_id, "")) and image_id not in seen:
            seen.add(image_id)
            yield image_id

    def _pins(self) -> tuple[str, ...]:
        with self.lock:
            return self.recording.pins(self.means.engine_id)
