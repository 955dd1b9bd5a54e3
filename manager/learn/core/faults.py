"""Mistakes in a lesson's file, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Place: TypeAlias = "tuple[str | int, ...]"
"""A place in a file: keys, and positions in lists."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake."""

    place: Place
    problem: str
    hint: str
