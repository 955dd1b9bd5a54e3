"""Lessons as TOML files: the built-in ones, and a teacher's own."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.config.toml_file import TomlFileError, parse_toml, read_toml_text
from manager.config.toml_positions import find_lines, has_value_at
from manager.errors import ExitCode, ManagerError
from manager.learn.core.text_mistakes import escape_control_characters, find_name_fault
from manager.learn.lesson_steps import read_lesson
from manager.learn.lesson_tables import STEP_KEY, LessonReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.learn.core.faults import Fault
    from manager.learn.core.lessons import Lesson

BUILT_IN_FOLDER = Path(__file__).parent.parent / "lessons"
LESSON_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class LessonMistake:
    """A mistake in a file."""

    file: Path
    line: int | None
    """Counted from 1; None where the mistake is about the whole file."""
    problem: str
    hint: str

    def __str__(self) -> str:
        """The mistake with its place."""
        line = f" line {self.line}" if self.line else ""
        return f"{escape_control_characters(str(self.file))}{line}: {self.problem}"


@dataclass(frozen=True, slots=True)
class ExaminedLesson:
    """A file that was examined."""

    file: Path
    lesson: Lesson | None
    """None where the file has mistakes."""
    mistakes: tuple[LessonMistake, ...] = ()
    number: int = 0
    """The lesson's position among the lessons; 0 where it has none."""
    number_line: int | None = None
    """The line of that number."""

    @property
    def name(self) -> str:
        """The lesson's name, which is the file's."""
        return self.file.stem


def load_lesson(path: Path) -> Lesson:
    """Read a lesson, which has the file's name.

    Raises:
        ManagerError: (usage) the file cannot be read, or has mistakes; the sentence is about the
            first one.
    """
    found = examine_lesson(path)
    if found.lesson is None:
        first = found.mistakes[0]
        all_of_them = f"dockmgr learn check {shlex.quote(str(path.parent))}"
        hint = f"{first.hint}; to see all mistakes: {all_of_them}"
        raise ManagerError(str(first), hint, ExitCode.USAGE)
    return found.lesson


def load_lessons(path: Path) -> tuple[Lesson, ...]:
    """Read all lessons of a folder, in their order.

    Raises:
        ManagerError: the folder has no lessons; (usage) one of the lessons has mistakes.
    """
    found = map(load_lesson, list_lesson_files(path))
    return tuple(sorted(found, key=lambda lesson: (lesson.number, lesson.name)))


def list_lesson_files(path: Path) -> tuple[Path, ...]:
    """The lesson files of a folder, or the one file that is named.

    Raises:
        ManagerError: there are none, or the folder cannot be read.
    """
    hint = "name a folder of lessons (files called NAME.toml), or one such file"
    try:
        found = sorted(path.glob(f"*{LESSON_SUFFIX}")) if path.is_dir() else []
        if path.is_file() and path.suffix == LESSON_SUFFIX:
            found = [path]
    except OSError as error:
        raise ManagerError(f"cannot read {path}: {error.strerror}", hint) from error
    if not found:
        raise ManagerError(f"there are no lessons in {path}", hint)
    return tuple(found)


def list_built_in_names() -> tuple[str, ...]:
    """The names of the built-in lessons."""
    return tuple(sorted(path.stem for path in BUILT_IN_FOLDER.glob(f"*{LESSON_SUFFIX}")))


def examine_lesson(path: Path) -> ExaminedLesson:
    """Read a file and find all its mistakes; a file that is not valid TOML has just that one."""
    try:
        content = (
            read_toml_text(path, must_exist=True, what="lesson", hint="name another file") or ""
        )
        found = parse_toml(path, content)
    except TomlFileError as error:
        return ExaminedLesson(
            path, None, (LessonMistake(path, error.line, error.problem, error.hint),)
        )
    except ManagerError as error:
        return ExaminedLesson(path, None, (LessonMistake(path, None, error.message, error.hint),))
    reader = LessonReader()
    lesson = read_lesson(path.stem, found, reader)
    mistakes = _locate_mistakes(path, content, found, reader.faults)
    if wrong := find_name_fault(path.stem):
        mistakes = (LessonMistake(path, None, *wrong), *mistakes)
    line = find_lines(content, [("number",)])[0] if lesson.number else None
    return ExaminedLesson(path, None if mistakes else lesson, mistakes, lesson.number, line)


def examine_lessons(paths: Sequence[Path]) -> tuple[ExaminedLesson, ...]:
    """Read files and find all their mistakes, and numbers that two of them share."""
    numbers: dict[int, Path] = {}
    found: list[ExaminedLesson] = []
    for one in map(examine_lesson, paths):
        first = numbers.setdefault(one.number, one.file) if one.number else one.file
        if first == one.file:
            found.append(one)
            continue
        also = escape_control_characters(first.name)
        problem = f"{also} already has number {one.number}"
        wrong = LessonMistake(one.file, one.number_line, problem, "give each lesson its own number")
        mistakes = sorted((*one.mistakes, wrong), key=lambda it: it.line or 0)
        found.append(replace(one, lesson=None, mistakes=tuple(mistakes)))
    return tuple(found)


def _locate_mistakes(
    path: Path, content: str, found: Mapping[str, Any], faults: Sequence[Fault]
) -> tuple[LessonMistake, ...]:
    """Give mistakes their lines, and their steps as a learner counts them."""
    places = [it.place for it in faults]
    for at, place in enumerate(places):
        inner = place
        while not has_value_at(found, inner):
            inner = inner[:-1]
        places[at] = inner
    placed = [
        LessonMistake(path, line, escape_control_characters(_describe_problem(fault)), fault.hint)
        for fault, line in zip(faults, find_lines(content, places), strict=True)
    ]
    return tuple(dict.fromkeys(sorted(placed, key=lambda it: it.line or 0)))


def _describe_problem(fault: Fault) -> str:
    place = fault.place
    if len(place) > 1 and place[0] == STEP_KEY and isinstance(place[1], int):
        return f"step {place[1] + 1}: {fault.problem}"
    return fault.problem
