"""Lessons as files: TOML, one a lesson, those that come with the program and a teacher's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.adapters.config import WrongFileError, document, text_of
from manager.adapters.lesson_tables import (
    EXAMPLES,
    STEP,
    ContainerTable,
    EventTable,
    FileTable,
    ImageTable,
    LessonTable,
    Reader,
    StepTable,
)
from manager.adapters.toml import holds, lines_of
from manager.core.lesson_checks import (
    Check,
    ContainerIs,
    FileChanged,
    Gone,
    Happened,
    ImageIs,
    Related,
    TagMoved,
    VolumeIs,
)
from manager.core.lesson_faults import Fault, faults_of_checks
from manager.core.lesson_texts import fault_of_name, faults_of_lesson, faults_of_texts, shown
from manager.core.lessons import Lesson, Step
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.core.lesson_faults import Place

BUILT_IN = Path(__file__).parent.parent / "lessons"
ENDING = ".toml"
HINT = 'begin with title = "…", then write [[step]] on a line of its own, and say = "…" below'
NO_CHECK = 'add a check, such as container = {name = "learn-web*"}, or question and answer'
NO_CHECKS = {"say", "docker", "dockmgr", "hint", "fails", "question", "answer"}
"""Keys of a step that are no checks."""


@dataclass(frozen=True, slots=True)
class Mistake:
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
class Examined:
    """A file that was read."""

    file: Path
    lesson: Lesson | None
    """None where there are mistakes."""
    mistakes: tuple[Mistake, ...] = ()

    @property
    def name(self) -> str:
        """The lesson's name: that of the file."""
        return self.file.stem


def load(path: Path) -> Lesson:
    """Read a lesson; its name is that of the file.

    Raises:
        ManagerError: (usage) it cannot be read, or is no lesson; the sentence has file, line, key
            and what was expected, of the first mistake.
    """
    found = examine(path)
    if found.lesson is None:
        first = found.mistakes[0]
        raise ManagerError(str(first), first.hint, ExitCode.USAGE)
    return found.lesson


def folder(path: Path) -> tuple[Lesson, ...]:
    """Read all lessons of a folder, in their order.

    Raises:
        ManagerError: (usage) there is none, or one of them is no lesson.
    """
    found = map(load, files(path))
    return tuple(sorted(found, key=lambda lesson: (lesson.number, lesson.name)))


def files(path: Path) -> tuple[Path, ...]:
    """The files of a folder that are to be lessons; or the one file that is named.

    Raises:
        ManagerError: (usage) there is none.
    """
    found = sorted(path.glob(f"*{ENDING}")) if path.is_dir() else []
    if path.is_file() and path.suffix == ENDING:
        found = [path]
    if not found:
        raise ManagerError(
            f"there are no lessons in {path}",
            "name a folder that holds lessons as files NAME.toml, or one such file",
            ExitCode.USAGE,
        )
    return tuple(found)


def names() -> tuple[str, ...]:
    """The names of the lessons that come with the program."""
    return tuple(sorted(path.stem for path in BUILT_IN.glob(f"*{ENDING}")))


def examine(path: Path) -> Examined:
    """Read a file, and find all that is wrong with it; where it is no TOML, only that."""
    try:
        content = text_of(path, must_exist=True, what="lesson", hint="name another file") or ""
        found = document(path, content)
    except WrongFileError as error:
        return Examined(path, None, (Mistake(path, error.line, error.problem, error.hint),))
    except ManagerError as error:
        return Examined(path, None, (Mistake(path, None, error.message, error.hint),))
    reader = Reader()
    lesson = _lesson(path.stem, found, reader)
    mistakes = _placed(path, content, found, reader.faults)
    if wrong := fault_of_name(path.stem):
        mistakes = (Mistake(path, None, *wrong), *mistakes)
    return Examined(path, None if mistakes else lesson, mistakes)


def _placed(
    path: Path, content: str, found: Mapping[str, Any], faults: Sequence[Fault]
) -> tuple[Mistake, ...]:
    """Mistakes with their lines, and with their steps as a learner counts them."""
    places = [it.place for it in faults]
    for at, place in enumerate(places):
        inner = place
        while not holds(found, inner):
            inner = inner[:-1]
        places[at] = inner
    placed = [
        Mistake(path, line, shown(_in_step(fault)), fault.hint)
        for fault, line in zip(faults, lines_of(content, places), strict=True)
    ]
    return tuple(dict.fromkeys(sorted(placed, key=lambda it: it.line or 0)))


def _in_step(fault: Fault) -> str:
    place = fault.place
    if len(place) > 1 and place[0] == STEP and isinstance(place[1], int):
        return f"step {place[1] + 1}: {fault.problem}"
    return fault.problem


def _lesson(name: str, found: Mapping[str, Any], reader: Reader) -> Lesson:
    """Read what can be read of a lesson."""
    rest = {key: value for key, value in found.items() if key != STEP}
    table = reader.table(LessonTable, rest, ())
    if not str(rest.get("title", "")).strip():
        reader.wrong((), "it has no title", HINT)
    reader.faults += faults_of_lesson({"title": table.title})
    rows = found.get(STEP)
    if not isinstance(rows, list) or not rows:
        reader.wrong((STEP,), "it has no steps", HINT)
        rows = []
    steps = [_step(row, (STEP, at), reader) for at, row in enumerate(rows)]
    return Lesson(name, table.title, tuple(steps), table.number)


def _step(row: object, place: Place, reader: Reader) -> Step:
    """Read what can be read of a step."""
    if not isinstance(row, dict):
        reader.wrong(place, "it is no table", HINT)
        return Step("")
    table = reader.table(StepTable, row, place)
    step = Step(
        table.say,
        table.docker,
        table.dockmgr or table.docker,
        table.hint,
        table.fails,
        _checks(table, place, reader),
        table.question,
        table.answer,
    )
    _of_keys({key for key, value in row.items() if _given(value)}, place, reader)
    # What was typed once is looked at once.
    once = replace(step, dockmgr=table.dockmgr)
    for fault in (*faults_of_texts(once), *faults_of_checks(step.checks)):
        reader.wrong((*place, *fault.place), fault.problem, fault.hint)
    return step


def _given(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _of_keys(given: set[str], place: Place, reader: Reader) -> None:
    """What a step lacks."""
    checks = (given - NO_CHECKS) & set(StepTable.rows)
    if "say" not in given:
        reader.wrong(place, "it says nothing", 'add say = "…"')
    if len(given & {"question", "answer"}) == 1:
        lacks = "answer" if "question" in given else "question"
        reader.wrong(place, f"it has no {lacks}, or an empty one", f"write {EXAMPLES[lacks]}")
    if not checks and "question" not in given and "answer" not in given:
        reader.wrong(place, "it has nothing that shows it was done", NO_CHECK)
    if checks and given.isdisjoint({"docker", "dockmgr"}):
        reader.wrong(place, "it has no line to type", 'add docker = ["docker …"]')


def _checks(table: StepTable, place: Place, reader: Reader) -> tuple[Check, ...]:
    """All that must hold together."""
    containers = reader.rows(ContainerTable, table.container, (*place, "container"), "name")
    images = reader.rows(ImageTable, table.image, (*place, "image"), "name")
    changed = reader.rows(FileTable, table.file, (*place, "file"), "container", "path")
    events = reader.rows(EventTable, table.event, (*place, "event"), "type", "action")
    related = {"same": table.same_image, "other": table.other_image, "layers": table.shared_layers}
    return (
        *(
            ContainerIs(it.name, it.image, it.state, it.count, it.exit_code, it.port)
            for it in containers
        ),
        *(ImageIs(it.name, it.digest) for it in images),
        *map(VolumeIs, table.volume),
        *(Gone("container", it) for it in table.no_container),
        *(Gone("image", it) for it in table.no_image),
        *(Gone("volume", it) for it in table.no_volume),
        *(Related(how, names) for how, names in related.items() if names),
        *map(TagMoved, table.tag_moved),
        *(FileChanged(it.container, it.path, it.change) for it in changed),
        *(Happened(it.type, it.action, it.name, it.exit_code) for it in events),
    )
