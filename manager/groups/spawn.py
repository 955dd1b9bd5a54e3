"""Make the members of groups as one transaction: all of them, or none."""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manager.engine import resources
from manager.engine.errors import EngineUnreachableError
from manager.errors import ManagerError
from manager.groups import ready, rollback, spawn_records
from manager.groups.core.spawn_plan import refuse_second_image
from manager.groups.members import MemberMaker
from manager.groups.spawn_jobs import ALREADY_PULLED, list_specs_to_pull, plan_group_jobs
from manager.model.containers import GROUP_LABEL, SPAWN_LABEL, Container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from manager.engine.client import Engine
    from manager.groups.core.group_spec import GroupSpec
    from manager.groups.spawn_jobs import GroupJob, SpawnRequest
    from manager.groups.spawn_records import SpawnRecord
    from manager.model.ports import PortBinding


@dataclass(frozen=True, slots=True)
class SpawnContext:
    """What a spawn needs."""

    parallel: int
    """How many containers are made in parallel."""
    pull_image: Callable[[GroupSpec], None]
    """Pulls the image of a group."""
    report_progress: Callable[[str, int, int], None]
    """Called with what is done, how many are done, and how many there are."""
    warn: Callable[[str], None]
    find_busy_ports: Callable[[Iterable[PortBinding]], set[PortBinding]]
    """Finds the ports that other programs have."""
    address: str = "localhost"
    """The engine's machine, as seen from here."""
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class SpawnResult:
    """What a spawn made."""

    members: tuple[Container, ...]
    notes: tuple[str, ...] = ()


def spawn_groups(engine: Engine, request: SpawnRequest, context: SpawnContext) -> SpawnResult:
    """Make what was asked for; if anything fails, remove again what was made.

    Args:
        engine: the engine.
        request: what was asked for.
        context: what a spawn needs.

    Raises:
        ManagerError: something failed; nothing of this spawn is left, unless it should be kept.
        KeyboardInterrupt: the person stopped it; likewise.
    """
    jobs = plan_group_jobs(engine, request, context.find_busy_ports)
    if missing := list_specs_to_pull(jobs, request.pull):
        for spec in missing:
            context.pull_image(spec)
        jobs = plan_group_jobs(
            engine, replace(request, pull=ALREADY_PULLED), context.find_busy_ports
        )
    notes = tuple(note for job in jobs for note in job.plan.notes)
    if not any(job.plan for job in jobs):
        return SpawnResult((), notes)
    for job in jobs:
        if job.image is None:
            raise ManagerError(
                f"the engine pulled {job.spec.image.familiar}, but no longer has it",
                "another program may be removing images; try again",
            )
    spawn_id = uuid.uuid4().hex
    with ExitStack() as stack:
        record = _try_record_spawn(stack, engine, spawn_id, jobs, context)
        work = SpawnTransaction(engine, spawn_id, context, record, request.keep, request.networks)
        made = work.make_all(jobs)
    return SpawnResult(made, notes)


def _try_record_spawn(
    stack: ExitStack, engine: Engine, spawn_id: str, jobs: Sequence[GroupJob], context: SpawnContext
) -> SpawnRecord | None:
    numbers = {job.spec.group: [step.number or 0 for step in job.steps] for job in jobs}
    try:
        return stack.enter_context(
            spawn_records.record_spawn(spawn_id, engine.endpoint.host, numbers)
        )
    except OSError as error:
        context.warn(
            f"this spawn cannot be recorded ({error}); if it is killed, nothing will remind you"
        )
        return None


@dataclass(frozen=True, slots=True)
class SpawnTransaction:
    """One spawn in progress."""

    engine: Engine
    spawn_id: str
    """Marks its containers and networks."""
    context: SpawnContext
    record: SpawnRecord | None
    """The record of it on disk; deleted once nothing is left to do."""
    keep: bool = False
    networks: tuple[str, ...] = ()
    existing_members: tuple[Container, ...] = ()
    """Members that an interrupted process made."""

    def make_all(self, jobs: Sequence[GroupJob]) -> tuple[Container, ...]:
        """Make all members, wait for them, and remove them all if anything fails.

        Raises:
            ManagerError: something failed.
            KeyboardInterrupt: the person stopped it.
        """
        maker = MemberMaker(self.engine, self.spawn_id, self.context.sleep)
        try:
            for name in self.networks:
                resources.make_network(self.engine, name, {SPAWN_LABEL: self.spawn_id})
            made = [it for job in jobs for it in self._make_group(maker, job)]
        except BaseException as error:
            maker.stopping.set()
            self._handle_failure(error)
            raise
        self._delete_record()
        return tuple(made)

    def _handle_failure(self, error: BaseException) -> None:
        if not self.keep:
            spared = frozenset(one.id for one in self.existing_members)
            try:
                rollback.roll_back_after_error(
                    self.engine, self.spawn_id, error, self.context.sleep, spared
                )
            except ManagerError:
                self._mark_rollback_failed()
                raise
        elif isinstance(error, ManagerError):
            error.message = f"{error.message} (everything made so far is kept)"
        if isinstance(error, EngineUnreachableError) and self.record is not None:
            # The engine may still do what it was asked last: the next command looks.
            self.record.touch()
        elif not self.existing_members:
            self._delete_record()

    def _delete_record(self) -> None:
        if self.record is not None:
            self.record.delete()

    def _mark_rollback_failed(self) -> None:
        """What is left should have been removed: the next command says so."""
        if self.record is None:
            return
        try:
            self.record.mark_rollback_failed()
        except OSError as error:
            self.context.warn(f"the failed rollback cannot be recorded ({error})")

    def _make_group(self, maker: MemberMaker, job: GroupJob) -> tuple[Container, ...]:
        """Make one group, and wait until it is ready."""
        spec, context = job.spec, self.context

        def report(what: str) -> Callable[[int, int], None]:
            return lambda done, total: context.report_progress(f"{what} {spec.group}", done, total)

        started = maker.create_members(job, context.parallel, report("making"))
        ours = tuple(it for it in self.existing_members if it.group == spec.group)
        started += maker.start_members(ours, context.parallel, report("starting"))
        if not started:
            return ()
        since = time.monotonic()

        def list_containers() -> tuple[Container, ...]:
            return self.engine.containers.list(f"{GROUP_LABEL}={spec.group}")

        report_ready = report("waiting for")
        hint = "raise --timeout to wait longer, or add --keep to look at them"
        watch = ready.ReadinessWatch(
            self.engine, list_containers, context.address, report_ready, hint, context.sleep
        )
        if spec.ready:
            ready.wait_until_ready(watch, started, spec.ready)
        members = ready.wait_until_settled(watch, started, since, spec.ready.settle)
        _check_images(job, self.spawn_id, members)
        mine = [m for m in members if m.labels.get(SPAWN_LABEL) == self.spawn_id]
        return tuple(sorted(mine, key=lambda member: member.index or 0))


def _check_images(job: GroupJob, spawn_id: str, members: tuple[Container, ...]) -> None:
    """Of two parallel spawns of different images into one group, the earlier one wins."""
    mine = [m for m in members if m.labels.get(SPAWN_LABEL) == spawn_id]
    first = min((member.created, member.id) for member in mine) if mine else None
    earlier = tuple(m for m in members if first and (m.created, m.id) <= first)
    if job.image is not None:
        refuse_second_image(job.spec, (*mine, *earlier), job.image.id)
