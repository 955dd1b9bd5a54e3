"""Make the members of a group as one transaction: all of them, or none."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manager.adapters.engine.containers import NameTakenError
from manager.adapters.engine.failures import NotFoundError
from manager.core.model import GROUP_LABEL, SPAWN_LABEL, Container, Image, Snapshot
from manager.core.plan import OnConflict, Plan, Step, Verb
from manager.core.spawning import (
    GroupSpec,
    check_one_image,
    container_config,
    free_numbers,
    member_name,
    plan_spawn,
)
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manager.adapters.engine.client import Engine

SETTLE = 0.3
"""Seconds a container must go on running after its start before it counts as started."""
HOLDER_TRIES = 40
HOLDER_PAUSE = 0.05
"""Seconds between two looks for the container that has just taken a name."""
LAST_LINES = 10
"""How many of its last lines a container that failed is shown with."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """What a spawn made."""

    members: tuple[Container, ...]
    notes: tuple[str, ...] = ()


def observe(engine: Engine, spec: GroupSpec) -> tuple[Snapshot, Image | None]:
    """What `plan_spawn` needs to know: all containers, and the image if it is here.

    Raises:
        ManagerError: the engine could not be asked.
    """
    return Snapshot(engine.containers.list()), engine.images.find(spec.image.for_engine)


@dataclass(frozen=True, slots=True)
class Means:
    """What a spawn works with."""

    parallel: int
    """How many containers are made at once."""
    pull: Callable[[], None]
    """Gets the image; called only if it is missing."""
    report: Callable[[int, int], None]
    """Called with how many are made and how many there are to be."""
    sleep: Callable[[float], None]
    """Waits so many seconds."""


def spawn(engine: Engine, spec: GroupSpec, means: Means) -> Spawned:
    """Make what the plan says; whatever goes wrong, remove again what was made.

    Args:
        engine: where.
        spec: what was asked for.
        means: with what.

    Raises:
        ManagerError: something went wrong; nothing of this spawn is left.
        KeyboardInterrupt: the person stopped it; nothing of this spawn is left.
    """
    snapshot, image = observe(engine, spec)
    plan = plan_spawn(spec, snapshot, image)
    if plan and image is None:
        means.pull()
        snapshot, image = observe(engine, spec)
        plan = plan_spawn(spec, snapshot, image)
    if not plan:
        return Spawned((), plan.notes)
    if image is None:
        raise ManagerError(
            f"the engine pulled {spec.image.familiar}, and now does not have it",
            "is another program removing images? try again",
        )
    work = _Transaction(engine, spec, image, snapshot, means.sleep)
    try:
        work.make(plan, means.parallel, means.report)
        members = work.settled()
    except BaseException as error:
        _undo(work, error)
        raise
    return Spawned(members, plan.notes)


def _undo(work: _Transaction, error: BaseException) -> None:
    """Roll back; if even that fails, the error says what is left."""
    try:
        try:
            removed = work.roll_back()
        except KeyboardInterrupt:
            # Asked for twice: it is being ended already, and only the rest is left to remove.
            removed = work.roll_back()
    except ManagerError as second:
        raise ManagerError(
            f"{str(error) or 'interrupted'}; and taking it back failed too: {second.message}",
            second.hint,
            ExitCode.PARTIAL,
            details=getattr(error, "details", ()),
        ) from error
    if isinstance(error, ManagerError) and removed:
        what = "the container made by this spawn was"
        if removed > 1:
            what = f"the {removed} containers made by this spawn were"
        error.message = f"{error.message} ({what} removed again)"


@dataclass
class _Transaction:
    """The containers of one spawn, told from all others by their label."""

    engine: Engine
    spec: GroupSpec
    image: Image
    snapshot: Snapshot
    sleep: Callable[[float], None]
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def make(self, plan: Plan, parallel: int, report: Callable[[int, int], None]) -> None:
        """Create and start every member; the first failure ends the rest."""
        steps = [step for step in plan if step.verb is Verb.CREATE]
        spare = self._spare_numbers(steps)
        made = 0

        def make_one(step: Step) -> None:
            nonlocal made
            if self._stopping.is_set():
                return
            self._create_and_start(step, spare)
            with self._lock:
                made += 1
                report(made, len(steps))

        with ThreadPoolExecutor(max_workers=parallel) as pool:
            futures = [pool.submit(make_one, step) for step in steps]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                # Ctrl-C arrives here too: what has not begun never does.
                self._stopping.set()
        for future in done:
            future.result()

    def _spare_numbers(self, steps: list[Step]) -> Iterator[int]:
        planned = {step.number for step in steps}
        return (n for n in free_numbers(self.spec.group, self.snapshot) if n not in planned)

    def _create_and_start(self, step: Step, spare: Iterator[int]) -> None:
        number = step.number or 0
        refused = False
        while True:
            name = member_name(self.spec.group, number)
            config = container_config(self.spec, number, self.spec.image.for_engine, self.identity)
            try:
                identity = self.engine.containers.create(name, config, self.spec.platform)
                break
            except NameTakenError:
                if step.on_conflict is OnConflict.FAIL:
                    raise
                if step.on_conflict is OnConflict.SKIP_MEMBER:
                    holder = self._holder(name)
                    if holder is None and not refused and not self._stopping.is_set():
                        refused = True
                        continue  # it has been removed meanwhile: the name may be free
                    if holder is not None and holder.group == self.spec.group:
                        return
                with self._lock:
                    number = next(spare)
        try:
            self.engine.containers.start(identity)
        except ManagerError as error:
            raise self._could_not_start(name, identity, error) from error

    def _holder(self, name: str) -> Container | None:
        """The container that has a name; None if it has been removed meanwhile.

        An engine reserves a name a moment before it lists the container that gets it.
        """
        for _ in range(HOLDER_TRIES):
            for container in self.engine.containers.list():
                if container.name == name:
                    return container
            self.sleep(HOLDER_PAUSE)
        return None

    def _could_not_start(self, name: str, identity: str, error: ManagerError) -> ManagerError:
        return ManagerError(
            f"{name} could not start: {error.message}",
            error.hint,
            details=self._last_lines(identity),
        )

    def settled(self) -> tuple[Container, ...]:
        """The members, once they have gone on running for a moment.

        Raises:
            ManagerError: one ended with a failure, or the group now holds two images.
        """
        self._check(self._members())
        self.sleep(SETTLE)
        members = self._members()
        self._check(members)
        mine = [m for m in members if m.labels.get(SPAWN_LABEL) == self.identity]
        return tuple(sorted(mine, key=lambda member: member.index or 0))

    def _members(self) -> tuple[Container, ...]:
        return self.engine.containers.list(f"{GROUP_LABEL}={self.spec.group}")

    def _check(self, members: tuple[Container, ...]) -> None:
        mine = [m for m in members if m.labels.get(SPAWN_LABEL) == self.identity]
        # Of two spawns that put two images into one group at once, the earlier one wins.
        first = min((member.created, member.id) for member in mine) if mine else None
        earlier = tuple(m for m in members if first and (m.created, m.id) <= first)
        check_one_image(self.spec, (*mine, *earlier), self.image.id)
        for member in mine:
            if member.state in {"exited", "dead"}:
                self._check_ending(member)

    def _check_ending(self, member: Container) -> None:
        """A container may end at once if all it had to do is done; not if it failed."""
        state = self.engine.containers.inspect(member.id).get("State") or {}
        code = state.get("ExitCode") or 0
        if code == 0:
            return
        why = "it ran out of memory" if state.get("OOMKilled") else f"exit code {code}"
        raise ManagerError(
            f"{member.name} ended right after its start: {why}",
            "its last lines say why" if self._last_lines(member.id) else "it wrote nothing",
            details=self._last_lines(member.id),
        )

    def _last_lines(self, identity: str) -> tuple[str, ...]:
        try:
            return self.engine.containers.last_lines(identity, LAST_LINES)
        except NotFoundError:
            return ()

    def roll_back(self) -> int:
        """Remove every container of this spawn, found by its label; how many there were."""
        self._stopping.set()
        mine = self.engine.containers.list(f"{SPAWN_LABEL}={self.identity}")
        left: list[str] = []
        why = ""
        for member in mine:
            try:
                self.engine.containers.remove(member.id, force=True, volumes=True)
            except NotFoundError:
                continue
            except ManagerError as error:
                left.append(member.name)
                why = error.message
        if left:
            raise ManagerError(
                f"{', '.join(left)} could not be removed again: {why}",
                f"remove them with: dockmgr rm {' '.join(left)}",
            )
        return len(mine)
