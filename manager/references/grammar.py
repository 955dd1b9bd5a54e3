"""The grammar of image addresses that Docker's engine uses, and how an address is taken apart.

Source: distribution/reference 0.6.0 (Go), whose ``ParseNormalizedNamed`` and ``TagNameOnly``
this follows value by value; go-digest 1.0.0 for digests.
"""

import re
from functools import cache
from typing import NamedTuple

DEFAULT_REGISTRY = "docker.io"
LEGACY_REGISTRY = "index.docker.io"
OFFICIAL_PREFIX = "library/"
DEFAULT_TAG = "latest"
HIGHEST_PORT = 65535
LONGEST_PATH = 255
LONGEST_TAG = 128
ID_DIGITS = 64
HEX_DIGITS = frozenset("0123456789abcdef")
DIGEST_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The registered algorithms, and how many hexadecimal digits each has."""
REFERENCE_SYNTAX = (
    "an image address has the form [REGISTRY/]NAME[:TAG][@DIGEST], "
    "for example nginx or ghcr.io/org/app:v1"
)

COMPONENT_PATTERN = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
PATH_PATTERN = rf"{COMPONENT_PATTERN}(?:/{COMPONENT_PATTERN})*"
TAG_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_HOST_LABEL_PATTERN = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
REGISTRY_PATTERN = (
    rf"(?:{_HOST_LABEL_PATTERN}(?:\.{_HOST_LABEL_PATTERN})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
)
_DIGEST_PATTERN = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"


class AddressParts(NamedTuple):
    """The parts of a valid address, with what is left out filled in."""

    registry: str
    """Empty where the part before the first slash looks like a registry and cannot be one."""
    path: str
    tag: str | None
    digest: str | None


@cache
def _compile_grammar() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile at the first use: a command that reads no address does not wait for it."""
    name = rf"(?:{REGISTRY_PATTERN}/)?{PATH_PATTERN}"
    return (
        re.compile(rf"({name})(?::({TAG_PATTERN}))?(?:@({_DIGEST_PATTERN}))?"),
        re.compile(rf"(?:({REGISTRY_PATTERN})/)?({PATH_PATTERN})"),
    )


def split_address(text: str) -> AddressParts | None:
    """Take an address apart; None if the text is not a valid one."""
    if is_bare_id(text):
        return None
    registry, rest = split_registry(text)
    whole, name = _compile_grammar()
    parts = whole.fullmatch(f"{registry}/{rest}")
    if parts is None:
        return None
    found = name.fullmatch(parts[1])
    if found is None or len(found[2]) > LONGEST_PATH:
        return None
    tag, digest = parts[2], parts[3]
    if digest and not is_digest(digest):
        return None
    if not tag and not digest:
        tag = DEFAULT_TAG
    return AddressParts(found[1] or "", found[2], tag, digest)


def split_registry(text: str) -> tuple[str, str]:
    """Separate the registry of an address from the rest, filling in what is left out."""
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_REGISTRY, OFFICIAL_PREFIX + text
    if first == LEGACY_REGISTRY:
        first = DEFAULT_REGISTRY
    elif first != "localhost" and not set(first) & set(".:") and first.lower() == first:
        first, rest = DEFAULT_REGISTRY, text
    if first == DEFAULT_REGISTRY and "/" not in rest:
        rest = OFFICIAL_PREFIX + rest
    return first, rest


def is_bare_id(text: str) -> bool:
    """Whether a text looks like the id of an image: 64 hexadecimal digits and nothing else."""
    return len(text) == ID_DIGITS and set(text) <= HEX_DIGITS


def is_digest(text: str) -> bool:
    """Whether a text is a digest of a registered algorithm, of its exact length, in lowercase."""
    algorithm, _, digits = text.partition(":")
    return DIGEST_DIGITS.get(algorithm) == len(digits) and set(digits) <= HEX_DIGITS
