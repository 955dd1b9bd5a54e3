"""What goes wrong with a registry, as errors of our own: what happened and what to do."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Iterator

HUB_HOST = "registry-1.docker.io"
"""Where Docker Hub is asked; people call it docker.io, or nothing at all."""
TRIES = 3
"""How often somebody is called who does not answer at all."""
LONGEST_SAID = 200
"""Letters of a registry's own words that are shown."""
_EXPIRED, _NOT_YET, _OTHER_NAME = 10, 9, (62, 64)
"""Source: OpenSSL, ``X509_V_ERR_CERT_HAS_EXPIRED`` and so on."""


class RegistryError(ManagerError):
    """A registry gave no answer, or not the one that was asked for."""

    def __init__(self, message: str, hint: str) -> None:
        """Keep the sentence and the hint; the exit code is always the registry's."""
        super().__init__(message, hint, ExitCode.REGISTRY)


class UnreachableError(RegistryError):
    """Nothing that could be spoken to was there, or it was not heard of in time."""


class PlainError(UnreachableError):
    """It speaks http without encryption where encryption was expected."""


class LoginError(RegistryError):
    """It wants a login, or does not take the one it got."""


class RefusedError(RegistryError):
    """It does not show what was asked for, to this login or at all."""


class AbsentError(RegistryError):
    """It does not have what was asked for, or does not say that it has."""


class OddError(RegistryError):
    """It answered something that makes no sense."""


def login(host: str) -> str:
    """The command that logs in to a registry."""
    return "dockmgr login" if host == HUB_HOST else f"dockmgr login {host}"


def unreachable(host: str, error: BaseException) -> UnreachableError:
    """Say why a registry could not be spoken to, from the errors beneath those of requests.

    Args:
        host: the registry, with its port if it has one.
        error: what was raised.
    """
    import requests
    import urllib3

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(host, cause)
        if isinstance(cause, ssl.SSLError):
            return _no_tls(host, cause)
    late = (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)
    text = " ".join(str(cause) for cause in _causes(error))
    if any(isinstance(cause, late) for cause in _causes(error)):
        return UnreachableError(
            f"registry {host} does not answer in time", "is this machine online, and is it up?"
        )
    if "ame or service not known" in text or "ame resolution" in text or "getaddrinfo" in text:
        return UnreachableError(
            f"there is no registry {host}: no name server knows it",
            "check the address, and that this machine is online",
        )
    return UnreachableError(
        f"registry {host} cannot be reached", "is this machine online, and the address right?"
    )


def is_final(error: BaseException, tries: int) -> bool:
    """Whether to try again is of no use: a wrong certificate, an unknown name, nobody there.

    Args:
        error: what was raised.
        tries: how often it has been tried.
    """
    import requests
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    if isinstance(error, requests.exceptions.SSLError):
        return True
    causes = tuple(_causes(error))
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return True
    return tries >= TRIES and any(isinstance(cause, NewConnectionError) for cause in causes)


def _untrusted(host: str, error: ssl.SSLCertVerificationError) -> UnreachableError:
    clock = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    code = error.verify_code
    if code == _EXPIRED:
        return UnreachableError(
            f"the certificate of registry {host} has expired",
            f"tell who runs it; or is the clock of this machine wrong? it says {clock}",
        )
    if code == _NOT_YET:
        return UnreachableError(
            f"the certificate of registry {host} is not valid yet",
            f"is the clock of this machine wrong? it says {clock}",
        )
    if code in _OTHER_NAME:
        return UnreachableError(
            f"the certificate of registry {host} is not for that name",
            "check the address: somebody else may be answering there",
        )
    return UnreachableError(
        f"the certificate of registry {host} is not trusted: {error.verify_message}",
        f"put its authority's certificate into /etc/docker/certs.d/{host}/ca.crt, where the engine"
        " looks for it too",
    )


def _no_tls(host: str, error: ssl.SSLError) -> UnreachableError:
    if error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return PlainError(
            f"registry {host} speaks http without encryption",
            f'if that is meant, allow it in the settings: [registries] insecure = ["{host}"]',
        )
    return UnreachableError(
        f"no encrypted connection to registry {host} came about: {error.reason or error}",
        "check the address and the port",
    )


def odd(host: str, what: str) -> OddError:
    """An answer that makes no sense.

    Args:
        host: the registry.
        what: the rest of the sentence.
    """
    return OddError(f"registry {host} {what}", "try again later, or ask who runs it")


def no_registry(host: str) -> OddError:
    """A web page where a registry was expected."""
    return OddError(
        f"what answers at {host} is no registry: it gives a web page",
        "check the address: an image's begins with the registry's host, without any path of a page",
    )


def said(body: bytes) -> str:
    """The registry's own words in a refusal, on one line; empty where there are none.

    Source: OCI distribution specification 1.1, "Error Codes".
    """
    try:
        rows = json.loads(body)["errors"]
        words = "; ".join(str(row.get("message") or row.get("code") or "") for row in rows)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
    line = " ".join(words.split())[:LONGEST_SAID]
    # What a terminal would obey is not what anybody wants to read.
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all beneath it: causes, contexts, and errors given as arguments."""
    pending, seen = [error], set[int]()
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        beneath = [current.__cause__, current.__context__, getattr(current, "reason", None)]
        pending += [e for e in (*beneath, *current.args) if isinstance(e, BaseException)]
