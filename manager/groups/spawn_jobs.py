"""Look at the engine, and decide what a spawn makes for each group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.groups.core.port_chooser import TakenPorts
from manager.groups.core.spawn_plan import plan_spawn
from manager.groups.core.spec_label import with_existing_names
from manager.model.plan import PlanStep, Verb
from manager.model.ports import PortBinding
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from manager.engine.client import Engine
    from manager.groups.core.group_spec import GroupSpec
    from manager.model.images import Image
    from manager.model.plan import Plan

ALREADY_PULLED = "pulled"
"""The policy after a pull: the engine has the right image under the name."""
ANOTHER_PROGRAM = "another program"


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """What was asked for."""

    groups: tuple[GroupSpec, ...]
    """Made one after the other, each ready before the next begins."""
    networks: tuple[str, ...] = ()
    """Networks to create if they are missing."""
    pull: str = "missing"
    """A `PullPolicy`, or `ALREADY_PULLED`."""
    keep: bool = False
    """Whether members are kept when something fails."""


@dataclass(frozen=True, slots=True)
class GroupJob:
    """One group of a spawn: what was asked for, and what was decided."""

    spec: GroupSpec
    snapshot: Snapshot
    image: Image | None
    """None until it is pulled."""
    plan: Plan
    others: TakenPorts
    """Ports of other programs, and of other groups of this spawn."""

    @property
    def steps(self) -> tuple[PlanStep, ...]:
        """The steps that make members."""
        return tuple(step for step in self.plan if step.verb is Verb.CREATE)


def plan_group_jobs(
    engine: Engine,
    request: SpawnRequest,
    find_busy_ports: Callable[[Iterable[PortBinding]], set[PortBinding]],
) -> tuple[GroupJob, ...]:
    """Look at the engine, and decide what to make for each group.

    Args:
        engine: where.
        request: what was asked for.
        find_busy_ports: which ports other programs have.

    Raises:
        ManagerError: the engine could not be asked, or what was asked for is not possible.
    """
    snapshot = Snapshot(engine.containers.list())
    specs = [with_existing_names(spec, snapshot.members(spec.group)) for spec in request.groups]
    images = [_find_image(engine, spec, request.pull) for spec in specs]
    others, known = TakenPorts(), set[PortBinding]()
    while True:
        jobs = _plan_each_group(specs, images, snapshot, others, request)
        wanted = {port for job in jobs for step in job.steps for port in step.ports} - known
        taken = find_busy_ports(wanted)
        known |= wanted
        if not taken:
            return jobs
        for port in taken:
            others.add(port.host_ip, port.host_port or 0, port.protocol, ANOTHER_PROGRAM)


def _plan_each_group(
    specs: Sequence[GroupSpec],
    images: Sequence[Image | None],
    snapshot: Snapshot,
    others: TakenPorts,
    request: SpawnRequest,
) -> tuple[GroupJob, ...]:
    jobs: list[GroupJob] = []
    taken = TakenPorts()
    taken.add_all(others)
    for spec, image in zip(specs, images, strict=True):
        mine = TakenPorts()
        mine.add_all(taken)
        plan = plan_spawn(spec, snapshot, image, mine)
        if plan and request.pull == "always" and image is not None:
            pulled = PlanStep(Verb.PULL, spec.image.familiar, "asked for")
            plan = replace(plan, steps=(pulled, *plan.steps))
        elif plan and request.pull == "never" and image is None:
            raise ManagerError(
                f"{spec.image.familiar} is not on this engine, and --pull never forbids pulling it",
                "leave out --pull never",
            )
        jobs.append(GroupJob(spec, snapshot, image, plan, mine))
        for step in jobs[-1].steps:
            for port in step.ports:
                taken.add(port.host_ip, port.host_port or 0, port.protocol, step.target)
    return tuple(jobs)


def _find_image(engine: Engine, spec: GroupSpec, policy: str) -> Image | None:
    """The image on the engine; None if it is missing, or of another platform."""
    found = engine.images.find(spec.image.for_engine)
    if found is None or not spec.platform or policy == ALREADY_PULLED:
        return found
    return found if engine.images.has_platform(spec.image.for_engine, spec.platform) else None


def list_specs_to_pull(jobs: Sequence[GroupJob], policy: str) -> list[GroupSpec]:
    """One group for each image that must be pulled first."""
    wanted = {
        (job.spec.image.canonical, job.spec.platform): job.spec
        for job in jobs
        if job.plan and (job.image is None or policy == "always")
    }
    return list(wanted.values())
