"""Globs over image references, and the forms of a reference that they may name."""

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import cache

from manager.references.reference import ImageReference, InvalidReferenceError


@dataclass(frozen=True, slots=True)
class ReferenceForms:
    """A reference of an image, in all the forms in which a pattern may name it."""

    reference: str = ""
    """As the engine shows it; empty for an image that has none."""
    repositories: tuple[str, ...] = ("",)
    wholes: tuple[str, ...] = ("",)
    registry: str = ""
    tag: str = ""

    @classmethod
    def of(cls, reference: str) -> "ReferenceForms":
        """Take a reference apart."""
        try:
            parsed = ImageReference.parse(reference)
        except InvalidReferenceError:
            # An engine can hold what the grammar forbids: then only its letters can be matched.
            return cls(reference, (reference,), (reference,))
        return cls(
            reference,
            tuple(dict.fromkeys((parsed.familiar_name, parsed.repository))),
            tuple(dict.fromkeys((parsed.familiar, parsed.canonical))),
            parsed.registry,
            parsed.tag or "",
        )


NO_REFERENCE = ReferenceForms()


def matches_glob(pattern: str, name: ReferenceForms) -> bool:
    """Whether a glob names this reference: its repository, or all of it if the glob has a tag."""
    last = pattern.rpartition("/")[2]
    forms = name.wholes if ":" in last or "@" in last else name.repositories
    return any(compile_glob(pattern).match(form) for form in forms)


@cache
def compile_glob(pattern: str) -> re.Pattern[str]:
    """A shell pattern, in which ``*`` stands for slashes too."""
    return re.compile(translate(pattern))
