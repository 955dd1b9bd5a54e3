"""Logins of Amazon ECR, private and public, with whatever credentials of AWS there are here.

Source: Amazon ECR and ECR Public API references, ``GetAuthorizationToken``; boto3.
"""

from __future__ import annotations

import os
from base64 import b64decode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.references.registry_hosts import RegistryService
from manager.registry.core.credentials import Credentials, parse_expiry
from manager.registry.logins.clouds import CloudError, CloudLogin

if TYPE_CHECKING:
    from manager.references.registry_hosts import RegistryHost

PUBLIC_REGION = "us-east-1"
"""The one region that gives logins for ECR Public."""
CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, MAX_ATTEMPTS = 2, 4, 2
"""Seconds, seconds, and tries in all."""
_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_ECR_PUBLIC")


def fetch_login(kind: RegistryHost, base: str) -> CloudLogin | None:
    """A login, good for every registry of the region that one may use; None without credentials.

    Args:
        kind: the registry.
        base: not used: AWS is asked, not the registry.

    Raises:
        ImportError: boto3 is not installed.
        CloudError: AWS refuses, or cannot be reached.
    """
    del base
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    public = kind.service is RegistryService.ECR_PUBLIC
    try:
        session = boto3.Session(region_name=PUBLIC_REGION if public else kind.region)
        if session.get_credentials() is None:
            return None
        client = session.client(
            "ecr-public" if public else "ecr", config=_build_client_config(kind)
        )
        data = client.get_authorization_token()["authorizationData"]
        row = data if public else data[0]
        username, colon, password = b64decode(row["authorizationToken"]).decode().partition(":")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown error")
        raise CloudError(f"AWS refused a login for {kind.host}: {code}") from error
    except BotoCoreError as error:
        # Of the class: the sentence may hold what some program said that gives credentials.
        raise CloudError(
            f"AWS did not provide a login for {kind.host}: {_describe_error(error)}"
        ) from error
    except (LookupError, ValueError, TypeError, OSError):
        # Without its cause: that may hold the answer.
        raise CloudError(f"AWS gave an invalid answer to the login for {kind.host}") from None
    if not colon or not password:
        raise CloudError(f"AWS gave an invalid answer to the login for {kind.host}")
    until = row.get("expiresAt")
    if not isinstance(until, datetime) or until <= datetime.now(UTC):
        until = parse_expiry(kind, password)
    return CloudLogin(Credentials(username, password), until)


def _build_client_config(kind: RegistryHost) -> Any:  # noqa: ANN401 - botocore ships no types
    from botocore.config import Config

    options: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "read_timeout": READ_TIMEOUT_SECONDS,
        "retries": {"total_max_attempts": MAX_ATTEMPTS},
    }
    # An endpoint that was named is the one to ask; botocore refuses to choose a variant of it.
    if not any(os.environ.get(name) for name in _ENDPOINT_VARIABLES):
        if kind.fips:
            options["use_fips_endpoint"] = True
        if kind.dual_stack:
            options["use_dualstack_endpoint"] = True
    return Config(**options)


def _describe_error(error: Exception) -> str:
    from botocore import exceptions

    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return "it cannot be reached"
    if isinstance(error, exceptions.SSOError):
        return "the single sign-on has expired, renew it with: aws sso login"
    if isinstance(error, exceptions.ProfileNotFound):
        return "AWS_PROFILE names a profile that does not exist"
    return type(error).__name__
