"""Spawns that were cut off: what there is of them, and finishing or removing it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manager.actions import taking_back
from manager.actions.members import Job
from manager.actions.spawn import Means, Request, Transaction, decide
from manager.adapters import unfinished
from manager.core.group_spec import from_member
from manager.core.model import SPAWN_LABEL, Snapshot, by_group_and_number
from manager.core.plan import Plan
from manager.core.ports import TakenPorts
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manager.adapters.engine.client import Engine
    from manager.adapters.unfinished import Record
    from manager.core.group_spec import GroupSpec
    from manager.core.model import Container


@dataclass(frozen=True, slots=True)
class CutOff:
    """A spawn whose process is gone, and that is neither complete nor taken back."""

    record: Record
    members: tuple[Container, ...]
    """What there is of it."""

    def __str__(self) -> str:
        """In one sentence."""
        made = f"{len(self.members)} of {self.record.count} made, {self.running} running"
        return f"the spawn of {self.groups} was cut off: {made}"

    @property
    def groups(self) -> str:
        """The names of its groups."""
        return ", ".join(self.record.groups)

    @property
    def running(self) -> int:
        """How many of its members run."""
        return sum(member.running for member in self.members)


def find(engine: Engine) -> tuple[CutOff, ...]:
    """The spawns on an engine that were cut off; what turns out to be settled is forgotten.

    Raises:
        ManagerError: the engine could not be asked.
    """
    found = []
    for record in unfinished.cut_off(engine.endpoint.host):
        members = engine.containers.list(f"{SPAWN_LABEL}={record.identity}")
        members = tuple(sorted(members, key=by_group_and_number))
        complete = len(members) >= record.count and all(m.state != "created" for m in members)
        if members and not complete:
            found.append(CutOff(record, members))
        elif complete:
            record.forget()
        elif record.is_old():
            # An engine goes on with a request whose sender is gone: what it makes shows up late.
            # A network may be left of a spawn that had made no container yet.
            taking_back.take_back(engine, record.identity, lambda _: None)
            record.forget()
    return tuple(found)


def remove(engine: Engine, cut: CutOff, sleep: Callable[[float], None]) -> int:
    """Remove what there is of a spawn.

    Returns:
        How many containers there were.

    Raises:
        ManagerError: not all could be removed.
    """
    with _taken_over(cut):
        removed = taking_back.take_back(engine, cut.record.identity, sleep)
        cut.record.forget()
    return removed


def finish(engine: Engine, cut: CutOff, means: Means) -> tuple[Container, ...]:
    """Make what is missing of a spawn, and start what does not run; all of it, or none.

    Returns:
        All its members.

    Raises:
        ManagerError: it cannot be known what to make, or something went wrong; then all of the
            spawn is removed.
    """
    specs = tuple(_rest(engine, cut, group) for group in cut.record.groups)
    wanted = Request(tuple(spec for spec, missing in specs if missing))
    jobs = {job.spec.group: job for job in decide(engine, wanted, means.busy)}
    for job in jobs.values():
        if job.image is None:
            raise ManagerError(
                f"{job.spec.image.familiar} is not on this engine any more",
                f"get it with: dockmgr pull {job.spec.image.familiar}",
            )
    nothing = (Snapshot(), None, Plan(), TakenPorts())
    whole = [jobs.get(spec.group) or Job(spec, *nothing) for spec, _ in specs]
    work = Transaction(engine, cut.record.identity, means, cut.record, before=cut.members)
    with _taken_over(cut):
        return work.run(whole)


@contextmanager
def _taken_over(cut: CutOff) -> Iterator[None]:
    """Two processes that finish the same would make it twice.

    Raises:
        ManagerError: another process is at it, or has done it.
    """
    with unfinished.adopted(cut.record) as ours:
        if not ours:
            raise ManagerError(
                f"another process has taken over the spawn of {cut.groups}",
                "see what became of it with: dockmgr recover",
            )
        yield


def _rest(engine: Engine, cut: CutOff, group: str) -> tuple[GroupSpec, int]:
    """What is missing of one group of a spawn, and how many."""
    there = [member for member in cut.members if member.group == group]
    if not there:
        raise ManagerError(
            f"nothing was made of {group} yet, so that nobody knows what is missing",
            "remove the rest with: dockmgr recover --remove; and spawn it again",
        )
    env = (engine.containers.inspect(there[0].id).get("Config") or {}).get("Env") or ()
    missing = len(cut.record.groups[group]) - len(there)
    return replace(from_member(there[0], env), count=max(missing, 1)), max(missing, 0)
