"""How the text of a page is laid out: lines, labels, counts and lists of names."""

import re

PAGE_WIDTH = 79
"""Columns of a page: one fewer than terminals have, since some break a line that is full."""
NO_BREAK_SPACE = "\u00a0"
"""Where a line may not end."""
COMMAND_PATTERN = re.compile(r"(?<=: )(?:dockmgr|docker) .*?(?=[.,;] |\.?$)")
"""A command in a sentence: on one line, so that it can be copied."""


def wrap_text(
    text: str, width: int = PAGE_WIDTH, first: str = "", later: str = ""
) -> tuple[str, ...]:
    """Break a text into lines; a longer word is broken before an ``@`` or after a ``/``.

    Args:
        text: one paragraph.
        width: columns.
        first: what the first line begins with.
        later: what the others begin with.
    """
    room = width - len(later)
    whole = COMMAND_PATTERN.sub(
        lambda it: it[0].replace(" ", NO_BREAK_SPACE) if len(it[0]) <= room else it[0], text
    )
    lines, line, begun = [], first, False
    for word in re.split(r"[ \n]+", whole.strip()):
        for number, piece in enumerate(_split_long_word(word, room)):
            gap = " " if begun and not number else ""
            if begun and len(line) + len(gap) + len(piece) > width:
                lines.append(line)
                line, gap = later, ""
            line, begun = line + gap + piece, True
    return tuple(
        it.replace(NO_BREAK_SPACE, " ") for it in (*lines, *([line] if begun and line else ()))
    )


def _split_long_word(word: str, room: int) -> list[str]:
    """Split a word that is longer than a line into parts that fit one."""
    if len(word) <= room:
        return [word]
    parts = re.split(r"(?<=/)(?=[^/])|(?<=.)(?=@)", word)
    return [part[at : at + room] for part in parts for at in range(0, len(part), room)]


def format_row(label: str, text: str, indent: int = 2) -> tuple[str, ...]:
    """Format a label and its value; a long value goes on in the next line, indented."""
    first = " " * indent + f"{label}: "
    later = " " * (indent + 2)
    longest = max(map(len, text.split()), default=0)
    if len(first) + longest > PAGE_WIDTH:
        return (
            *wrap_text(f"{label}:", PAGE_WIDTH, " " * indent, later),
            *wrap_text(text, PAGE_WIDTH, later, later),
        )
    return wrap_text(text, PAGE_WIDTH, first, later)


def format_count(count: int, word: str) -> str:
    """Format a number and its noun: ``1 image``, ``2 images``."""
    return f"{count} {word}{'s' * (count != 1)}"


def format_names(names: tuple[str, ...], most: int = 4) -> str:
    """Join names as in a sentence: ``a, b and 3 more``."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
