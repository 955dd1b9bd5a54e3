"""Logins from the clouds that run registries: asked only for their own hosts, once, in time."""

from __future__ import annotations

import importlib
import queue
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manager.references.registry_hosts import Cloud

if TYPE_CHECKING:
    from manager.references.registry_hosts import RegistryHost
    from manager.registry.core.credentials import Credentials

CLOUD_TIMEOUT_SECONDS = 8.0
"""Seconds that a cloud gets for its answer, whatever its SDK does meanwhile."""
RENEWAL_MARGIN_SECONDS = 60.0
"""Seconds before its end at which a login is not used any more."""
UNKNOWN_EXPIRY_SECONDS = 300.0
"""Seconds that an answer is reused where its expiry is unknown."""

_PROVIDER_MODULES = {
    Cloud.AWS: "manager.registry.logins.aws",
    Cloud.GOOGLE: "manager.registry.logins.google",
    Cloud.AZURE: "manager.registry.logins.azure",
}


@dataclass(frozen=True, slots=True)
class CloudLogin:
    """A login that a cloud gave."""

    credentials: Credentials = field(repr=False)
    until: datetime | None = None
    """None where it does not say."""


class CloudError(Exception):
    """A cloud refuses or fails. Its sentence holds no secret."""


@dataclass(frozen=True, slots=True)
class CloudAnswer:
    """What came of asking a cloud."""

    credentials: Credentials | None = field(default=None, repr=False)
    """None where this machine has no credentials of that cloud, and where it refused."""
    until: datetime | None = None
    problem: str = ""
    """Why there are none, in a sentence; empty where there is simply nothing here."""
    installable: bool = False
    """Whether the problem is that the cloud's SDK is not installed."""


_lock = threading.Lock()
_asking_locks: dict[tuple[object, ...], threading.Lock] = {}
_answers: dict[tuple[object, ...], tuple[CloudAnswer, float]] = {}
"""What was answered, and until when that counts, in seconds since 1970."""


def ask_cloud(kind: RegistryHost, base: str = "") -> CloudAnswer:
    """A login from the cloud that runs a registry, with the credentials that are here for it.

    It is asked once, and again shortly before its answer expires. Threads may ask in parallel.

    Args:
        kind: a registry of a cloud.
        base: the registry's own URL; empty for https at its host.
    """
    base = base or f"https://{kind.host}"
    # Azure's logins are valid for one registry, all others for more.
    host = f"{kind.host} {base}" if kind.cloud is Cloud.AZURE else ""
    key = (kind.cloud, kind.service, kind.region, kind.fips, kind.dual_stack, host)
    with _lock:
        alone = _asking_locks.setdefault(key, threading.Lock())
    with alone:
        answer, until = _answers.get(key, (None, 0.0))
        if answer is None or time.time() >= until:
            answer = _ask_in_thread(kind, base)
            end = (
                answer.until.timestamp() - RENEWAL_MARGIN_SECONDS
                if answer.until
                else time.time() + UNKNOWN_EXPIRY_SECONDS
            )
            _answers[key] = answer, end
        return answer


def forget_answers() -> None:
    """Ask anew the next time."""
    with _lock:
        _answers.clear()


def _ask_in_thread(kind: RegistryHost, base: str) -> CloudAnswer:
    done: queue.SimpleQueue[CloudAnswer | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            done.put(_ask_provider(kind, base))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            done.put(error)

    # A daemon: an SDK that goes on trying does not keep the program from its end.
    threading.Thread(target=work, daemon=True).start()
    try:
        answer = done.get(timeout=CLOUD_TIMEOUT_SECONDS)
    except queue.Empty:
        return CloudAnswer(
            problem=f"{kind.cloud} did not provide a login for {kind.host} "
            f"within {CLOUD_TIMEOUT_SECONDS:g} s"
        )
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _ask_provider(kind: RegistryHost, base: str) -> CloudAnswer:
    if kind.cloud is None:
        return CloudAnswer()
    provider = importlib.import_module(_PROVIDER_MODULES[kind.cloud])
    try:
        given: CloudLogin | None = provider.fetch_login(kind, base)
    except ImportError:
        problem = (
            f"to log in to {kind.host} through {kind.cloud}, install:"
            f" pip install 'dockmgr[{kind.extra_name}]'"
        )
        return CloudAnswer(problem=problem, installable=True)
    except CloudError as error:
        return CloudAnswer(problem=str(error))
    if given is None:
        return CloudAnswer()
    # Some stand-ins of clouds give valid logins an expiry that is long past.
    until = given.until if given.until and given.until > datetime.now(UTC) else None
    return CloudAnswer(given.credentials, until)
