"""How a text that was to be an address is shown again: without what can be a secret."""

import re

from manager.references.pasted_commands import command_start
from manager.references.reference import parse_reference

LONGEST_SHOWN = 60
DIGEST_PATTERN = re.compile(r"(?:md5|sha\d+|blake\w+):[0-9a-z]*|[0-9a-f]{64}", re.IGNORECASE)
"""What stands behind an ``@`` in an address, well written or not."""
TAG_PATTERN = re.compile(r"latest|stable|v?\d+(?:\.\d+)*(?:-[a-z]+)?")
"""What people write behind an ``@`` in place of a colon."""
AT_SIGN_PATTERN = re.compile(r"@|\uff20|%40")
"""An at sign in each way in which a login may be written."""
SCHEME_PATTERN = re.compile(r"[a-z][a-z0-9+.-]*://")


def redact_secrets(text: str) -> str:
    """What was typed, but for what can be a secret: a login, or all but a command's first words."""
    start = command_start(text)
    return f"{start} …" if start is not None else redact_login(text)


def redact_login(text: str) -> str:
    """What was typed, but for what may be a user and password before the registry.

    Of what is no address all is hidden before an at sign, unless what stands behind it is written
    like a digest, or there is no colon before it and what is behind is like a tag.
    """
    if parse_reference(text) is not None:
        return text
    scheme = SCHEME_PATTERN.match(text)
    begin = scheme.end() if scheme else 0
    for at in reversed(list(AT_SIGN_PATTERN.finditer(text, begin))):
        behind = AT_SIGN_PATTERN.split(text[at.end() :], maxsplit=1)[0]
        if _is_login(text[begin : at.start()], behind):
            return f"{text[:begin]}***@{text[at.end() :]}"
    return text


def _is_login(before: str, behind: str) -> bool:
    if DIGEST_PATTERN.fullmatch(behind):
        return False
    tag = before.rpartition("/")[2].partition(":")[2]
    harmless = not behind or TAG_PATTERN.fullmatch(behind) or tag == behind
    return bool(AT_SIGN_PATTERN.search(before)) or not harmless or tag not in {"", behind}


def _shorten_text(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def quote_text(text: str) -> str:
    """A text in quotes, shortened; what cannot be printed is written as its code."""
    shown = (it if it.isprintable() else it.encode("unicode_escape").decode() for it in text)
    return f"'{_shorten_text(''.join(shown))}'"
