"""Run a plan over containers that exist: each one's steps in order, containers in parallel."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.model.plan import Plan, Step, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manager.engine.client import Engine


LOOKS = 20
PAUSE = 0.05
"""Seconds between two looks at the list."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step."""

    step: Step
    error: ManagerError | None = None
    skipped: bool = False
    """Not tried, because an earlier step of the same container failed."""


@dataclass(frozen=True, slots=True)
class Options:
    """How steps are run."""

    stop_timeout: int | None = None
    """Seconds a container gets to end in order; None for its own setting."""
    volumes: bool = False
    """Whether anonymous volumes go with their container."""
    force: bool = False
    """Whether what runs is killed and removed in one."""
    parallel: int = 8


def run(
    engine: Engine, plan: Plan, options: Options, report: Callable[[Outcome], None]
) -> tuple[Outcome, ...]:
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
    chains: dict[str, list[Step]] = {}
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
    _let_the_list_follow(engine, [chain[-1] for chain in done])
    return tuple(outcomes[step] for step in plan)


def _let_the_list_follow(engine: Engine, last: Iterable[Outcome]) -> None:
    """Wait a moment until the engine's list shows what was stopped as stopped.

    Docker's list can be a moment behind its own answers: a `start` right after a `stop` would
    find the container running. If it never follows, that is left for the next command to see.
    """
    stopped = {it.step.object_id for it in last if it.step.verb is Verb.STOP and not it.error}
    for _ in range(LOOKS if stopped else 0):
        if not any(one.running and one.id in stopped for one in engine.containers.list()):
            return
        time.sleep(PAUSE)


def _run_chain(
    engine: Engine, steps: Iterable[Step], options: Options, report: Callable[[Outcome], None]
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    failed = False
    for step in steps:
        outcome = Outcome(step, skipped=True) if failed else _run_step(engine, step, options)
        failed = failed or outcome.error is not None
        outcomes.append(outcome)
        report(outcome)
    return outcomes


def _run_step(engine: Engine, step: Step, options: Options) -> Outcome:
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
                containers.remove(identity, force=options.force, volumes=options.volumes)
            case _:
                raise AssertionError(step)
    except ManagerError as error:
        return Outcome(step, error)
    return Outcome(step)
