"""Logins of Azure Container Registry: an access token, exchanged for one of the registry's own.

Source: Azure/acr, "Azure Container Registry integration with Azure Active Directory"; the client
library azure-containerregistry, for the scopes; azure-identity.
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from manager.references.registry_hosts import NO_USER
from manager.registry.core import expiry
from manager.registry.core.credentials import Credentials
from manager.registry.logins.clouds import CloudError, Given
from manager.registry.protocol import certificates as trust

if TYPE_CHECKING:
    from manager.references.registry_hosts import RegistryKind

CONNECT, READ = 2.0, 4.0
"""Seconds."""
LONGEST = 1 << 20
"""Bytes: no answer is longer."""
OK = 200
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
_NAMED = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "IDENTITY_ENDPOINT", "MSI_ENDPOINT")
"""Variables that say that there are credentials."""


def fetch(kind: RegistryKind, base: str) -> Given | None:
    """A login of one registry, good for about three hours; None without credentials.

    Args:
        kind: the registry.
        base: its URL.

    Raises:
        ImportError: azure-identity is not installed.
        CloudError: Azure or the registry refuses, or cannot be reached.
    """
    access = _access_token(kind)
    if access is None:
        return None
    refresh = exchange(kind.host, access, base)
    until = expiry.written_in(kind, refresh)
    return Given(Credentials(NO_USER, identity_token=refresh), until)


def _access_token(kind: RegistryKind) -> str | None:
    from azure.core.exceptions import AzureError, ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    # It would say on stderr all that it has tried.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    end = kind.host.partition(":")[0].rpartition(".")[2]
    options: dict[str, Any] = {
        "connection_timeout": CONNECT,
        "read_timeout": READ,
        "retry_total": 1,
        "process_timeout": round(CONNECT + READ),
    }
    if end in _AUTHORITIES and "AZURE_AUTHORITY_HOST" not in os.environ:
        options["authority"] = _AUTHORITIES[end]
    try:
        with DefaultAzureCredential(**options) as found:
            return found.get_token(_SCOPES[end]).token
    except ClientAuthenticationError as error:
        if not any(os.environ.get(name) for name in _NAMED):
            return None
        problem = "it refuses the credentials that are here"
        raise CloudError(f"Azure gives no login for {kind.host}: {problem}") from error
    except (AzureError, OSError, ValueError) as error:
        raise CloudError(f"Azure gives no login for {kind.host}: try again later") from error


def exchange(host: str, access: str, base: str) -> str:
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
            session.mount(base, trust.adapter(trust.of(urlsplit(url).netloc, trust.folders())))
        if urlsplit(url).hostname not in {"localhost", "127.0.0.1", "::1"}:
            session.proxies = requests.utils.get_environ_proxies(url, no_proxy=None)
        try:
            answer = session.post(
                url, data=form, timeout=(CONNECT, READ), allow_redirects=False, stream=True
            )
            body = answer.raw.read(LONGEST, decode_content=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise CloudError(f"registry {host} cannot be reached for a login") from error
        if answer.status_code != OK:
            raise CloudError(f"registry {host} refuses Azure's token ({answer.status_code})")
    try:
        token = json.loads(body)["refresh_token"]
    except (ValueError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not token:
        # Without its cause: that may hold the answer.
        raise CloudError(f"registry {host} gave an answer that is no login")
    return token
