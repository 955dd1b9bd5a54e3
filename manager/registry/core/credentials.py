"""What one logs in with, and how long it is valid: where the secret itself says so."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.references.registry_hosts import GOOGLE_TOKEN_USER, Cloud, RegistryService

if TYPE_CHECKING:
    from manager.references.registry_hosts import RegistryHost

_LOGIN_LIFETIMES = {
    RegistryService.ECR: "12 h",
    RegistryService.ECR_PUBLIC: "12 h",
    RegistryService.AZURE: "3 h",
}
_JWT_PART_COUNT = 3
"""Of a JSON Web Token: header, claims, signature."""


@dataclass(frozen=True)
class Credentials:
    """Name and password of a registry, or an identity token; its repr holds no secret."""

    username: str
    """May be empty with an identity token."""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    """An OAuth2 refresh token; where it is given, the password is not used."""

    @property
    def secret(self) -> str:
        """What must not be shown."""
        return self.identity_token or self.password

    def auth_config(self) -> dict[str, str]:
        """The ``auth_config`` that the Docker SDK sends the engine."""
        if self.identity_token:
            return {"identitytoken": self.identity_token}
        return {"username": self.username, "password": self.password}


def parse_expiry(kind: RegistryHost, secret: str) -> datetime | None:
    """Until when a secret is valid by what it holds; None where it does not say.

    Source: amazon-ecr-credential-helper and Amazon ECR: the password is the base64 of a JSON
    object with ``expiration`` in seconds since 1970; Azure: a JSON Web Token (RFC 7519, ``exp``).

    Args:
        kind: the registry it is for.
        secret: the password or the identity token.
    """
    if kind.cloud is Cloud.AWS:
        return _parse_timestamp(_decode_object(secret, url_safe=False).get("expiration"))
    if kind.cloud is Cloud.AZURE and secret.count(".") == _JWT_PART_COUNT - 1:
        return _parse_timestamp(_decode_object(secret.split(".")[1], url_safe=True).get("exp"))
    return None


def has_hidden_expiry(kind: RegistryHost, username: str) -> bool:
    """Whether a login lasts for a short while and does not say until when: Google's, 1 h."""
    return kind.cloud is Cloud.GOOGLE and username == GOOGLE_TOKEN_USER


def login_lifetime(kind: RegistryHost) -> str:
    """How long logins there last, in words; empty where that differs."""
    return _LOGIN_LIFETIMES.get(kind.service, "")


def _decode_object(text: str, *, url_safe: bool) -> dict[str, Any]:
    """The JSON object in some base64 text; empty where it is not one."""
    padded = text + "=" * (-len(text) % 4)
    try:
        data = urlsafe_b64decode(padded) if url_safe else b64decode(padded, validate=True)
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _parse_timestamp(seconds: object) -> datetime | None:
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
