"""What happens on an engine, as it happens: no asking again and again."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from manager.engine.transport import Request
from manager.model.events import EngineEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manager.engine.client import Engine

NANOSECONDS_PER_SECOND = 1_000_000_000


def list_events(engine: Engine, query: Mapping[str, object]) -> list[dict[str, Any]]:
    """The events until a given moment, in the engine's own words.

    Args:
        engine: which.
        query: ``since``, ``until``, ``filters``. A moment that is to come is waited for.

    Raises:
        ManagerError: the engine refused, or could not be asked.
    """
    lines = engine.ask(Request("GET", "/events", query)).body.splitlines()
    return [json.loads(line) for line in lines]


class EventStream:
    """The events of an engine from now on."""

    def __init__(self, engine: Engine) -> None:
        """Remember the engine's time: what it tells of before is not passed on.

        Source: Docker Engine API, ``GET /events``.

        Raises:
            ManagerError: the engine could not be asked.
        """
        self._engine = engine
        told = engine.info().get("SystemTime") or ""
        # Podman tells no time that can be compared: there, all is from now on.
        self._begin = datetime.fromisoformat(told).timestamp() if told else 0.0
        self._stream: Any = None

    def __iter__(self) -> Iterator[EngineEvent]:
        """Each event, until `close`.

        Raises:
            ManagerError: the engine was lost.
        """
        from manager.engine.sdk import read_sdk_stream, translate_sdk_errors

        since = {"since": int(self._begin)} if self._begin else {}
        with translate_sdk_errors(self._engine.endpoint):
            self._stream = self._engine.api.events(decode=True, **since)
        for row in read_sdk_stream(self._engine.endpoint, self._stream):
            moment = row.get("timeNano") or row.get("time", 0) * NANOSECONDS_PER_SECOND
            if moment >= self._begin * NANOSECONDS_PER_SECOND:
                yield parse_event(row)

    def close(self) -> None:
        """End the stream, from whichever thread."""
        if self._stream is not None:
            with suppress(OSError, AttributeError, NotImplementedError):  # it has ended already
                self._stream.close()


def parse_event(row: dict[str, Any]) -> EngineEvent:
    """One event, in the words of Docker; Podman has some of its own."""
    actor = row.get("Actor") or {}
    told = actor.get("Attributes") or {}
    code = str(told.get("exitCode", told.get("containerExitCode", "")))
    action = str(row.get("Action") or row.get("status") or "").partition(":")[0]
    kind = row.get("Type") or ""
    removed = "delete" if kind == "image" else "destroy"
    return EngineEvent(
        kind,
        {"died": "die", "exec_died": "exec_die", "remove": removed}.get(action, action),
        told.get("name") or actor.get("ID") or "",
        int(code) if code.isdigit() else None,
    )
