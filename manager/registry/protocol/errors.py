"""What goes wrong with a registry, as errors of our own: what happened and what to do."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from http import HTTPStatus

from manager.errors import ExitCode, ManagerError, iter_causes

HUB_HOST = "registry-1.docker.io"
"""Where Docker Hub is asked; people call it docker.io, or nothing at all."""
MAX_CONNECT_TRIES = 3
"""How often a host that does not answer is tried."""
MAX_MESSAGE_LENGTH = 200
"""Characters of a registry's own words that are shown."""
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
    """It uses HTTP without encryption where encryption was expected."""


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

    for cause in iter_causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted_error(host, cause)
        if isinstance(cause, ssl.SSLError):
            return _tls_error(host, cause)
    late = (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)
    text = " ".join(str(cause) for cause in iter_causes(error))
    if any(isinstance(cause, late) for cause in iter_causes(error)):
        return RegistryUnreachableError(
            f"registry {host} does not answer in time",
            "check that this machine is online and the registry is up",
        )
    if "ame or service not known" in text or "ame resolution" in text or "getaddrinfo" in text:
        return RegistryUnreachableError(
            f"there is no registry {host}: its name does not resolve",
            "check the address, and that this machine is online",
        )
    return RegistryUnreachableError(
        f"registry {host} cannot be reached", "check the address, and that this machine is online"
    )


def is_final(error: BaseException, tries: int) -> bool:
    """Whether trying again cannot help: a wrong certificate, an unknown name, no answer.

    Args:
        error: what was raised.
        tries: how often it has been tried.
    """
    import requests
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    if isinstance(error, requests.exceptions.SSLError):
        return True
    causes = tuple(iter_causes(error))
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
            f"tell its operator, or correct the clock of this machine, which says {clock}",
        )
    if code == _CERT_NOT_YET_VALID_CODE:
        return RegistryUnreachableError(
            f"the certificate of registry {host} is not valid yet",
            f"correct the clock of this machine if it is wrong; it says {clock}",
        )
    if code in _WRONG_HOST_CODES:
        return RegistryUnreachableError(
            f"the certificate of registry {host} is for another name",
            "check the address: another server may be answering there",
        )
    return RegistryUnreachableError(
        f"the certificate of registry {host} is not trusted: {error.verify_message}",
        f"save its authority's certificate as /etc/docker/certs.d/{host}/ca.crt, where the engine"
        " looks as well",
    )


def _tls_error(host: str, error: ssl.SSLError) -> RegistryUnreachableError:
    if error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return PlainHttpError(
            f"registry {host} uses HTTP without encryption",
            f'if that is intended, allow it in the settings: [registries] insecure = ["{host}"]',
        )
    return RegistryUnreachableError(
        f"the encrypted connection to registry {host} failed: {error.reason or error}",
        "check the address and the port",
    )


def unexpected_answer_error(host: str, what: str) -> UnexpectedAnswerError:
    """An answer that makes no sense.

    Args:
        host: the registry.
        what: the rest of the sentence.
    """
    return UnexpectedAnswerError(f"registry {host} {what}", "try again later, or ask its operator")


def not_a_registry_error(host: str) -> UnexpectedAnswerError:
    """A web page where a registry was expected."""
    return UnexpectedAnswerError(
        f"{host} is not a registry: it answers with a web page",
        "check the address: it begins with the registry's host, without the path of a web page",
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


def refusal_error(host: str, status: int, reason: str, name: str, words: str) -> RegistryError:
    """The error that an answer without a result means.

    Args:
        host: the registry.
        status: of HTTP.
        reason: the words that go with the status.
        name: what was asked for.
        words: the registry's own; may be empty.
    """
    told = f": {words}" if words else ""
    if status == HTTPStatus.NOT_FOUND:
        return NotInRegistryError(f"registry {host} has no {name}", "check the address")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return RegistryRefusedError(
            f"registry {host} denies access to {name}{told}",
            f"check the name; if it is private, log in with: {login_command(host)}",
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RegistryError(
            f"registry {host} has had too many requests{told}",
            f"wait a while; a login may raise the limit: {login_command(host)}",
        )
    return unexpected_answer_error(host, f"answers {status} {reason}".rstrip() + told)
