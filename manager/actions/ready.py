"""Wait until containers that were started are ready, or one of them has failed."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from manager.actions.logs import lines
from manager.adapters.engine import processes
from manager.adapters.engine.failures import NotFoundError
from manager.adapters.probe import answer_to, connects
from manager.core.addresses import ANY_ADDRESS
from manager.core.readiness import Readiness, health
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from manager.adapters.engine.client import Engine
    from manager.core.model import Container

SETTLE = 0.2
"""Seconds a container must go on running after its start before it counts as started."""
LOOK_EVERY = 0.1
"""Seconds between two looks, while little is waited for."""
LOOK_EVERY_FOR_EACH = 0.001
"""Seconds more for each container: a list of hundreds is work for the engine."""
PROBES = 16
"""How many ports are tried at once."""
LAST_LINES = 10
"""How many of its last lines a container that failed is shown with."""
NAMED = 3
"""How many of those that are not ready are named."""
ENDED = frozenset({"exited", "dead"})


@dataclass(frozen=True, slots=True)
class Started:
    """A container that was started."""

    id: str
    name: str
    lines: Callable[[], tuple[str, ...]] | None = None
    """What it wrote last, where that was listened to; the engine deletes it with the container."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What waiting works with."""

    engine: Engine
    listed: Callable[[], tuple[Container, ...]]
    """The engine's list of these containers."""
    address: str
    """The engine's machine, as seen from here."""
    report: Callable[[int, int], None]
    """Called with how many are ready, and of how many."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def settle(watch: Watch, started: tuple[Started, ...], since: float) -> tuple[Container, ...]:
    """Wait a moment, and see that no container has failed at once.

    Args:
        watch: with what.
        started: which.
        since: when the last was started, by the watch's clock.

    Raises:
        ManagerError: one ended with a failure.
    """
    watch.sleep(max(0.0, since + SETTLE - watch.clock()))
    rows = watch.listed()
    _check_endings(watch, started, {row.id: row for row in rows}, must_run=False)
    return rows


def wait(watch: Watch, started: tuple[Started, ...], ready: Readiness) -> tuple[Container, ...]:
    """Wait until all are ready.

    Args:
        watch: with what.
        started: which; all of one group.
        ready: what has to hold.

    Returns:
        The engine's last list of them.

    Raises:
        ManagerError: one ended, or is unhealthy, or the time is over.
    """
    end = watch.clock() + ready.timeout
    conditions = _Conditions(watch, ready, {one.id: one.name for one in started})
    with ThreadPoolExecutor(max_workers=PROBES) as pool:
        while True:
            rows = {row.id: row for row in watch.listed()}
            _check_endings(watch, started, rows, must_run=True)
            ask = [rows[one.id] for one in started if one.id in rows]
            reasons = zip(ask, pool.map(conditions, ask), strict=True)
            waiting = {row.name: why for row, why in reasons if why}
            watch.report(len(started) - len(waiting), len(started))
            if not waiting:
                return tuple(rows.values())
            if watch.clock() >= end:
                raise _late(watch, started, waiting, ready)
            watch.sleep(LOOK_EVERY + LOOK_EVERY_FOR_EACH * len(started))


def _late(
    watch: Watch, started: tuple[Started, ...], waiting: Mapping[str, str], ready: Readiness
) -> ManagerError:
    names = sorted(waiting)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    verb = "is" if len(names) == 1 else "are"
    first = next(one for one in started if one.name == names[0])
    return ManagerError(
        f"{', '.join(names[:NAMED])}{more} {verb} not ready after {ready.timeout:g} s: "
        f"{waiting[names[0]]}",
        "--timeout gives them longer, and --keep keeps them to look at",
        details=last_lines(watch.engine, first),
    )


def _check_endings(
    watch: Watch,
    started: tuple[Started, ...],
    rows: Mapping[str, Container],
    *,
    must_run: bool,
) -> None:
    """A container may end at once if all it had to do is done; not if it failed."""
    for one in started:
        row = rows.get(one.id)
        if row is not None and row.state not in ENDED:
            continue
        try:
            ending = processes.ending(watch.engine, one.id) if row else None
        except NotFoundError:
            ending = None
        ending = ending or processes.past_ending(watch.engine, one.id)
        if ending is None:
            raise ManagerError(f"{one.name} is gone", "has another program removed it?")
        if ending.code or must_run:
            raise _ended(watch.engine, one, ending, must_run=must_run)


def _ended(
    engine: Engine, one: Started, ending: processes.Ending, *, must_run: bool
) -> ManagerError:
    wrote = last_lines(engine, one)
    before = "before it was ready" if must_run else "right after its start"
    return ManagerError(
        f"{one.name} ended {before}: {ending}",
        "its last lines say why" if wrote else "it wrote nothing",
        details=wrote,
    )


def last_lines(engine: Engine, one: Started) -> tuple[str, ...]:
    """What a container wrote last; nothing where neither it nor the engine can say.

    Raises:
        ManagerError: the engine could not be asked.
    """
    if one.lines is not None:
        return one.lines()
    try:
        return engine.containers.last_lines(one.id, LAST_LINES)
    except NotFoundError:
        return ()


@dataclass
class _Conditions:
    """What has to hold, asked of one container at a time; what held once is not asked again."""

    watch: Watch
    ready: Readiness
    names: Mapping[str, str]
    _held: set[tuple[str, str]] = field(default_factory=set)
    _logs: dict[str, _LogWatch] = field(default_factory=dict)

    def __call__(self, row: Container) -> str:
        """Why a container is not ready yet; empty if it is."""
        if row.state != "running":
            return f"it is {row.state}"
        for name, check in self._checks(row):
            if (row.id, name) not in self._held:
                if why := check():
                    return why
                self._held.add((row.id, name))
        return ""

    def _checks(self, row: Container) -> Iterator[tuple[str, Callable[[], str]]]:
        if self.ready.wait:
            yield "health", partial(self._health, row)
        for port in self.ready.ports:
            yield f"port {port}", partial(self._port, row, port)
        if self.ready.http:
            yield "http", partial(self._http, row)
        if self.ready.log:
            yield "log", partial(self._log, row)

    def _health(self, row: Container) -> str:
        told = health(row)
        if not told and self.watch.engine.podman:
            # Podman's list does not tell it.
            state = self.watch.engine.containers.inspect(row.id).get("State") or {}
            told = (state.get("Health") or {}).get("Status") or ""
        if told == "unhealthy":
            raise self._unhealthy(row)
        return "its healthcheck has not passed yet" if told == "starting" else ""

    def _unhealthy(self, row: Container) -> ManagerError:
        state = self.watch.engine.containers.inspect(row.id).get("State") or {}
        checks = (state.get("Health") or {}).get("Log") or [{}]
        said = tuple((checks[-1].get("Output") or "").splitlines()[-LAST_LINES:])
        return ManagerError(
            f"{row.name} is unhealthy: its healthcheck failed with exit code "
            f"{checks[-1].get('ExitCode', 'unknown')}",
            "the last check says why" if said else "the check wrote nothing",
            details=said,
        )

    def _place(self, row: Container, port: int | None) -> tuple[str, int] | None:
        """Where a port of a container can be reached."""
        for one in row.published:
            if port in {None, one.container_port} and one.protocol == "tcp" and one.host_port:
                host = self.watch.address if one.host_ip in ANY_ADDRESS else one.host_ip
                return host, one.host_port
        if port is not None and row.addresses:
            return row.addresses[0], port
        return None

    def _port(self, row: Container, port: int) -> str:
        place = self._place(row, port)
        if place is not None and connects(*place):
            return ""
        return f"nothing answers at its port {port}"

    def _http(self, row: Container) -> str:
        place = self._place(row, self.ready.http_port)
        if place is None:
            return "it publishes no port to ask"
        return answer_to(*place, self.ready.http_path)

    def _log(self, row: Container) -> str:
        if row.id not in self._logs:
            self._logs[row.id] = _LogWatch(self.watch.engine, row.id, re.compile(self.ready.log))
        return self._logs[row.id].why()


class _LogWatch:
    """Reads what a container writes, in a thread of its own, until a line fits."""

    def __init__(self, engine: Engine, identity: str, pattern: re.Pattern[str]) -> None:
        self._engine = engine
        self._identity = identity
        self._pattern = pattern
        self._found = threading.Event()
        self._error: ManagerError | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            # What it wrote before it was restarted says nothing of now. (When it was started is
            # written down a moment after it may have begun to write.)
            since = self._engine.containers.last_ended(self._identity)
            with closing(
                self._engine.containers.logs(
                    self._identity, follow=True, tail=None, timestamps=False, since=since
                )
            ) as pieces:
                self._search(lines(pieces))
        except ManagerError as error:
            self._error = error

    def _search(self, written: Iterator[str]) -> None:
        if any(self._pattern.search(line) for line in written):
            self._found.set()

    def why(self) -> str:
        """Why it is not ready yet; empty if it is.

        Raises:
            ManagerError: what it writes cannot be read.
        """
        if self._found.is_set():
            return ""
        if self._error is not None:
            raise self._error
        return f"no line it wrote fits {self._pattern.pattern!r}"
