"""Watch an engine during a lesson: its events, and whether a step's checks hold."""

from __future__ import annotations

import time
from enum import Enum
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from manager.engine.container_history import list_file_changes
from manager.engine.errors import NotFoundError, lost_engine_error
from manager.engine.events import EventStream
from manager.engine.resources import read_volume_times
from manager.learn.core.lessons import LessonStep
from manager.learn.core.observation import (
    Observation,
    SeenContainer,
    SeenImage,
    familiar_reference,
    is_lesson_name,
)
from manager.model.events import EngineEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.engine.client import Engine
    from manager.model.containers import Container
    from manager.model.images import Image

GATHER_SECONDS = 0.05
"""Events this close to each other are looked at together."""
SETTLE_SECONDS = 0.25
"""The engine is looked at once more this long after the last event."""


def observe_engine(
    engine: Engine, step: LessonStep, events: Iterable[EngineEvent] = ()
) -> Observation:
    """Observe what the checks of a step need.

    Args:
        engine: the engine.
        step: the step.
        events: what has happened since the step began.

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
    """Observe one container; those of lessons are inspected too."""
    code, changes = None, {}
    if is_lesson_name(listed.name):
        try:
            if not listed.is_running:
                told = engine.containers.inspect(listed.id).get("State") or {}
                code = told.get("ExitCode")
            if step.looks_at_files:
                changes = {it.path: str(it.kind) for it in list_file_changes(engine, listed.id)}
        except NotFoundError:
            return None  # removed just now
    ports = tuple(it.host_port for it in listed.published_ports if it.host_port is not None)
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
    """What a watch can report beside events and lines."""

    HOLDS = "the step's checks hold"
    SETTLED = "nothing more has happened for a moment"


class LessonWatch:
    """Watches an engine for events, and reads the lines that a learner types."""

    def __init__(self, engine: Engine) -> None:
        """Start listening.

        Raises:
            ManagerError: the engine could not be asked.
        """
        self._engine = engine
        self._queue: SimpleQueue[EngineEvent | str | BaseException | None] = SimpleQueue()
        self._held: list[str | BaseException | None] = []
        self._ended = False
        self._events = EventStream(engine)
        self._closed = False
        Thread(target=self._listen, daemon=True).start()
        self._since: list[EngineEvent] = []
        self._before = Observation()
        self._step = LessonStep("")

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._events.close()

    def read_lines(self, lines: Iterable[str]) -> None:
        """Read lines too, each as it is typed; None marks their end."""

        def read() -> None:
            try:
                for line in lines:
                    self._queue.put(line.strip())
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                self._queue.put(error)
            self._queue.put(None)

        Thread(target=read, daemon=True).start()

    @property
    def events(self) -> tuple[EngineEvent, ...]:
        """What has happened since the step began."""
        return tuple(self._since)

    def begin_step(self, step: LessonStep) -> None:
        """Begin a step: what exists now is what its checks compare with.

        Raises:
            ManagerError: the engine could not be asked.
        """
        self._step = step
        self._since = []
        self._before = observe_engine(self._engine, step)

    def is_step_done(self) -> bool:
        """Whether the step's checks hold now.

        Raises:
            ManagerError: the engine could not be asked.
        """
        return not self.list_unmet_checks()

    def list_unmet_checks(self) -> tuple[str, ...]:
        """The step's checks that do not hold now, in words.

        Raises:
            ManagerError: the engine could not be asked.
        """
        now = observe_engine(self._engine, self._step, self._since)
        return self._step.list_unmet_checks(self._before, now)

    def wait_for_checks(self, seconds: float) -> tuple[str, ...]:
        """Wait until the step's checks hold and no more events come, at most so long.

        Returns:
            The checks that do not hold, in words.

        Raises:
            ManagerError: the engine was lost.
        """
        end = time.monotonic() + seconds
        settled, unmet = False, self.list_unmet_checks()
        while (unmet or not settled) and time.monotonic() < end:
            settled = self._next(SETTLE_SECONDS) is WatchSignal.SETTLED
            unmet = self.list_unmet_checks()
        return unmet

    def wait_for_line_or_checks(self) -> str | WatchSignal | None:
        """Wait for a line, or until the step's checks hold, without polling.

        An engine can report an event before its effect shows: after the last event it is looked
        at once more.

        Returns:
            The line; HOLDS if the checks hold; None after the last line.

        Raises:
            ManagerError: the engine was lost.
        """
        patience = None
        while not self._ended:
            found = self._next(patience)
            if not isinstance(found, EngineEvent | WatchSignal):
                return found
            if self.is_step_done():
                return WatchSignal.HOLDS
            patience = None if found is WatchSignal.SETTLED else SETTLE_SECONDS
        return None

    def wait_for_line(self) -> str | None:
        """Wait for a line, whatever happens meanwhile; None after the last line.

        Raises:
            ManagerError: the engine was lost.
        """
        while not self._ended:
            found = self._next(None)
            if not isinstance(found, EngineEvent | WatchSignal):
                return found
        return None

    def _next(self, patience: float | None) -> EngineEvent | WatchSignal | str | None:
        try:
            found = self._held.pop() if self._held else self._queue.get(timeout=patience)
        except Empty:
            return WatchSignal.SETTLED
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, EngineEvent):
            self._since.append(found)
            self._gather(time.monotonic() + GATHER_SECONDS)
        self._ended = found is None
        return found

    def _gather(self, until: float) -> None:
        """Collect the events right behind an event; a line among them keeps its turn."""
        while (left := until - time.monotonic()) > 0:
            try:
                following = self._queue.get(timeout=left)
            except Empty:
                return
            if not isinstance(following, EngineEvent):
                self._held.append(following)
                return
            self._since.append(following)

    def _listen(self) -> None:
        try:
            for event in self._events:
                self._queue.put(event)
            if not self._closed:
                # An engine that stops ends its stream without an error.
                self._queue.put(lost_engine_error(self._engine.endpoint))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            if not self._closed:
                self._queue.put(error)
        finally:
            self._engine.close_thread_client()
