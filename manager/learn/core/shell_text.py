"""What a shell does with the text of a line before it runs it: quotes, comments, expansions."""

from __future__ import annotations

import re

BARE, DOUBLE, SINGLE, ESCAPED = "bare", "double", "single", "escaped"
QUOTES = {'"': DOUBLE, "'": SINGLE}
HIDDEN = "x"
"""What stands for a letter that means only itself."""
_VARIABLE = re.compile(r"\$(?:\w+|\{[^}]*\}?|[?!#*@$'\"-])")
_KNOWN = frozenset({"$?", "$PWD", "${PWD}"})
"""Variables of which every shell knows what is in them, and that nobody sets."""
_BRACES = re.compile(r"\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
_COMMENT = re.compile(r"(?:^|[\s;&|])#")


def _quoting(line: str) -> list[str]:
    """How each letter is quoted; a mark of quoting counts as what it begins or ends."""
    marks: list[str] = []
    now, escaped = BARE, False
    for letter in line:
        if escaped:
            marks.append(ESCAPED)
            escaped = False
        elif letter == "\\" and now != SINGLE:
            marks.append(ESCAPED)
            escaped = True
        elif letter in QUOTES and now in {BARE, QUOTES[letter]}:
            marks.append(QUOTES[letter])
            now = BARE if now != BARE else QUOTES[letter]
        else:
            marks.append(now)
    return marks


def _seen(line: str, *marks: str) -> str:
    """A line in which only letters that are quoted in some way are left."""
    pairs = zip(line, _quoting(line), strict=True)
    return "".join(letter if mark in marks else HIDDEN for letter, mark in pairs)


def without_comment(line: str) -> str:
    """A line up to its comment."""
    found = _COMMENT.search(_seen(line, BARE))
    return line[: found.end() - 1] if found else line


def expansion(line: str) -> str:
    """What a shell would put something else for that cannot be known, as a phrase; empty if none.

    Source: POSIX, Shell Command Language, 2.6 Word Expansions; braces are those of bash.
    """
    line = without_comment(line)
    bare, open_ = _seen(line, BARE), _seen(line, BARE, DOUBLE)
    if "$(" in open_ or "`" in open_ or re.search(r"[<>]\(", bare):
        return "what another command prints stands in it"
    if set("()") & set(bare):
        return "it has brackets, which mean something to a shell"
    for found in _VARIABLE.finditer(open_):
        if found[0] not in _KNOWN:
            return f"it has the variable {found[0]}"
    braces = _BRACES.search(bare)
    return f"a shell makes several words of {braces[0]}" if braces else ""
