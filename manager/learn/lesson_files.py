"""Lessons as files: TOML, one a lesson, those that come with the program and a teacher's own."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.config.toml_file import TomlFileError, parse_toml, read_toml_text
from manager.config.toml_positions import find_lines, has_value_at
from manager.errors import ExitCode, ManagerError
from manager.learn.core.text_mistakes import fault_of_name, shown
from manager.learn.lesson_steps import read_lesson
from manager.learn.lesson_tables import STEP_KEY, LessonReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.learn.core.check_mistakes import Fault
    from manager.learn.core.lessons import Lesson

BUILT_IN_FOLDER = Path(__file__).parent.parent / "lessons"
LESSON_SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class LessonMistake:
    """What is wrong with a file."""

    file: Path
    line: int | None
    """The first being 1; None where it is about the whole file."""
    problem: str
    hint: str

    def __str__(self) -> str:
        """With its place."""
        line = f" line {self.line}" if self.line else ""
        return f"{shown(str(self.file))}{line}: {self.problem}"


@dataclass(frozen=True, slots=True)
class ExaminedLesson:
    """A file that was read."""

    file: Path
    lesson: Lesson | None
    """None where there are mistakes."""
    mistakes: tuple[LessonMistake, ...] = ()
    number: int = 0
    """The lesson's place among others; 0 where it has none."""
    number_line: int | None = None

    @property
    def name(self) -> str:
        """The lesson's name: that of the file."""
        return self.file.stem


def load_lesson(path: Path) -> Lesson:
    """Read a lesson; its name is that of the file.

    Raises:
        ManagerError: (usage) it cannot be read, or is no lesson; the sentence has file, line, key
            and what was expected, of the first mistake.
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
        ManagerError: there is none; (usage) one of them is no lesson.
    """
    found = map(load_lesson, list_lesson_files(path))
    return tuple(sorted(found, key=lambda lesson: (lesson.number, lesson.name)))


def list_lesson_files(path: Path) -> tuple[Path, ...]:
    """The files of a folder that are to be lessons; or the one file that is named.

    Raises:
        ManagerError: there is none.
    """
    found = sorted(path.glob(f"*{LESSON_SUFFIX}")) if path.is_dir() else []
    if path.is_file() and path.suffix == LESSON_SUFFIX:
        found = [path]
    if not found:
        raise ManagerError(
            f"there are no lessons in {path}",
            "name a folder that holds lessons as files NAME.toml, or one such file",
        )
    return tuple(found)


def list_built_in_names() -> tuple[str, ...]:
    """The names of the lessons that come with the program."""
    return tuple(sorted(path.stem for path in BUILT_IN_FOLDER.glob(f"*{LESSON_SUFFIX}")))


def examine_lesson(path: Path) -> ExaminedLesson:
    """Read a file, and find all that is wrong with it; where it is no TOML, only that."""
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
    if wrong := fault_of_name(path.stem):
        mistakes = (LessonMistake(path, None, *wrong), *mistakes)
    line = find_lines(content, [("number",)])[0] if lesson.number else None
    return ExaminedLesson(path, None if mistakes else lesson, mistakes, lesson.number, line)


def examine_lessons(paths: Sequence[Path]) -> tuple[ExaminedLesson, ...]:
    """Read files, and find all that is wrong with each, and with them side by side."""
    numbers: dict[int, Path] = {}
    found: list[ExaminedLesson] = []
    for one in map(examine_lesson, paths):
        first = numbers.setdefault(one.number, one.file) if one.number else one.file
        if first == one.file:
            found.append(one)
            continue
        problem = f"number {one.number} is that of {shown(first.name)} too"
        wrong = LessonMistake(
            one.file, one.number_line, problem, "give each lesson a number of its own"
        )
        mistakes = sorted((*one.mistakes, wrong), key=lambda it: it.line or 0)
        found.append(replace(one, lesson=None, mistakes=tuple(mistakes)))
    return tuple(found)


def _locate_mistakes(
    path: Path, content: str, found: Mapping[str, Any], faults: Sequence[Fault]
) -> tuple[LessonMistake, ...]:
    """Mistakes with their lines, and with their steps as a learner counts them."""
    places = [it.place for it in faults]
    for at, place in enumerate(places):
        inner = place
        while not has_value_at(found, inner):
            inner = inner[:-1]
        places[at] = inner
    placed = [
        LessonMistake(path, line, shown(_describe_problem(fault)), fault.hint)
        for fault, line in zip(faults, find_lines(content, places), strict=True)
    ]
    return tuple(dict.fromkeys(sorted(placed, key=lambda it: it.line or 0)))


def _describe_problem(fault: Fault) -> str:
    place = fault.place
    if len(place) > 1 and place[0] == STEP_KEY and isinstance(place[1], int):
        return f"step {place[1] + 1}: {fault.problem}"
    return fault.problem
