"""Whether an image that goes can be had again, and from where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Copy:
    """What registries have said about an image."""

    reference: str = ""
    """By which a registry has it: ``repo@sha256:…``; empty where none has."""
    why: str = ""
    """Why it cannot be got back, in words; empty where it can."""
