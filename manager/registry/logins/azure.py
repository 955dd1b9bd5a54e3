"""Logins of Azure Container Registry: an access token, exchanged for one of the registry's own.

Source: Azure/acr, "Azure Container Registry integration with Azure Active Directory"; the client
library azure-containerregistry, for the scopes; azure-identity.
"""

from __future__ import annotations

import json
import logging
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from manager.references.registry_hosts import AZURE_TOKEN_USER
from manager.registry.core.credentials import Credentials, parse_expiry
from manager.registry.logins.clouds import CloudError, CloudLogin
from manager.registry.protocol.certificates import build_adapter, certificate_folders, find_trust

if TYPE_CHECKING:
    from manager.references.registry_hosts import RegistryHost

CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 2.0, 4.0
"""Seconds."""
MAX_ANSWER_BYTES = 1 << 20
"""Bytes: no answer is longer."""
_SCOPES = {
    "io": "https://containerregistry.azure.net/.default",
    "cn": "https://management.chinacloudapi.cn/.default",
    "us": "https://management.usgovcloudapi.net/.default",
    "de": "https://management.microsoftazure.de/.default",
}
_AUTHORITIES = {
    "cn": "login.chinacloudapi.cn",
    "us": "login.microsoftonline.us",
    "de": "login.microsoftonline.de",
}
_CREDENTIAL_VARIABLES = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "IDENTITY_ENDPOINT", "MSI_ENDPOINT")
"""Variables that say that there are credentials."""


def fetch_login(kind: RegistryHost, base: str) -> CloudLogin | None:
    """A login of one registry, good for about three hours; None without credentials.

    Args:
        kind: the registry.
        base: its URL.

    Raises:
        ImportError: azure-identity is not installed.
        CloudError: Azure or the registry refuses, or cannot be reached.
    """
    access = _fetch_access_token(kind)
    if access is None:
        return None
    refresh = exchange_token(kind.host, access, base)
    until = parse_expiry(kind, refresh)
    return CloudLogin(Credentials(AZURE_TOKEN_USER, identity_token=refresh), until)


def _fetch_access_token(kind: RegistryHost) -> str | None:
    from azure.core.exceptions import AzureError, ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    # It would say on stderr all that it has tried.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    end = kind.host.partition(":")[0].rpartition(".")[2]
    options: dict[str, Any] = {
        "connection_timeout": CONNECT_TIMEOUT_SECONDS,
        "read_timeout": READ_TIMEOUT_SECONDS,
        "retry_total": 1,
        "process_timeout": round(CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS),
    }
    if end in _AUTHORITIES and "AZURE_AUTHORITY_HOST" not in os.environ:
        options["authority"] = _AUTHORITIES[end]
    try:
        with DefaultAzureCredential(**options) as found:
            return found.get_token(_SCOPES[end]).token
    except ClientAuthenticationError as error:
        if not any(os.environ.get(name) for name in _CREDENTIAL_VARIABLES):
            return None
        problem = "it refused the local credentials"
        raise CloudError(f"Azure did not provide a login for {kind.host}: {problem}") from error
    except (AzureError, OSError, ValueError) as error:
        raise CloudError(
            f"Azure did not provide a login for {kind.host}: try again later"
        ) from error


def exchange_token(host: str, access: str, base: str) -> str:
    """Get a registry's refresh token for an access token of Azure.

    Args:
        host: the registry, as it is called.
        access: the access token.
        base: the registry's URL.

    Raises:
        CloudError: it refuses, or cannot be reached.
    """
    import requests
    import urllib3

    url = f"{base}/oauth2/exchange"
    form = {"grant_type": "access_token", "service": host, "access_token": access}
    with requests.Session() as session:
        session.trust_env = False  # else it would read passwords from .netrc
        if base.startswith("https:"):
            session.mount(
                base,
                build_adapter(find_trust(urlsplit(url).netloc, certificate_folders())),
            )
        if urlsplit(url).hostname not in {"localhost", "127.0.0.1", "::1"}:
            session.proxies = requests.utils.get_environ_proxies(url, no_proxy=None)
        try:
            answer = session.post(
                url,
                data=form,
                timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            body = answer.raw.read(MAX_ANSWER_BYTES, decode_content=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise CloudError(f"registry {host} cannot be reached to log in") from error
        if answer.status_code != HTTPStatus.OK:
            raise CloudError(f"registry {host} refused Azure's token ({answer.status_code})")
    try:
        token = json.loads(body)["refresh_token"]
    except (ValueError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not token:
        # Without its cause: that may hold the answer.
        raise CloudError(f"registry {host} gave an invalid answer to the login")
    return token
