"""Credential helpers: the programs that docker keeps logins with, and what it says to them.

Source of the protocol: docker/docker-credential-helpers, README.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from manager.registry.core.credentials import Credentials
from manager.registry.logins.docker_config import (
    IDENTITY_TOKEN_USER,
    find_registry_keys,
    read_table,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

HELPER_TIMEOUT_SECONDS = 30.0
"""Seconds a credential helper gets to answer."""
CLOUD_HELPERS = frozenset({"acr-env", "ecr-login", "gcloud", "gcr"})
"""Helpers that get new logins from a cloud each time; all others keep what they were given."""
_NOT_FOUND_TEXT = "credentials not found"


class CredentialHelperError(Exception):
    """A helper cannot be used. Its sentence holds no secret."""


def helper_program(name: str) -> str:
    """The program of a helper."""
    return f"docker-credential-{name}"


def find_helper_names(config: Mapping[str, Any], registry: str, warnings: list[str]) -> list[str]:
    """The names of the helpers to ask for a registry, in order."""
    own = read_table(config, "credHelpers", "config.json", warnings)
    names = []
    for name in [
        *(own[key] for key in find_registry_keys(own, registry)[:1]),
        config.get("credsStore"),
    ]:
        if isinstance(name, str) and name and not set(name) & set("/\\\0"):
            names.append(name)
        elif name:
            warnings.append("config.json has a credential helper with an invalid name; ignoring it")
        elif name == "":
            break  # an empty name in credHelpers: this registry's are in the file itself
    return list(dict.fromkeys(names))


def get_from_helper(
    name: str, server: str, env: Mapping[str, str], patience: float
) -> Credentials | None:
    """Ask a helper for a login; None if it has none.

    Raises:
        CredentialHelperError: it is missing, fails, or does not answer.
    """
    code, output = _run_helper(name, "get", server, env, patience)
    if code:
        if _NOT_FOUND_TEXT in output.lower():
            return None
        raise _helper_error(name, output)
    try:
        answer = json.loads(output)
        username, secret = answer["Username"], answer["Secret"]
    except (ValueError, KeyError, TypeError):
        username = secret = None
    if not isinstance(username, str) or not isinstance(secret, str):
        # Without the error as its cause: that holds the answer.
        raise CredentialHelperError(
            f"credential helper {helper_program(name)} gave a malformed answer"
        )
    if username == IDENTITY_TOKEN_USER:
        return Credentials("", identity_token=secret)
    return Credentials(username, secret) if username else None


def store_in_helper(
    name: str,
    server: str,
    credentials: Credentials,
    env: Mapping[str, str],
    patience: float = HELPER_TIMEOUT_SECONDS,
) -> None:
    """Give a helper a login to keep. It goes through a pipe: arguments can be seen by others.

    Raises:
        CredentialHelperError: it could not be kept.
    """
    token = credentials.identity_token
    text = json.dumps(
        {
            "ServerURL": server,
            "Username": IDENTITY_TOKEN_USER if token else credentials.username,
            "Secret": credentials.secret,
        }
    )
    code, output = _run_helper(name, "store", text, env, patience)
    if code:
        raise _helper_error(name, output.replace(credentials.secret, "***"))


def erase_from_helper(
    name: str, server: str, env: Mapping[str, str], patience: float = HELPER_TIMEOUT_SECONDS
) -> None:
    """Let a helper forget a login; nothing happens if it has none.

    Raises:
        CredentialHelperError: it could not be erased.
    """
    code, output = _run_helper(name, "erase", server, env, patience)
    if code and _NOT_FOUND_TEXT not in output.lower():
        raise _helper_error(name, output)


def list_helper_logins(
    name: str, env: Mapping[str, str], patience: float = HELPER_TIMEOUT_SECONDS
) -> dict[str, str]:
    """The logins a helper has: user names by server.

    Raises:
        CredentialHelperError: it does not tell.
    """
    code, output = _run_helper(name, "list", "", env, patience)
    if code:
        raise _helper_error(name, output)
    try:
        answer = json.loads(output)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise CredentialHelperError(
            f"credential helper {helper_program(name)} gave a malformed answer"
        )
    return {str(key): str(user) for key, user in answer.items()}


def _helper_error(name: str, output: str) -> CredentialHelperError:
    # What looks like an answer may hold the secret.
    said = "" if "{" in output else " ".join(output.split())[:200]
    return CredentialHelperError(
        f"credential helper {helper_program(name)} failed" + (f": {said}" if said else "")
    )


def _run_helper(
    name: str, verb: str, text: str, env: Mapping[str, str], patience: float
) -> tuple[int, str]:
    """Run a helper; its exit code, and what it wrote to stdout."""
    import shutil
    import subprocess

    path = shutil.which(helper_program(name), path=env.get("PATH"))
    if path is None:
        raise CredentialHelperError(f"credential helper {helper_program(name)} is not on the PATH")
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
        raise CredentialHelperError(
            f"credential helper {helper_program(name)} cannot be run: {error.strerror}"
        ) from error
    with process:
        try:
            output, _ = process.communicate(text.encode(), patience)
        except BaseException as error:
            _kill_helper(process)
            if isinstance(error, subprocess.TimeoutExpired):
                problem = f"gave no answer within {patience:g} s"
                # Without its cause: that may hold what was read so far.
                raise CredentialHelperError(
                    f"credential helper {helper_program(name)} {problem}"
                ) from None
            raise
    return process.returncode, output.decode(errors="replace")


def _kill_helper(process: subprocess.Popen[bytes]) -> None:
    """End a helper and what it started, which may hold its pipes open."""
    import os
    import signal

    if os.name == "nt":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):  # nothing of it is left
        os.killpg(process.pid, signal.SIGKILL)
