"""Keeping logins where docker keeps them: with its credential helper, or in config.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manager.engine import contexts
from manager.errors import ManagerError
from manager.references.registry_hosts import identify_registry
from manager.registry.logins import credential_helpers
from manager.registry.logins.docker_config import (
    change_config_file,
    encode_auth_entry,
    find_registry_keys,
    read_table,
    registry_from_key,
    server_name,
)
from manager.registry.logins.lookup import AUTH_CONFIG_VARIABLE, CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.registry.core.credentials import Credentials


@dataclass(frozen=True, slots=True)
class SavedLogin:
    """Where a login is kept now."""

    place: str
    """The name of the helper's program, or ``config.json``."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErasedLogin:
    """Where a login was, and is not any more."""

    places: tuple[str, ...]
    """Empty if there was none."""
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    """Why a login may still be somewhere else."""


def choose_helper(registry: str, env: Mapping[str, str], *, plaintext: bool) -> str:
    """The credential helper that docker would give a registry's login to; empty for the file.

    Args:
        registry: host, with its port if it has one.
        env: the environment: where ``config.json`` is.
        plaintext: whether ``config.json`` may have the secret itself, where there is no helper.

    Raises:
        ManagerError: there is nowhere to keep it, or ``config.json`` cannot be read.
    """
    name = next(iter(credential_helpers.find_helper_names(_read_config(env), registry, [])), "")
    if name in credential_helpers.CLOUD_HELPERS:
        raise ManagerError(
            f"{credential_helpers.helper_program(name)} gets new logins for {registry} by itself",
            "just pull: there is no login to save; config.json names it in credHelpers",
        )
    if not name and not plaintext:
        raise _no_helper_error(registry)
    return name


def save_login(
    registry: str, credentials: Credentials, env: Mapping[str, str], *, plaintext: bool
) -> SavedLogin:
    """Keep a login for docker and for this program.

    As docker does, an entry without a secret is left in ``config.json`` for what a helper keeps:
    it says that there is one, and takes the place of a secret that stood there before.

    Args:
        registry: host, with its port if it has one.
        credentials: what to keep.
        env: the environment: where ``config.json`` and the helpers are.
        plaintext: whether ``config.json`` may have the secret itself, where there is no helper.

    Raises:
        ManagerError: there is nowhere to keep it, or it could not be kept.
    """
    server = server_name(registry)
    name = choose_helper(registry, env, plaintext=plaintext)
    if name:
        try:
            credential_helpers.store_in_helper(name, server, credentials, env)
        except credential_helpers.CredentialHelperError as error:
            raise ManagerError(
                str(error), "unlock or repair it; config.json says which one is used"
            ) from error
        _put_auth_entry(env, registry, {})
        return SavedLogin(credential_helpers.helper_program(name))
    _put_auth_entry(env, registry, encode_auth_entry(credentials))
    path = contexts.docker_folder(env) / CONFIG_FILE
    warning = f"{path} holds the password in plain text: anyone who can read the file can use it"
    return SavedLogin(CONFIG_FILE, (warning,))


def erase_login(registry: str, env: Mapping[str, str]) -> ErasedLogin:
    """Forget a login, wherever docker would look for it.

    Raises:
        ManagerError: it could not be erased.
    """
    places: list[str] = []
    warnings: list[str] = []
    failures: list[str] = []
    for name in credential_helpers.find_helper_names(_read_config(env), registry, warnings):
        if name in credential_helpers.CLOUD_HELPERS:
            program = credential_helpers.helper_program(name)
            warnings.append(
                f"{program} still provides logins for {registry}: it creates them on demand"
            )
            continue
        try:
            had = [_erase_helper_login(name, it, env) for it in _server_names(registry)]
            if any(had):
                places.append(credential_helpers.helper_program(name))
        except credential_helpers.CredentialHelperError as error:
            failures.append(str(error))
    in_file: list[bool] = []

    def edit(config: dict[str, Any]) -> bool:
        auths = config.get("auths") or {}
        keys = find_registry_keys(auths, registry)
        in_file.extend(bool(auths.pop(key)) for key in keys)
        return bool(keys)

    change_config_file(env, edit)
    if any(in_file):
        places.append(CONFIG_FILE)
    return ErasedLogin(tuple(places), tuple(warnings), tuple(failures))


def list_login_registries(env: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The registries that docker has, or has had, a login for; and warnings."""
    warnings: list[str] = []
    try:
        config = _read_config(env)
    except ManagerError as error:
        return list_environment_registries(env), (error.message,)
    found = [*list_environment_registries(env)]
    for key in ("auths", "credHelpers"):
        found += read_table(config, key, CONFIG_FILE, warnings)
    store = config.get("credsStore")
    if isinstance(store, str) and store:
        try:
            found += credential_helpers.list_helper_logins(store, env)
        except credential_helpers.CredentialHelperError as error:
            warnings.append(str(error))
    # Some helpers keep what was exchanged for a login as logins of their own.
    servers = [it for it in found if not it.endswith(("/access-token", "/refresh-token"))]
    return tuple(dict.fromkeys(map(registry_from_key, servers))), tuple(warnings)


def has_environment_login(registry: str, env: Mapping[str, str]) -> bool:
    """Whether the environment has a login for a registry: that goes before all others."""
    return registry_from_key(registry) in list_environment_registries(env)


def list_environment_registries(env: Mapping[str, str]) -> tuple[str, ...]:
    """The registries that the environment has a login for."""
    try:
        config = json.loads(env.get(AUTH_CONFIG_VARIABLE) or "{}")
    except ValueError:
        return ()  # said where its credentials are looked for
    if not isinstance(config, dict):
        return ()
    return tuple(
        map(
            registry_from_key,
            read_table(config, "auths", AUTH_CONFIG_VARIABLE, []),
        )
    )


def _erase_helper_login(name: str, server: str, env: Mapping[str, str]) -> bool:
    """Whether a helper had a login, which it has not any more."""
    had = (
        credential_helpers.get_from_helper(
            name, server, env, credential_helpers.HELPER_TIMEOUT_SECONDS
        )
        is not None
    )
    if had:
        credential_helpers.erase_from_helper(name, server, env)
    return had


def _server_names(registry: str) -> tuple[str, ...]:
    """The names under which a helper may have a registry's login."""
    server = server_name(registry)
    return (server,) if server != registry else (server, f"https://{registry}")


def _put_auth_entry(env: Mapping[str, str], registry: str, entry: dict[str, str]) -> None:
    """Make one entry the only one of a registry in ``config.json``."""

    def edit(config: dict[str, Any]) -> bool:
        auths = config.get("auths") or {}
        server = server_name(registry)
        kept = {
            key: value
            for key, value in auths.items()
            if key == server or key not in find_registry_keys(auths, registry)
        }
        changed = {**kept, server: entry}
        if changed == auths:
            return False
        config["auths"] = changed
        return True

    change_config_file(env, edit)


def _read_config(env: Mapping[str, str]) -> dict[str, Any]:
    try:
        return contexts.read_docker_config(env)
    except ManagerError as error:
        raise ManagerError(error.message, "fix the file; it was not changed") from error


def _no_helper_error(registry: str) -> ManagerError:
    cloud = identify_registry(registry).cloud
    more = f"; without a saved login, {cloud} is asked each time" if cloud else ""
    return ManagerError(
        f"there is no credential helper to save the login for {registry}",
        "install one (docker-credential-pass, -secretservice, -osxkeychain or -wincred) and name"
        ' it in config.json: "credsStore": "pass"; or add --insecure-plaintext to save it'
        f" in config.json, unencrypted{more}",
    )
