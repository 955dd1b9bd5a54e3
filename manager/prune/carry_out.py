"""Carry out the plan of a prune: each step is checked just before, and recorded before and after.

Nothing here decides what to remove. A step whose conditions no longer hold is skipped, and
others go on; an engine that stops answering, or a journal that cannot be written, ends the run.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from manager.disk.measure import measure_freed_bytes
from manager.engine import resources
from manager.engine.errors import EngineUnreachableError, NotFoundError
from manager.errors import ManagerError
from manager.model.images import ImageStore
from manager.model.plan import ARCHIVED, IMAGE_VERBS, PlanStep, Verb
from manager.prune.core.waves import StepChain, split_into_waves
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
"""Images removed in parallel on the containerd store."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a step."""

    step: PlanStep
    status: StepStatus
    detail: str = ""
    """Why the step was not done, in words."""
    freed: int | None = None
    """Bytes, if the engine reports them for the step itself."""


@dataclass(frozen=True, slots=True)
class PruneResult:
    """The result of a plan."""

    prune: int
    """The number in the journal."""
    results: tuple[StepResult, ...]
    freed: int | None
    """Bytes of images that really left the store; None if that is not known."""
    ended_by: ManagerError | None = None
    """Why steps were not tried."""


@dataclass(frozen=True, slots=True)
class PruneContext:
    """What a prune works with."""

    engine: Engine
    engine_id: str
    journal: Journal
    snapshot: Snapshot
    """The state just before."""
    disk: DiskAccounting
    report: Callable[[StepResult], None]
    archive: Path | None = None
    """The file for images that no registry has."""
    lost_copies: Mapping[str, str] = field(default_factory=dict)
    """By image id, why the image can no longer be recovered, though the plan says so."""
    report_saved_bytes: Callable[[int], None] = lambda _bytes: None
    """Is given how many bytes have been saved."""


def carry_out_plan(plan: Plan, context: PruneContext) -> PruneResult:
    """Carry out the steps of a plan whose conditions still hold.

    Raises:
        ManagerError: the journal cannot be written; nothing was done.
        KeyboardInterrupt: the person stopped the run; the journal has what was done.
    """
    archive = str(context.archive or "")
    recording = context.journal.begin(context.engine_id, plan, archive, datetime.now(UTC))
    run = _PruneRun(context, recording)
    ended_by = None
    try:
        run.save_images(plan)
        run.run_steps(plan)
        recording.finish(run.measure_freed(), datetime.now(UTC))
    except ManagerError as error:
        ended_by = error
    finally:
        recording.close()
    results = tuple(run.results[number] for number in sorted(run.results))
    return PruneResult(recording.prune, results, run.freed_bytes, ended_by)


@dataclass
class _PruneRun:
    context: PruneContext
    recording: PruneRecording
    results: dict[int, StepResult] = field(default_factory=dict)
    """By position in the plan."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    deleted: list[str] = field(default_factory=list)
    """Ids of images and layers that the engine reported as deleted, without algorithm."""
    unsaved: str = ""
    """Why images could not be saved."""
    saved: set[str] = field(default_factory=set)
    blocked_parents: set[str] = field(default_factory=set)
    """Ids of images whose children were to be removed first, and were not."""
    freed_bytes: int | None = None

    def measure_freed(self) -> int | None:
        context = self.context
        if any(
            it.step.verb is Verb.DELETE and it.status is StepStatus.DONE
            for it in self.results.values()
        ):
            self.freed_bytes = measure_freed_bytes(
                context.engine, context.snapshot, context.disk, self.deleted
            )
        else:
            self.freed_bytes = 0
        return self.freed_bytes

    def save_images(self, plan: Plan) -> None:
        """Save images that no registry has, all in one file; without those that are gone."""
        wanted = {step.object_id: step for step in plan if step.restore_from == ARCHIVED}
        if not wanted or self.context.archive is None:
            return
        images = []
        for step in wanted.values():
            image = self.context.engine.images.find(step.object_id)
            if image is not None:
                images.append(image)
        from manager.prune.save_images import save_images

        try:
            save_images(
                self.context.engine, images, self.context.archive, self.context.report_saved_bytes
            )
        except EngineUnreachableError:
            raise
        except ManagerError as error:
            self.unsaved = error.message
        else:
            self.saved = {image.id for image in images}

    def run_steps(self, plan: Plan) -> None:
        """Run all steps; in parallel on the containerd store, which is slow one by one."""
        containerd = self.context.snapshot.store is ImageStore.CONTAINERD
        for wave in split_into_waves(plan.steps, self.context.snapshot.images):
            with ThreadPoolExecutor(max_workers=MAX_PARALLEL_REMOVALS if containerd else 1) as pool:
                futures = [pool.submit(self._run_chain, plan, chain) for chain in wave]
                try:
                    for future in futures:
                        future.result()
                except BaseException:
                    # Steps that have started are finished and recorded; the rest do not start.
                    pool.shutdown(wait=True, cancel_futures=True)
                    raise

    def _run_chain(self, plan: Plan, chain: StepChain) -> None:
        for number in chain:
            self._run_step(number, plan.steps[number])

    def _run_step(self, number: int, step: PlanStep) -> None:
        """Run one step, if its conditions still hold."""
        with self.lock:
            self.recording.record_start(number, step, self.platforms.get(step.object_id, ()))
        status, detail, amount = StepStatus.DONE, "", None
        try:
            amount = self._change(step)
        except StepSkippedError as error:
            status, detail = StepStatus.SKIPPED, str(error)
        except (TargetGoneError, NotFoundError):
            status, detail = StepStatus.GONE, f"{step.target} no longer exists"
        except EngineUnreachableError:
            # Nobody knows whether the step was done: the journal says so until somebody looks.
            raise
        except ManagerError as error:
            status, detail = StepStatus.FAILED, error.message
        with self.lock:
            if step.verb in IMAGE_VERBS and status in {StepStatus.SKIPPED, StepStatus.FAILED}:
                self.blocked_parents.update(self._built_on(step.object_id))
            self.recording.record_outcome(number, status, detail)
            self.results[number] = StepResult(step, status, detail, amount)
            self.context.report(self.results[number])

    @cached_property
    def platforms(self) -> dict[str, tuple[str, ...]]:
        """The platforms present of each image, so that the same can be pulled again."""
        details = self.context.snapshot.details
        found = {}
        for image in self.context.snapshot.images:
            told = [it.platform for it in image.manifests]
            if image.id in details:
                told.append(details[image.id].platform)
            found[image.id] = tuple(platform for platform in told if platform)
        return found

    def _change(self, step: PlanStep) -> int | None:
        engine = self.context.engine
        match step.verb:
            case Verb.UNTAG | Verb.DELETE:
                self._remove_reference(step)
            case Verb.REMOVE:
                self._remove_container(step)
            case Verb.REMOVE_VOLUME:
                resources.remove_volume(engine, step.target)
            case Verb.REMOVE_NETWORK:
                self._remove_network(step)
            case Verb.CLEAR_CACHE:
                return self._clear_cache(step)
            case _:
                raise AssertionError(step)
        return None

    def _remove_container(self, step: PlanStep) -> None:
        found = [it for it in self.context.engine.containers.list() if it.id == step.object_id]
        if not found:
            raise TargetGoneError
        if found[0].is_running:
            raise StepSkippedError(f"{step.target} is now {found[0].state}")
        self.context.engine.containers.remove(step.object_id)

    def _remove_network(self, step: PlanStep) -> None:
        found = [
            it for it in resources.list_networks(self.context.engine) if it.id == step.object_id
        ]
        if not found:
            raise TargetGoneError
        if found[0].users:
            raise StepSkippedError(f"{found[0].users[0]} uses the network now")
        resources.remove_network(self.context.engine, step.object_id)

    def _clear_cache(self, step: PlanStep) -> int:
        before = resources.list_cache_records(self.context.engine)
        wanted = set(step.expected_references or ())
        usable = [it for it in before if it.id in wanted and not it.in_use]
        gone = set(resources.remove_cache_records(self.context.engine, [it.id for it in usable]))
        return sum(it.size for it in usable if it.id in gone and not it.shared)

    def _remove_reference(self, step: PlanStep) -> None:
        if step.verb is Verb.DELETE and step.object_id in self.blocked_parents:
            raise StepSkippedError("an image that was built on it was not removed")
        if step.object_id in self.context.lost_copies:
            why = self.context.lost_copies[step.object_id]
            raise StepSkippedError(f"it can no longer be recovered: {why}")
        if step.restore_from == ARCHIVED and step.object_id not in self.saved:
            why = self.unsaved or "it did not exist when the others were saved"
            raise StepSkippedError(f"it was not saved: {why}")
        self.deleted += ReferenceRemoval(self.context.engine, step, self._pins).remove()

    def _built_on(self, image_id: str) -> Iterator[str]:
        """The images that an image was built on, the nearest first."""
        parents = {image.id: image.parent for image in self.context.snapshot.images}
        seen: set[str] = set()
        while (image_id := parents.get(image_id, "")) and image_id not in seen:
            seen.add(image_id)
            yield image_id

    def _pins(self) -> tuple[str, ...]:
        with self.lock:
            return self.recording.pins(self.context.engine_id)
