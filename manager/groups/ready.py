"""Wait until started containers are ready, or one of them has failed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.engine import processes
from manager.engine.errors import NotFoundError
from manager.engine.start_failures import end_hint
from manager.errors import ManagerError
from manager.groups.conditions import ReadinessChecker
from manager.groups.core.readiness import SETTLE_SECONDS
from manager.groups.started import StartedContainer, read_last_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manager.engine.client import Engine
    from manager.groups.core.readiness import Readiness
    from manager.model.containers import Container

MAX_PAUSE_SECONDS = 0.25
"""Seconds between two looks for a container that fails after its start."""
POLL_SECONDS = 0.1
"""Seconds between two checks of a few containers."""
POLL_SECONDS_PER_CONTAINER = 0.001
"""Additional seconds for each container: listing hundreds is work for the engine."""
PARALLEL_PROBES = 16
"""How many ports are tried in parallel."""
MAX_NAMES_SHOWN = 3
"""How many containers that are not ready are named."""
ENDED_STATES = frozenset({"exited", "dead"})


@dataclass(frozen=True, slots=True)
class ReadinessWatch:
    """What waiting needs."""

    engine: Engine
    list_containers: Callable[[], tuple[Container, ...]]
    """The engine's list of these containers."""
    address: str
    """The engine's machine, as seen from here."""
    report_progress: Callable[[int, int], None]
    """Called with how many are ready, and of how many."""
    late_hint: str = "they may need more time, or be waiting for something that is missing"
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def wait_until_settled(
    watch: ReadinessWatch,
    started: tuple[StartedContainer, ...],
    since: float,
    settle: float = SETTLE_SECONDS,
) -> tuple[Container, ...]:
    """Wait a moment, and check that no container has failed right after its start.

    Args:
        watch: what waiting needs.
        started: the containers.
        since: when the last was started, by the watch's clock.
        settle: seconds after that in which none may fail; less if all have done their work.

    Raises:
        ManagerError: one ended with a failure.
    """
    while True:
        left = since + settle - watch.clock()
        watch.sleep(max(0.0, min(left, MAX_PAUSE_SECONDS)))
        rows = watch.list_containers()
        states = {row.id: row.state for row in rows}
        _check_endings(watch, started, {row.id: row for row in rows}, must_run=False)
        running = any(states.get(one.id, "dead") not in ENDED_STATES for one in started)
        if left <= MAX_PAUSE_SECONDS or not running:
            return rows


def wait_until_ready(
    watch: ReadinessWatch, started: tuple[StartedContainer, ...], ready: Readiness
) -> tuple[Container, ...]:
    """Wait until all are ready.

    Args:
        watch: what waiting needs.
        started: the containers, all of one group.
        ready: what must hold.

    Returns:
        The engine's last list of them.

    Raises:
        ManagerError: one ended or is unhealthy, or the time is up.
    """
    end = watch.clock() + ready.timeout
    conditions = ReadinessChecker(watch.engine, watch.address, ready)
    with ThreadPoolExecutor(max_workers=PARALLEL_PROBES) as pool:
        while True:
            rows = {row.id: row for row in watch.list_containers()}
            _check_endings(watch, started, rows, must_run=True)
            ask = [rows[one.id] for one in started if one.id in rows]
            reasons = zip(ask, pool.map(conditions, ask), strict=True)
            waiting = {row.name: why for row, why in reasons if why}
            watch.report_progress(len(started) - len(waiting), len(started))
            if not waiting:
                return tuple(rows.values())
            if watch.clock() >= end:
                raise _timeout_error(watch, started, waiting, ready)
            watch.sleep(POLL_SECONDS + POLL_SECONDS_PER_CONTAINER * len(started))


def _timeout_error(
    watch: ReadinessWatch,
    started: tuple[StartedContainer, ...],
    waiting: Mapping[str, str],
    ready: Readiness,
) -> ManagerError:
    names = sorted(waiting)
    more = f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else ""
    verb = "is" if len(names) == 1 else "are"
    first = next(one for one in started if one.name == names[0])
    subject = "" if len(names) == 1 else f"{names[0]}: "
    return ManagerError(
        f"{', '.join(names[:MAX_NAMES_SHOWN])}{more} {verb} not ready after {ready.timeout:g} s: "
        f"{subject}{waiting[names[0]]}",
        watch.late_hint,
        details=read_last_lines(watch.engine, first),
    )


def _check_endings(
    watch: ReadinessWatch,
    started: tuple[StartedContainer, ...],
    rows: Mapping[str, Container],
    *,
    must_run: bool,
) -> None:
    """A container may end right away if it did its work, but not if it failed."""
    for one in started:
        row = rows.get(one.id)
        if row is not None and row.state not in ENDED_STATES:
            continue
        try:
            ending = processes.inspect_exit_status(watch.engine, one.id) if row else None
        except NotFoundError:
            ending = None
        ending = ending or processes.find_past_exit_status(watch.engine, one.id)
        if ending is None:
            raise ManagerError(
                f"{one.name} is gone",
                "another program may have removed it; see what is left with: dockmgr ls",
            )
        if ending.code or must_run:
            command = row.command if row is not None else ""
            raise _ended_error(watch.engine, one, ending, command, must_run=must_run)


def _ended_error(
    engine: Engine,
    one: StartedContainer,
    ending: processes.ExitStatus,
    command: str,
    *,
    must_run: bool,
) -> ManagerError:
    wrote = read_last_lines(engine, one)
    before = "before it was ready" if must_run else "right after its start"
    return ManagerError(
        f"{one.name} ended {before}: {ending}",
        end_hint(ending.code, wrote, command),
        details=wrote,
    )
