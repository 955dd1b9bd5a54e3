"""How far somebody is in each lesson: one small file in the folder of the state."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "lessons.json"


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody is in one lesson."""

    step: int = 0
    """The next step, the first being 0."""
    done: bool = False
    """Whether it was once taken to its end."""
    engine: str = ""
    """By what the engine is known again."""
    before: Mapping[str, str] = field(default_factory=dict)
    """What had such a name already when the lesson began, and is therefore not the lesson's."""
    left: Mapping[str, str] = field(default_factory=dict)
    """What the lesson made and was left there when it was left or ended."""
    skipped: tuple[int, ...] = ()
    """The steps that were skipped, the first being 1."""


class Learned:
    """The file."""

    def __init__(self, folder: Path) -> None:
        """Read it; what is no such file counts as nothing learned yet."""
        self._path = folder / FILE
        self._places: dict[str, Place] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            told: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            places = {key: Place(**row) for key, row in told.items()}
            self._places = {
                key: replace(it, skipped=tuple(it.skipped)) for key, it in places.items()
            }

    def place(self, key: str) -> Place:
        """How far somebody is.

        Args:
            key: of the lesson.
        """
        return self._places.get(key, Place())

    def left(self, engine: str) -> dict[str, str]:
        """What lessons that are not under way have left on an engine: its id, by kind and name."""
        places = [it for it in self._places.values() if it.engine == engine and not it.step]
        return {thing: number for it in places for thing, number in it.left.items()}

    def last(self, keys: list[str]) -> str | None:
        """The lesson of these that was taken up last; None if none was."""
        return next((key for key in reversed(self._places) if key in keys), None)

    def keep(self, key: str, place: Place) -> None:
        """Write down how far somebody is; the file is the old or the new one, never half.

        Raises:
            ManagerError: it cannot be written.
        """
        self._places.pop(key, None)
        self._places[key] = place
        self._write()

    def forget(self, keys: list[str]) -> None:
        """Begin these lessons anew; what they left on an engine stays known.

        Raises:
            ManagerError: it cannot be written.
        """
        for key in keys:
            place = self._places.pop(key, Place())
            if place.left:
                self._places[key] = Place(engine=place.engine, left=place.left)
        self._write()

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
