"""Remove image references one after the other, each checked again just before, and measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.disk.core.removal import removable_references
from manager.disk.measure import DIGEST_PREFIX, measure_freed_bytes
from manager.engine.errors import ConflictError, NotFoundError
from manager.engine.run_plan import StepOutcome
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.disk.core.accounting import DiskAccounting
    from manager.engine.client import Engine
    from manager.model.plan import Plan, PlanStep
    from manager.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class UntagResult:
    """What became of a plan."""

    outcomes: tuple[StepOutcome, ...]
    freed: int | None
    """Bytes that really left the store; None where the engine does not let that be known."""


def untag_images(
    engine: Engine,
    plan: Plan,
    snapshot: Snapshot,
    disk: DiskAccounting,
    report: Callable[[StepOutcome], None],
) -> UntagResult:
    """Run the plan of `plan_untag`.

    Args:
        engine: where.
        plan: which references; every step names its image by id.
        snapshot: what the plan was made from.
        disk: the bytes of its images.
        report: called with each outcome.
    """
    outcomes: list[StepOutcome] = []
    deleted: list[str] = []
    for step in plan:
        error = _run_untag_step(engine, step, deleted)
        outcomes.append(StepOutcome(step, error))
        report(outcomes[-1])
    return UntagResult(tuple(outcomes), measure_freed_bytes(engine, snapshot, disk, deleted))


def _run_untag_step(engine: Engine, step: PlanStep, deleted: list[str]) -> ManagerError | None:
    try:
        name = step.target
        image = engine.images.find(name)
        if image is None:
            # The containerd store can show a digest that it does not find an image by. By its
            # id only what has no tag is removed: else a tag would go that was not shown.
            name = step.object_id
            image = engine.images.find(name)
            if image is None and name.removeprefix(DIGEST_PREFIX) in deleted:
                return None  # it went as a parent of an image before it
            if image is None or image.tags:
                return NotFoundError(f"{step.target} is already gone", "nothing is left to do")
        if image.id != step.object_id:
            return ConflictError(
                f"{step.target} now names another image, which was not removed",
                "look again with: dockmgr images",
            )
        if step.has_other_references and not set(removable_references(image)) - {step.target}:
            return ConflictError(
                f"{step.target} is now the last reference to its image, which was not removed",
                "look again with: dockmgr images",
            )
        rows = engine.images.remove(name)
    except ManagerError as error:
        return error
    deleted += [row["Deleted"].removeprefix(DIGEST_PREFIX) for row in rows if row.get("Deleted")]
    return None
