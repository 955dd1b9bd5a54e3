"""What a registry asks for before it answers, and getting it: basic, or a token from its realm.

Source: RFC 9110, section 11.6.1; distribution specification, "Token Authentication"; docker/cli,
which gets a token with an identity token by OAuth2 (``grant_type=refresh_token``).
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from manager.registry.protocol.errors import RegistryLoginError, login_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manager.registry.core.credentials import Credentials

CLIENT_ID = "dockmgr"
DEFAULT_TOKEN_SECONDS = 60
"""Seconds that a token is valid, where its realm does not say."""
EXPIRY_MARGIN_SECONDS = 5
"""Seconds before its end at which a token is not used any more."""
_OVERSIZE_ERRORS = (OverflowError, RecursionError)
"""What numbers without end and lists in lists without end are to Python."""
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_WORD_PATTERN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER_PATTERN = re.compile(
    rf'\s*({_WORD_PATTERN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD_PATTERN}))\s*(?:,|$)'
)
_SCHEME_PATTERN = re.compile(rf"[\s,]*({_WORD_PATTERN})(?:\s+|\s*,|$)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in which a registry can be asked: a scheme in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read a ``WWW-Authenticate`` header; what cannot be read ends it."""
    found: list[Challenge] = []
    at = 0
    while scheme := _SCHEME_PATTERN.match(header, at):
        at = scheme.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER_PATTERN.match(header, at):
            at = parameter.end()
            quoted = parameter[2]
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else parameter[3]
            parameters[parameter[1].lower()] = value
        found.append(Challenge(scheme[1].lower(), parameters))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class AuthToken:
    """What to send, and until when it is valid."""

    header: str
    until: float
    """Seconds of the monotonic clock."""

    @property
    def good(self) -> bool:
        """Whether it can still be sent."""
        return time.monotonic() < self.until

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Token(until={self.until})"


class Authenticator:
    """Answers the challenges of one registry with the credentials that are there for it."""

    def __init__(
        self,
        base: str,
        credentials: Credentials | None,
        send: Callable[..., tuple[int, bytes]],
    ) -> None:
        """Remember what to answer with.

        Args:
            base: the registry's URL.
            credentials: None for anonymous.
            send: sends a request (method, URL, and what `requests` takes besides), and gives the
                status and the body of the answer.
        """
        self._base = base
        self._credentials = credentials
        self._send = send

    def answer(self, header: str) -> AuthToken:
        """What to send with the next request.

        Raises:
            RegistryLoginError: the registry asks for what is not there, or in no known way.
        """
        for challenge in parse_challenges(header):
            if challenge.scheme == "bearer" and "realm" in challenge.parameters:
                return self._bearer(challenge.parameters)
            if challenge.scheme == "basic" and self._credentials is not None:
                return AuthToken(_format_basic_auth(self._credentials), float("inf"))
        raise self._refused("requires a login")

    def _bearer(self, parameters: Mapping[str, str]) -> AuthToken:
        realm = parameters["realm"]
        if not _can_receive_credentials(self._base, realm):
            raise self._refused("asks for credentials over an unencrypted connection")
        wish = {key: parameters[key] for key in ("service", "scope") if key in parameters}
        status, body = self._ask(realm, wish)
        if status != HTTPStatus.OK:
            raise self._refused(f"refused the login ({status})")
        try:
            row: dict[str, Any] = json.loads(body)
            token = row.get("token") or row["access_token"]
            seconds = float(row.get("expires_in") or DEFAULT_TOKEN_SECONDS)
        except (ValueError, LookupError, TypeError, AttributeError, *_OVERSIZE_ERRORS) as error:
            raise self._refused("gave an invalid answer to the login") from error
        until = time.monotonic() + max(seconds - EXPIRY_MARGIN_SECONDS, EXPIRY_MARGIN_SECONDS)
        return AuthToken(f"Bearer {token}", until)

    def _ask(self, realm: str, wish: dict[str, str]) -> tuple[int, bytes]:
        known = self._credentials
        if known is not None and known.identity_token:
            form = {
                **wish,
                "grant_type": "refresh_token",
                "refresh_token": known.identity_token,
                "client_id": CLIENT_ID,
            }
            return self._send("POST", realm, data=form)
        headers = {"Authorization": _format_basic_auth(known)} if known is not None else {}
        if known is not None:
            wish = {**wish, "account": known.username, "client_id": CLIENT_ID}
        return self._send("GET", realm, params=wish, headers=headers)

    def _refused(self, what: str) -> RegistryLoginError:
        host = urlsplit(self._base).netloc
        hint = "log in with" if self._credentials is None else "log in again with"
        return RegistryLoginError(f"registry {host} {what}", f"{hint}: {login_command(host)}")


def _can_receive_credentials(base: str, realm: str) -> bool:
    """Whether a realm may get credentials: by https, or as plainly as the registry itself."""
    parts = urlsplit(realm)
    if parts.scheme == "https":
        return True
    plain = urlsplit(base).scheme == "http"
    return parts.scheme == "http" and (plain or parts.hostname in LOOPBACK_HOSTS)


def _format_basic_auth(known: Credentials) -> str:
    from base64 import b64encode

    return "Basic " + b64encode(f"{known.username}:{known.password}".encode()).decode()
