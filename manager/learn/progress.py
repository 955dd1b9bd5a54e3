"""The learner's progress in each lesson: one small file in the state folder."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from manager.errors import ManagerError
from manager.system.locks import exclusive_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PROGRESS_FILE = "lessons.json"
FILE_KEYS = {
    "is_done": "done",
    "resources_before": "before",
    "is_under_way": "under_way",
    "leftovers": "left",
}
"""The keys of the file, by field, where they differ."""


@dataclass(frozen=True, slots=True)
class LessonProgress:
    """The learner's progress in one lesson."""

    step: int = 0
    """The next step, counted from 0."""
    is_done: bool = False
    """Whether the learner has once reached its end."""
    engine: str = ""
    """What identifies the engine."""
    resources_before: Mapping[str, str] = field(default_factory=dict)
    """Resources with such names that existed before the lesson, which are not its own."""
    is_under_way: bool = False
    """Whether it was begun and not ended."""
    is_open: bool = False
    """Whether every new resource with such a name counts as a leftover of it."""
    leftovers: Mapping[str, str] = field(default_factory=dict)
    """Resources that the lesson made and nobody removed, once it has ended."""
    skipped: tuple[int, ...] = ()
    """The skipped steps, counted from 1."""

    def was_begun_on(self, engine: str) -> bool:
        """Whether it was begun on this engine; older files have only its address."""
        return bool(self.engine) and (engine == self.engine or engine.startswith(f"{self.engine} "))

    def find_own_resources(self, resources: Mapping[str, str]) -> dict[str, str]:
        """The resources that this lesson made.

        Args:
            resources: the identities of existing resources, by kind and name.
        """
        found = resources.items()
        if self.is_open:
            return {
                it: identity for it, identity in found if self.resources_before.get(it) != identity
            }
        return {it: identity for it, identity in found if self.leftovers.get(it) == identity}


class ProgressFile:
    """The file of the learner's progress."""

    def __init__(self, folder: Path) -> None:
        """Read the file; what is not valid in it counts as no progress."""
        self._folder = folder
        self._path = folder / PROGRESS_FILE
        self._progress = self._read()

    def _read(self) -> dict[str, LessonProgress]:
        with suppress(OSError, ValueError):
            told = json.loads(self._path.read_text(encoding="utf-8"))
            rows = told if isinstance(told, dict) else {}
            found = {key: _parse_progress(row) for key, row in rows.items()}
            return {key: it for key, it in found.items() if it is not None}
        return {}

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Change the file as it is now: another terminal may have written to it."""
        with exclusive_lock(self._folder, lambda: None):
            self._progress = self._read()
            yield
            self._write()

    def get_progress(self, key: str) -> LessonProgress:
        """The progress in a lesson.

        Args:
            key: the lesson's key.
        """
        return self._progress.get(key, LessonProgress())

    def list_progress_on(self, engine: str) -> dict[str, LessonProgress]:
        """The progress in all lessons that were begun on an engine, by key."""
        return {key: it for key, it in self._progress.items() if it.was_begun_on(engine)}

    def find_last_taken(self, keys: list[str]) -> str | None:
        """The lesson of these that was last taken; None if none was."""
        return next((key for key in reversed(self._progress) if key in keys), None)

    def save_progress(self, key: str, progress: LessonProgress) -> None:
        """Save the progress in a lesson; the file is the old or the new one, never half.

        Raises:
            ManagerError: it cannot be written.
        """
        with self._changing():
            self._progress.pop(key, None)
            self._progress[key] = progress

    def reset_lessons(self, keys: list[str]) -> None:
        """Forget the progress in these lessons, but not their leftovers.

        Raises:
            ManagerError: it cannot be written.
        """
        with self._changing():
            for key in keys:
                progress = self._progress.pop(key, LessonProgress())
                if progress.leftovers or progress.is_open:
                    bare = replace(progress, step=0, is_done=False, is_under_way=False, skipped=())
                    self._progress[key] = bare

    def forget_leftovers(self, engine: str, resources: Mapping[str, str]) -> None:
        """Forget leftovers that were removed, except those of lessons under way.

        Raises:
            ManagerError: it cannot be written.
        """
        with self._changing():
            for key, progress in self.list_progress_on(engine).items():
                if not progress.is_under_way:
                    left = {
                        it: identity
                        for it, identity in progress.leftovers.items()
                        if it not in resources
                    }
                    self._progress[key] = replace(progress, leftovers=left)

    def _write(self) -> None:
        rows = {key: _progress_row(it) for key, it in self._progress.items()}
        part = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(rows, indent=1), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            with suppress(OSError):  # it may not exist
                part.unlink()
            raise ManagerError(
                f"the progress cannot be saved in {self._path}: {error.strerror}",
                "set XDG_STATE_HOME to a folder on another disk",
            ) from error


def _progress_row(progress: LessonProgress) -> dict[str, Any]:
    return {FILE_KEYS.get(name, name): value for name, value in asdict(progress).items()}


def _parse_progress(row: object) -> LessonProgress | None:
    """The progress in one lesson; None if it is not valid."""
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
