"""Who gives tokens for a registry: to everybody, for a password, or for a token that lasts.

Source: distribution specification, "Token Authentication", "Token Authentication Implementation",
"OAuth2 Token Authentication"; Azure's "AAD OAuth" of Azure/acr for ``/oauth2/exchange``.
"""

import base64
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

from tests.certificates import Authority
from tests.registry_server import Request

LEEWAY = 60
"""Seconds for which distribution goes on to take a token that has expired."""
AUDIENCE = "registry"


@dataclass
class Tokens:
    """Gives them; a registry that trusts the authority takes them."""

    authority: Authority
    passwords: dict[str, str]
    refresh_tokens: set[str] = field(default_factory=set)
    """Identity tokens that are good for tokens."""
    directory_tokens: set[str] = field(default_factory=set)
    """Of a cloud's directory: what Azure changes for an identity token."""
    lifetime: float = 300
    """Seconds after which the registry refuses a token."""
    given: list[dict[str, Any]] = field(default_factory=list)
    """What each token allows, the last given last."""

    def __call__(self, request: Request) -> None:
        """Answer one request, whatever the path of the realm."""
        path, query = urlsplit(request.path).path, urlsplit(request.path).query
        form = parse_qs(request.body or query)
        if path.endswith("/oauth2/exchange"):
            self._exchange(request, form)
            return
        known = self._knows(request.headers.get("Authorization", ""), form)
        if known is None:
            request.reply(401, {"details": "incorrect username or password"})
            return
        scopes = [scope for text in form.get("scope", []) for scope in text.split()]
        token = self._token(known, [_allowed(scope, known) for scope in scopes])
        answer = {"token": token, "access_token": token, "expires_in": max(int(self.lifetime), 1)}
        if known and "offline_token" in form:
            answer["refresh_token"] = self.new_refresh_token()
        request.reply(200, answer, Content_Type="application/json")

    def new_refresh_token(self) -> str:
        """An identity token that is good."""
        token = secrets.token_urlsafe()
        self.refresh_tokens.add(token)
        return token

    def _exchange(self, request: Request, form: dict[str, list[str]]) -> None:
        good = form.get("grant_type") == ["access_token"]
        if not good or form.get("access_token", [""])[0] not in self.directory_tokens:
            request.reply(401, {"errors": [{"code": "UNAUTHORIZED", "message": "no"}]})
            return
        answer = {"refresh_token": self.new_refresh_token()}
        request.reply(200, answer, Content_Type="application/json")

    def _knows(self, header: str, form: dict[str, list[str]]) -> str | None:
        """Who asks: empty if anybody, None for one who only says so."""
        if form.get("grant_type") == ["refresh_token"]:
            good = form.get("refresh_token", [""])[0] in self.refresh_tokens
            return "holder" if good else None
        name, password = form.get("username", [""])[0], form.get("password", [""])[0]
        if header.startswith("Basic "):
            text = base64.b64decode(header.removeprefix("Basic ")).decode()
            name, _, password = text.partition(":")
        if not name:
            return ""
        # Azure takes an identity token for a password too, of whom no name is known.
        good = self.passwords.get(name) == password or password in self.refresh_tokens
        return name if good and password else None

    def _token(self, who: str, access: list[dict[str, Any]]) -> str:
        now = time.time()
        claims = {
            "iss": "tests",
            "sub": who,
            "aud": AUDIENCE,
            "exp": int(now + self.lifetime - LEEWAY),
            "nbf": int(now) - LEEWAY,
            "iat": int(now),
            "jti": secrets.token_hex(8),
            "access": access,
        }
        self.given.append(claims)
        chain = [base64.b64encode(self.authority.der).decode()]
        key: Any = self.authority.key
        return jwt.encode(claims, key, algorithm="RS256", headers={"x5c": chain})


def refused_from(token: str) -> float:
    """When a registry begins to refuse a token, in seconds of the wall clock."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"]) + LEEWAY


def _allowed(scope: str, who: str) -> dict[str, Any]:
    """What of ``repository:PATH:ACTIONS`` is given: all to who logged in, else what is public."""
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    wanted = actions.split(",")
    if not who:
        wanted = ["pull"] if "pull" in wanted and "private" not in name.split("/") else []
    return {"type": kind, "name": name, "actions": wanted}
