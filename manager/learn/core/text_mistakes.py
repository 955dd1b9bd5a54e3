"""Mistakes in the texts of a lesson: too long to show, empty, or not for a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from manager.learn.core.faults import Fault
from manager.learn.core.lessons import LessonStep
from manager.learn.core.line_mistakes import find_line_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_WORDS = 80
MAX_LINE_LENGTH = 76
"""A line to type is indented by four more columns."""
STEP_KEYS = frozenset({"h", "hint", "s", "skip", "q", "quit"})
"""What a learner types at a step without answering it."""
ARTICLES = frozenset({"an", "the"})
"""Without a, which can be one of several answers to choose from."""
DIRECTION_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Characters that change the direction of others."""
SHELL_CHARACTERS = frozenset("'\"`$&;|<>()*?[]{}!#~\\/")
"""Characters that have a meaning to a shell."""
CHECK_COMMAND = "check"


def find_text_faults(step: LessonStep) -> Iterator[Fault]:
    """Find what is wrong with what a step says, asks, and lets type.

    Yields:
        Each mistake; its place is within the step.
    """
    for key, text in (("say", step.text), ("hint", step.hint)):
        yield from _find_control_characters(key, text, "\n\t")
        if (words := len(text.split())) > MAX_WORDS:
            yield Fault((key,), f"{key} has {words} words; the limit is {MAX_WORDS}", "say less")
    yield from _find_control_characters("question", step.question)
    for key, lines in (("docker", step.docker), ("dockmgr", step.dockmgr)):
        for at, line in enumerate(lines):
            # Only the last line is meant to fail.
            checked = not (step.expects_failure and at + 1 == len(lines))
            for fault in (
                *_find_control_characters(key, line),
                *_find_faults(key, line, checked=checked),
            ):
                yield Fault((key, at), fault.problem, fault.hint)
    if step.answers:
        yield from _find_answer_faults(step)


def _find_answer_faults(step: LessonStep) -> Iterator[Fault]:
    for at, answer in enumerate(step.answers):
        place = ("answer", at)
        for fault in _find_control_characters("answer", answer):
            yield Fault(place, fault.problem, fault.hint)
        plain = answer.strip().casefold()
        if LessonStep("", answers=(answer,)).accepts_answer(""):
            yield Fault(place, f"answer {answer!r} is empty", 'write, for example: answer = ["1"]')
        elif plain in ARTICLES:
            problem = f"answer {answer!r} is an article, which answers may leave out"
            yield Fault(place, problem, "write the word that follows it")
        elif plain in STEP_KEYS:
            hint = f"leave it out; these words are keys: {', '.join(sorted(STEP_KEYS))}"
            yield Fault(
                place,
                f"answer {answer!r} is a key that every step uses, so nobody can type it",
                hint,
            )


def _find_faults(key: str, line: str, *, checked: bool) -> Iterator[Fault]:
    if len(line) > MAX_LINE_LENGTH:
        problem = f"{key}: a line has {len(line)} characters; the limit is {MAX_LINE_LENGTH}"
        yield Fault((key,), problem, "leave options out, or split it into two lines")
    if not line.strip():
        yield Fault((key,), f"{key} has an empty line", "leave it out")
    for problem, hint in find_line_faults(line) if checked else ():
        yield Fault((key,), f"{key}: {problem}", hint)


def find_title_faults(values: Mapping[str, str]) -> Iterator[Fault]:
    """Find what is wrong with the texts of a lesson outside its steps."""
    for key, text in values.items():
        yield from _find_control_characters(key, text)


def _find_control_characters(key: str, text: str, allowed: str = "") -> Iterator[Fault]:
    bad = [it for it in text if it not in allowed and not _is_printable(it)]
    for character in dict.fromkeys(bad):
        problem = f"{key} has the control character U+{ord(character):04X}"
        yield Fault((key,), problem, "leave it out: terminals obey it instead of showing it")


def _is_printable(character: str) -> bool:
    """Whether a terminal shows a character, and does nothing else with it."""
    is_control = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
    return not is_control and character not in DIRECTION_MARKS


def escape_control_characters(text: str) -> str:
    """A text with the codes of its control characters."""
    return "".join(it if _is_printable(it) else f"\\u{ord(it):04x}" for it in text)


def find_name_fault(name: str) -> tuple[str, str] | None:
    """Why nobody could type a lesson's name, and what to do."""
    if name == CHECK_COMMAND:
        return (
            f"dockmgr learn {name} checks lessons: no lesson can have that name",
            f"give the file another name, such as {name}ing.toml",
        )
    foreign = sorted({it for it in name if it.isspace() or it in SHELL_CHARACTERS})
    if foreign or name.startswith("-") or not all(map(_is_printable, name)):
        problem = f"{name!r} is not a valid name of a lesson"
        return problem, "name the file with letters, digits, - and _"
    return None
