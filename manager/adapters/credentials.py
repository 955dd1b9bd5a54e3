"""Registry credentials where docker keeps them: environment, credential helpers, config.json."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from manager.adapters import contexts
from manager.errors import ManagerError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

HELPER_PATIENCE = 30.0
"""Seconds a credential helper gets to answer."""

_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HUB_KEY = "https://index.docker.io/v1/"
_TOKEN_USER = "<token>"  # noqa: S105 - the name that marks a token, not a secret
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True)
class Credentials:
    """Name and password of a registry, or an identity token; its repr holds no secret."""

    username: str
    """May be empty with an identity token."""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    """An OAuth2 refresh token; where it is given, the password is not used."""

    def auth_config(self) -> dict[str, str]:
        """The ``auth_config`` that the Docker SDK sends the engine."""
        if self.identity_token:
            return {"identitytoken": self.identity_token}
        return {"username": self.username, "password": self.password}


class _BrokenError(Exception):
    """A source of credentials cannot be used. Its sentence holds no secret."""


def find(
    registry: str, env: Mapping[str, str], patience: float = HELPER_PATIENCE
) -> tuple[Credentials | None, list[str]]:
    """Find the credentials that the docker command would use for a registry.

    In order: ``DOCKER_AUTH_CONFIG``; the helper that ``config.json`` names in ``credHelpers`` for
    the registry, else in ``credsStore``; ``auths`` in ``config.json``. As with docker, a helper
    that answers "not found" has the last word. One that is missing or broken, and a file that
    cannot be read, are skipped with a warning, so that public images can still be pulled.
    Source: docker/cli, ``cli/config/configfile`` and ``cli/config/credentials``.

    Args:
        registry: host, with its port if it has one: ``docker.io``, ``localhost:5000``.
        env: the environment: ``DOCKER_AUTH_CONFIG``, ``DOCKER_CONFIG``, ``PATH``, the home folder.
        patience: seconds a helper gets to answer.

    Returns:
        The credentials, None if there are none; and warnings, each one sentence without secrets.
    """
    warnings: list[str] = []
    if (text := env.get("DOCKER_AUTH_CONFIG")) and (
        found := _in_environment(text, registry, warnings)
    ):
        return found, warnings
    try:
        config = contexts.docker_config(env)
    except ManagerError as error:
        return None, [*warnings, error.message]
    for name in _helpers(config, registry, warnings):
        try:
            return _ask(name, _server(registry), env, patience), warnings
        except _BrokenError as error:
            warnings.append(str(error))
    return _in_auths(config, registry, "config.json", warnings), warnings


def _server(registry: str) -> str:
    """What docker calls a registry in its files and to its helpers."""
    return _HUB_KEY if registry in _HUB_HOSTS else registry


def _matching(table: Mapping[str, Any], registry: str) -> list[Any]:
    """The values of a registry's keys: the exact one first, then others of the same host."""
    server = _server(registry)
    hosts = _HUB_HOSTS if server == _HUB_KEY else {registry}
    keys = [key for key in table if key != server and _host(key) in hosts]
    return [table[key] for key in ([server] if server in table else []) + keys]


def _host(key: str) -> str:
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _table(config: Mapping[str, Any], key: str, source: str, warnings: list[str]) -> dict[str, Any]:
    table = config.get(key) or {}
    if isinstance(table, dict):
        return table
    warnings.append(f"{key} in {source} is not an object: it is ignored")
    return {}


def _in_environment(text: str, registry: str, warnings: list[str]) -> Credentials | None:
    try:
        config = json.loads(text)
    except ValueError:
        config = None
    if isinstance(config, dict):
        return _in_auths(config, registry, "DOCKER_AUTH_CONFIG", warnings)
    warnings.append("DOCKER_AUTH_CONFIG is not a JSON object: it is ignored")
    return None


def _in_auths(
    config: Mapping[str, Any], registry: str, source: str, warnings: list[str]
) -> Credentials | None:
    for entry in _matching(_table(config, "auths", source, warnings), registry):
        try:
            if found := _decoded(entry):
                return found
        except ValueError:
            # Nothing of the entry or the error is shown: they may hold the password.
            warnings.append(
                f"the entry of {registry} in auths of {source} is broken: it is ignored"
            )
    return None


def _decoded(entry: object) -> Credentials | None:
    """Read an entry of ``auths``; ValueError if it is malformed, None if it is empty."""
    from base64 import b64decode

    if not isinstance(entry, dict) or not all(
        isinstance(entry.get(key, ""), str)
        for key in ("auth", "username", "password", "identitytoken")
    ):
        raise ValueError
    username, password = entry.get("username", ""), entry.get("password", "")
    if auth := entry.get("auth"):
        username, colon, password = b64decode(auth, validate=True).decode().partition(":")
        if not colon or not username:
            raise ValueError
    if token := entry.get("identitytoken"):
        return Credentials("" if username == _TOKEN_USER else username, identity_token=token)
    return Credentials(username, password.strip("\0")) if username else None


def _helpers(config: Mapping[str, Any], registry: str, warnings: list[str]) -> list[str]:
    """The names of the helpers to ask, in order."""
    own = _matching(_table(config, "credHelpers", "config.json", warnings), registry)[:1]
    names = []
    for name in [*own, config.get("credsStore")]:
        if isinstance(name, str) and name and not set(name) & set("/\\\0"):
            names.append(name)
        elif name:
            warnings.append("config.json names a credential helper in a wrong way: it is ignored")
        elif name == "":
            break  # an empty name in credHelpers: this registry's are in the file itself
    return list(dict.fromkeys(names))


def _ask(name: str, server: str, env: Mapping[str, str], patience: float) -> Credentials | None:
    """Ask a helper. Source of the protocol: docker/docker-credential-helpers, README."""
    code, output = _run(f"docker-credential-{name}", server, env, patience)
    if code:
        if _NOT_FOUND in output.lower():
            return None
        # What looks like an answer may hold the secret.
        said = "" if "{" in output else " ".join(output.split())[:200]
        raise _BrokenError(
            f"credential helper docker-credential-{name} failed" + (f": {said}" if said else "")
        )
    try:
        answer = json.loads(output)
        username, secret = answer["Username"], answer["Secret"]
    except (ValueError, KeyError, TypeError):
        username = secret = None
    if not isinstance(username, str) or not isinstance(secret, str):
        # Without the error as its cause: that holds the answer.
        raise _BrokenError(f"credential helper docker-credential-{name} gave a malformed answer")
    if username == _TOKEN_USER:
        return Credentials("", identity_token=secret)
    return Credentials(username, secret) if username else None


def _run(program: str, server: str, env: Mapping[str, str], patience: float) -> tuple[int, str]:
    """Run a helper; its exit code, and what it wrote to stdout."""
    import shutil
    import subprocess

    path = shutil.which(program, path=env.get("PATH"))
    if path is None:
        raise _BrokenError(f"credential helper {program} is not on the PATH")
    try:
        process = subprocess.Popen(
            [path, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            start_new_session=True,
        )
    except OSError as error:
        raise _BrokenError(
            f"credential helper {program} cannot be run: {error.strerror}"
        ) from error
    with process:
        try:
            output, _ = process.communicate(server.encode(), patience)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                problem = f"gave no answer within {patience:g} s"
                # Without its cause: that may hold what was read so far.
                raise _BrokenError(f"credential helper {program} {problem}") from None
            raise
    return process.returncode, output.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a helper and what it started, which may hold its pipes open."""
    import os
    import signal

    if os.name == "nt":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):  # nothing of it is left
        os.killpg(process.pid, signal.SIGKILL)
