"""What a lesson's file may hold: its tables, and reading them with all their mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.config import schema
from manager.config.schema import InvalidSettingError, S, Section, ValueKind, setting
from manager.config.value_kinds import (
    choice,
    flag,
    one_line_text,
    optional,
    text_list,
    whole_number,
)
from manager.learn.core.check_mistakes import Fault

if TYPE_CHECKING:
    from manager.config.toml_positions import KeyPath
    from manager.learn.core.check_mistakes import Place

HIGHEST_PORT = 65535
STEP_KEY = "step"
NO = False
EXAMPLE_NAMES = '["learn-app:1", "learn-app:2"]'
KEY_EXAMPLES = {
    "title": 'title = "two web servers"',
    "number": "number = 1",
    "say": 'say = "Make two containers."',
    "docker": 'docker = ["docker pull nginx"]',
    "dockmgr": 'dockmgr = ["dockmgr pull nginx"]',
    "hint": 'hint = "Names are unique."',
    "fails": "fails = true",
    "question": 'question = "How many images is that?"',
    "answer": 'answer = ["1", "one"]',
    "container": 'container = {name = "learn-web*", state = "running"}',
    "image": 'image = {name = "nginx"}',
    "volume": 'volume = ["learn-data"]',
    "no_container": 'no_container = ["learn-web*"]',
    "no_image": 'no_image = ["learn-app:1"]',
    "no_volume": 'no_volume = ["learn-data"]',
    "same_image": f"same_image = {EXAMPLE_NAMES}",
    "other_image": f"other_image = {EXAMPLE_NAMES}",
    "shared_layers": f"shared_layers = {EXAMPLE_NAMES}",
    "tag_moved": 'tag_moved = ["learn-app:latest"]',
    "file": 'file = {container = "learn-web1", path = "/etc/hosts"}',
    "event": 'event = {type = "container", action = "die", name = "learn-web1"}',
}
"""By key, how it can be written."""
CHECK_KEY_EXAMPLES = {
    "name": 'name = "learn-web1"',
    "image": 'image = "nginx"',
    "state": 'state = "running"',
    "count": "count = 2",
    "exit_code": "exit_code = 0",
    "port": "port = 8080",
    "digest": "digest = true",
    "container": 'container = "learn-web1"',
    "path": 'path = "/etc/hosts"',
    "change": 'change = "added"',
    "type": 'type = "container"',
    "action": 'action = "die"',
}
"""The same of the keys of a check."""


def _optional_choice(*words: str) -> ValueKind[str]:
    """One of some words, or none of them."""
    kind = choice(*words)
    return ValueKind(
        kind.expected, lambda value, path: kind.read(value, path) if value != "" else ""
    )


def _optional_whole(least: int, most: int) -> ValueKind[int | None]:
    return ValueKind(whole_number(least, most).expected, optional(whole_number(least, most)).read)


class ContainerTable(Section):
    """What a container is to be like."""

    name: str = setting(one_line_text(), "", "a glob")
    image: str = setting(one_line_text(), "", "a reference")
    state: str = setting(
        _optional_choice("created", "running", "paused", "exited"), "", "its state"
    )
    count: int | None = setting(_optional_whole(0, 1000), "", "exactly so many")
    exit_code: int | None = setting(_optional_whole(0, 255), "", "how it ended")
    port: int | None = setting(_optional_whole(1, HIGHEST_PORT), "", "where it is published")


class ImageTable(Section):
    """What an image is to be like."""

    name: str = setting(one_line_text(), "", "a reference")
    digest: bool = setting(flag(), NO, "whether a registry knows it by a digest")


class FileTable(Section):
    """What a container has changed."""

    container: str = setting(one_line_text(), "", "a glob")
    path: str = setting(one_line_text(), "", "an absolute path")
    change: str = setting(_optional_choice("added", "changed", "deleted"), "", "what became of it")


class EventTable(Section):
    """What has happened."""

    type: str = setting(one_line_text(), "", "container, image, volume, network")
    action: str = setting(one_line_text(), "", "die, start, pull, push, tag, untag…")
    name: str = setting(one_line_text(), "*", "a glob")
    exit_code: int | None = setting(_optional_whole(0, 255), "", "of a container that died")


CheckRows = tuple[dict[str, Any], ...]


def _tables() -> ValueKind[CheckRows]:
    """One table or a list of them; what is in them is read apart, mistake by mistake."""

    def read(value: object, _: KeyPath) -> CheckRows:
        rows = value if isinstance(value, list) else [value]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError
        return tuple(rows)

    return ValueKind("a table in braces, or a list of them", read)


def _paragraph() -> ValueKind[str]:
    """A text that may have several lines."""

    def read(value: object, _: KeyPath) -> str:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return value.strip()

    return ValueKind("a text in quotes", read)


def _lines(example: str) -> ValueKind[tuple[str, ...]]:
    """A list of texts, of which empty ones are looked at later: each is a mistake of its own."""

    def read(value: object, _: KeyPath) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
            raise ValueError
        return tuple(value)

    return ValueKind(f"a list of texts, such as {example}", read)


class StepTable(Section):
    """What a step may hold."""

    say: str = setting(_paragraph(), "", "what it says")
    docker: tuple[str, ...] = setting(_lines('["docker pull nginx"]'), [], "the lines to type")
    dockmgr: tuple[str, ...] = setting(_lines('["dockmgr pull nginx"]'), [], "with dockmgr")
    hint: str = setting(_paragraph(), "", "what is said on asking")
    fails: bool = setting(flag(), NO, "whether the lines are meant to be refused")
    question: str = setting(one_line_text(), "", "what is asked")
    answer: tuple[str, ...] = setting(_lines('["yes"]'), [], "the right answers")
    container: CheckRows = setting(_tables(), [], "is there")
    image: CheckRows = setting(_tables(), [], "is there")
    volume: tuple[str, ...] = setting(text_list('["learn-data"]'), [], "globs of volumes")
    no_container: tuple[str, ...] = setting(
        text_list('["learn-web*"]'), [], "globs of what is gone"
    )
    no_image: tuple[str, ...] = setting(
        text_list('["learn-app:1"]'), [], "references that are gone"
    )
    no_volume: tuple[str, ...] = setting(text_list('["learn-data"]'), [], "globs of what is gone")
    same_image: tuple[str, ...] = setting(text_list(EXAMPLE_NAMES), [], "names of one image")
    other_image: tuple[str, ...] = setting(
        text_list(EXAMPLE_NAMES), [], "names of different images"
    )
    shared_layers: tuple[str, ...] = setting(
        text_list(EXAMPLE_NAMES), [], "images that share layers"
    )
    tag_moved: tuple[str, ...] = setting(text_list('["learn-app:1"]'), [], "name another image now")
    file: CheckRows = setting(_tables(), [], "differs from the image")
    event: CheckRows = setting(_tables(), [], "happened")


class LessonTable(Section):
    """What a file may hold beside its steps."""

    title: str = setting(one_line_text(), "", "what it is about")
    number: int = setting(whole_number(0, 1000), 0, "its place among the others")


class LessonReader:
    """Reads the tables of one file, and keeps what is wrong with them."""

    def __init__(self) -> None:
        """Nothing is wrong yet."""
        self.faults: list[Fault] = []

    def wrong(self, place: Place, problem: str, hint: str) -> None:
        """Keep a mistake."""
        self.faults.append(Fault(place, problem, hint))

    def table(self, table: type[S], row: dict[str, Any], place: Place, within: str = "") -> S:
        """Read what can be read of a table.

        Args:
            table: what it may hold.
            row: what tomllib returned.
            place: where it is.
            within: how it is called, before what is wrong with one of its keys.
        """
        examples = CHECK_KEY_EXAMPLES if within else KEY_EXAMPLES
        values: dict[str, Any] = {}
        for key, value in row.items():
            if key not in table.rows:
                self._unknown(table, (*place, key), within)
                continue
            try:
                values |= schema.read_table_values(table.rows, {key: value}, ())
            except InvalidSettingError as error:
                hint = f"write, for example: {examples[key]}"
                self.wrong((*place, key), f"{within}{error.problem}", hint)
        return table(**values)

    def _unknown(self, table: type[Section], place: Place, within: str) -> None:
        from difflib import get_close_matches

        key = str(place[-1])
        known = [*table.rows, *([STEP_KEY] if table is LessonTable else [])]
        near = get_close_matches(key, known, n=1)
        suggested = f"; did you mean {near[0]}?" if near else ""
        hint = f"the settings there are: {', '.join(known)}"
        self.wrong(place, f"{within}{key} is not a setting{suggested}", hint)

    def rows(self, table: type[S], found: CheckRows, place: Place, *needed: str) -> tuple[S, ...]:
        """Read what can be read of the tables of one check, and tell what they lack."""
        read: list[S] = []
        for at, row in enumerate(found):
            called = str(place[-1]) + (f" {at + 1}" if len(found) > 1 else "")
            one = self.table(table, row, (*place, at), f"{called}: ")
            lacks = [key for key in needed if not row.get(key)]
            for key in lacks:
                self.wrong((*place, at), f"{called} has no {key}", f"add {CHECK_KEY_EXAMPLES[key]}")
            read.append(one)
        return tuple(read)
