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
MAX_CONNECT_TRIES = 3
"""How often somebody is called who does not answer at all."""
MAX_MESSAGE_LENGTH = 200
"""Letters of a registry's own words that are shown."""
_CERT_EXPIRED_CODE, _CERT_NOT_YET_VALID_CODE, _WRONG_HOST_CODES = 10, 9, (62, 64)
"""Source: OpenSSL, ``X509_V_ERR_CERT_HAS_EXPIRED`` and so on."""


class RegistryError(ManagerError):
    """A registry gave no answer, or not the one that was asked for."""

    def __init__(self, message: str, hint: str) -> None:
        """Keep the sentence and the hint; the exit code is always the registry's."""
        super().__init__(message, hint, ExitCode.REGISTRY)


class RegistryUnreachableError(RegistryError):
    """Nothing that could be spoken to was there, or it was not heard of in time."""


class PlainHttpError(RegistryUnreachableError):
    """It speaks http without encryption where encryption was expected."""


class RegistryLoginError(RegistryError):
    """It wants a login, or does not take the one it got."""


class RegistryRefusedError(RegistryError):
    """It does not show what was asked for, to this login or at all."""


class NotInRegistryError(RegistryError):
    """It does not have what was asked for, or does not say that it has."""


class UnexpectedAnswerError(RegistryError):
    """It answered something that makes no sense."""


def login_command(host: str) -> str:
    """The command that logs in to a registry."""
    return "dockmgr login" if host == HUB_HOST else f"dockmgr login {host}"


def unreachable_error(host: str, error: BaseException) -> RegistryUnreachableError:
    """Say why a registry could not be spoken to, from the errors beneath those of requests.

    Args:
        host: the registry, with its port if it has one.
        error: what was raised.
    """
    import requests
    import urllib3

    for cause in _iter_causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted_error(host, cause)
        if isinstance(cause, ssl.SSLError):
            return _tls_error(host, cause)
    late = (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)
    text = " ".join(str(cause) for cause in _iter_causes(error))
    if any(isinstance(cause, late) for cause in _iter_causes(error)):
        return RegistryUnreachableError(
            f"registry {host} does not answer in time", "is this machine online, and is it up?"
        )
    if "ame or service not known" in text or "ame resolution" in text or "getaddrinfo" in text:
        return RegistryUnreachableError(
            f"there is no registry {host}: no name server knows it",
            "check the address, and that this machine is online",
        )
    return RegistryUnreachableError(
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
    causes = tuple(_iter_causes(error))
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return True
    return tries >= MAX_CONNECT_TRIES and any(
        isinstance(cause, NewConnectionError) for cause in causes
    )


def _untrusted_error(host: str, error: ssl.SSLCertVerificationError) -> RegistryUnreachableError:
    clock = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    code = error.verify_code
    if code == _CERT_EXPIRED_CODE:
        return RegistryUnreachableError(
            f"the certificate of registry {host} has expired",
            f"tell who runs it; or is the clock of this machine wrong? it says {clock}",
        )
    if code == _CERT_NOT_YET_VALID_CODE:
        return RegistryUnreachableError(
            f"the certificate of registry {host} is not valid yet",
            f"is the clock of this machine wrong? it says {clock}",
        )
    if code in _WRONG_HOST_CODES:
        return RegistryUnreachableError(
            f"the certificate of registry {host} is not for that name",
            "check the address: somebody else may be answering there",
        )
    return RegistryUnreachableError(
        f"the certificate of registry {host} is not trusted: {error.verify_message}",
        f"put its authority's certificate into /etc/docker/certs.d/{host}/ca.crt, where the engine"
        " looks for it too",
    )


def _tls_error(host: str, error: ssl.SSLError) -> RegistryUnreachableError:
    if error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return PlainHttpError(
            f"registry {host} speaks http without encryption",
            f'if that is meant, allow it in the settings: [registries] insecure = ["{host}"]',
        )
    return RegistryUnreachableError(
        f"no encrypted connection to registry {host} came about: {error.reason or error}",
        "check the address and the port",
    )


def unexpected_answer_error(host: str, what: str) -> UnexpectedAnswerError:
    """An answer that makes no sense.

    Args:
        host: the registry.
        what: the rest of the sentence.
    """
    return UnexpectedAnswerError(f"registry {host} {what}", "try again later, or ask who runs it")


def not_a_registry_error(host: str) -> UnexpectedAnswerError:
    """A web page where a registry was expected."""
    return UnexpectedAnswerError(
        f"what answers at {host} is no registry: it gives a web page",
        "check the address: an image's begins with the registry's host, without any path of a page",
    )


def parse_error_message(body: bytes) -> str:
    """The registry's own words in a refusal, on one line; empty where there are none.

    Source: OCI distribution specification 1.1, "Error Codes".
    """
    try:
        rows = json.loads(body)["errors"]
        words = "; ".join(str(row.get("message") or row.get("code") or "") for row in rows)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
    line = " ".join(words.split())[:MAX_MESSAGE_LENGTH]
    # What a terminal would obey is not what anybody wants to read.
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _iter_causes(error: BaseException) -> Iterator[BaseException]:
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
