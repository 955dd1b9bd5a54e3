"""The credentials for a registry: where docker keeps them, else from the cloud that runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manager.engine import contexts
from manager.errors import ManagerError
from manager.references import registry_hosts as registry_kinds
from manager.registry.core import expiry
from manager.registry.core.credentials import Credentials
from manager.registry.logins import docker_config as docker_auths
from manager.registry.logins import helpers as credential_helpers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manager.references.registry_hosts import RegistryKind

__all__ = ["ENVIRONMENT", "FILE", "Credentials", "Found", "find", "locate"]

ENVIRONMENT = "DOCKER_AUTH_CONFIG"
FILE = "config.json"


@dataclass(frozen=True, slots=True)
class Found:
    """What there is for a registry, where it was, and how long it is good."""

    credentials: Credentials | None = None
    """None for anonymous."""
    source: str = ""
    """``DOCKER_AUTH_CONFIG``, ``config.json``, the name of a helper's program, or a cloud."""
    until: datetime | None = None
    """None where nobody tells."""
    known_by: str = ""
    """How `until` is known; or why there is no telling."""
    warnings: tuple[str, ...] = ()
    """Each one sentence without secrets."""


def find(
    registry: str, env: Mapping[str, str], patience: float = credential_helpers.PATIENCE
) -> tuple[Credentials | None, list[str]]:
    """Find the credentials for a registry: those of `locate`, and its warnings."""
    found = locate(registry, env, patience)
    return found.credentials, list(found.warnings)


def locate(
    registry: str,
    env: Mapping[str, str],
    patience: float = credential_helpers.PATIENCE,
    now: datetime | None = None,
    *,
    ask_clouds: bool = True,
) -> Found:
    """Find the credentials for a registry: first where the docker command would look.

    In order: ``DOCKER_AUTH_CONFIG``; the helper that ``config.json`` names in ``credHelpers`` for
    the registry, else in ``credsStore``; ``auths`` in ``config.json``; the credentials of the
    cloud that runs the registry. As with docker, a helper that answers "not found" has the last
    word on what is kept. One that is missing or broken, and a file that cannot be read, are
    skipped with a warning, so that public images can still be pulled. What says itself that it
    has ended is passed over; what may have ended counts only where the cloud gives nothing.

    Args:
        registry: host, with its port if it has one: ``docker.io``, ``localhost:5000``.
        env: the environment: ``DOCKER_AUTH_CONFIG``, ``DOCKER_CONFIG``, ``PATH``, the home folder.
            The SDKs of the clouds read that of the process.
        patience: seconds a helper gets to answer.
        now: what time it is; None for the clock.
        ask_clouds: whether the registry's cloud is asked where nothing is kept; that takes time.
    """
    now = now or datetime.now(UTC)
    kind = registry_kinds.of(registry)
    warnings: list[str] = []
    ended: list[str] = []
    doubtful: Found | None = None
    for known, source in _kept(registry, env, patience, warnings):
        until = expiry.written_in(kind, known.secret)
        if until is not None and until <= now:
            ended.append(_ended(kind, source, until))
        elif _may_have_ended(kind, known, source):
            doubtful = doubtful or Found(known, source, known_by="a token that lasts 1 h")
        else:
            return Found(known, source, until, "it says so itself" if until else "", (*warnings,))
    if kind.cloud is not None and ask_clouds:
        from manager.registry.logins import clouds

        answer = clouds.ask(kind)
        if answer.credentials is not None:
            known_by = f"{kind.cloud} says so" if answer.until else ""
            return Found(answer.credentials, kind.cloud, answer.until, known_by, (*warnings,))
        # An SDK that is not installed is no news where images may well be public.
        if answer.problem and (not answer.installable or kind.private or ended):
            ended.append(answer.problem)
    warnings += ended
    if doubtful is not None:
        return Found(doubtful.credentials, doubtful.source, None, doubtful.known_by, (*warnings,))
    return Found(warnings=tuple(warnings))


def _kept(
    registry: str, env: Mapping[str, str], patience: float, warnings: list[str]
) -> Iterator[tuple[Credentials, str]]:
    """All that is kept for a registry, each with where, what docker would use first."""
    if (text := env.get(ENVIRONMENT)) and (found := _in_environment(text, registry, warnings)):
        yield found, ENVIRONMENT
    try:
        config = contexts.docker_config(env)
    except ManagerError as error:
        warnings.append(error.message)
        return
    for name in credential_helpers.named(config, registry, warnings):
        try:
            known = credential_helpers.get(name, docker_auths.server(registry), env, patience)
        except credential_helpers.BrokenError as error:
            warnings.append(str(error))
            continue
        if known is None:
            return
        yield known, credential_helpers.program(name)
        break
    if found := docker_auths.in_auths(config, registry, FILE, warnings):
        yield found, FILE


def _in_environment(text: str, registry: str, warnings: list[str]) -> Credentials | None:
    try:
        config = json.loads(text)
    except ValueError:
        config = None
    if isinstance(config, dict):
        return docker_auths.in_auths(config, registry, ENVIRONMENT, warnings)
    warnings.append(f"{ENVIRONMENT} is not a JSON object: it is ignored")
    return None


def _may_have_ended(kind: RegistryKind, known: Credentials, source: str) -> bool:
    """Whether something that is kept is short-lived, and does not tell until when."""
    fresh = {credential_helpers.program(name) for name in credential_helpers.OWN}
    return expiry.opaque(kind, known.username) and source not in {*fresh, ENVIRONMENT}


def _ended(kind: RegistryKind, source: str, until: datetime) -> str:
    lasts = expiry.lifetime(kind)
    return (
        f"the login of {kind.host} in {source} ended at {until.astimezone():%Y-%m-%d %H:%M}"
        f" (they last {lasts}) and is passed over; renew it with: dockmgr login {kind.host}"
    )
