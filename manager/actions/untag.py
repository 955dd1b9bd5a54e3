"""Remove image references one after the other, each checked again just before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.actions.run import Outcome
from manager.adapters.engine.failures import ConflictError, NotFoundError
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.adapters.engine.client import Engine
    from manager.core.plan import Plan, Step


def untag(engine: Engine, plan: Plan, report: Callable[[Outcome], None]) -> tuple[Outcome, ...]:
    """Run the plan of `plan_untag`.

    Args:
        engine: where.
        plan: which references; every step names its image by id.
        report: called with each outcome.
    """
    outcomes: list[Outcome] = []
    for step in plan:
        outcome = Outcome(step, _remove(engine, step))
        outcomes.append(outcome)
        report(outcome)
    return tuple(outcomes)


def _remove(engine: Engine, step: Step) -> ManagerError | None:
    try:
        name = step.target
        image = engine.images.find(name)
        if image is None:
            # The containerd store can show a digest that it does not find an image by. By its
            # id only what has no tag is removed: else a tag would go that was not shown.
            name = step.object_id
            image = engine.images.find(name)
            if image is None or image.tags:
                return NotFoundError(f"{step.target} is gone already", "nothing is left to do")
        if image.id != step.object_id:
            return ConflictError(
                f"{step.target} has become another image meanwhile: it was left alone",
                "look again with: dockmgr images",
            )
        engine.images.remove(name)
    except ManagerError as error:
        return error
    return None
