"""Roll back a spawn: remove everything it made, and nothing else."""

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
"""How many times Ctrl-C does not end a rollback."""
RECONNECT_SECONDS = 15.0
"""Seconds to wait for an engine that has gone away."""
REMOVAL_WAIT_SECONDS = 10.0
"""Seconds to wait for containers that the engine is removing."""
REMOVAL_PAUSE_SECONDS = 0.05
RECONNECT_PAUSE_SECONDS = 0.5
"""Seconds between two attempts."""


def roll_back_after_error(
    engine: Engine,
    spawn_id: str,
    error: BaseException,
    sleep: Callable[[float], None],
    spared: Collection[str] = (),
) -> None:
    """Roll back a spawn that failed; if even that fails, the error says what is left.

    Args:
        engine: the engine.
        spawn_id: the spawn's.
        error: why it failed; what was removed is added to its message.
        sleep: waits some seconds.
        spared: the ids of earlier containers, which stay.

    Raises:
        ManagerError: (partly done) something could not be removed.
    """
    try:
        removed = _roll_back_despite_interrupts(engine, spawn_id, sleep, spared)
    except ManagerError as second:
        raise ManagerError(
            f"{str(error) or 'interrupted'}; removing what was made failed too: {second.message}",
            "finish it or remove the rest with: dockmgr recover",
            ExitCode.PARTIAL,
            details=getattr(error, "details", ()),
        ) from error
    if isinstance(error, ManagerError) and removed:
        what = "the container made by this spawn was"
        if removed > 1:
            what = f"the {removed} containers made by this spawn were"
        rest = ", earlier ones are kept" if spared else ""
        error.message = f"{error.message} ({what} removed again{rest})"


def _roll_back_despite_interrupts(
    engine: Engine, spawn_id: str, sleep: Callable[[float], None], spared: Collection[str]
) -> int:
    """A further Ctrl-C does not stop it: removing the rest is all that is left to do."""
    for _ in range(IGNORED_INTERRUPTS):
        try:
            return roll_back_spawn(engine, spawn_id, sleep, spared)
        except KeyboardInterrupt:
            continue
    return roll_back_spawn(engine, spawn_id, sleep, spared)


def list_spawn_members(engine: Engine, spawn_id: str) -> tuple[Container, ...]:
    """The members that a spawn made.

    An image made from a member (``docker commit``) passes the label on to containers that belong to
    no group: they are left out.

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

    Waits a while for an engine that has gone away.

    Args:
        engine: the engine.
        spawn_id: the spawn's.
        sleep: waits some seconds.
        spared: the ids of containers that stay; networks stay with them.

    Returns:
        How many containers were removed.

    Raises:
        ManagerError: something could not be removed.
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
            f"{', '.join(names)} could not be removed: {failed[0][1].message}",
            f"remove them with: dockmgr rm {' '.join(names)}",
        )
    _wait_until_gone(engine, spawn_id, spared)
    for network in () if spared else list_spawn_networks(engine, spawn_id):
        resources.remove_network(engine, network.id)
    return len(mine)


def list_spawn_networks(engine: Engine, spawn_id: str) -> tuple[Network, ...]:
    """The networks that a spawn made and nothing uses.

    Raises:
        ManagerError: the engine could not be asked.
    """
    return tuple(
        network
        for network in resources.list_networks(engine)
        if network.labels.get(SPAWN_LABEL) == spawn_id and not network.users
    )


def _wait_until_gone(engine: Engine, spawn_id: str, spared: Collection[str]) -> None:
    """Wait for removals that the engine began by itself, as it does for ``--rm``.

    Raises:
        ManagerError: a container is still there.
    """
    end = time.monotonic() + REMOVAL_WAIT_SECONDS
    while left := [one for one in list_spawn_members(engine, spawn_id) if one.id not in spared]:
        if time.monotonic() >= end:
            names = " ".join(one.name for one in left)
            raise ManagerError(
                f"the engine has not removed {names} yet", f"check again with: dockmgr ls {names}"
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
