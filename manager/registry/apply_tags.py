"""Give names to an image, each checked again just before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.engine.errors import ConflictError, NotFoundError
from manager.engine.run_plan import StepOutcome
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.engine.client import Engine
    from manager.model.plan import PlanStep
    from manager.references.reference import ImageReference
    from manager.registry.core.tag_plan import Tagging


def apply_tags(
    engine: Engine, tagging: Tagging, report: Callable[[StepOutcome], None]
) -> tuple[StepOutcome, ...]:
    """Run the plan of `plan_tag`; a name that cannot be given does not stop the others.

    Args:
        engine: where.
        tagging: what.
        report: called with each outcome.
    """
    outcomes = []
    for step, reference in zip(tagging.plan, tagging.targets, strict=True):
        outcomes.append(StepOutcome(step, _apply_tag(engine, tagging.image.id, step, reference)))
        report(outcomes[-1])
    return tuple(outcomes)


def _apply_tag(
    engine: Engine, identity: str, step: PlanStep, reference: ImageReference
) -> ManagerError | None:
    try:
        holder = engine.images.find(reference.for_engine)
        if holder is not None and holder.id not in {step.object_id, identity}:
            return ConflictError(
                f"{step.target} has become another image's name meanwhile, and was not moved",
                "look again with: dockmgr images",
            )
        engine.images.tag(identity, reference)
    except NotFoundError:
        return NotFoundError("the image is already gone", "look again with: dockmgr images")
    except ManagerError as error:
        return error
    return None
