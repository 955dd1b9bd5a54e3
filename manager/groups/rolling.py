"""Restart the members of a group one by one, each ready before the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.engine.run_plan import StepOutcome
from manager.errors import ManagerError
from manager.groups import ready
from manager.groups.core.spec_label import restart_readiness
from manager.groups.started import StartedContainer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from manager.engine.client import Engine
    from manager.model.containers import Container
    from manager.model.plan import Plan, PlanStep


@dataclass(frozen=True, slots=True)
class RollingRestartContext:
    """What a rolling restart needs."""

    engine: Engine
    stop_timeout: int | None
    """Seconds until a container is killed; None for its own setting."""
    address: str
    """The engine's machine, as seen from here."""
    report_outcome: Callable[[StepOutcome], None]
    """Called with each outcome."""


def restart_members(
    context: RollingRestartContext, plan: Plan, members: Sequence[Container]
) -> tuple[StepOutcome, ...]:
    """Restart in the order of the plan, and stop at the first that does not get ready.

    Args:
        context: what a rolling restart needs.
        plan: the steps, each with the id of its container.
        members: the containers of its steps.

    Returns:
        The outcomes; those after a failure were not tried.
    """
    known = {member.id: member for member in members}
    outcomes: list[StepOutcome] = []
    failed = False
    for step in plan:
        if failed:
            outcome = StepOutcome(step, skipped=True)
        else:
            outcome = _restart_member(context, step, known[step.object_id])
        failed = failed or outcome.error is not None
        outcomes.append(outcome)
        context.report_outcome(outcome)
    return tuple(outcomes)


def _restart_member(
    context: RollingRestartContext, step: PlanStep, member: Container
) -> StepOutcome:
    engine = context.engine
    started = (StartedContainer(member.id, member.name),)

    def list_containers() -> tuple[Container, ...]:
        return tuple(it for it in engine.containers.list() if it.id == member.id)

    watch = ready.ReadinessWatch(
        engine, list_containers, context.address, lambda _done, _total: None
    )
    try:
        engine.containers.restart(member.id, context.stop_timeout)
        since = watch.clock()
        wanted = restart_readiness(member)
        ready.wait_until_ready(watch, started, wanted)
        ready.wait_until_settled(watch, started, since, wanted.settle)
    except ManagerError as error:
        return StepOutcome(step, error)
    return StepOutcome(step)
