"""A lesson out of what its file holds, with all mistakes of its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from manager.learn.core.check_mistakes import faults_of_checks
from manager.learn.core.checks import (
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
from manager.learn.core.lessons import Lesson, Step
from manager.learn.core.line_mistakes import faults_of_line
from manager.learn.core.made import Made, faults_of_made
from manager.learn.core.text_mistakes import faults_of_lesson, faults_of_texts
from manager.learn.lesson_tables import (
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.learn.core.check_mistakes import Place

HINT = 'begin with title = "…", then write [[step]] on a line of its own, and say = "…" below'
NO_CHECK = 'add a check, such as container = {name = "learn-web*"}, or question and answer'
NO_CHECKS = {"say", "docker", "dockmgr", "hint", "fails", "question", "answer"}
"""Keys of a step that are no checks."""


def read_lesson(name: str, found: Mapping[str, Any], reader: Reader) -> Lesson:
    """Read what can be read of a lesson.

    Args:
        name: the lesson's.
        found: what tomllib returned.
        reader: is given what is wrong.
    """
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
    _of_made(steps, reader)
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
    _of_empty(row, place, reader)
    # What was typed once is looked at once.
    once = replace(step, dockmgr=table.dockmgr)
    for fault in (*faults_of_texts(once), *faults_of_checks(step.checks)):
        reader.wrong((*place, *fault.place), fault.problem, fault.hint)
    return step


def _given(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _of_empty(row: Mapping[str, Any], place: Place, reader: Reader) -> None:
    """Keys that are there for nothing."""
    asked = {"question", "answer"}
    told = {"say"} | (asked if any(_given(row.get(key)) for key in asked) else set())
    for key, value in row.items():
        empty = value in ({}, []) or (isinstance(value, str) and not value.strip())
        if empty and key in StepTable.rows and key not in told:
            hint = f"leave it out, or write, for example: {EXAMPLES[key]}"
            reader.wrong((*place, key), f"{key} is empty", hint)


def _of_made(steps: Sequence[Step], reader: Reader) -> None:
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
            reader.wrong((STEP, at, *fault.place), fault.problem, fault.hint)


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
