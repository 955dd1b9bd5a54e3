"""Watch an engine while somebody takes a lesson: what happens, and what is so by then."""

from __future__ import annotations

import time
from enum import Enum
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from manager.engine.errors import NotFoundError, lost_engine_error, translate_errors
from manager.engine.events import EventStream
from manager.engine.resources import read_volume_times
from manager.learn.core.lessons import (
    LessonStep,
    Observation,
    SeenContainer,
    SeenImage,
    familiar_reference,
    is_lesson_name,
)
from manager.model.events import SeenEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.engine.client import Engine
    from manager.model.containers import Container
    from manager.model.images import Image

GATHER_SECONDS = 0.05
"""Seconds: what happens within them is looked at together."""
SETTLE_SECONDS = 0.25
"""Seconds after the last event after which it is looked at once more."""
CHANGES_BY_KIND = {0: "changed", 1: "added", 2: "deleted"}
"""Source: Docker Engine API, ``GET /containers/{id}/changes``."""


def observe_engine(
    engine: Engine, step: LessonStep, events: Iterable[SeenEvent] = ()
) -> Observation:
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
        if (found := _observe_container(engine, it, step)) is not None
    )
    volumes = tuple(read_volume_times(engine))
    wanted = {
        familiar_reference(name) for check in step.checks for name in getattr(check, "names", ())
    }
    images = tuple(_observe_image(engine, it, wanted) for it in engine.images.list())
    return Observation(containers, images, volumes, tuple(events))


def _observe_container(engine: Engine, listed: Container, step: LessonStep) -> SeenContainer | None:
    """One container; of those that lessons make also what only a look at itself tells."""
    code, changes = None, {}
    if is_lesson_name(listed.name):
        try:
            if not listed.running:
                told = engine.containers.inspect(listed.id).get("State") or {}
                code = told.get("ExitCode")
            if step.looks_at_files:
                with translate_errors(engine.endpoint):
                    rows = engine.api.diff(listed.id) or []
                changes = {row["Path"]: CHANGES_BY_KIND.get(row["Kind"], "") for row in rows}
        except NotFoundError:
            return None  # it went just now
    ports = tuple(it.host_port for it in listed.published if it.host_port is not None)
    return SeenContainer(
        listed.name, listed.image, listed.image_id, listed.state, code, ports, changes
    )


def _observe_image(engine: Engine, listed: Image, wanted: set[str]) -> SeenImage:
    layers: tuple[str, ...] = ()
    if not wanted.isdisjoint(listed.tags):
        row = engine.images.inspect(listed.id) or {}
        layers = tuple((row.get("RootFS") or {}).get("Layers") or ())
    return SeenImage(listed.id, listed.tags, listed.digests, layers)


class WatchSignal(Enum):
    """What can come in beside events and lines."""

    HOLDS = "the step's checks hold"
    SETTLED = "nothing more has happened for a moment"


class LessonWatch:
    """An engine that is watched: what comes in is an event, or a line that somebody typed."""

    def __init__(self, engine: Engine) -> None:
        """Begin to listen.

        Raises:
            ManagerError: the engine could not be asked.
        """
        self._engine = engine
        self._queue: SimpleQueue[SeenEvent | str | BaseException | None] = SimpleQueue()
        self._held: list[str | BaseException | None] = []
        self._ended = False
        self._events = EventStream(engine)
        self._closed = False
        Thread(target=self._listen, daemon=True).start()
        self._since: list[SeenEvent] = []
        self._before = Observation()
        self._step = LessonStep("")

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._events.close()

    def read_lines(self, lines: Iterable[str]) -> None:
        """Let lines come in too, each as it is typed; their end as None."""

        def read() -> None:
            try:
                for line in lines:
                    self._queue.put(line.strip())
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                self._queue.put(error)
            self._queue.put(None)

        Thread(target=read, daemon=True).start()

    def begin(self, step: LessonStep) -> None:
        """Begin a step: what there is now is what there was before it.

        Raises:
            ManagerError: the engine could not be asked.
        """
        self._step = step
        self._since = []
        self._before = observe_engine(self._engine, step)

    def done(self) -> bool:
        """Whether the step's checks hold now.

        Raises:
            ManagerError: the engine could not be asked.
        """
        return not self.missing()

    def missing(self) -> tuple[str, ...]:
        """What the step's checks want and is not so, in words.

        Raises:
            ManagerError: the engine could not be asked.
        """
        now = observe_engine(self._engine, self._step, self._since)
        return self._step.missing(self._before, now)

    def next_line(self) -> str | WatchSignal | None:
        """Wait until a line comes, or the step's checks hold; nothing is done meanwhile.

        What an engine tells of can still be on its way when it does so: after the last event it
        is looked at once more.

        Returns:
            The line; HOLDS if the checks hold; None where no more lines will come.

        Raises:
            ManagerError: the engine was lost.
        """
        patience = None
        while not self._ended:
            found = self._next(patience)
            if not isinstance(found, SeenEvent | WatchSignal):
                return found
            if self.done():
                return WatchSignal.HOLDS
            patience = None if found is WatchSignal.SETTLED else SETTLE_SECONDS
        return None

    def line(self) -> str | None:
        """Wait for a line, whatever happens meanwhile; None where no more will come.

        Raises:
            ManagerError: the engine was lost.
        """
        while not self._ended:
            found = self._next(None)
            if not isinstance(found, SeenEvent | WatchSignal):
                return found
        return None

    def _next(self, patience: float | None) -> SeenEvent | WatchSignal | str | None:
        try:
            found = self._held.pop() if self._held else self._queue.get(timeout=patience)
        except Empty:
            return WatchSignal.SETTLED
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, SeenEvent):
            self._since.append(found)
            self._gather(time.monotonic() + GATHER_SECONDS)
        self._ended = found is None
        return found

    def _gather(self, until: float) -> None:
        """Take in what comes right behind an event; what is none waits, and keeps its turn."""
        while (left := until - time.monotonic()) > 0:
            try:
                following = self._queue.get(timeout=left)
            except Empty:
                return
            if not isinstance(following, SeenEvent):
                self._held.append(following)
                return
            self._since.append(following)

    def _listen(self) -> None:
        try:
            for event in self._events:
                self._queue.put(event)
            if not self._closed:
                # An engine that is stopped ends its stream as if nothing more were to come.
                self._queue.put(lost_engine_error(self._engine.endpoint))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            if not self._closed:
                self._queue.put(error)
        finally:
            self._engine.close_mine()
