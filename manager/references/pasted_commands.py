"""The image address in a whole command, or in a line of a Dockerfile or of a compose file."""

import re
import shlex
from dataclasses import dataclass

from manager.learn.core.shell_lines import BEFORE, PROGRAMS, Command, commands

LINE = re.compile(r"(FROM|image:)\s+(?:--\S+\s+)*(\S+)(?:\s+(?i:as)\s+\S+)?\s*")
FIRST = frozenset({"run", "create", "pull", "push", "rmi", "history", "save", "inspect", "tag"})
"""Commands whose first argument is an image."""
OWN = frozenset({"spawn", "pin", "unpin", "tags", "explain"})
"""The same of dockmgr alone."""


@dataclass(frozen=True, slots=True)
class WholeCommand:
    """A line in which somebody typed more than an address."""

    begins: str
    """Its first words, among which there can be no secret."""
    address: str
    """What of it should be an address; empty where it has none."""


def read_command(text: str) -> WholeCommand | None:
    """A whole command; None where it is none.

    Args:
        text: as it was typed.
    """
    line = LINE.fullmatch(text.strip())
    if line is not None:
        return WholeCommand(line[1], line[2])
    words = text.split()
    before = next((at for at, word in enumerate(words) if word not in BEFORE), 0)
    if len(words) - before <= 1 or words[before] not in PROGRAMS:
        return None
    begins = " ".join(words[: before + 1])
    if words[before + 1].isalpha():
        begins += f" {words[before + 1]}"
    return WholeCommand(begins, _address(text))


def _address(text: str) -> str:
    try:
        shlex.split(text)
        found = commands(text)
    except ValueError:
        return ""  # a quotation mark has no second
    return _of(found[0]) if found else ""


def _of(command: Command) -> str:
    if command.verb == "build":
        return next(iter(command.values("t", "tag")), "")
    if command.verb == "commit":
        return next(iter(command.arguments[1:]), "")
    takes_image = command.verb in FIRST or (command.program == "dockmgr" and command.verb in OWN)
    return next(iter(command.arguments), "") if takes_image else ""
