"""Run a plan over containers that exist: each one's steps in order, containers in parallel."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.model.plan import Plan, PlanStep, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manager.engine.client import Engine


MAX_LIST_CHECKS = 20
LIST_CHECK_PAUSE_SECONDS = 0.05
"""Seconds between two looks at the list."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What became of a step."""

    step: PlanStep
    error: ManagerError | None = None
    skipped: bool = False
    """Not tried, because an earlier step of the same container failed."""


@dataclass(frozen=True, slots=True)
class StepOptions:
    """How steps are run."""

    stop_timeout: int | None = None
    """Seconds a container gets to end in order; None for its own setting."""
    remove_volumes: bool = False
    """Whether anonymous volumes go with their container."""
    force: bool = False
    """Whether what runs is killed and removed in one."""
    parallel: int = 8


def run_plan(
    engine: Engine, plan: Plan, options: StepOptions, report: Callable[[StepOutcome], None]
) -> tuple[StepOutcome, ...]:
    """Run the steps; a failed step ends the steps of its container, and of no other.

    Args:
        engine: where.
        plan: what; every step names its container by id.
        options: how.
        report: called with each outcome, from the threads that do the work.

    Returns:
        The outcomes, in the order of the plan.

    Raises:
        KeyboardInterrupt: the person stopped it; containers not yet begun with are left alone.
    """
    chains: dict[str, list[PlanStep]] = {}
    for step in plan:
        chains.setdefault(step.object_id, []).append(step)
    with ThreadPoolExecutor(max_workers=options.parallel) as pool:
        try:
            done = list(
                pool.map(lambda chain: _run_chain(engine, chain, options, report), chains.values())
            )
        except KeyboardInterrupt:
            # What has not begun never does; what has begun is finished.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    outcomes = {outcome.step: outcome for chain in done for outcome in chain}
    _wait_for_list(engine, [chain[-1] for chain in done])
    return tuple(outcomes[step] for step in plan)


def _wait_for_list(engine: Engine, last: Iterable[StepOutcome]) -> None:
    """Wait a moment until the engine's list shows what was stopped as stopped.

    Docker's list can be a moment behind its own answers: a `start` right after a `stop` would
    find the container running. If it never follows, that is left for the next command to see.
    """
    stopped = {it.step.object_id for it in last if it.step.verb is Verb.STOP and not it.error}
    for _ in range(MAX_LIST_CHECKS if stopped else 0):
        if not any(one.is_running and one.id in stopped for one in engine.containers.list()):
            return
        time.sleep(LIST_CHECK_PAUSE_SECONDS)


def _run_chain(
    engine: Engine,
    steps: Iterable[PlanStep],
    options: StepOptions,
    report: Callable[[StepOutcome], None],
) -> list[StepOutcome]:
    outcomes: list[StepOutcome] = []
    failed = False
    for step in steps:
        outcome = StepOutcome(step, skipped=True) if failed else _run_step(engine, step, options)
        failed = failed or outcome.error is not None
        outcomes.append(outcome)
        report(outcome)
    return outcomes


def _run_step(engine: Engine, step: PlanStep, options: StepOptions) -> StepOutcome:
    containers, identity = engine.containers, step.object_id
    try:
        match step.verb:
            case Verb.START:
                containers.start(identity)
            case Verb.STOP:
                containers.stop(identity, options.stop_timeout)
            case Verb.RESTART:
                containers.restart(identity, options.stop_timeout)
            case Verb.REMOVE:
                containers.remove(identity, force=options.force, volumes=options.remove_volumes)
            case _:
                raise AssertionError(step)
    except ManagerError as error:
        return StepOutcome(step, error)
    return StepOutcome(step)
