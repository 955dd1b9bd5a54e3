"""Remove image references one after the other, each checked again just before, and measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.disk.core.removal import references
from manager.disk.measure import ALGORITHM, freed
from manager.engine.errors import ConflictError, NotFoundError
from manager.engine.run_plan import Outcome
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.disk.core.accounting import Disk
    from manager.engine.client import Engine
    from manager.model.plan import Plan, Step
    from manager.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Untagged:
    """What became of a plan."""

    outcomes: tuple[Outcome, ...]
    freed: int | None
    """Bytes that really left the store; None where the engine does not let that be known."""


def untag(
    engine: Engine,
    plan: Plan,
    snapshot: Snapshot,
    disk: Disk,
    report: Callable[[Outcome], None],
) -> Untagged:
    """Run the plan of `plan_untag`.

    Args:
        engine: where.
        plan: which references; every step names its image by id.
        snapshot: what the plan was made from.
        disk: the bytes of its images.
        report: called with each outcome.
    """
    outcomes: list[Outcome] = []
    deleted: list[str] = []
    for step in plan:
        error = _remove(engine, step, deleted)
        outcomes.append(Outcome(step, error))
        report(outcomes[-1])
    return Untagged(tuple(outcomes), freed(engine, snapshot, disk, deleted))


def _remove(engine: Engine, step: Step, deleted: list[str]) -> ManagerError | None:
    try:
        name = step.target
        image = engine.images.find(name)
        if image is None:
            # The containerd store can show a digest that it does not find an image by. By its
            # id only what has no tag is removed: else a tag would go that was not shown.
            name = step.object_id
            image = engine.images.find(name)
            if image is None and name.removeprefix(ALGORITHM) in deleted:
                return None  # it went as a parent of an image before it
            if image is None or image.tags:
                return NotFoundError(f"{step.target} is gone already", "nothing is left to do")
        if image.id != step.object_id:
            return ConflictError(
                f"{step.target} has become another image meanwhile: it was left alone",
                "look again with: dockmgr images",
            )
        if step.others and not set(references(image)) - {step.target}:
            return ConflictError(
                f"{step.target} is the last reference by now: it was left alone",
                "look again with: dockmgr images",
            )
        rows = engine.images.remove(name)
    except ManagerError as error:
        return error
    deleted += [row["Deleted"].removeprefix(ALGORITHM) for row in rows if row.get("Deleted")]
    return None
