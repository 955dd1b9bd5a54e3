"""Find interrupted spawns, and finish or remove them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.groups import rollback, spawn_records
from manager.groups.core.port_chooser import TakenPorts
from manager.groups.core.spec_label import spec_from_member
from manager.groups.spawn import SpawnContext, SpawnTransaction
from manager.groups.spawn_jobs import GroupJob, SpawnRequest, plan_group_jobs
from manager.model.containers import SPAWN_LABEL, by_group_and_number
from manager.model.plan import Plan
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from manager.engine.client import Engine
    from manager.groups.core.group_spec import GroupSpec
    from manager.groups.spawn_records import SpawnRecord
    from manager.model.containers import Container


@dataclass(frozen=True, slots=True)
class InterruptedSpawn:
    """A spawn whose process is gone, and that is neither complete nor rolled back."""

    record: SpawnRecord
    members: tuple[Container, ...]
    """The members that were made."""
    missing: Mapping[str, tuple[int, ...]]
    """The numbers still to make, by group."""
    networks: tuple[str, ...] = ()
    """The networks that it made and nothing uses."""

    def __str__(self) -> str:
        """In one sentence."""
        made = f"{len(self.members)} of {self.record.count} made, {self.running} running"
        return f"the spawn of {self.groups} was interrupted: {made}"

    @property
    def groups(self) -> str:
        """The names of its groups."""
        return ", ".join(self.record.groups)

    @property
    def running(self) -> int:
        """How many of its members run."""
        return sum(member.is_running for member in self.members)


def find_interrupted_spawns(engine: Engine) -> tuple[InterruptedSpawn, ...]:
    """The interrupted spawns on an engine; records of settled ones are deleted.

    Raises:
        ManagerError: the engine could not be asked.
    """
    records = spawn_records.find_abandoned_records(engine.endpoint.host)
    snapshot = Snapshot(engine.containers.list()) if records else Snapshot()
    found = (_inspect_record(engine, snapshot, record) for record in records)
    return tuple(cut for cut in found if cut is not None)


def _inspect_record(
    engine: Engine, snapshot: Snapshot, record: SpawnRecord
) -> InterruptedSpawn | None:
    """What is left of a spawn; None if it is settled, or nothing shows yet."""
    mine = [it for it in snapshot.containers if it.labels.get(SPAWN_LABEL) == record.spawn_id]
    members = tuple(sorted((it for it in mine if it.group), key=by_group_and_number))
    # Another spawn may have made the missing ones since.
    missing = {
        group: tuple(sorted(set(numbers) - {it.index for it in snapshot.members(group)}))
        for group, numbers in record.groups.items()
    }
    complete = not any(missing.values()) and all(it.state != "created" for it in members)
    if record.rollback_failed and not all(it.is_running for it in members):
        complete = False  # it should have been removed: that all was made once settles nothing
    if members and not complete:
        return InterruptedSpawn(record, members, missing)
    # An engine completes a request whose sender is gone: what it makes shows up late.
    if not complete and not record.is_old():
        return None
    # A spawn that made no container may have left a network.
    networks = rollback.list_spawn_networks(engine, record.spawn_id) if not members else ()
    if networks:
        return InterruptedSpawn(record, (), missing, tuple(network.name for network in networks))
    record.delete()
    return None


def remove_interrupted_spawn(
    engine: Engine, cut: InterruptedSpawn, sleep: Callable[[float], None]
) -> int:
    """Remove what is left of a spawn.

    Returns:
        How many containers were removed.

    Raises:
        ManagerError: not all could be removed.
    """
    with _claim_spawn(cut):
        removed = rollback.roll_back_spawn(engine, cut.record.spawn_id, sleep)
        cut.record.delete()
    return removed


def finish_interrupted_spawn(
    engine: Engine, cut: InterruptedSpawn, context: SpawnContext
) -> tuple[Container, ...]:
    """Make the missing members of a spawn, and start those that do not run.

    Returns:
        All its members.

    Raises:
        ManagerError: nobody knows what is missing, or something failed; then what was made
            now is removed again, and earlier members are left alone.
    """
    specs = tuple(_spec_for_missing(engine, cut, group) for group in cut.record.groups)
    wanted = SpawnRequest(tuple(spec for spec in specs if spec.exact_numbers))
    jobs = {job.spec.group: job for job in plan_group_jobs(engine, wanted, context.find_busy_ports)}
    for job in jobs.values():
        if job.image is None:
            raise ManagerError(
                f"{job.spec.image.familiar} is no longer on this engine",
                f"pull it with: dockmgr pull {job.spec.image.familiar}",
            )
    nothing = (Snapshot(), None, Plan(), TakenPorts())
    whole = [jobs.get(spec.group) or GroupJob(spec, *nothing) for spec in specs]
    transaction = SpawnTransaction(
        engine, cut.record.spawn_id, context, cut.record, existing_members=cut.members
    )
    with _claim_spawn(cut):
        return transaction.make_all(whole)


@contextmanager
def _claim_spawn(cut: InterruptedSpawn) -> Iterator[None]:
    """Two processes that finish the same would make it twice.

    Raises:
        ManagerError: another process is doing it, or has done it.
    """
    with spawn_records.adopt_record(cut.record) as ours:
        if not ours:
            raise ManagerError(
                f"another process has taken over the spawn of {cut.groups}",
                "see what is left with: dockmgr recover",
            )
        yield


def _spec_for_missing(engine: Engine, cut: InterruptedSpawn, group: str) -> GroupSpec:
    """What is missing of one group of a spawn."""
    there = [member for member in cut.members if member.group == group]
    if not there:
        raise ManagerError(
            f"no member of {group} was made, so dockmgr cannot tell what is missing",
            "remove the rest with: dockmgr recover --remove; then spawn the group again",
        )
    inspected, missing = engine.containers.inspect(there[0].id), cut.missing[group]
    return replace(
        spec_from_member(there[0], inspected), count=max(len(missing), 1), exact_numbers=missing
    )
