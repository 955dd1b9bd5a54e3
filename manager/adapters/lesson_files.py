"""Lessons as files: TOML, one a lesson, those that come with the program and a teacher's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.adapters import schema
from manager.adapters.config import document, text_of
from manager.adapters.kinds import choice, flag, text, texts, whole, whole_or_nothing
from manager.adapters.schema import Kind, RefusedError, S, Section, setting
from manager.adapters.toml import dotted, line_of
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
from manager.core.lessons import Lesson, Step
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.adapters.toml import KeyPath

BUILT_IN = Path(__file__).parent.parent / "lessons"
MOST_WORDS = 80
LONGEST_LINE = 76
"""Columns of a line to type: four more are before it."""
HIGHEST = 65535
NO = False
STATES = ("", "created", "running", "paused", "exited")
CHANGES = ("", "added", "changed", "deleted")
NAMES = '["app:1", "app:2"]'
HINT = 'begin with title = "…", then write [[step]] on a line of its own, and say = "…" below'
NO_CHECK = 'add a check, such as container = {name = "learn-web*"}, or question and answer'


class ContainerTable(Section):
    """What a container is to be like."""

    name: str = setting(text(), "", "a glob")
    image: str = setting(text(), "", "a reference")
    state: str = setting(choice(*STATES), "", "its state")
    count: int | None = setting(whole_or_nothing(0, 1000), "", "exactly so many")
    exit_code: int | None = setting(whole_or_nothing(0, 255), "", "how it ended")
    port: int | None = setting(whole_or_nothing(1, HIGHEST), "", "where it is published")


class ImageTable(Section):
    """What an image is to be like."""

    name: str = setting(text(), "", "a reference")
    digest: bool = setting(flag(), NO, "whether a registry knows it by a digest")


class FileTable(Section):
    """What a container has changed."""

    container: str = setting(text(), "", "a glob")
    path: str = setting(text(), "", "an absolute path")
    change: str = setting(choice(*CHANGES), "", "what became of it")


class EventTable(Section):
    """What has happened."""

    type: str = setting(text(), "", "container, image, volume, network")
    action: str = setting(text(), "", "die, start, pull, push, tag, untag…")
    name: str = setting(text(), "*", "a glob")
    exit_code: int | None = setting(whole_or_nothing(0, 255), "", "of a container that died")


def _tables(table: type[S], *needed: str) -> Kind[tuple[S, ...]]:
    """One table of settings or a list of them, each with what is needed."""

    def read(value: object, path: KeyPath) -> tuple[S, ...]:
        rows = value if isinstance(value, list) else [value]
        places = [(*path, n) for n in range(len(rows))] if isinstance(value, list) else [path]
        return tuple(_table(table, needed, *one) for one in zip(rows, places, strict=True))

    return Kind("a table in braces, or a list of them", read)


def _table(table: type[S], needed: tuple[str, ...], row: object, path: KeyPath) -> S:
    if not isinstance(row, dict):
        raise ValueError  # noqa: TRY004 - every refusal is one error
    found = schema.values_of(table.rows, row, path)
    for name in needed:
        if not found.get(name):
            raise RefusedError(path, f"{dotted(path)} has no {name}", f'add {name} = "…" to it')
    return table(**found)


def _long_text() -> Kind[str]:
    def read(value: object, _: KeyPath) -> str:
        if not isinstance(value, str) or len(value.split()) > MOST_WORDS:
            raise ValueError
        return value.strip()

    return Kind(f"a text of at most {MOST_WORDS} words", read)


def _lines() -> Kind[tuple[str, ...]]:
    kind = texts('["docker run nginx"]')

    def read(value: object, path: KeyPath) -> tuple[str, ...]:
        found = kind.read(value, path)
        if any(len(line) > LONGEST_LINE or "\n" in line for line in found):
            raise ValueError
        return found

    return Kind(f"a list of lines to type, each of at most {LONGEST_LINE} letters", read)


class StepTable(Section):
    """What a step may hold."""

    say: str = setting(_long_text(), "", "what it says")
    docker: tuple[str, ...] = setting(_lines(), [], "the lines to type with docker")
    dockmgr: tuple[str, ...] = setting(_lines(), [], "the same with dockmgr")
    hint: str = setting(_long_text(), "", "what is said on asking")
    fails: bool = setting(flag(), NO, "whether the lines are meant to be refused")
    question: str = setting(text(), "", "what is asked")
    answer: tuple[str, ...] = setting(texts('["yes"]'), [], "the right answers")
    container: tuple[ContainerTable, ...] = setting(_tables(ContainerTable, "name"), [], "is there")
    image: tuple[ImageTable, ...] = setting(_tables(ImageTable, "name"), [], "is there")
    volume: tuple[str, ...] = setting(texts('["data"]'), [], "globs of volumes that are there")
    no_container: tuple[str, ...] = setting(texts('["web*"]'), [], "globs of what is not there")
    no_image: tuple[str, ...] = setting(texts('["app:1"]'), [], "references that are not there")
    no_volume: tuple[str, ...] = setting(texts('["data"]'), [], "globs of what is not there")
    same_image: tuple[str, ...] = setting(texts(NAMES), [], "names of one image")
    other_image: tuple[str, ...] = setting(texts(NAMES), [], "names of different images")
    shared_layers: tuple[str, ...] = setting(texts(NAMES), [], "images that share layers")
    tag_moved: tuple[str, ...] = setting(texts('["app:1"]'), [], "name another image than before")
    file: tuple[FileTable, ...] = setting(_tables(FileTable, "container", "path"), [], "differs")
    event: tuple[EventTable, ...] = setting(_tables(EventTable, "type", "action"), [], "happened")


class LessonTable(Section):
    """What a file may hold beside its steps."""

    title: str = setting(text(), "", "what it is about")
    number: int = setting(whole(0, 1000), 0, "its place among the others")


def load(path: Path) -> Lesson:
    """Read a lesson; its name is that of the file.

    Raises:
        ManagerError: (usage) it cannot be read, or is no lesson; the sentence has file, line, key
            and what was expected.
    """
    content = text_of(path, must_exist=True, what="lesson", hint="name another file") or ""
    try:
        return _lesson(path.stem, document(path, content))
    except RefusedError as error:
        where = f"{path} line {line_of(content, error.path)}" if error.path else str(path)
        raise ManagerError(f"{where}: {error.problem}", error.hint, ExitCode.USAGE) from None


def folder(path: Path) -> tuple[Lesson, ...]:
    """Read all lessons of a folder, in their order.

    Raises:
        ManagerError: (usage) there is none, or one of them is no lesson.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else []
    if not files:
        raise ManagerError(
            f"there are no lessons in {path}",
            "name a folder that holds lessons as files NAME.toml",
            ExitCode.USAGE,
        )
    return tuple(sorted(map(load, files), key=lambda lesson: (lesson.number, lesson.name)))


def names() -> tuple[str, ...]:
    """The names of the lessons that come with the program."""
    return tuple(sorted(path.stem for path in BUILT_IN.glob("*.toml")))


def _lesson(name: str, found: Mapping[str, Any]) -> Lesson:
    steps = found.get("step")
    if not isinstance(steps, list) or not steps:
        path = ("step",) if "step" in found else ()
        raise RefusedError(path, "it has no steps", HINT)
    rest = {key: value for key, value in found.items() if key != "step"}
    values = schema.values_of(LessonTable.rows, rest, ())
    if not values.get("title"):
        raise RefusedError((), "it has no title", HINT)
    read = tuple(_step(row, ("step", place)) for place, row in enumerate(steps))
    return Lesson(name, values["title"], read, values.get("number", 0))


def _step(row: object, path: KeyPath) -> Step:
    if not isinstance(row, dict):
        raise RefusedError(path, f"{dotted(path)} is no table", HINT)
    table = StepTable(**schema.values_of(StepTable.rows, row, path))
    where = dotted(path)
    if not table.say:
        raise RefusedError(path, f"{where} says nothing", 'add say = "…"')
    if bool(table.question) != bool(table.answer):
        lacks = "answer" if table.question else "question"
        raise RefusedError(path, f"{where} has no {lacks}", 'write answer = ["yes"] with question')
    checks = _checks(table)
    if not checks and not table.question:
        raise RefusedError(path, f"{where} has nothing that shows it was done", NO_CHECK)
    if checks and not table.docker:
        raise RefusedError(path, f"{where} has no line to type", 'add docker = ["docker …"]')
    return Step(
        table.say,
        table.docker,
        table.dockmgr or table.docker,
        table.hint,
        table.fails,
        checks,
        table.question,
        table.answer,
    )


def _checks(table: StepTable) -> tuple[Check, ...]:
    """All that must hold together."""
    related = {"same": table.same_image, "other": table.other_image, "layers": table.shared_layers}
    return (
        *(
            ContainerIs(it.name, it.image, it.state, it.count, it.exit_code, it.port)
            for it in table.container
        ),
        *(ImageIs(it.name, it.digest) for it in table.image),
        *map(VolumeIs, table.volume),
        *(Gone("container", it) for it in table.no_container),
        *(Gone("image", it) for it in table.no_image),
        *(Gone("volume", it) for it in table.no_volume),
        *(Related(how, names) for how, names in related.items() if names),
        *map(TagMoved, table.tag_moved),
        *(FileChanged(it.container, it.path, it.change) for it in table.file),
        *(Happened(it.type, it.action, it.name, it.exit_code) for it in table.event),
    )
