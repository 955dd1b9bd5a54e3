"""Make the members of groups as one transaction: all of them, or none."""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manager.engine import resources as networks_of
from manager.engine.errors import EngineUnreachableError
from manager.errors import ManagerError
from manager.groups import ready
from manager.groups import rollback as taking_back
from manager.groups import spawn_records as unfinished
from manager.groups.core.ports import TakenPorts
from manager.groups.core.spawn_plan import plan_spawn, refuse_second_image
from manager.groups.members import GroupJob, MemberMaker
from manager.model.containers import GROUP_LABEL, SPAWN_LABEL, Container
from manager.model.plan import PlanStep, Verb
from manager.model.ports import PortBinding
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from manager.engine.client import Engine
    from manager.groups.core.group_spec import GroupSpec
    from manager.groups.spawn_records import SpawnRecord
    from manager.model.images import Image

PULL_POLICIES = ("missing", "always", "never")
ALREADY_PULLED = "pulled"
"""The policy once it was obeyed: what the engine has under the name is what is meant."""
ANOTHER_PROGRAM = "another program"


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """What was asked for."""

    groups: tuple[GroupSpec, ...]
    """Made one after the other, each ready before the next begins."""
    networks: tuple[str, ...] = ()
    """Networks that are made if they are missing."""
    pull: str = "missing"
    """One of `PULL_POLICIES`."""
    keep: bool = False
    """Whether what was made stays when something goes wrong."""


@dataclass(frozen=True, slots=True)
class SpawnContext:
    """What a spawn works with."""

    parallel: int
    """How many containers are made at once."""
    pull: Callable[[GroupSpec], None]
    """Gets a group's image."""
    report: Callable[[str, int, int], None]
    """Called with what is done, how many are, and how many there are to be."""
    warn: Callable[[str], None]
    busy: Callable[[Iterable[PortBinding]], set[PortBinding]]
    """Which ports other programs have."""
    address: str = "localhost"
    """The engine's machine, as seen from here."""
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class SpawnResult:
    """What a spawn made."""

    members: tuple[Container, ...]
    notes: tuple[str, ...] = ()


def spawn_groups(engine: Engine, request: SpawnRequest, means: SpawnContext) -> SpawnResult:
    """Make what the plan says; whatever goes wrong, remove again what was made.

    Args:
        engine: where.
        request: what was asked for.
        means: with what.

    Raises:
        ManagerError: something went wrong; nothing of this spawn is left, unless it is to be kept.
        KeyboardInterrupt: the person stopped it; likewise.
    """
    jobs = plan_group_jobs(engine, request, means.busy)
    if missing := _specs_to_pull(jobs, request.pull):
        for spec in missing:
            means.pull(spec)
        jobs = plan_group_jobs(engine, replace(request, pull=ALREADY_PULLED), means.busy)
    notes = tuple(note for job in jobs for note in job.plan.notes)
    if not any(job.plan for job in jobs):
        return SpawnResult((), notes)
    for job in jobs:
        if job.image is None:
            raise ManagerError(
                f"the engine pulled {job.spec.image.familiar}, and now does not have it",
                "is another program removing images? try again",
            )
    identity = uuid.uuid4().hex
    with ExitStack() as stack:
        record = _try_record_spawn(stack, engine, identity, jobs, means)
        work = SpawnTransaction(engine, identity, means, record, request.keep, request.networks)
        made = work.run(jobs)
    return SpawnResult(made, notes)


def _try_record_spawn(
    stack: ExitStack, engine: Engine, identity: str, jobs: Sequence[GroupJob], means: SpawnContext
) -> SpawnRecord | None:
    numbers = {job.spec.group: [step.number or 0 for step in job.steps] for job in jobs}
    try:
        return stack.enter_context(unfinished.record_spawn(identity, engine.endpoint.host, numbers))
    except OSError as error:
        means.warn(f"this spawn cannot be written down ({error}): if it is killed, none will know")
        return None


def plan_group_jobs(
    engine: Engine, request: SpawnRequest, busy: Callable[[Iterable[PortBinding]], set[PortBinding]]
) -> tuple[GroupJob, ...]:
    """Look at the engine, and decide what to make of each group.

    Args:
        engine: where.
        request: what was asked for.
        busy: which ports other programs have.

    Raises:
        ManagerError: the engine could not be asked, or what was asked for is not possible.
    """
    snapshot = Snapshot(engine.containers.list())
    specs = [spec.adopting(snapshot.members(spec.group)) for spec in request.groups]
    images = [_find_image(engine, spec, request.pull) for spec in specs]
    others, known = TakenPorts(), set[PortBinding]()
    while True:
        jobs = _plan_each_group(specs, images, snapshot, others, request)
        wanted = {port for job in jobs for step in job.steps for port in step.ports} - known
        taken = busy(wanted)
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
                f"{spec.image.familiar} is not on this engine, and is never to be pulled",
                "leave out --pull never",
            )
        jobs.append(GroupJob(spec, snapshot, image, plan, mine))
        for step in jobs[-1].steps:
            for port in step.ports:
                taken.add(port.host_ip, port.host_port or 0, port.protocol, step.target)
    return tuple(jobs)


def _find_image(engine: Engine, spec: GroupSpec, policy: str) -> Image | None:
    """The image on the engine; None where it is missing, or another platform's."""
    found = engine.images.find(spec.image.for_engine)
    if found is None or not spec.platform or policy == ALREADY_PULLED:
        return found
    return found if engine.images.has_platform(spec.image.for_engine, spec.platform) else None


def _specs_to_pull(jobs: Sequence[GroupJob], policy: str) -> list[GroupSpec]:
    """Groups whose image has to come first, each image once."""
    wanted = {
        (job.spec.image.canonical, job.spec.platform): job.spec
        for job in jobs
        if job.plan and (job.image is None or policy == "always")
    }
    return list(wanted.values())


@dataclass(frozen=True, slots=True)
class SpawnTransaction:
    """One spawn while it is made."""

    engine: Engine
    identity: str
    """Marks its containers and networks."""
    means: SpawnContext
    record: SpawnRecord | None
    """What is written down of it; forgotten once there is nothing left to be done."""
    keep: bool = False
    networks: tuple[str, ...] = ()
    before: tuple[Container, ...] = ()
    """What was made of it already, by a process that was cut off."""

    def run(self, jobs: Sequence[GroupJob]) -> tuple[Container, ...]:
        """Make all, wait for all, and take all back if anything goes wrong.

        Raises:
            ManagerError: something went wrong.
            KeyboardInterrupt: the person stopped it.
        """
        maker = MemberMaker(self.engine, self.identity, self.means.sleep)
        try:
            for name in self.networks:
                networks_of.make_network(self.engine, name, {SPAWN_LABEL: self.identity})
            made = [it for job in jobs for it in self._group(maker, job)]
        except BaseException as error:
            maker.stopping.set()
            self._end(error)
            raise
        self._forget()
        return tuple(made)

    def _end(self, error: BaseException) -> None:
        if not self.keep:
            spared = frozenset(one.id for one in self.before)
            try:
                taking_back.roll_back_after_error(
                    self.engine, self.identity, error, self.means.sleep, spared
                )
            except ManagerError:
                self._remember()
                raise
        elif isinstance(error, ManagerError):
            error.message = f"{error.message} (what was made is kept)"
        if isinstance(error, EngineUnreachableError) and self.record is not None:
            # What it was asked for last it may still make: the next command looks.
            self.record.touch()
        elif not self.before:
            self._forget()

    def _forget(self) -> None:
        if self.record is not None:
            self.record.forget()

    def _remember(self) -> None:
        """What is left was to go: the next command says so."""
        if self.record is None:
            return
        try:
            self.record.could_not_be_taken_back()
        except OSError as error:
            self.means.warn(f"that this could not be taken back cannot be written down ({error})")

    def _group(self, maker: MemberMaker, job: GroupJob) -> tuple[Container, ...]:
        """Make one group, and wait until it is ready."""
        spec, means = job.spec, self.means

        def report(what: str) -> Callable[[int, int], None]:
            return lambda done, total: means.report(f"{what} {spec.group}", done, total)

        started = maker.make(job, means.parallel, report("making"))
        ours = tuple(it for it in self.before if it.group == spec.group)
        started += maker.start(ours, means.parallel, report("starting"))
        if not started:
            return ()
        since = time.monotonic()

        def listed() -> tuple[Container, ...]:
            return self.engine.containers.list(f"{GROUP_LABEL}={spec.group}")

        told = report("waiting for")
        hint = "a longer timeout gives them more time, and --keep keeps them to look at"
        watch = ready.ReadinessWatch(self.engine, listed, means.address, told, hint, means.sleep)
        if spec.ready:
            ready.wait_until_ready(watch, started, spec.ready)
        members = ready.wait_until_settled(watch, started, since)
        _check_images(job, self.identity, members)
        mine = [m for m in members if m.labels.get(SPAWN_LABEL) == self.identity]
        return tuple(sorted(mine, key=lambda member: member.index or 0))


def _check_images(job: GroupJob, identity: str, members: tuple[Container, ...]) -> None:
    """Of two spawns that put two images into one group at once, the earlier one wins."""
    mine = [m for m in members if m.labels.get(SPAWN_LABEL) == identity]
    first = min((member.created, member.id) for member in mine) if mine else None
    earlier = tuple(m for m in members if first and (m.created, m.id) <= first)
    if job.image is not None:
        refuse_second_image(job.spec, (*mine, *earlier), job.image.id)
