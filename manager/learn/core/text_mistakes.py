"""What is wrong with the texts of a lesson: too long to show, empty, or not for a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from manager.learn.core.check_mistakes import Fault
from manager.learn.core.lessons import LessonStep
from manager.learn.core.line_mistakes import faults_of_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_WORDS = 80
LONGEST_LINE = 76
"""Columns of a line to type: four more are before it."""
KEYS = frozenset({"h", "hint", "s", "skip", "q", "quit"})
"""What somebody types at a step without meaning an answer."""
ARTICLES = frozenset({"an", "the"})
"""Not a, which can be one of several answers to choose from."""
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Letters that change the direction in which others are shown."""
NOT_WORDS = frozenset("'\"`$&;|<>()*?[]{}!#~\\/")
"""Letters that mean something else to a shell."""
OWN_WORD = "check"


def faults_of_texts(step: LessonStep) -> Iterator[Fault]:
    """What is wrong with what a step says, asks, and lets type.

    Yields:
        Each mistake; its place is within the step.
    """
    for key, text in (("say", step.say), ("hint", step.hint)):
        yield from _of_letters(key, text, "\n\t")
        if (words := len(text.split())) > MOST_WORDS:
            yield Fault((key,), f"{key} has {words} words, and may have {MOST_WORDS}", "say less")
    yield from _of_letters("question", step.question)
    for key, lines in (("docker", step.docker), ("dockmgr", step.dockmgr)):
        for at, line in enumerate(lines):
            # Only the last one is meant to be refused.
            fails = step.fails and at + 1 == len(lines)
            for fault in (*_of_letters(key, line), *_of_line(key, line, fails=fails)):
                yield Fault((key, at), fault.problem, fault.hint)
    if step.answers:
        yield from _of_answers(step)


def _of_answers(step: LessonStep) -> Iterator[Fault]:
    for at, answer in enumerate(step.answers):
        place = ("answer", at)
        yield from (Fault(place, it.problem, it.hint) for it in _of_letters("answer", answer))
        plain = answer.strip().casefold()
        if LessonStep("", answers=(answer,)).accepts(""):
            yield Fault(place, f"answer {answer!r} is empty", 'write, for example: answer = ["1"]')
        elif plain in ARTICLES:
            problem = f"answer {answer!r} is an article, and nothing is left without it"
            yield Fault(place, problem, "write the word that follows it")
        elif plain in KEYS:
            hint = f"leave it out; words that are no answers: {', '.join(sorted(KEYS))}"
            yield Fault(place, f"answer {answer!r} can never be given: it is a key", hint)


def _of_line(key: str, line: str, *, fails: bool) -> Iterator[Fault]:
    if len(line) > LONGEST_LINE:
        problem = f"{key}: a line has {len(line)} letters, and may have {LONGEST_LINE}"
        yield Fault((key,), problem, "leave options out, or make two lines of it")
    if not line.strip():
        yield Fault((key,), f"{key} has an empty line", "leave it out")
    for problem, hint in faults_of_line(line, fails=fails):
        yield Fault((key,), f"{key}: {problem}", hint)


def faults_of_lesson(values: Mapping[str, str]) -> Iterator[Fault]:
    """What is wrong with the texts of a lesson beside its steps."""
    for key, text in values.items():
        yield from _of_letters(key, text)


def _of_letters(key: str, text: str, allowed: str = "") -> Iterator[Fault]:
    bad = [it for it in text if it not in allowed and not for_terminals(it)]
    for letter in dict.fromkeys(bad):
        problem = f"{key} has the control character U+{ord(letter):04X}"
        yield Fault((key,), problem, "leave it out: terminals obey it, and show something else")


def for_terminals(letter: str) -> bool:
    """Whether a terminal shows a letter, and does nothing else with it."""
    return unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"} and letter not in TURNING


def shown(text: str) -> str:
    """A text with the codes of what is not for terminals."""
    return "".join(it if for_terminals(it) else f"\\u{ord(it):04x}" for it in text)


def fault_of_name(name: str) -> tuple[str, str] | None:
    """Why nobody could type a lesson's name, and what to do."""
    if name == OWN_WORD:
        return (
            f"dockmgr learn {name} checks lessons, and cannot take one of that name",
            f"give the file another name, such as {name}ing.toml",
        )
    foreign = sorted({it for it in name if it.isspace() or it in NOT_WORDS})
    if foreign or name.startswith("-") or not all(map(for_terminals, name)):
        what = f"{''.join(foreign)!r} in it" if foreign else "a first letter or others"
        problem = f"its name {name!r} is no plain word to type: it has {what}"
        return problem, "give the file a name of letters, digits, - and _"
    return None
