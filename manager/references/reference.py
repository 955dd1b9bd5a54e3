"""Image addresses: the grammar that Docker's engine uses, and what a short one stands for.

Source: distribution/reference 0.6.0 (Go), whose ``ParseNormalizedNamed`` and ``TagNameOnly``
this follows value by value; go-digest 1.0.0 for digests.
"""

import re
from dataclasses import dataclass, field
from functools import cache

from manager.errors import ExitCode, ManagerError

DEFAULT_REGISTRY = "docker.io"
LEGACY_REGISTRY = "index.docker.io"
OFFICIAL_PREFIX = "library/"
DEFAULT_TAG = "latest"
HIGHEST_PORT = 65535
LONGEST_PATH = 255
LONGEST_TAG = 128
ID_DIGITS = 64
DIGEST_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The registered algorithms, and how many hexadecimal digits each has."""
REFERENCE_SYNTAX = (
    "an image address is [REGISTRY/]NAME[:TAG][@DIGEST], as in nginx or ghcr.io/org/app:v1"
)

COMPONENT_PATTERN = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
PATH_PATTERN = rf"{COMPONENT_PATTERN}(?:/{COMPONENT_PATTERN})*"
TAG_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_HOST_LABEL_PATTERN = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
REGISTRY_PATTERN = (
    rf"(?:{_HOST_LABEL_PATTERN}(?:\.{_HOST_LABEL_PATTERN})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
)
_DIGEST_PATTERN = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"


class InvalidReferenceError(ManagerError):
    """What was typed is no image address."""

    def __init__(self, message: str) -> None:
        """Keep the sentence; the hint is the form of an address."""
        super().__init__(message, REFERENCE_SYNTAX, ExitCode.USAGE)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """What an address means; equal if it means the same, however it was typed."""

    typed: str = field(compare=False)
    registry: str
    """Host and port. Empty only where the part before the first slash looks like a registry
    and cannot be one, as in ``a_b.c/d``: the grammar then takes all of it for the path."""
    path: str
    """Of the repository in its registry: ``library/nginx``."""
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, text: str) -> "ImageReference":
        """Read an address.

        Raises:
            InvalidReferenceError: (usage) it is none; the error says which part is wrong and,
                where it can, what would be right.
        """
        found = parse_reference(text)
        if found is None:
            from manager.references.diagnosis import describe_fault

            raise InvalidReferenceError(describe_fault(text))
        return found

    @property
    def repository(self) -> str:
        """Registry and path, without tag or digest."""
        return f"{self.registry}/{self.path}" if self.registry else self.path

    @property
    def canonical(self) -> str:
        """The address with nothing left out; it parses back to an equal value."""
        return self.repository + self._suffix

    @property
    def familiar(self) -> str:
        """The address as docker shows it, without what it fills in.

        It does not always parse back: ``docker.io/a.b/c`` is shown as ``a.b/c``, which would
        be read as repository ``c`` of a registry ``a.b``.
        """
        return self.familiar_name + self._suffix

    @property
    def familiar_name(self) -> str:
        """The repository as docker shows it."""
        if self.registry != DEFAULT_REGISTRY:
            return self.repository
        short = self.path.removeprefix(OFFICIAL_PREFIX)
        return self.path if "/" in short else short

    @property
    def for_engine(self) -> str:
        """What to give to an engine: by digest if there is one; short where that is safe."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return self.familiar if parse_reference(self.familiar) == self else self.canonical

    @property
    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return tag + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        """The familiar form."""
        return self.familiar


@cache
def _compile_grammar() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compiled at the first use: a command that reads no address does not wait for it."""
    name = rf"(?:{REGISTRY_PATTERN}/)?{PATH_PATTERN}"
    return (
        re.compile(rf"({name})(?::({TAG_PATTERN}))?(?:@({_DIGEST_PATTERN}))?"),
        re.compile(rf"(?:({REGISTRY_PATTERN})/)?({PATH_PATTERN})"),
    )


def parse_reference(text: str) -> ImageReference | None:
    """The address, or None if it is none."""
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
    return ImageReference(text, found[1] or "", found[2], tag, digest)


def split_registry(text: str) -> tuple[str, str]:
    """The registry of an address and the rest, with what is left out filled in."""
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
    """Whether it looks like the id of an image: 64 hexadecimal digits and nothing else."""
    return len(text) == ID_DIGITS and set(text) <= set("0123456789abcdef")


def is_digest(text: str) -> bool:
    """Whether it is a digest of a registered algorithm, of its exact length, in lower case."""
    algorithm, _, digits = text.partition(":")
    return DIGEST_DIGITS.get(algorithm) == len(digits) and set(digits) <= set("0123456789abcdef")
