"""References: what an image address means, and the forms in which it is written."""

from dataclasses import dataclass, field

from manager.errors import ExitCode, ManagerError
from manager.references.grammar import (
    DEFAULT_REGISTRY,
    OFFICIAL_PREFIX,
    REFERENCE_SYNTAX,
    split_address,
)


class InvalidReferenceError(ManagerError):
    """A text that was typed is not a valid image address."""

    def __init__(self, message: str) -> None:
        """Keep the sentence; the hint is the form of an address."""
        super().__init__(message, REFERENCE_SYNTAX, ExitCode.USAGE)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """The meaning of an address; two are equal if they mean the same, however they were typed."""

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
            InvalidReferenceError: (usage) the text is not a valid address; the error says which
                part is wrong and, where possible, what would be right.
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


def parse_reference(text: str) -> ImageReference | None:
    """Read an address; None if the text is not a valid one."""
    parts = split_address(text)
    return ImageReference(text, *parts) if parts is not None else None
