"""The tables of a lesson's file, read with all their mistakes."""

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
from manager.learn.core.faults import Fault
from manager.references.grammar import HIGHEST_PORT

if TYPE_CHECKING:
    from manager.config.toml_positions import KeyPath
    from manager.learn.core.faults import Place

STEP_KEY = "step"
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
"""An example of each key of a lesson or a step."""
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
"""An example of each key of a check."""


def _optional_choice(*words: str) -> ValueKind[str]:
    """One of some words, or an empty text."""
    kind = choice(*words)
    return ValueKind(
        kind.expected, lambda value, path: kind.read(value, path) if value != "" else ""
    )


def _optional_whole(least: int, most: int) -> ValueKind[int | None]:
    return ValueKind(whole_number(least, most).expected, optional(whole_number(least, most)).read)


class ContainerTable(Section):
    """The containers that a step wants."""

    name: str = setting(one_line_text(), "", "a glob")
    image: str = setting(one_line_text(), "", "a reference")
    state: str = setting(
        _optional_choice("created", "running", "paused", "exited"), "", "its state"
    )
    count: int | None = setting(_optional_whole(0, 1000), "", "the exact number")
    exit_code: int | None = setting(_optional_whole(0, 255), "", "its exit code")
    port: int | None = setting(_optional_whole(1, HIGHEST_PORT), "", "its host port")


class ImageTable(Section):
    """The image that a step wants."""

    name: str = setting(one_line_text(), "", "a reference")
    digest: bool = setting(flag(), default=False, about="whether a registry knows it by a digest")


class FileTable(Section):
    """The file that a container has changed."""

    container: str = setting(one_line_text(), "", "a glob")
    path: str = setting(one_line_text(), "", "an absolute path")
    change: str = setting(_optional_choice("added", "changed", "deleted"), "", "how it has changed")


class EventTable(Section):
    """The event that a step waits for."""

    type: str = setting(
        _optional_choice("container", "image", "volume", "network"), "", "what it happens to"
    )
    action: str = setting(one_line_text(), "", "die, start, pull, push, tag, untag…")
    name: str = setting(one_line_text(), "*", "a glob")
    exit_code: int | None = setting(
        _optional_whole(0, 255), "", "the exit code of a container that died"
    )


CheckRows = tuple[dict[str, Any], ...]


def _tables() -> ValueKind[CheckRows]:
    """One table or a list of tables; `LessonReader.read_tables` reads what they hold."""

    def read(value: object, _: KeyPath) -> CheckRows:
        rows = value if isinstance(value, list) else [value]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError
        return tuple(rows)

    return ValueKind("a table in braces, or a list of them", read)


def _paragraph() -> ValueKind[str]:
    """A text of one or more lines."""

    def read(value: object, _: KeyPath) -> str:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return value.strip()

    return ValueKind("a string in quotes", read)


def _lines(example: str) -> ValueKind[tuple[str, ...]]:
    """A list of texts; an empty text in it is reported later, as a mistake of its own."""

    def read(value: object, _: KeyPath) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
            raise ValueError
        return tuple(value)

    return ValueKind(f"a list of strings, such as {example}", read)


class StepTable(Section):
    """A step."""

    say: str = setting(_paragraph(), "", "its text")
    docker: tuple[str, ...] = setting(_lines('["docker pull nginx"]'), [], "the lines to type")
    dockmgr: tuple[str, ...] = setting(
        _lines('["dockmgr pull nginx"]'), [], "the same lines with dockmgr"
    )
    hint: str = setting(_paragraph(), "", "what the key h shows")
    fails: bool = setting(flag(), default=False, about="whether the last line is meant to fail")
    question: str = setting(one_line_text(), "", "its question")
    answer: tuple[str, ...] = setting(_lines('["yes"]'), [], "the right answers")
    container: CheckRows = setting(_tables(), [], "what must exist")
    image: CheckRows = setting(_tables(), [], "what must exist")
    volume: tuple[str, ...] = setting(text_list('["learn-data"]'), [], "globs of volumes")
    no_container: tuple[str, ...] = setting(
        text_list('["learn-web*"]'), [], "globs of what must be gone"
    )
    no_image: tuple[str, ...] = setting(
        text_list('["learn-app:1"]'), [], "images that must be gone"
    )
    no_volume: tuple[str, ...] = setting(
        text_list('["learn-data"]'), [], "globs of what must be gone"
    )
    same_image: tuple[str, ...] = setting(text_list(EXAMPLE_NAMES), [], "names of one image")
    other_image: tuple[str, ...] = setting(
        text_list(EXAMPLE_NAMES), [], "names of different images"
    )
    shared_layers: tuple[str, ...] = setting(
        text_list(EXAMPLE_NAMES), [], "images that share layers"
    )
    tag_moved: tuple[str, ...] = setting(
        text_list('["learn-app:1"]'), [], "names that mean another image now"
    )
    file: CheckRows = setting(_tables(), [], "files that differ from the image")
    event: CheckRows = setting(_tables(), [], "what must have happened")


class LessonTable(Section):
    """The keys of a lesson outside its steps."""

    title: str = setting(one_line_text(), "", "its title")
    number: int = setting(whole_number(0, 1000), 0, "its position among the lessons")


class LessonReader:
    """Reads the tables of one file, and collects their mistakes."""

    def __init__(self) -> None:
        """Begin without a mistake."""
        self.faults: list[Fault] = []

    def add_fault(self, place: Place, problem: str, hint: str) -> None:
        """Add a mistake."""
        self.faults.append(Fault(place, problem, hint))

    def read_table(self, table: type[S], row: dict[str, Any], place: Place, within: str = "") -> S:
        """Read a table as far as it is valid.

        Args:
            table: the keys that it may have.
            row: what tomllib returned.
            place: its place in the file.
            within: what comes before a problem with one of its keys.
        """
        examples = CHECK_KEY_EXAMPLES if within else KEY_EXAMPLES
        values: dict[str, Any] = {}
        for key, value in row.items():
            if key not in table.settings:
                self._add_unknown_key(table, (*place, key), within)
                continue
            try:
                values |= schema.read_table_values(table.settings, {key: value}, ())
            except InvalidSettingError as error:
                hint = f"write, for example: {examples[key]}"
                self.add_fault((*place, key), f"{within}{error.problem}", hint)
        return table(**values)

    def _add_unknown_key(self, table: type[Section], place: Place, within: str) -> None:
        from difflib import get_close_matches

        key = str(place[-1])
        known = [*table.settings, *([STEP_KEY] if table is LessonTable else [])]
        near = get_close_matches(key, known, n=1)
        suggestion = f"; did you mean {near[0]}?" if near else ""
        hint = f"the keys are: {', '.join(known)}"
        self.add_fault(place, f"{within}{key} is not a valid key{suggestion}", hint)

    def read_tables(
        self, table: type[S], found: CheckRows, place: Place, *needed: str
    ) -> tuple[S, ...]:
        """Read the tables of one check as far as they are valid, and report missing keys."""
        read: list[S] = []
        for at, row in enumerate(found):
            called = str(place[-1]) + (f" {at + 1}" if len(found) > 1 else "")
            read.append(self.read_table(table, row, (*place, at), f"{called}: "))
            for key in (it for it in needed if not row.get(it)):
                hint = f"add {CHECK_KEY_EXAMPLES[key]}"
                self.add_fault((*place, at), f"{called} has no {key}", hint)
        return tuple(read)
