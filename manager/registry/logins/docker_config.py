"""The logins in docker's config.json: its keys, its ``auths``, and changing them safely.

Source: docker/cli, ``cli/config/configfile`` and ``cli/config/credentials``.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.errors import ManagerError
from manager.references.registry_hosts import HUB_HOSTS
from manager.registry.core.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HUB_KEY = "https://index.docker.io/v1/"
IDENTITY_TOKEN_USER = "<token>"  # noqa: S105 - the name that marks a token, not a secret


def server_name(registry: str) -> str:
    """What docker calls a registry in its files and to its helpers."""
    return HUB_KEY if registry in HUB_HOSTS else registry


def registry_from_key(key: str) -> str:
    """The registry that a key in docker's files means."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return "docker.io" if host in HUB_HOSTS else host


def find_registry_keys(table: Mapping[str, Any], registry: str) -> list[str]:
    """A registry's keys in a table: the exact one first, then others of the same host."""
    exact = server_name(registry)
    wanted = registry_from_key(registry)
    others = [key for key in table if key != exact and registry_from_key(key) == wanted]
    return ([exact] if exact in table else []) + others


def read_table(
    config: Mapping[str, Any], key: str, source: str, warnings: list[str]
) -> dict[str, Any]:
    """A table of the file; empty, with a warning, where it is not an object."""
    found = config.get(key) or {}
    if isinstance(found, dict):
        return found
    warnings.append(f"{key} in {source} is not an object; ignoring it")
    return {}


def read_auths_credentials(
    config: Mapping[str, Any], registry: str, source: str, warnings: list[str]
) -> Credentials | None:
    """The credentials that stand in ``auths`` themselves."""
    auths = read_table(config, "auths", source, warnings)
    for key in find_registry_keys(auths, registry):
        try:
            if found := decode_auth_entry(auths[key]):
                return found
        except ValueError:
            # Nothing of the entry or the error is shown: they may hold the password.
            warnings.append(
                f"the entry for {registry} in auths of {source} is malformed; ignoring it"
            )
    return None


def decode_auth_entry(entry: object) -> Credentials | None:
    """Read an entry of ``auths``; ValueError if it is malformed, None if it is empty."""
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
        return Credentials(
            "" if username == IDENTITY_TOKEN_USER else username, identity_token=token
        )
    return Credentials(username, password.strip("\0")) if username else None


def encode_auth_entry(credentials: Credentials) -> dict[str, str]:
    """An entry of ``auths``. This hides nothing: base64 is not encryption."""
    username = credentials.username or IDENTITY_TOKEN_USER
    password = "" if credentials.identity_token else credentials.password
    entry = {"auth": b64encode(f"{username}:{password}".encode()).decode()}
    if credentials.identity_token:
        entry["identitytoken"] = credentials.identity_token
    return entry


def change_config_file(env: Mapping[str, str], edit: Callable[[dict[str, Any]], bool]) -> None:
    """Change ``config.json``: all of it or nothing, and for its owner's eyes only.

    Args:
        env: the environment: where the file is.
        edit: changes the contents, and says whether there is anything to write.

    Raises:
        ManagerError: it cannot be read or written, or is not a JSON object; it was not changed.
    """
    from manager.engine import contexts
    from manager.system.locks import exclusive_lock

    folder = contexts.docker_folder(env)
    # A link stays a link: what it leads to is replaced.
    path = (folder / "config.json").resolve()
    if not folder.exists():
        with suppress(OSError):  # what cannot be made is told of below
            folder.mkdir(mode=0o700, parents=True)
    with exclusive_lock(folder, lambda: None):
        try:
            config = contexts.read_json_object(path) or {}
        except ManagerError as error:
            raise ManagerError(error.message, "fix the file; it was not changed") from error
        if not isinstance(config.get("auths", {}) or {}, dict):
            raise ManagerError(
                f"auths in {path} is not an object", "fix the file; it was not changed"
            )
        if edit(config):
            try:
                _replace_file(path, json.dumps(config, indent="\t", ensure_ascii=False))
            except OSError as error:
                raise ManagerError(
                    f"{path} cannot be written: {error.strerror}",
                    "free space there or allow writing; the file was not changed",
                ) from error


def _replace_file(path: Path, text: str) -> None:
    """Put a file in the place of another, with its owner, readable by nobody else."""
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".config-", suffix=".json", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:  # made with mode 0600
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "chown"):
            with suppress(FileNotFoundError, PermissionError):  # new, or not ours to give away
                before = path.stat()
                os.chown(name, before.st_uid, before.st_gid)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
