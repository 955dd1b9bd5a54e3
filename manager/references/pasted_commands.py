"""Whether a text is a whole command, or a line of a Dockerfile or compose file, not an address."""

import re

_COMMAND = re.compile(
    r"((?:(?:sudo|time)\s+)*(?:docker|podman|dockmgr)(?:\s+[a-z]+(?=\s))?)\s+\S.*"
)
_FILE_LINE = re.compile(r"(FROM|image:)\s+\S.*")


def command_start(text: str) -> str | None:
    """The first words of a pasted command, among which there can be no secret; None for others.

    Args:
        text: as it was typed.
    """
    found = _COMMAND.fullmatch(text.strip()) or _FILE_LINE.fullmatch(text.strip())
    return " ".join(found[1].split()) if found else None
