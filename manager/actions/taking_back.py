"""Take back a spawn: remove all that it made, and nothing else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from manager.adapters.engine import others
from manager.adapters.engine.failures import EngineUnreachableError, NotFoundError
from manager.core.model import SPAWN_LABEL
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.adapters.engine.client import Engine
    from manager.core.model import Container

AT_ONCE = 8
IMPATIENCE = 3
"""How many times Ctrl-C does not end it."""
COMEBACK = 15.0
"""Seconds for which an engine that has gone away is waited for."""
GOING = 10.0
"""Seconds for which containers are waited for that are on their way out."""
GOING_PAUSE = 0.05
COMEBACK_PAUSE = 0.5
"""Seconds between two of these."""


def undo(
    engine: Engine, identity: str, error: BaseException, sleep: Callable[[float], None]
) -> None:
    """Take back a spawn that an error ended; if even that fails, the error says what is left.

    Args:
        engine: where.
        identity: the spawn's.
        error: what ended it; what was removed is added to its message.
        sleep: waits so many seconds.

    Raises:
        ManagerError: (partly done) not all could be removed.
    """
    try:
        removed = _in_spite_of_ctrl_c(engine, identity, sleep)
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
        error.message = f"{error.message} ({what} removed again)"


def _in_spite_of_ctrl_c(engine: Engine, identity: str, sleep: Callable[[float], None]) -> int:
    """Asked for again, it goes on: it is being ended already, and only the rest is left to do."""
    for _ in range(IMPATIENCE):
        try:
            return take_back(engine, identity, sleep)
        except KeyboardInterrupt:
            continue
    return take_back(engine, identity, sleep)


def take_back(engine: Engine, identity: str, sleep: Callable[[float], None]) -> int:
    """Remove every container and network of a spawn, found by its label.

    An engine that has gone away is waited for a while.

    Returns:
        How many containers there were.

    Raises:
        ManagerError: not all could be removed.
    """
    end = time.monotonic() + COMEBACK
    while True:
        try:
            return _take_back(engine, identity)
        except EngineUnreachableError:
            if time.monotonic() >= end:
                raise
            sleep(COMEBACK_PAUSE)


def _take_back(engine: Engine, identity: str) -> int:
    label = f"{SPAWN_LABEL}={identity}"
    mine = engine.containers.list(label)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        failed = [it for it in pool.map(lambda one: _remove(engine, one), mine) if it]
    if failed:
        names = [name for name, _ in failed]
        raise ManagerError(
            f"{', '.join(names)} could not be removed again: {failed[0][1].message}",
            f"remove them with: dockmgr rm {' '.join(names)}",
        )
    _until_gone(engine, label)
    for network in others.networks(engine):
        if network.labels.get(SPAWN_LABEL) == identity and not network.users:
            others.remove_network(engine, network.id)
    return len(mine)


def _until_gone(engine: Engine, label: str) -> None:
    """Wait for removals that the engine has begun by itself, as it does for ``--rm``.

    Raises:
        ManagerError: a container is still there.
    """
    end = time.monotonic() + GOING
    while left := engine.containers.list(label):
        if time.monotonic() >= end:
            names = " ".join(one.name for one in left)
            raise ManagerError(
                f"the engine has not removed {names} yet", f"look again with: dockmgr ls {names}"
            )
        time.sleep(GOING_PAUSE)


def _remove(engine: Engine, one: Container) -> tuple[str, ManagerError] | None:
    try:
        engine.containers.remove(one.id, force=True, volumes=True)
    except NotFoundError:
        return None
    except EngineUnreachableError:
        raise
    except ManagerError as error:
        return one.name, error
    return None
