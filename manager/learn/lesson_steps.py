"""A lesson from what its file holds, with all mistakes of its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from manager.learn.core.check_mistakes import find_check_faults
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
from manager.learn.core.text_mistakes import find_text_faults, find_title_faults
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
    from collections.abc import Mapping

    from manager.learn.core.faults import Place

STEPS_HINT = 'begin with title = "…", then write [[step]] on a line of its own, and say = "…" below'
MISSING_CHECK_HINT = (
    'add a check, such as container = {name = "learn-web*"}, or question and answer'
)
NON_CHECK_KEYS = {"say", "docker", "dockmgr", "hint", "fails", "question", "answer"}
"""The keys of a step that are not checks."""


def read_lesson(name: str, found: Mapping[str, Any], reader: LessonReader) -> Lesson:
    """Read a lesson as far as it is valid.

    Args:
        name: the lesson's name.
        found: what tomllib returned.
        reader: collects the mistakes.
    """
    rest = {key: value for key, value in found.items() if key != STEP_KEY}
    table = reader.read_table(LessonTable, rest, ())
    if not str(rest.get("title", "")).strip():
        reader.add_fault((), "the lesson has no title", STEPS_HINT)
    reader.faults += find_title_faults({"title": table.title})
    rows = found.get(STEP_KEY)
    if not isinstance(rows, list) or not rows:
        reader.add_fault((STEP_KEY,), "the lesson has no steps", STEPS_HINT)
        rows = []
    steps = [_read_step(row, (STEP_KEY, at), reader) for at, row in enumerate(rows)]
    return Lesson(name, table.title, tuple(steps), table.number)


def _read_step(row: object, place: Place, reader: LessonReader) -> LessonStep:
    """Read a step as far as it is valid."""
    if not isinstance(row, dict):
        reader.add_fault(place, "the step is not a table", STEPS_HINT)
        return LessonStep("")
    table = reader.read_table(StepTable, row, place)
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
    # Lines of docker that are dockmgr's too have their mistakes only once.
    written = replace(step, dockmgr=table.dockmgr)
    for fault in (*find_text_faults(written), *find_check_faults(step.checks)):
        reader.add_fault((*place, *fault.place), fault.problem, fault.hint)
    return step


def _is_given(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _report_empty_keys(row: Mapping[str, Any], place: Place, reader: LessonReader) -> None:
    """Report keys without a value, unless `_report_missing_keys` does."""
    asked = {"question", "answer"}
    reported = {"say"} | (asked if any(_is_given(row.get(key)) for key in asked) else set())
    for key, value in row.items():
        is_empty = value in ({}, []) or (isinstance(value, str) and not value.strip())
        if is_empty and key in StepTable.settings and key not in reported:
            hint = f"leave it out, or write, for example: {KEY_EXAMPLES[key]}"
            reader.add_fault((*place, key), f"{key} is empty", hint)


def _report_missing_keys(given: set[str], place: Place, reader: LessonReader) -> None:
    checks = (given - NON_CHECK_KEYS) & set(StepTable.settings)
    if "say" not in given:
        reader.add_fault(place, "the step has no text", 'add say = "…"')
    if len(given & {"question", "answer"}) == 1:
        missing = "answer" if "question" in given else "question"
        hint = f"write, for example: {KEY_EXAMPLES[missing]}"
        reader.add_fault(place, f"the step has no {missing}, or an empty one", hint)
    if not checks and "question" not in given and "answer" not in given:
        reader.add_fault(place, "the step has neither a check nor a question", MISSING_CHECK_HINT)
    if checks and given.isdisjoint({"docker", "dockmgr"}):
        reader.add_fault(place, "the step has no line to type", 'add docker = ["docker …"]')


def _build_checks(table: StepTable, place: Place, reader: LessonReader) -> tuple[LessonCheck, ...]:
    """The checks of a step, all of which must hold together."""
    containers = reader.read_tables(ContainerTable, table.container, (*place, "container"), "name")
    images = reader.read_tables(ImageTable, table.image, (*place, "image"), "name")
    changed = reader.read_tables(FileTable, table.file, (*place, "file"), "container", "path")
    events = reader.read_tables(EventTable, table.event, (*place, "event"), "type", "action")
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
        *(ImageRelationCheck(relation, names) for relation, names in related.items() if names),
        *map(TagMovedCheck, table.tag_moved),
        *(FileChangeCheck(it.container, it.path, it.change) for it in changed),
        *(EventCheck(it.type, it.action, it.name, it.exit_code) for it in events),
    )
