"""Watch an engine while somebody takes a lesson: what happens, and what is so by then."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from manager.adapters.engine.events import Events
from manager.adapters.engine.failures import NotFoundError, lost, translated
from manager.core.lessons import (
    Observation,
    SeenContainer,
    SeenEvent,
    SeenImage,
    familiar,
    mine,
)
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.adapters.engine.client import Engine
    from manager.core.lessons import Step
    from manager.core.model import Container, Image

TOGETHER = 0.05
"""Seconds: what happens within them is looked at together."""
SETTLING = 0.25
"""Seconds after the last event after which it is looked at once more."""
CHANGES = {0: "changed", 1: "added", 2: "deleted"}
"""Source: Docker Engine API, ``GET /containers/{id}/changes``."""


def observe(engine: Engine, step: Step, events: Iterable[SeenEvent] = ()) -> Observation:
    """Look at an engine, as far as a step's checks ask for it.

    Args:
        engine: which.
        step: whose checks.
        events: what has happened since it began.

    Raises:
        ManagerError: the engine could not be asked.
    """
    containers = tuple(
        found
        for it in engine.containers.list()
        if (found := _container(engine, it, step)) is not None
    )
    with translated(engine.endpoint):
        rows: list[dict[str, Any]] = engine.api.volumes().get("Volumes") or []
    wanted = {familiar(name) for check in step.checks for name in getattr(check, "names", ())}
    images = tuple(_image(engine, it, wanted) for it in engine.images.list())
    return Observation(containers, images, tuple(row["Name"] for row in rows), tuple(events))


def _container(engine: Engine, listed: Container, step: Step) -> SeenContainer | None:
    """One container; of those that lessons make also what only a look at itself tells."""
    code, changes = None, {}
    if mine(listed.name):
        try:
            if not listed.running:
                told = engine.containers.inspect(listed.id).get("State") or {}
                code = told.get("ExitCode")
            if step.looks_at_files:
                with translated(engine.endpoint):
                    rows = engine.api.diff(listed.id) or []
                changes = {row["Path"]: CHANGES.get(row["Kind"], "") for row in rows}
        except NotFoundError:
            return None  # it went just now
    ports = tuple(it.host_port for it in listed.published if it.host_port is not None)
    return SeenContainer(
        listed.name, listed.image, listed.image_id, listed.state, code, ports, changes
    )


def _image(engine: Engine, listed: Image, wanted: set[str]) -> SeenImage:
    layers: tuple[str, ...] = ()
    if not wanted.isdisjoint(listed.tags):
        row = engine.images.inspect(listed.id) or {}
        layers = tuple((row.get("RootFS") or {}).get("Layers") or ())
    return SeenImage(listed.id, listed.tags, listed.digests, layers)


class Settled:
    """Nothing more has happened for a moment."""


class Watch:
    """An engine that is watched: what comes in is an event, or a line that somebody typed."""

    def __init__(self, engine: Engine) -> None:
        """Begin to listen.

        Raises:
            ManagerError: the engine could not be asked.
        """
        self._engine = engine
        self._queue: SimpleQueue[SeenEvent | str | ManagerError | None] = SimpleQueue()
        self._events = Events(engine)
        self._closed = False
        Thread(target=self._listen, daemon=True).start()
        self._since: list[SeenEvent] = []
        self._before = Observation()
        self._step: Step | None = None

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._events.close()

    def read_lines(self, lines: Iterable[str]) -> None:
        """Let lines come in too, each as it is typed; their end as None."""

        def read() -> None:
            for line in lines:
                self._queue.put(line.strip())
            self._queue.put(None)

        Thread(target=read, daemon=True).start()

    def begin(self, step: Step) -> Observation:
        """Begin a step: what there is now is what there was before it.

        Raises:
            ManagerError: the engine could not be asked.
        """
        self._step = step
        self._since = []
        self._before = observe(self._engine, step)
        return self._before

    def look(self) -> Observation:
        """What there is now.

        Raises:
            ManagerError: the engine could not be asked.
        """
        if self._step is None:
            raise LookupError("no step has begun")
        return observe(self._engine, self._step, self._since)

    def done(self) -> Observation | None:
        """What there is now if the step's checks hold; else None.

        Raises:
            ManagerError: the engine could not be asked.
        """
        now = self.look()
        return now if self._step is not None and self._step.done(self._before, now) else None

    def missing(self) -> tuple[str, ...]:
        """What the step's checks want and is not so, in words.

        Raises:
            ManagerError: the engine could not be asked.
        """
        now = self.look()
        return self._step.missing(self._before, now) if self._step is not None else ()

    def next_line(self) -> str | None:
        """Wait until a line comes, or the step's checks hold; nothing is done meanwhile.

        What an engine tells of can still be on its way when it does so: after the last event it
        is looked at once more.

        Returns:
            The line; an empty one if the checks hold; None where no more lines will come.

        Raises:
            ManagerError: the engine was lost.
        """
        patience = None
        while True:
            found = self._next(patience)
            if not isinstance(found, SeenEvent | Settled):
                return found
            if self.done():
                return ""
            patience = None if isinstance(found, Settled) else SETTLING

    def line(self) -> str | None:
        """Wait for a line, whatever happens meanwhile; None where no more will come.

        Raises:
            ManagerError: the engine was lost.
        """
        while isinstance(found := self._next(None), SeenEvent | Settled):
            continue
        return found

    def _next(self, patience: float | None) -> SeenEvent | Settled | str | None:
        try:
            found = self._queue.get(timeout=patience)
        except Empty:
            return Settled()
        if isinstance(found, SeenEvent):
            self._since.append(found)
            self._gather(time.monotonic() + TOGETHER)
        if isinstance(found, ManagerError):
            raise found
        return found

    def _gather(self, until: float) -> None:
        """Take in what comes right behind an event; a line waits its turn."""
        while (left := until - time.monotonic()) > 0:
            try:
                following = self._queue.get(timeout=left)
            except Empty:
                return
            if not isinstance(following, SeenEvent):
                self._queue.put(following)
                return
            self._since.append(following)

    def _listen(self) -> None:
        try:
            for event in self._events:
                self._queue.put(event)
            if not self._closed:
                # An engine that is stopped ends its stream as if nothing more were to come.
                self._queue.put(lost(self._engine.endpoint))
        except ManagerError as error:
            self._queue.put(error)
        finally:
            self._engine.close_mine()
