"""What one logs in with: a name and a password, or an identity token."""

from __future__ import annotations

from dataclasses import dataclass, field


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
