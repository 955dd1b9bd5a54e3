"""Keeping logins where docker keeps them: with its credential helper, or in config.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manager.engine import contexts
from manager.errors import ManagerError
from manager.references import registry_hosts as registry_kinds
from manager.registry.logins import docker_config as docker_auths
from manager.registry.logins import helpers as credential_helpers
from manager.registry.logins.lookup import ENVIRONMENT, FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.registry.core.credentials import Credentials


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a login is kept now."""

    place: str
    """The name of the helper's program, or ``config.json``."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Erased:
    """Where a login was, and is not any more."""

    places: tuple[str, ...]
    """Empty if there was none."""
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    """Why a login may still be somewhere else."""


def place(registry: str, env: Mapping[str, str], *, plaintext: bool) -> str:
    """The credential helper that docker would give a registry's login to; empty for the file.

    Args:
        registry: host, with its port if it has one.
        env: the environment: where ``config.json`` is.
        plaintext: whether ``config.json`` may have the secret itself, where there is no helper.

    Raises:
        ManagerError: there is nowhere to keep it, or ``config.json`` cannot be read.
    """
    name = next(iter(credential_helpers.named(_config(env), registry, [])), "")
    if name in credential_helpers.OWN:
        raise ManagerError(
            f"{credential_helpers.program(name)} gets new logins for {registry} by itself",
            "nothing is to be kept: pull at once; config.json names it in credHelpers",
        )
    if not name and not plaintext:
        raise _nowhere(registry)
    return name


def save(
    registry: str, credentials: Credentials, env: Mapping[str, str], *, plaintext: bool
) -> Saved:
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
    server = docker_auths.server(registry)
    name = place(registry, env, plaintext=plaintext)
    if name:
        try:
            credential_helpers.store(name, server, credentials, env)
        except credential_helpers.BrokenError as error:
            raise ManagerError(
                str(error), "unlock or mend it; config.json says which one is used"
            ) from error
        _put(env, registry, {})
        return Saved(credential_helpers.program(name))
    _put(env, registry, docker_auths.encoded(credentials))
    path = contexts.docker_folder(env) / FILE
    warning = f"{path} has the password in plain text: who can read that file can use it"
    return Saved(FILE, (warning,))


def erase(registry: str, env: Mapping[str, str]) -> Erased:
    """Forget a login, wherever docker would look for it.

    Raises:
        ManagerError: it could not be erased.
    """
    places: list[str] = []
    warnings: list[str] = []
    failures: list[str] = []
    for name in credential_helpers.named(_config(env), registry, warnings):
        if name in credential_helpers.OWN:
            program = credential_helpers.program(name)
            warnings.append(f"{program} goes on giving logins for {registry}: it keeps none")
            continue
        try:
            had = [_erase_at(name, it, env) for it in _servers(registry)]
            if any(had):
                places.append(credential_helpers.program(name))
        except credential_helpers.BrokenError as error:
            failures.append(str(error))
    in_file: list[bool] = []

    def edit(config: dict[str, Any]) -> bool:
        auths = config.get("auths") or {}
        keys = docker_auths.keys_of(auths, registry)
        in_file.extend(bool(auths.pop(key)) for key in keys)
        return bool(keys)

    docker_auths.change(env, edit)
    if any(in_file):
        places.append(FILE)
    return Erased(tuple(places), tuple(warnings), tuple(failures))


def known(env: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The registries that docker has, or has had, a login for; and warnings."""
    warnings: list[str] = []
    try:
        config = _config(env)
    except ManagerError as error:
        return in_environment_all(env), (error.message,)
    found = [*in_environment_all(env)]
    for key in ("auths", "credHelpers"):
        found += docker_auths.table(config, key, FILE, warnings)
    store = config.get("credsStore")
    if isinstance(store, str) and store:
        try:
            found += credential_helpers.listed(store, env)
        except credential_helpers.BrokenError as error:
            warnings.append(str(error))
    # Some helpers keep what was exchanged for a login as logins of their own.
    servers = [it for it in found if not it.endswith(("/access-token", "/refresh-token"))]
    return tuple(dict.fromkeys(map(docker_auths.registry_of, servers))), tuple(warnings)


def in_environment(registry: str, env: Mapping[str, str]) -> bool:
    """Whether the environment has a login for a registry: that goes before all others."""
    return docker_auths.registry_of(registry) in in_environment_all(env)


def in_environment_all(env: Mapping[str, str]) -> tuple[str, ...]:
    """The registries that the environment has a login for."""
    try:
        config = json.loads(env.get(ENVIRONMENT) or "{}")
    except ValueError:
        return ()  # said where its credentials are looked for
    if not isinstance(config, dict):
        return ()
    return tuple(
        map(docker_auths.registry_of, docker_auths.table(config, "auths", ENVIRONMENT, []))
    )


def _erase_at(name: str, server: str, env: Mapping[str, str]) -> bool:
    """Whether a helper had a login, which it has not any more."""
    had = credential_helpers.get(name, server, env, credential_helpers.PATIENCE) is not None
    if had:
        credential_helpers.erase(name, server, env)
    return had


def _servers(registry: str) -> tuple[str, ...]:
    """The names under which a helper may have a registry's login."""
    server = docker_auths.server(registry)
    return (server,) if server != registry else (server, f"https://{registry}")


def _put(env: Mapping[str, str], registry: str, entry: dict[str, str]) -> None:
    """Let one entry stand for a registry in ``config.json``, and no other."""

    def edit(config: dict[str, Any]) -> bool:
        auths = config.get("auths") or {}
        server = docker_auths.server(registry)
        kept = {
            key: value
            for key, value in auths.items()
            if key == server or key not in docker_auths.keys_of(auths, registry)
        }
        changed = {**kept, server: entry}
        if changed == auths:
            return False
        config["auths"] = changed
        return True

    docker_auths.change(env, edit)


def _config(env: Mapping[str, str]) -> dict[str, Any]:
    try:
        return contexts.docker_config(env)
    except ManagerError as error:
        raise ManagerError(error.message, "mend the file; it is left as it was") from error


def _nowhere(registry: str) -> ManagerError:
    cloud = registry_kinds.of(registry).cloud
    more = f"; {cloud} is asked anew each time without a login kept" if cloud else ""
    return ManagerError(
        f"there is no credential helper to keep the login of {registry}",
        "install one (docker-credential-pass, -secretservice, -osxkeychain or -wincred) and name"
        ' it in config.json, as in "credsStore": "pass"; or add --insecure-plaintext to keep it'
        f" in config.json, unencrypted{more}",
    )
