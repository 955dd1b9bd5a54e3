"""Credential helpers: the programs that docker keeps logins with, and what it says to them.

Source of the protocol: docker/docker-credential-helpers, README.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from manager.registry.core.credentials import Credentials
from manager.registry.logins.docker_config import TOKEN_USER, keys_of, table

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

PATIENCE = 30.0
"""Seconds a credential helper gets to answer."""
OWN = frozenset({"acr-env", "ecr-login", "gcloud", "gcr"})
"""Helpers that get new logins from a cloud each time; all others keep what they were given."""
_NOT_FOUND = "credentials not found"


class BrokenError(Exception):
    """A helper cannot be used. Its sentence holds no secret."""


def program(name: str) -> str:
    """The program of a helper."""
    return f"docker-credential-{name}"


def named(config: Mapping[str, Any], registry: str, warnings: list[str]) -> list[str]:
    """The names of the helpers to ask for a registry, in order."""
    own = table(config, "credHelpers", "config.json", warnings)
    names = []
    for name in [*(own[key] for key in keys_of(own, registry)[:1]), config.get("credsStore")]:
        if isinstance(name, str) and name and not set(name) & set("/\\\0"):
            names.append(name)
        elif name:
            warnings.append("config.json names a credential helper in a wrong way: it is ignored")
        elif name == "":
            break  # an empty name in credHelpers: this registry's are in the file itself
    return list(dict.fromkeys(names))


def get(name: str, server: str, env: Mapping[str, str], patience: float) -> Credentials | None:
    """Ask a helper for a login; None if it has none.

    Raises:
        BrokenError: it is missing, fails, or does not answer.
    """
    code, output = _run(name, "get", server, env, patience)
    if code:
        if _NOT_FOUND in output.lower():
            return None
        raise _failed(name, output)
    try:
        answer = json.loads(output)
        username, secret = answer["Username"], answer["Secret"]
    except (ValueError, KeyError, TypeError):
        username = secret = None
    if not isinstance(username, str) or not isinstance(secret, str):
        # Without the error as its cause: that holds the answer.
        raise BrokenError(f"credential helper {program(name)} gave a malformed answer")
    if username == TOKEN_USER:
        return Credentials("", identity_token=secret)
    return Credentials(username, secret) if username else None


def store(
    name: str,
    server: str,
    credentials: Credentials,
    env: Mapping[str, str],
    patience: float = PATIENCE,
) -> None:
    """Give a helper a login to keep. It goes through a pipe: arguments can be seen by others.

    Raises:
        BrokenError: it could not be kept.
    """
    token = credentials.identity_token
    text = json.dumps(
        {
            "ServerURL": server,
            "Username": TOKEN_USER if token else credentials.username,
            "Secret": credentials.secret,
        }
    )
    code, output = _run(name, "store", text, env, patience)
    if code:
        raise _failed(name, output.replace(credentials.secret, "***"))


def erase(name: str, server: str, env: Mapping[str, str], patience: float = PATIENCE) -> None:
    """Let a helper forget a login; nothing happens if it has none.

    Raises:
        BrokenError: it could not be erased.
    """
    code, output = _run(name, "erase", server, env, patience)
    if code and _NOT_FOUND not in output.lower():
        raise _failed(name, output)


def listed(name: str, env: Mapping[str, str], patience: float = PATIENCE) -> dict[str, str]:
    """The logins a helper has: user names by server.

    Raises:
        BrokenError: it does not tell.
    """
    code, output = _run(name, "list", "", env, patience)
    if code:
        raise _failed(name, output)
    try:
        answer = json.loads(output)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise BrokenError(f"credential helper {program(name)} gave a malformed answer")
    return {str(key): str(user) for key, user in answer.items()}


def _failed(name: str, output: str) -> BrokenError:
    # What looks like an answer may hold the secret.
    said = "" if "{" in output else " ".join(output.split())[:200]
    return BrokenError(f"credential helper {program(name)} failed" + (f": {said}" if said else ""))


def _run(
    name: str, verb: str, text: str, env: Mapping[str, str], patience: float
) -> tuple[int, str]:
    """Run a helper; its exit code, and what it wrote to stdout."""
    import shutil
    import subprocess

    path = shutil.which(program(name), path=env.get("PATH"))
    if path is None:
        raise BrokenError(f"credential helper {program(name)} is not on the PATH")
    try:
        process = subprocess.Popen(
            [path, verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            start_new_session=True,
        )
    except OSError as error:
        raise BrokenError(
            f"credential helper {program(name)} cannot be run: {error.strerror}"
        ) from error
    with process:
        try:
            output, _ = process.communicate(text.encode(), patience)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                problem = f"gave no answer within {patience:g} s"
                # Without its cause: that may hold what was read so far.
                raise BrokenError(f"credential helper {program(name)} {problem}") from None
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
