"""Create and start the members of groups, each under a free name."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from manager.engine.containers import NameTakenError
from manager.engine.start_failures import start_hint
from manager.errors import ManagerError
from manager.groups.core.member_request import member_config
from manager.groups.core.port_chooser import PortChooser
from manager.groups.core.spawn_plan import free_numbers, taken_ports
from manager.groups.started import StartedContainer, collect_last_lines, read_last_lines
from manager.model.plan import OnConflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manager.engine.client import Engine
    from manager.groups.spawn_jobs import GroupJob
    from manager.model.containers import Container
    from manager.model.plan import PlanStep
    from manager.model.ports import PortBinding

T = TypeVar("T")
NAME_HOLDER_TRIES = 40
NAME_HOLDER_PAUSE_SECONDS = 0.05
"""Seconds between two searches for the container that has just taken a name."""


class SpareNumbers:
    """Numbers and ports for members whose own were taken meanwhile; thread-safe."""

    def __init__(self, job: GroupJob) -> None:
        """Start with what the plan does not use."""
        planned = {step.number for step in job.steps}
        spec = job.spec
        numbers = free_numbers(spec.template, job.snapshot, spec.first, append=spec.append)
        self._numbers = (number for number in numbers if number not in planned)
        taken = taken_ports(job.snapshot, job.others)
        for step in job.steps:
            for port in step.ports:
                if port.host_port is not None:
                    taken.add(port.host_ip, port.host_port, port.protocol, step.target)
        self._ports = PortChooser(spec.options.publish, spec.first, taken)
        self._template = spec.template
        self._lock = threading.Lock()

    def take_next(self) -> tuple[int, tuple[PortBinding, ...]]:
        """A free number, as far as is known, and its ports.

        Raises:
            ManagerError: no port is left.
        """
        with self._lock:
            number = next(self._numbers)
            return number, self._ports.choose(self._template.name(number), number)


@dataclass
class MemberMaker:
    """Makes the members of one spawn; the first failure stops the others."""

    engine: Engine
    spawn_id: str
    """Marks the containers of this spawn."""
    sleep: Callable[[float], None] = time.sleep
    stopping: threading.Event = field(default_factory=threading.Event)

    def create_members(
        self, job: GroupJob, parallel: int, report: Callable[[int, int], None]
    ) -> tuple[StartedContainer, ...]:
        """Create and start every member of a group.

        Args:
            job: the group.
            parallel: how many in parallel.
            report: called with how many are started, and of how many.

        Raises:
            ManagerError: the engine refused one.
            KeyboardInterrupt: the person stopped it; nothing more is begun.
        """
        spare = SpareNumbers(job)
        return self._run_for_each(
            job.steps, lambda step: self._create_and_start(job, step, spare), parallel, report
        )

    def start_members(
        self,
        members: Iterable[Container],
        parallel: int,
        report: Callable[[int, int], None],
    ) -> tuple[StartedContainer, ...]:
        """Start members that already exist.

        Raises:
            ManagerError: the engine refused one.
        """

        def start(member: Container) -> StartedContainer:
            if not member.is_running:
                self._start(StartedContainer(member.id, member.name), member.image)
            return StartedContainer(member.id, member.name)

        return self._run_for_each(tuple(members), start, parallel, report)

    def _run_for_each(
        self,
        things: tuple[T, ...],
        one: Callable[[T], StartedContainer | None],
        parallel: int,
        report: Callable[[int, int], None],
    ) -> tuple[StartedContainer, ...]:
        made: list[StartedContainer] = []
        lock = threading.Lock()

        def do(thing: T) -> None:
            if self.stopping.is_set():
                return
            started = one(thing)
            with lock:
                if started is not None:
                    made.append(started)
                report(len(made), len(things))

        pool = ThreadPoolExecutor(max_workers=parallel)
        try:
            futures = [pool.submit(do, thing) for thing in things]
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            # Ctrl-C arrives here too: nothing more is begun.
            self.stopping.set()
            raise
        finally:
            _wait_for_all(pool)
        return tuple(made)

    def _create_and_start(
        self, job: GroupJob, step: PlanStep, spare: SpareNumbers
    ) -> StartedContainer | None:
        created = self._create(job, step, spare)
        if created is None:
            return None
        container_id, name = created
        started = StartedContainer(container_id, name)
        if job.spec.options.rm:
            started = StartedContainer(
                container_id, name, collect_last_lines(self.engine, container_id)
            )
        self._start(started, job.spec.image.for_engine)
        return started

    def _create(self, job: GroupJob, step: PlanStep, spare: SpareNumbers) -> tuple[str, str] | None:
        """The id and name of a new member; None if another process made that very one."""
        spec, number, ports = job.spec, step.number or 0, step.ports
        refused = False
        while True:
            name = spec.template.name(number)
            image = spec.image.for_engine
            config = member_config(spec, number, ports, image, self.spawn_id)
            try:
                return self.engine.containers.create(name, config, spec.platform), name
            except NameTakenError:
                if step.on_conflict is OnConflict.FAIL:
                    raise
                if step.on_conflict is OnConflict.SKIP_MEMBER:
                    holder = self._find_name_holder(name)
                    if holder is None and not refused and not self.stopping.is_set():
                        refused = True
                        continue  # the container was removed meanwhile: the name may be free
                    if holder is not None and holder.group == spec.group:
                        return None
                number, ports = spare.take_next()

    def _find_name_holder(self, name: str) -> Container | None:
        """The container that has a name; None if it was removed meanwhile.

        An engine reserves a name a moment before it lists the container that gets it.
        """
        for _ in range(NAME_HOLDER_TRIES):
            for container in self.engine.containers.list():
                if container.name == name:
                    return container
            self.sleep(NAME_HOLDER_PAUSE_SECONDS)
        return None

    def _start(self, started: StartedContainer, image: str) -> None:
        try:
            self.engine.containers.start(started.id)
        except ManagerError as error:
            raise ManagerError(
                f"{started.name} could not start: {error.message}",
                start_hint(error.message, image) or error.hint,
                error.exit_code,
                details=_try_last_lines(self.engine, started),
            ) from error


def _wait_for_all(pool: ThreadPoolExecutor) -> None:
    """Wait for what is under way, whatever happens: only then is it known what was made."""
    interrupted = False
    while True:
        try:
            pool.shutdown(wait=True)
            break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt


def _try_last_lines(engine: Engine, started: StartedContainer) -> tuple[str, ...]:
    try:
        return read_last_lines(engine, started)
    except ManagerError:
        return ()  # the failed start is the news
