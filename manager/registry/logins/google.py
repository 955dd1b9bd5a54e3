"""Logins of Google Artifact Registry with Google's application default credentials.

Source: Artifact Registry documentation, "Authentication methods"; google-auth.
"""

from __future__ import annotations

import logging
import os
import socket
import warnings
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.references.registry_hosts import GOOGLE_TOKEN_USER
from manager.registry.core.credentials import Credentials
from manager.registry.logins.clouds import CloudError, CloudLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.references.registry_hosts import RegistryHost

OAUTH_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REQUEST_TIMEOUT_SECONDS = 3.0
"""Seconds for one request."""
METADATA_ADDRESS = "169.254.169.254"
METADATA_TIMEOUT_SECONDS = 1.0
"""Seconds to see whether this is a machine of Google's."""
_BROKEN_FILE_ERRORS = (OSError, ValueError, LookupError, TypeError, AttributeError)
"""What google-auth raises for files that are not as it expects them."""


def fetch_login(kind: RegistryHost, base: str) -> CloudLogin | None:
    """A login, good for one hour and all of Google's registries; None without credentials.

    Args:
        kind: the registry.
        base: not used: Google is asked, not the registry.

    Raises:
        ImportError: google-auth is not installed.
        CloudError: Google refuses, or cannot be reached.
    """
    del base
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

    in_file = (
        _has_credentials_variable(os.environ) or _gcloud_credentials_path(os.environ).is_file()
    )
    if not in_file and not _is_on_google(os.environ):
        return None
    # It would say on stderr what is of no use here.
    logging.getLogger("google").addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", module=r"google\.auth")
    request = _build_request()
    try:
        found = _load_file_credentials(request) if in_file else _machine_credentials()
        found.refresh(request)
    except DefaultCredentialsError as error:
        named = _has_credentials_variable(os.environ)
        file = "the file in GOOGLE_APPLICATION_CREDENTIALS" if named else "gcloud's file"
        problem = f"{file} cannot be used"
        raise CloudError(f"Google did not provide a login for {kind.host}: {problem}") from error
    except (*_BROKEN_FILE_ERRORS, GoogleAuthError) as error:
        retry = getattr(error, "retryable", False)
        problem = "try again later" if retry else "check that the local credentials are still valid"
        raise CloudError(f"Google did not provide a login for {kind.host}: {problem}") from error
    if not found.token:
        raise CloudError(f"Google gave an invalid answer to the login for {kind.host}")
    until = found.expiry.replace(tzinfo=UTC) if found.expiry else None
    return CloudLogin(Credentials(GOOGLE_TOKEN_USER, str(found.token)), until)


def _build_request() -> Any:  # noqa: ANN401 - as google-auth has it
    """What google-auth sends requests with; none of them takes long."""
    from google.auth.transport.requests import Request

    class Quick(Request):
        def __call__(self, url: str, *args: Any, **more: Any) -> Any:  # noqa: ANN401
            more["timeout"] = min(
                more.get("timeout") or REQUEST_TIMEOUT_SECONDS, REQUEST_TIMEOUT_SECONDS
            )
            return super().__call__(url, *args, **more)  # type: ignore[no-untyped-call, unused-ignore]

    return Quick()


def _load_file_credentials(request: Any) -> Any:  # noqa: ANN401 - as google-auth has it
    """The credentials of a file."""
    import google.auth

    found, _ = google.auth.default(scopes=[OAUTH_SCOPE], request=request)
    return found


def _machine_credentials() -> Any:  # noqa: ANN401 - as above
    """The credentials of a machine of Google's; google-auth would try long if it is one."""
    from google.auth import compute_engine

    return compute_engine.Credentials(scopes=[OAUTH_SCOPE])  # type: ignore[no-untyped-call, unused-ignore]


def _has_credentials_variable(env: Mapping[str, str]) -> bool:
    return bool(env.get("GOOGLE_APPLICATION_CREDENTIALS"))


def _gcloud_credentials_path(env: Mapping[str, str]) -> Path:
    """Where ``gcloud auth application-default login`` keeps what it makes."""
    name = "application_default_credentials.json"
    if folder := env.get("CLOUDSDK_CONFIG"):
        return Path(folder) / name
    if os.name == "nt":
        return Path(env.get("APPDATA", "")) / "gcloud" / name
    return Path(env.get("HOME") or Path.home()) / ".config" / "gcloud" / name


def _is_on_google(env: Mapping[str, str]) -> bool:
    """Whether a metadata server answers."""
    if env.get("NO_GCE_CHECK") == "true":
        return False
    named = env.get("GCE_METADATA_HOST", "") or env.get("GCE_METADATA_IP", "") or METADATA_ADDRESS
    host, _, port = named.partition(":")
    try:
        number = int(port or "80")
        socket.create_connection((host, number), METADATA_TIMEOUT_SECONDS).close()
    except (OSError, ValueError):
        return False  # no machine of Google's has none
    return True
