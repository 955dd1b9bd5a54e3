"""The kind of a failed pull or push, recognised by the words of engines and registries."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache


class FailureKind(StrEnum):
    """What went wrong."""

    MISSING_TAG = "missing tag"
    ABSENT_OR_DENIED = "missing or private"
    RATE_LIMIT = "too many pulls"
    LOGIN = "login needed"
    EXPIRED = "login expired"
    NETWORK = "no network"
    TLS = "tls"
    NO_SPACE = "no space"
    PLATFORM = "wrong platform"
    TRANSIENT = "temporary failure"
    OTHER = "other"


# What engines and registries write; the first pattern that fits decides. Docker 20.10 to 28 on
# both stores, Podman, Docker Hub, CNCF distribution.
_FAILURE_PATTERNS: tuple[tuple[FailureKind, tuple[str, ...]], ...] = (
    (FailureKind.NO_SPACE, ("no space left on device", "disk quota exceeded")),
    (FailureKind.RATE_LIMIT, ("toomanyrequests", "too many requests", r"\b429\b")),
    (
        FailureKind.PLATFORM,
        (
            "no matching manifest",
            "does not match the specified platform",
            "no image found in (image|manifest) (index|list)",
            "no match for platform",
            "choosing an image from manifest list",
        ),
    ),
    (
        FailureKind.LOGIN,
        (
            "no basic auth credentials",
            "authentication required",
            "incorrect username",
            "invalid username/password",
            r"\b401\b",
        ),
    ),
    (
        FailureKind.ABSENT_OR_DENIED,
        ("denied", "repository does not exist", "insufficient_scope", "name unknown", r"\b403\b"),
    ),
    (
        FailureKind.MISSING_TAG,
        ("manifest unknown", "manifest for .* not found", "not found", r"\b404\b"),
    ),
    # A name server that refuses means no network: the registry itself was never asked.
    (FailureKind.NETWORK, (r"\blookup \S+( on \S+)?: .*(refused|unreachable)",)),
    (
        FailureKind.TRANSIENT,
        (
            r"\beof\b",
            "connection reset",
            "connection refused",
            "broken pipe",
            "timeout",
            "timed out",
            "deadline exceeded",
            r"\b50[0234]\b",
            "internal server error",
            "bad gateway",
            "service unavailable",
            "server misbehaving",
            "temporary failure",
            "unexpected status",
        ),
    ),
    (
        FailureKind.TLS,
        ("x509", "certificate", "tls: ", "server gave http response to https client"),
    ),
    (
        FailureKind.NETWORK,
        ("no such host", "network is unreachable", "no route to host", "host is down"),
    ),
)


@cache
def _compile_failure_patterns() -> tuple[tuple[FailureKind, re.Pattern[str]], ...]:
    """Compiled at the first failure, in one step: several pulls can fail at the same time."""
    return tuple((kind, re.compile("|".join(signs))) for kind, signs in _FAILURE_PATTERNS)


def classify_failure(said: str) -> FailureKind:
    """The kind of a failure, from the engine's own words."""
    text = said.lower()
    return next(
        (kind for kind, signs in _compile_failure_patterns() if signs.search(text)),
        FailureKind.OTHER,
    )
