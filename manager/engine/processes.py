"""What runs in containers: how it ended, what it writes, and further commands run beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from manager.engine.events import list_events
from manager.engine.transport import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manager.engine.client import Engine


KILLED_EXIT_CODE = 137
"""The exit code after SIGKILL, which is also what ends whoever has no memory left."""
EPOCH = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a container ended."""

    code: int
    """The exit code of its process."""
    out_of_memory: bool = False

    def __str__(self) -> str:
        """In words."""
        return f"exit code {self.code}" + (", out of memory" if self.out_of_memory else "")


def inspect_exit_status(engine: Engine, identity: str) -> ExitStatus:
    """How a container that is still there ended.

    Raises:
        NotFoundError: it is gone.
        ManagerError: the engine could not be asked.
    """
    state = engine.containers.inspect(identity).get("State") or {}
    found = ExitStatus(state.get("ExitCode") or 0, bool(state.get("OOMKilled")))
    if found.code == KILLED_EXIT_CODE and not found.out_of_memory:
        # Word of it can come to the engine after that of the end: then only its events have it.
        return find_past_exit_status(engine, identity) or found
    return found


def find_past_exit_status(engine: Engine, identity: str) -> ExitStatus | None:
    """How a container ended that is gone, as far as the engine remembers.

    Source: Docker Engine API, ``GET /events``: engines keep the last few hundred. Those until a
    moment that is yet to come are waited for, so the engine's own clock is asked.

    Args:
        engine: where it was.
        identity: its id.

    Raises:
        ManagerError: the engine could not be asked.
    """
    told_time = datetime.fromisoformat(engine.info().get("SystemTime") or EPOCH)
    code, out_of_memory = None, False
    query = {
        "since": 0,
        "until": int(told_time.timestamp()) + 1,
        "filters": {"container": [identity], "event": ["die", "died", "oom"]},
    }
    for event in list_events(engine, query):
        told = (event.get("Actor") or {}).get("Attributes") or {}
        if event.get("Action", event.get("status")) == "oom":
            out_of_memory = True
        else:
            written = str(told.get("exitCode", told.get("containerExitCode", "")))
            code = int(written) if written.isdigit() else code
    return None if code is None else ExitStatus(code, out_of_memory)


def attach_output(engine: Engine, identity: str) -> Iterator[bytes]:
    """What a container writes from now on, to either stream; ends with the container.

    It can be asked for before the container starts, and so misses nothing.

    Raises:
        ManagerError: the engine could not be asked.
    """
    from manager.engine.sdk import read_sdk_stream, translate_sdk_errors

    with translate_sdk_errors(engine.endpoint):
        stream = engine.api.attach(identity, stdout=True, stderr=True, stream=True, logs=False)
    return read_sdk_stream(engine.endpoint, stream)


@dataclass(frozen=True, slots=True)
class ExecOptions:
    """What a further command in a container is run with."""

    env: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    privileged: bool = False


class ContainerExec:
    """A command run in a container that runs already."""

    def __init__(
        self, engine: Engine, identity: str, command: Sequence[str], options: ExecOptions
    ) -> None:
        """Prepare it.

        Raises:
            ManagerError: the engine refused: the container does not run.
        """
        self._engine = engine
        body = {
            "AttachStdout": True,
            "AttachStderr": True,
            "Cmd": list(command),
            "Env": list(options.env),
            "Privileged": options.privileged,
            "User": options.user,
            "WorkingDir": options.workdir,
        }
        made: dict[str, Any] = engine.call(
            Request("POST", f"/containers/{identity}/exec", body=body)
        )
        self._id = made["Id"]

    def run(self) -> Iterator[tuple[bool, bytes]]:
        """Run it: what it writes, in pieces as they arrive; whether to stderr, and what.

        Raises:
            ManagerError: the engine could not start it, or was lost.
        """
        from manager.engine.sdk import read_sdk_stream, translate_sdk_errors

        with translate_sdk_errors(self._engine.endpoint):
            stream = self._engine.api.exec_start(self._id, stream=True, demux=True)
        for out, err in read_sdk_stream(self._engine.endpoint, stream):
            if out:
                yield False, out
            if err:
                yield True, err

    def read_exit_code(self) -> int | None:
        """Its exit code; None if it never ran to its end.

        Raises:
            ManagerError: the engine could not be asked.
        """
        told: int | None = self._engine.get_json(f"/exec/{self._id}/json").get("ExitCode")
        return told
