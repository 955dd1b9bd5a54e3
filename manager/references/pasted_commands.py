"""Recognise a whole command, or a line of a Dockerfile or compose file, typed as an address."""

import re

_COMMAND_PATTERN = re.compile(
    r"((?:(?:sudo|time)\s+)*(?:docker|podman|dockmgr)(?:\s+[a-z]+(?=\s))?)\s+\S.*"
)
_FILE_LINE_PATTERN = re.compile(r"(FROM|image:)\s+\S.*")


def find_command_start(text: str) -> str | None:
    """The first words of a pasted command, which cannot hold a secret; None for anything else.

    Args:
        text: as it was typed.
    """
    stripped = text.strip()
    found = _COMMAND_PATTERN.fullmatch(stripped) or _FILE_LINE_PATTERN.fullmatch(stripped)
    return " ".join(found[1].split()) if found else None
