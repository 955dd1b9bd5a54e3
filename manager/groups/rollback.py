"""Take back a spawn: remove all that it made, and nothing else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from manager.engine import resources
from manager.engine.errors import EngineUnreachableError, NotFoundError
from manager.errors import ExitCode, ManagerError
from manager.model.containers import SPAWN_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from manager.engine.client import Engine
    from manager.model.containers import Container
    from manager.model.snapshot import Network

PARALLEL_REMOVALS = 8
IGNORED_INTERRUPTS = 3
"""How many times Ctrl-C does not end it."""
RECONNECT_SECONDS = 15.0
"""Seconds for which an engine that has gone away is waited for."""
REMOVAL_WAIT_SECONDS = 10.0
"""Seconds for which containers are waited for that are on their way out."""
REMOVAL_PAUSE_SECONDS = 0.05
RECONNECT_PAUSE_SECONDS = 0.5
"""Seconds between two of these."""


def roll_back_after_error(
    engine: Engine,
    spawn_id: str,
    error: BaseException,
    sleep: Callable[[float], None],
    spared: Collection[str] = (),
) -> None:
    """Take back a spawn that an error ended; if even that fails, the error says what is left.

    Args:
        engine: where.
        spawn_id: the spawn's.
        error: what ended it; what was removed is added to its message.
        sleep: waits so many seconds.
        spared: the ids of containers that were there before, and stay.

    Raises:
        ManagerError: (partly done) not all could be removed.
    """
    try:
        removed = _roll_back_despite_interrupts(engine, spawn_id, sleep, spared)
    except ManagerError as second:
        raise ManagerError(
            f"{str(error) or 'interrupted'}; and taking it back failed too: {second.message}",
            "finish it or remove what is left with: dockmgr recover",
            ExitCode.PARTIAL,
            details=getattr(error, "details", ()),
        ) from error
    if isinstance(error, ManagerError) and removed:
        what = "the container made by this spawn was"
        if removed > 1:
            what = f"the {removed} containers made by this spawn were"
        rest = ", what was there before is left" if spared else ""
        error.message = f"{error.message} ({what} removed again{rest})"


def _roll_back_despite_interrupts(
    engine: Engine, spawn_id: str, sleep: Callable[[float], None], spared: Collection[str]
) -> int:
    """Asked for again, it goes on: it is being ended already, and only the rest is left to do."""
    for _ in range(IGNORED_INTERRUPTS):
        try:
            return roll_back_spawn(engine, spawn_id, sleep, spared)
        except KeyboardInterrupt:
            continue
    return roll_back_spawn(engine, spawn_id, sleep, spared)


def list_spawn_members(engine: Engine, spawn_id: str) -> tuple[Container, ...]:
    """The members that a spawn made.

    An image made from a member (``docker commit``) hands the label on to containers that are
    nobody's members: they are left out.

    Raises:
        ManagerError: the engine could not be asked.
    """
    found = engine.containers.list(f"{SPAWN_LABEL}={spawn_id}")
    return tuple(one for one in found if one.group is not None)


def roll_back_spawn(
    engine: Engine,
    spawn_id: str,
    sleep: Callable[[float], None],
    spared: Collection[str] = (),
) -> int:
    """Remove every container and network of a spawn, found by its label.

    An engine that has gone away is waited for a while.

    Args:
        engine: where.
        spawn_id: the spawn's.
        sleep: waits so many seconds.
        spared: the ids of containers that stay; networks stay with them.

    Returns:
        How many containers there were.

    Raises:
        ManagerError: not all could be removed.
    """
    end = time.monotonic() + RECONNECT_SECONDS
    while True:
        try:
            return _roll_back_once(engine, spawn_id, spared)
        except EngineUnreachableError:
            if time.monotonic() >= end:
                raise
            sleep(RECONNECT_PAUSE_SECONDS)


def _roll_back_once(engine: Engine, spawn_id: str, spared: Collection[str]) -> int:
    mine = [one for one in list_spawn_members(engine, spawn_id) if one.id not in spared]
    with ThreadPoolExecutor(max_workers=PARALLEL_REMOVALS) as pool:
        failed = [it for it in pool.map(lambda one: _remove_container(engine, one), mine) if it]
    if failed:
        names = [name for name, _ in failed]
        raise ManagerError(
            f"{', '.join(names)} could not be removed again: {failed[0][1].message}",
            f"remove them with: dockmgr rm {' '.join(names)}",
        )
    _wait_until_gone(engine, spawn_id, spared)
    for network in () if spared else list_spawn_networks(engine, spawn_id):
        resources.remove_network(engine, network.id)
    return len(mine)


def list_spawn_networks(engine: Engine, spawn_id: str) -> tuple[Network, ...]:
    """The networks that a spawn made and that nobody is on.

    Raises:
        ManagerError: the engine could not be asked.
    """
    return tuple(
        network
        for network in resources.list_networks(engine)
        if network.labels.get(SPAWN_LABEL) == spawn_id and not network.users
    )


def _wait_until_gone(engine: Engine, spawn_id: str, spared: Collection[str]) -> None:
    """Wait for removals that the engine has begun by itself, as it does for ``--rm``.

    Raises:
        ManagerError: a container is still there.
    """
    end = time.monotonic() + REMOVAL_WAIT_SECONDS
    while left := [one for one in list_spawn_members(engine, spawn_id) if one.id not in spared]:
        if time.monotonic() >= end:
            names = " ".join(one.name for one in left)
            raise ManagerError(
                f"the engine has not removed {names} yet", f"look again with: dockmgr ls {names}"
            )
        time.sleep(REMOVAL_PAUSE_SECONDS)


def _remove_container(engine: Engine, one: Container) -> tuple[str, ManagerError] | None:
    try:
        engine.containers.remove(one.id, force=True, volumes=True)
    except NotFoundError:
        return None
    except EngineUnreachableError:
        raise
    except ManagerError as error:
        return one.name, error
    return None
