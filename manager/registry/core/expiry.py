"""Until when a registry's password or token is good, where it says so itself."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.references.registry_hosts import TOKEN_USER, Cloud, Kind

if TYPE_CHECKING:
    from manager.references.registry_hosts import RegistryKind

_LIFETIMES = {Kind.ECR: "12 h", Kind.ECR_PUBLIC: "12 h", Kind.AZURE: "3 h"}
_PARTS = 3
"""Of a JSON Web Token: header, claims, signature."""


def written_in(kind: RegistryKind, secret: str) -> datetime | None:
    """Until when a secret is good by what it holds; None where it does not say.

    Source: amazon-ecr-credential-helper and Amazon ECR: the password is the base64 of a JSON
    object with ``expiration`` in seconds since 1970; Azure: a JSON Web Token (RFC 7519, ``exp``).

    Args:
        kind: the registry it is for.
        secret: the password or the identity token.
    """
    if kind.cloud is Cloud.AWS:
        return _moment(_object(secret, url_safe=False).get("expiration"))
    if kind.cloud is Cloud.AZURE and secret.count(".") == _PARTS - 1:
        return _moment(_object(secret.split(".")[1], url_safe=True).get("exp"))
    return None


def opaque(kind: RegistryKind, username: str) -> bool:
    """Whether a login lasts for a short while and does not say until when: Google's, 1 h."""
    return kind.cloud is Cloud.GOOGLE and username == TOKEN_USER


def lifetime(kind: RegistryKind) -> str:
    """How long logins there last, in words; empty where that differs."""
    return _LIFETIMES.get(kind.kind, "")


def _object(text: str, *, url_safe: bool) -> dict[str, Any]:
    """The JSON object in some base64; empty where there is none."""
    padded = text + "=" * (-len(text) % 4)
    try:
        data = urlsafe_b64decode(padded) if url_safe else b64decode(padded, validate=True)
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _moment(seconds: object) -> datetime | None:
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
