"""Show again what was typed as an address, without anything that can be a secret."""

import re

from manager.references.grammar import split_address
from manager.references.pasted_commands import find_command_start

LONGEST_SHOWN = 60
DIGEST_LIKE_PATTERN = re.compile(r"(?:md5|sha\d+|blake\w+):[0-9a-z]*|[0-9a-f]{64}", re.IGNORECASE)
"""What follows an ``@`` in an address, well written or not."""
TAG_LIKE_PATTERN = re.compile(r"latest|stable|v?\d+(?:\.\d+)*(?:-[a-z]+)?")
"""What people write after an ``@`` in place of a colon."""
AT_SIGN_PATTERN = re.compile(r"@|\uff20|%40")
"""An at sign in each way in which a login may be written."""
SCHEME_PATTERN = re.compile(r"[a-z][a-z0-9+.-]*://")


def redact_secrets(text: str) -> str:
    """Hide what can be a secret: a login, or all but the first words of a command."""
    start = find_command_start(text)
    return f"{start} …" if start is not None else redact_login(text)


def redact_login(text: str) -> str:
    """Hide what may be a user and password before the registry.

    In a text that is not an address, everything before an at sign is hidden, unless a digest
    follows the sign, or a tag does and no colon stands before it.
    """
    if split_address(text) is not None:
        return text
    scheme = SCHEME_PATTERN.match(text)
    begin = scheme.end() if scheme else 0
    for at in reversed(list(AT_SIGN_PATTERN.finditer(text, begin))):
        after = AT_SIGN_PATTERN.split(text[at.end() :], maxsplit=1)[0]
        if _is_login(text[begin : at.start()], after):
            return f"{text[:begin]}***@{text[at.end() :]}"
    return text


def _is_login(before: str, after: str) -> bool:
    if DIGEST_LIKE_PATTERN.fullmatch(after):
        return False
    tag = before.rpartition("/")[2].partition(":")[2]
    harmless = not after or TAG_LIKE_PATTERN.fullmatch(after) or tag == after
    return bool(AT_SIGN_PATTERN.search(before)) or not harmless or tag not in {"", after}


def _shorten_text(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def quote_text(text: str) -> str:
    """Quote a text, shortened; characters that cannot be printed are written as their codes."""
    shown = (it if it.isprintable() else it.encode("unicode_escape").decode() for it in text)
    return f"'{_shorten_text(''.join(shown))}'"
