"""Events of an engine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """Something that happened on the engine."""

    kind: str
    """container, image, volume…"""
    action: str
    name: str
    exit_code: int | None = None
