"""Run a command in several containers in parallel, and report output and exit codes."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.engine.processes import ContainerExec
from manager.errors import ManagerError
from manager.groups.logs import LineSplitter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manager.engine.client import Engine
    from manager.engine.processes import ExecOptions
    from manager.model.containers import Container

DOCKMGR_FAILURE_CODE = 125
"""The exit code for a failure of dockmgr itself, as of ``docker exec``."""


@dataclass(frozen=True, slots=True)
class ExecLine:
    """One line of one container."""

    container: Container
    text: str
    is_error: bool
    """Whether it was written to stderr."""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How the command ended in one container."""

    container: Container
    code: int
    error: ManagerError | None = None
    """Why it could not be run."""


def run_in_containers(
    engine: Engine,
    containers: Sequence[Container],
    command: Sequence[str],
    surroundings: ExecOptions,
    parallel: int,
) -> Iterator[ExecLine | ExecResult]:
    """The command's output, as it arrives, and how it ended in each container.

    Args:
        engine: the engine.
        containers: where to run it.
        command: the program and its arguments.
        surroundings: variables, user and folder for it.
        parallel: in how many containers at the same time.
    """
    arrived: queue.SimpleQueue[ExecLine | ExecResult | BaseException] = queue.SimpleQueue()

    def run(container: Container) -> None:
        try:
            _run_in_container(engine, container, command, surroundings, arrived)
        except ManagerError as error:
            arrived.put(ExecResult(container, DOCKMGR_FAILURE_CODE, error))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            arrived.put(error)

    waiting = iter(containers)
    turn = threading.Lock()

    def work() -> None:
        while True:
            with turn:
                container = next(waiting, None)
            if container is None:
                return
            run(container)

    for _ in range(min(parallel, len(containers))):
        # Daemon threads: after Ctrl-C the command keeps running in the containers, as with
        # docker, and nobody waits for it.
        threading.Thread(target=work, daemon=True).start()
    left = len(containers)
    while left:
        item = arrived.get()
        if isinstance(item, BaseException):
            raise item
        left -= isinstance(item, ExecResult)
        yield item


def _run_in_container(
    engine: Engine,
    container: Container,
    command: Sequence[str],
    surroundings: ExecOptions,
    arrived: queue.SimpleQueue[ExecLine | ExecResult | BaseException],
) -> None:
    execution = ContainerExec(engine, container.id, command, surroundings)
    streams = {False: LineSplitter(), True: LineSplitter()}
    error: ManagerError | None = None
    try:
        for is_error, piece in execution.run():
            for text in streams[is_error].add_piece(piece):
                arrived.put(ExecLine(container, text, is_error))
    except ManagerError as failed:
        error = failed  # the engine still knows a code: 127 for a missing command
    for is_error, stream in streams.items():
        for text in stream.remaining_lines():
            arrived.put(ExecLine(container, text, is_error))
    code = execution.read_exit_code()
    if error is not None:
        arrived.put(ExecResult(container, code or DOCKMGR_FAILURE_CODE, error))
    else:
        arrived.put(ExecResult(container, DOCKMGR_FAILURE_CODE if code is None else code))
