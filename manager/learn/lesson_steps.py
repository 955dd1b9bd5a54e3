"""A lesson out of what its file holds, with all mistakes of its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from manager.learn.core.check_mistakes import faults_of_checks
from manager.learn.core.checks import (
    AbsenceCheck,
    ContainerCheck,
    EventCheck,
    FileChangeCheck,
    ImageCheck,
    ImageRelationCheck,
    LessonCheck,
    TagMovedCheck,
    VolumeCheck,
)
from manager.learn.core.lessons import Lesson, LessonStep
from manager.learn.core.line_mistakes import faults_of_line
from manager.learn.core.made import Made, faults_of_made
from manager.learn.core.text_mistakes import faults_of_lesson, faults_of_texts
from manager.learn.lesson_tables import (
    KEY_EXAMPLES,
    STEP_KEY,
    ContainerTable,
    EventTable,
    FileTable,
    ImageTable,
    LessonReader,
    LessonTable,
    StepTable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.learn.core.check_mistakes import Place

STEPS_HINT = 'begin with title = "…", then write [[step]] on a line of its own, and say = "…" below'
MISSING_CHECK_HINT = (
    'add a check, such as container = {name = "learn-web*"}, or question and answer'
)
NON_CHECK_KEYS = {"say", "docker", "dockmgr", "hint", "fails", "question", "answer"}
"""Keys of a step that are no checks."""


def read_lesson(name: str, found: Mapping[str, Any], reader: LessonReader) -> Lesson:
    """Read what can be read of a lesson.

    Args:
        name: the lesson's.
        found: what tomllib returned.
        reader: is given what is wrong.
    """
    rest = {key: value for key, value in found.items() if key != STEP_KEY}
    table = reader.table(LessonTable, rest, ())
    if not str(rest.get("title", "")).strip():
        reader.wrong((), "it has no title", STEPS_HINT)
    reader.faults += faults_of_lesson({"title": table.title})
    rows = found.get(STEP_KEY)
    if not isinstance(rows, list) or not rows:
        reader.wrong((STEP_KEY,), "it has no steps", STEPS_HINT)
        rows = []
    steps = [_read_step(row, (STEP_KEY, at), reader) for at, row in enumerate(rows)]
    _report_impossible_checks(steps, reader)
    return Lesson(name, table.title, tuple(steps), table.number)


def _read_step(row: object, place: Place, reader: LessonReader) -> LessonStep:
    """Read what can be read of a step."""
    if not isinstance(row, dict):
        reader.wrong(place, "it is no table", STEPS_HINT)
        return LessonStep("")
    table = reader.table(StepTable, row, place)
    step = LessonStep(
        table.say,
        table.docker,
        table.dockmgr or table.docker,
        table.hint,
        table.fails,
        _build_checks(table, place, reader),
        table.question,
        table.answer,
    )
    _report_missing_keys({key for key, value in row.items() if _is_given(value)}, place, reader)
    _report_empty_keys(row, place, reader)
    # What was typed once is looked at once.
    once = replace(step, dockmgr=table.dockmgr)
    for fault in (*faults_of_texts(once), *faults_of_checks(step.checks)):
        reader.wrong((*place, *fault.place), fault.problem, fault.hint)
    return step


def _is_given(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _report_empty_keys(row: Mapping[str, Any], place: Place, reader: LessonReader) -> None:
    """Keys that are there for nothing."""
    asked = {"question", "answer"}
    told = {"say"} | (asked if any(_is_given(row.get(key)) for key in asked) else set())
    for key, value in row.items():
        empty = value in ({}, []) or (isinstance(value, str) and not value.strip())
        if empty and key in StepTable.rows and key not in told:
            hint = f"leave it out, or write, for example: {KEY_EXAMPLES[key]}"
            reader.wrong((*place, key), f"{key} is empty", hint)


def _report_impossible_checks(steps: Sequence[LessonStep], reader: LessonReader) -> None:
    """Checks of what no line makes; where lines are wrong, that is to be mended first."""
    made = Made()
    for at, step in enumerate(steps):
        lines = dict.fromkeys((*step.docker, *step.dockmgr))
        # A line that is meant to be refused, and so may be wrong, still has to be read.
        if any(next(faults_of_line(line, fails=step.fails), None) for line in lines):
            return
        for line in lines:
            made.add(line)
        for fault in faults_of_made(step.checks, made):
            reader.wrong((STEP_KEY, at, *fault.place), fault.problem, fault.hint)


def _report_missing_keys(given: set[str], place: Place, reader: LessonReader) -> None:
    """What a step lacks."""
    checks = (given - NON_CHECK_KEYS) & set(StepTable.rows)
    if "say" not in given:
        reader.wrong(place, "it says nothing", 'add say = "…"')
    if len(given & {"question", "answer"}) == 1:
        lacks = "answer" if "question" in given else "question"
        reader.wrong(place, f"it has no {lacks}, or an empty one", f"write {KEY_EXAMPLES[lacks]}")
    if not checks and "question" not in given and "answer" not in given:
        reader.wrong(place, "it has nothing that shows it was done", MISSING_CHECK_HINT)
    if checks and given.isdisjoint({"docker", "dockmgr"}):
        reader.wrong(place, "it has no line to type", 'add docker = ["docker …"]')


def _build_checks(table: StepTable, place: Place, reader: LessonReader) -> tuple[LessonCheck, ...]:
    """All that must hold together."""
    containers = reader.rows(ContainerTable, table.container, (*place, "container"), "name")
    images = reader.rows(ImageTable, table.image, (*place, "image"), "name")
    changed = reader.rows(FileTable, table.file, (*place, "file"), "container", "path")
    events = reader.rows(EventTable, table.event, (*place, "event"), "type", "action")
    related = {"same": table.same_image, "other": table.other_image, "layers": table.shared_layers}
    return (
        *(
            ContainerCheck(it.name, it.image, it.state, it.count, it.exit_code, it.port)
            for it in containers
        ),
        *(ImageCheck(it.name, it.digest) for it in images),
        *map(VolumeCheck, table.volume),
        *(AbsenceCheck("container", it) for it in table.no_container),
        *(AbsenceCheck("image", it) for it in table.no_image),
        *(AbsenceCheck("volume", it) for it in table.no_volume),
        *(ImageRelationCheck(how, names) for how, names in related.items() if names),
        *map(TagMovedCheck, table.tag_moved),
        *(FileChangeCheck(it.container, it.path, it.change) for it in changed),
        *(EventCheck(it.type, it.action, it.name, it.exit_code) for it in events),
    )
