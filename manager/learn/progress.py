"""How far somebody is in each lesson: one small file in the folder of the state."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.system.locks import exclusive_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PROGRESS_FILE = "lessons.json"


@dataclass(frozen=True, slots=True)
class LessonProgress:
    """How far somebody is in one lesson."""

    step: int = 0
    """The next step, the first being 0."""
    done: bool = False
    """Whether it was once taken to its end."""
    engine: str = ""
    """By what the engine is known again."""
    before: Mapping[str, str] = field(default_factory=dict)
    """What had such a name already when the lesson began, and is therefore not the lesson's."""
    under_way: bool = False
    """Whether it was begun and not ended."""
    is_open: bool = False
    """Whether all with such a name that has come since it began counts as what it left."""
    left: Mapping[str, str] = field(default_factory=dict)
    """Of a lesson that has ended, what it made and was not removed."""
    skipped: tuple[int, ...] = ()
    """The steps that were skipped, the first being 1."""

    def on(self, engine: str) -> bool:
        """Whether it was begun on this engine; before, only the address was kept."""
        return bool(self.engine) and (engine == self.engine or engine.startswith(f"{self.engine} "))

    def made(self, there: Mapping[str, str]) -> dict[str, str]:
        """What of all that has such a name is of this lesson.

        Args:
            there: by kind and name what it is known by.
        """
        if self.is_open:
            return {it: number for it, number in there.items() if self.before.get(it) != number}
        return {it: number for it, number in there.items() if self.left.get(it) == number}


class ProgressFile:
    """The file."""

    def __init__(self, folder: Path) -> None:
        """Read it; what in it is no progress counts as nothing learned yet."""
        self._folder = folder
        self._path = folder / PROGRESS_FILE
        self._places = self._read()

    def _read(self) -> dict[str, LessonProgress]:
        with suppress(OSError, ValueError):
            told = json.loads(self._path.read_text(encoding="utf-8"))
            rows = told if isinstance(told, dict) else {}
            found = {key: _parse_progress(row) for key, row in rows.items()}
            return {key: place for key, place in found.items() if place is not None}
        return {}

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Change what is there now: another lesson may be taken in another terminal."""
        with exclusive_lock(self._folder, lambda: None):
            self._places = self._read()
            yield
            self._write()

    def place(self, key: str) -> LessonProgress:
        """How far somebody is.

        Args:
            key: of the lesson.
        """
        return self._places.get(key, LessonProgress())

    def on(self, engine: str) -> dict[str, LessonProgress]:
        """All lessons that were taken or are taken on an engine."""
        return {key: place for key, place in self._places.items() if place.on(engine)}

    def last(self, keys: list[str]) -> str | None:
        """The lesson of these that was taken up last; None if none was."""
        return next((key for key in reversed(self._places) if key in keys), None)

    def keep(self, key: str, place: LessonProgress) -> None:
        """Write down how far somebody is; the file is the old or the new one, never half.

        Raises:
            ManagerError: it cannot be written.
        """
        with self._changing():
            self._places.pop(key, None)
            self._places[key] = place

    def forget(self, keys: list[str]) -> None:
        """Begin these lessons anew; what they left on an engine stays known.

        Raises:
            ManagerError: it cannot be written.
        """
        with self._changing():
            for key in keys:
                place = self._places.pop(key, LessonProgress())
                if place.left or place.is_open:
                    bare = replace(place, step=0, done=False, under_way=False, skipped=())
                    self._places[key] = bare

    def removed(self, engine: str, things: Mapping[str, str]) -> None:
        """Forget what lessons that are not under way left, now that it was removed.

        Raises:
            ManagerError: it cannot be written.
        """
        with self._changing():
            for key, place in self.on(engine).items():
                if not place.under_way:
                    left = {it: number for it, number in place.left.items() if it not in things}
                    self._places[key] = replace(place, left=left)

    def _write(self) -> None:
        rows = {key: asdict(place) for key, place in self._places.items()}
        part = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(rows, indent=1), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            with suppress(OSError):  # it was not even made
                part.unlink()
            raise ManagerError(
                f"the progress cannot be kept in {self._path}: {error.strerror}",
                "name a folder on another disk with XDG_STATE_HOME",
            ) from error


def _parse_progress(row: object) -> LessonProgress | None:
    """One lesson's progress; None where it is none."""
    if not isinstance(row, dict):
        return None
    step, skipped = row.get("step", 0), row.get("skipped", [])
    before, left = row.get("before", {}), row.get("left", {})
    numbers = [step, *skipped] if isinstance(skipped, list) else [None]
    # To Python, true is a number too.
    if not all(type(it) is int and it >= 0 for it in numbers):
        return None
    if not (_are_names(before) and _are_names(left) and isinstance(row.get("engine", ""), str)):
        return None
    under_way = bool(row.get("under_way", step > 0))
    return LessonProgress(
        step,
        bool(row.get("done")),
        row.get("engine", ""),
        before,
        under_way,
        bool(row.get("is_open", under_way)),
        left,
        tuple(skipped),
    )


def _are_names(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(it, str) for it in value.values())
