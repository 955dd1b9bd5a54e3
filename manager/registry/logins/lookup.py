"""The credentials for a registry: where docker keeps them, else from the cloud that runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manager.engine import contexts
from manager.errors import ManagerError
from manager.references.registry_hosts import identify_registry
from manager.registry.core.credentials import has_hidden_expiry, login_lifetime, parse_expiry
from manager.registry.logins import credential_helpers
from manager.registry.logins.docker_config import read_auths_credentials, server_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manager.references.registry_hosts import RegistryHost
    from manager.registry.core.credentials import Credentials

AUTH_CONFIG_VARIABLE = "DOCKER_AUTH_CONFIG"
CONFIG_FILE = "config.json"


@dataclass(frozen=True, slots=True)
class FoundCredentials:
    """The credentials for a registry, where they were found, and how long they are valid."""

    credentials: Credentials | None = None
    """None for anonymous."""
    source: str = ""
    """``DOCKER_AUTH_CONFIG``, ``config.json``, the name of a helper's program, or a cloud."""
    until: datetime | None = None
    """None where that is unknown."""
    known_by: str = ""
    """How `until` is known, or why it is unknown."""
    warnings: tuple[str, ...] = ()
    """Each one sentence without secrets."""


def find_credentials(
    registry: str,
    env: Mapping[str, str],
    patience: float = credential_helpers.HELPER_TIMEOUT_SECONDS,
) -> tuple[Credentials | None, list[str]]:
    """Find the credentials for a registry: those of `locate_credentials`, and its warnings."""
    found = locate_credentials(registry, env, patience)
    return found.credentials, list(found.warnings)


def locate_credentials(
    registry: str,
    env: Mapping[str, str],
    patience: float = credential_helpers.HELPER_TIMEOUT_SECONDS,
    now: datetime | None = None,
    *,
    ask_clouds: bool = True,
) -> FoundCredentials:
    """Find the credentials for a registry: first where the docker command would look.

    In order: ``DOCKER_AUTH_CONFIG``; the helper that ``config.json`` names in ``credHelpers`` for
    the registry, else in ``credsStore``; ``auths`` in ``config.json``; the credentials of the
    cloud that runs the registry. As with docker, a helper that answers "not found" has the last
    word on what is kept. One that is missing or broken, and a file that cannot be read, are
    skipped with a warning, so that public images can still be pulled. What says itself that it
    has expired is skipped; what may have expired counts only where the cloud gives nothing.

    Args:
        registry: host, with its port if it has one: ``docker.io``, ``localhost:5000``.
        env: the environment: ``DOCKER_AUTH_CONFIG``, ``DOCKER_CONFIG``, ``PATH``, the home folder.
            The SDKs of the clouds read that of the process.
        patience: seconds a helper gets to answer.
        now: what time it is; None for the clock.
        ask_clouds: whether the registry's cloud is asked where nothing is kept; that takes time.
    """
    now = now or datetime.now(UTC)
    kind = identify_registry(registry)
    warnings: list[str] = []
    ended: list[str] = []
    doubtful: FoundCredentials | None = None
    for known, source in _list_kept_credentials(registry, env, patience, warnings):
        until = parse_expiry(kind, known.secret)
        if until is not None and until <= now:
            ended.append(_format_expired_warning(kind, source, until))
        elif _may_be_expired(kind, known, source):
            doubtful = doubtful or FoundCredentials(known, source, known_by="such tokens last 1 h")
        else:
            return FoundCredentials(
                known, source, until, "from the token" if until else "", (*warnings,)
            )
    if kind.cloud is not None and ask_clouds:
        from manager.registry.logins import clouds

        answer = clouds.ask_cloud(kind)
        if answer.credentials is not None:
            known_by = f"from {kind.cloud}" if answer.until else ""
            return FoundCredentials(
                answer.credentials, kind.cloud, answer.until, known_by, (*warnings,)
            )
        # An SDK that is not installed is not worth a warning where images may be public.
        if answer.problem and (not answer.installable or kind.requires_login or ended):
            ended.append(answer.problem)
    warnings += ended
    if doubtful is not None:
        return FoundCredentials(
            doubtful.credentials, doubtful.source, None, doubtful.known_by, (*warnings,)
        )
    return FoundCredentials(warnings=tuple(warnings))


def _list_kept_credentials(
    registry: str, env: Mapping[str, str], patience: float, warnings: list[str]
) -> Iterator[tuple[Credentials, str]]:
    """All that is kept for a registry, each with where, what docker would use first."""
    if (text := env.get(AUTH_CONFIG_VARIABLE)) and (
        found := _read_environment_credentials(text, registry, warnings)
    ):
        yield found, AUTH_CONFIG_VARIABLE
    try:
        config = contexts.read_docker_config(env)
    except ManagerError as error:
        warnings.append(error.message)
        return
    for name in credential_helpers.find_helper_names(config, registry, warnings):
        try:
            known = credential_helpers.get_from_helper(name, server_name(registry), env, patience)
        except credential_helpers.CredentialHelperError as error:
            warnings.append(str(error))
            continue
        if known is None:
            return
        yield known, credential_helpers.helper_program(name)
        break
    if found := read_auths_credentials(config, registry, CONFIG_FILE, warnings):
        yield found, CONFIG_FILE


def _read_environment_credentials(
    text: str, registry: str, warnings: list[str]
) -> Credentials | None:
    try:
        config = json.loads(text)
    except ValueError:
        config = None
    if isinstance(config, dict):
        return read_auths_credentials(config, registry, AUTH_CONFIG_VARIABLE, warnings)
    warnings.append(f"{AUTH_CONFIG_VARIABLE} is not a JSON object; ignoring it")
    return None


def _may_be_expired(kind: RegistryHost, known: Credentials, source: str) -> bool:
    """Whether something that is kept is short-lived, and does not tell until when."""
    fresh = {credential_helpers.helper_program(name) for name in credential_helpers.CLOUD_HELPERS}
    return has_hidden_expiry(kind, known.username) and source not in {
        *fresh,
        AUTH_CONFIG_VARIABLE,
    }


def _format_expired_warning(kind: RegistryHost, source: str, until: datetime) -> str:
    lasts = login_lifetime(kind)
    return (
        f"the login for {kind.host} in {source} expired at {until.astimezone():%Y-%m-%d %H:%M}"
        f" (such logins last {lasts}); renew it with: dockmgr login {kind.host}"
    )
