"""Log in to registries and out again, and list the logins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.references.registry_hosts import RegistryService, identify_registry
from manager.registry.core.credentials import parse_expiry
from manager.registry.logins.lookup import AUTH_CONFIG_VARIABLE, locate_credentials
from manager.registry.logins.saving import (
    ErasedLogin,
    choose_helper,
    erase_login,
    has_environment_login,
    list_login_registries,
    save_login,
)
from manager.registry.protocol.errors import (
    RegistryError,
    RegistryLoginError,
    RegistryRefusedError,
    RegistryUnreachableError,
)
from manager.system.concurrency import map_in_threads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from manager.references.registry_hosts import RegistryHost
    from manager.registry.core.credentials import Credentials
    from manager.registry.core.quota import Quota
    from manager.registry.logins.clouds import CloudAnswer
    from manager.registry.logins.lookup import FoundCredentials
    from manager.registry.protocol.registries import RegistryPool

PARALLEL_LOOKUPS = 8
QUOTA_DEADLINE_SECONDS = 3.0
"""Seconds that Docker Hub gets to tell how many pulls are left."""
QUOTA_IMAGE = ("ratelimitpreview/test", "latest")
"""Source: Docker documentation, "Pull usage and limits"; asking for its digest is not a pull."""


@dataclass(frozen=True, slots=True)
class LoginContext:
    """What a login works with."""

    registries: RegistryPool
    """Where registries are."""
    env: Mapping[str, str]
    """The environment: where docker keeps logins."""
    allows_plaintext: bool = False
    """Whether the secret may stand in ``config.json``."""


@dataclass(frozen=True, slots=True)
class LoginResult:
    """A login that the registry took, and that is kept."""

    kind: RegistryHost
    username: str
    """Empty with a bare identity token."""
    place: str
    """The name of the helper's program, or ``config.json``."""
    until: datetime | None = None
    """None where the secret itself does not say."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownRegistry:
    """A registry that is known here."""

    kind: RegistryHost
    found: FoundCredentials
    images: int = 0
    """How many names of images on the engine belong to it."""


def fetch_cloud_login(kind: RegistryHost, registries: RegistryPool) -> CloudAnswer:
    """A login from the cloud that runs a registry, with the credentials that are here for it."""
    from manager.registry.logins import clouds

    if kind.cloud is None:
        return clouds.CloudAnswer()
    at = registries.open_clients(kind.host, None)
    return clouds.ask_cloud(kind, at[0].base if at else "")


def log_in_to_registry(kind: RegistryHost, given: Credentials, means: LoginContext) -> LoginResult:
    """Log in: test the login at the registry, and save it if the registry accepts it.

    Args:
        kind: the registry.
        given: what to log in with.
        means: where to try and where to keep it.

    Raises:
        ManagerError: (registry) it is refused, or the registry cannot be reached: nothing is
            kept then; or there is nowhere to keep it.
    """
    host, env = kind.host, means.env
    choose_helper(host, env, plaintext=means.allows_plaintext)
    tried = _verify_login(kind, given, means.registries)
    saved = save_login(host, given, env, plaintext=means.allows_plaintext)
    warnings = list(saved.warnings)
    if not tried:
        warnings.append(f"{host} does not ask for a login, so this one could not be tested")
    if has_environment_login(host, env):
        warnings.append(
            f"{AUTH_CONFIG_VARIABLE} has a login for {host} too, "
            "which takes precedence over the saved one"
        )
    until = parse_expiry(kind, given.secret)
    return LoginResult(kind, given.username, saved.place, until, tuple(warnings))


def _verify_login(kind: RegistryHost, given: Credentials, registries: RegistryPool) -> bool:
    """Try a login; whether the registry asked for one at all."""
    at = registries.open_clients(kind.host, given)
    if kind.service is RegistryService.HUB:
        at = at[-1:]  # a mirror knows nothing of Docker Hub's users
    try:
        for place in at:
            try:
                return place.check_login()
            except RegistryUnreachableError:
                # Only what could not be spoken to is asked elsewhere: a password that was
                # refused is not sent again without encryption.
                if place is at[-1]:
                    raise
            except (RegistryLoginError, RegistryRefusedError) as error:
                raise _refusal_error(kind, given, error) from error
        raise RegistryError(f"registry {kind.host} has no known address", "check the address")
    finally:
        for place in at:
            place.close()


def _refusal_error(kind: RegistryHost, given: Credentials, error: RegistryError) -> ManagerError:
    who = f" of {given.username}" if given.username else ""
    return ManagerError(
        f"{kind.host} refused the login{who}, which was not saved: {error.message}",
        kind.login_advice or "check the user name and the password",
        ExitCode.REGISTRY,
    )


def log_out_of_registry(registry: str, env: Mapping[str, str]) -> ErasedLogin:
    """Forget the login of a registry.

    Args:
        registry: host, with its port if it has one.
        env: the environment: where docker keeps logins.

    Raises:
        ManagerError: it could not be erased.
    """
    erased = erase_login(registry, env)
    left = locate_credentials(registry, env, ask_clouds=False)
    if left.credentials is None or left.source in erased.places:
        return erased
    still = f"there is still a login for {registry}: {left.source}"
    return replace(erased, warnings=(*erased.warnings, still))


def list_known_registries(
    env: Mapping[str, str], on_engine: Sequence[str]
) -> tuple[tuple[KnownRegistry, ...], tuple[str, ...]]:
    """All registries that are known here, and as whom one is logged in there; and warnings.

    Args:
        env: the environment: where docker keeps logins.
        on_engine: the registries of the images on the engine, one for each name of an image.
    """
    names, warnings = list_login_registries(env)
    every = tuple(dict.fromkeys(("docker.io", *sorted({*names, *on_engine}))))
    found = map_in_threads(every, lambda name: locate_credentials(name, env), PARALLEL_LOOKUPS)
    rows = tuple(
        KnownRegistry(identify_registry(name), found[name], on_engine.count(name)) for name in every
    )
    told = [*warnings, *(warning for row in rows for warning in row.found.warnings)]
    return rows, tuple(dict.fromkeys(told))


def fetch_pull_quota(registries: RegistryPool, known: Credentials | None) -> Quota | None:
    """How many more pulls Docker Hub allows; None if it does not tell, or is not there.

    Args:
        registries: where registries are.
        known: as whom to ask.
    """
    for place in registries.open_clients("docker.io", known, QUOTA_DEADLINE_SECONDS)[-1:]:
        with place:
            try:
                place.fetch_head(*QUOTA_IMAGE)
            except RegistryError:
                # It tells with refusals too; and where it is a lab's it does not tell at all.
                return place.quota
            return place.quota
    return None
