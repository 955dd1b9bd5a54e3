"""How many pulls a registry still allows, as it tells with its answers.

Source: Docker documentation, "Pull usage and limits": the headers ``ratelimit-limit`` and
``ratelimit-remaining``, each ``COUNT;w=SECONDS``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left, of how many, in which time."""

    remaining: int
    limit: int | None = None
    window: timedelta | None = None


def parse_quota(headers: Mapping[str, str]) -> Quota | None:
    """The quota in the headers of an answer; None if they hold none."""
    left = _parse_limit(headers.get("ratelimit-remaining", ""))
    if left is None:
        return None
    whole = _parse_limit(headers.get("ratelimit-limit", ""))
    return Quota(left[0], whole[0] if whole else None, left[1] or (whole[1] if whole else None))


def _parse_limit(text: str) -> tuple[int, timedelta | None] | None:
    found = re.fullmatch(r"\s*([0-9]{1,9})\s*(?:;\s*w=([0-9]{1,9}))?.*", text)
    if found is None:
        return None
    return int(found[1]), timedelta(seconds=int(found[2])) if found[2] else None
