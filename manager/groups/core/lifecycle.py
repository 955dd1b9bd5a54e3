"""Plan stopping, starting, restarting, removing and running commands in containers."""

import shlex
from collections.abc import Sequence

from manager.model.containers import Container
from manager.model.plan import Plan, PlanStep, Verb


def plan_stop(containers: tuple[Container, ...]) -> Plan:
    """Stop those that run."""
    steps = [
        _step(Verb.STOP, container, "running") for container in containers if container.is_running
    ]
    return Plan(tuple(steps), _already_notes(containers, running=False))


def plan_start(containers: tuple[Container, ...]) -> Plan:
    """Start those that do not run."""
    steps = [
        _step(Verb.START, container, container.state)
        for container in containers
        if not container.is_running
    ]
    paused = [container.name for container in containers if container.state == "paused"]
    notes = _already_notes(tuple(c for c in containers if c.state != "paused"), running=True)
    if paused:
        names = " ".join(paused)
        notes += (f"paused: {', '.join(paused)}; resume with: docker unpause {names}",)
    return Plan(tuple(steps), notes)


def plan_restart(containers: tuple[Container, ...]) -> Plan:
    """Restart those that run, and start the others, as docker does."""
    return Plan(tuple(_step(Verb.RESTART, container, container.state) for container in containers))


def plan_remove(
    containers: tuple[Container, ...], *, volumes: bool = False, force: bool = False
) -> Plan:
    """Remove containers; running ones are stopped first, so that they can shut down cleanly.

    Args:
        containers: which.
        volumes: whether their anonymous volumes are removed too.
        force: whether running ones are killed instead.
    """
    steps: list[PlanStep] = []
    for container in containers:
        if container.is_running and force:
            steps.append(_step(Verb.REMOVE, container, "running, so it is killed"))
            continue
        if container.is_running:
            steps.append(_step(Verb.STOP, container, "running"))
        steps.append(_step(Verb.REMOVE, container, f"made from {container.made_from}"))
    notes = ("anonymous volumes are removed too",) if volumes else ()
    return Plan(tuple(steps), notes)


def plan_exec(containers: tuple[Container, ...], command: Sequence[str]) -> Plan:
    """Run a command in running containers.

    Args:
        containers: which.
        command: the program and its arguments.
    """
    words = f"runs {shlex.join(command)}"
    return Plan(tuple(_step(Verb.EXEC, container, words) for container in containers))


def _step(verb: Verb, container: Container, cause: str) -> PlanStep:
    return PlanStep(verb, container.name, cause, object_id=container.id)


def _already_notes(containers: tuple[Container, ...], *, running: bool) -> tuple[str, ...]:
    names = [container.name for container in containers if container.is_running == running]
    state = "running" if running else "not running"
    return (f"already {state}: {', '.join(names)}",) if names else ()
