"""What the host name of a registry tells: its service, who runs it, how to log in there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from manager.errors import ExitCode, ManagerError
from manager.references.grammar import DEFAULT_REGISTRY, REGISTRY_PATTERN
from manager.references.redaction import quote_text, redact_secrets


class RegistryService(StrEnum):
    """The kinds that differ in how one logs in."""

    HUB = "Docker Hub"
    ECR = "Amazon ECR"
    ECR_PUBLIC = "Amazon ECR Public"
    GOOGLE = "Google Artifact Registry"
    GCR = "gcr.io"
    AZURE = "Azure Container Registry"
    GITHUB = "GitHub"
    QUAY = "Quay"
    LOCAL = "this machine"
    OTHER = "other"


class Cloud(StrEnum):
    """Clouds whose own credentials are good for a registry."""

    AWS = "AWS"
    GOOGLE = "Google Cloud"
    AZURE = "Azure"


HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
AZURE_TOKEN_USER = "00000000-0000-0000-0000-000000000000"  # noqa: S105 - a user, no password
"""The user that goes with a token of Azure."""
GOOGLE_TOKEN_USER = "oauth2accesstoken"  # noqa: S105 - the name of a user
"""The user that goes with an access token of Google."""
GOOGLE_KEY_USER = "_json_key"
"""The user that goes with the key file of a Google service account."""

_CLOUDS = {
    RegistryService.ECR: Cloud.AWS,
    RegistryService.ECR_PUBLIC: Cloud.AWS,
    RegistryService.GOOGLE: Cloud.GOOGLE,
    RegistryService.GCR: Cloud.GOOGLE,
    RegistryService.AZURE: Cloud.AZURE,
}
_EXTRAS = {Cloud.AWS: "aws", Cloud.GOOGLE: "gcp", Cloud.AZURE: "azure"}
_DEFAULT_USERS = {
    RegistryService.ECR: "AWS",
    RegistryService.ECR_PUBLIC: "AWS",
    RegistryService.GOOGLE: GOOGLE_TOKEN_USER,
    RegistryService.GCR: GOOGLE_TOKEN_USER,
    RegistryService.AZURE: AZURE_TOKEN_USER,
}

# Source: Amazon ECR User Guide, "Service endpoints"; the partitions of botocore 1.44.
_ECR_DOMAINS = (
    r"amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov"
    r"|cloud\.adc-e\.uk|csp\.hci\.ic\.gov"
)
_ECR_DUAL_STACK_DOMAINS = r"on\.aws|on\.amazonwebservices\.com\.cn|on\.amazonwebservices\.eu"
_ECR_PATTERN = re.compile(
    r"(?P<account>\d{12})\.dkr(?:\.ecr(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)\.(?:"
    + _ECR_DOMAINS
    + r")|-ecr(?P<dual_fips>-fips)?\.(?P<dual_region>[a-z0-9-]+)\.(?:"
    + _ECR_DUAL_STACK_DOMAINS
    + "))"
)
_ECR_PUBLIC_HOSTS = frozenset({"public.ecr.aws", "ecr-public.aws.com"})
_GOOGLE_PATTERN = re.compile(r"(?:[a-z0-9-]+-)?docker\.pkg\.dev")
_GCR_PATTERN = re.compile(r"(?:[a-z0-9-]+\.)?gcr\.io")
_AZURE_PATTERN = re.compile(r"(?:[a-z0-9-]+\.)+azurecr\.(?P<end>io|cn|us|de)")
_GITHUB_HOSTS = frozenset({"ghcr.io", "docker.pkg.github.com"})
_QUAY_HOSTS = frozenset({"quay.io"})
_LOCAL_PATTERN = re.compile(r"(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\]")

_OPERATORS = {
    RegistryService.HUB: "Docker, Inc.; it is the default registry",
    RegistryService.ECR_PUBLIC: "Amazon, for public images",
    RegistryService.GOOGLE: "Google, for projects on Google Cloud",
    RegistryService.GCR: (
        "Google: Artifact Registry, under the names of the former Container Registry"
    ),
    RegistryService.GITHUB: "GitHub, for its users and organisations",
    RegistryService.QUAY: "Red Hat",
    RegistryService.LOCAL: "someone on this machine",
}
_OPERATORS_BY_HOST = {
    "mcr.microsoft.com": "Microsoft, for its own images",
    "registry.k8s.io": "the Kubernetes project",
    "registry.gitlab.com": "GitLab, for its users and groups",
    "nvcr.io": "NVIDIA",
    "registry.redhat.io": "Red Hat, for its customers",
    "registry.access.redhat.com": "Red Hat",
}
_LOGIN_ADVICE = {
    RegistryService.HUB: (
        "the user is your Docker ID, the password a personal access token from Docker Hub"
    ),
    RegistryService.ECR: (
        "with AWS credentials for {region}, dockmgr gets a password that is valid for 12 h"
    ),
    RegistryService.ECR_PUBLIC: (
        "pulling needs no login; with AWS credentials, dockmgr gets a password"
    ),
    RegistryService.GOOGLE: ("get Google credentials with: gcloud auth application-default login"),
    RegistryService.GCR: ("get Google credentials with: gcloud auth application-default login"),
    RegistryService.AZURE: "get Azure credentials with: az login",
    RegistryService.GITHUB: "the password is a personal access token (classic) with read:packages",
    RegistryService.QUAY: (
        "the user may be a robot account; your Quay password is not your Red Hat password"
    ),
}
_MISSING_IMAGE_HINTS = {
    RegistryService.GCR: (
        "Container Registry was shut down and Artifact Registry now serves its names: "
        "check that the image was copied there"
    ),
}


@dataclass(frozen=True, slots=True)
class RegistryHost:
    """What is known of a registry from its host name alone."""

    host: str
    """As it stands in image addresses, with its port if it has one."""
    service: RegistryService
    account: str = ""
    """Of ECR: the number of the AWS account."""
    region: str = ""
    """Of ECR: that of the registry, which decides the partition of AWS too."""
    fips: bool = False
    """Of ECR: whether the host is one of those certified by FIPS 140."""
    dual_stack: bool = False
    """Of ECR: whether the host is reached by IPv6 too."""

    @property
    def cloud(self) -> Cloud | None:
        """The cloud whose own credentials are good there."""
        return _CLOUDS.get(self.service)

    @property
    def extra_name(self) -> str:
        """The extra of this program that asks that cloud."""
        return _EXTRAS[self.cloud] if self.cloud else ""

    @property
    def default_user(self) -> str:
        """The user name that is the same for everybody; empty where people have their own."""
        return _DEFAULT_USERS.get(self.service, "")

    @property
    def requires_login(self) -> bool:
        """Whether nothing there can be pulled without a login."""
        return self.service is RegistryService.ECR

    @property
    def operator(self) -> str:
        """Who runs it, in a few words."""
        if self.service is RegistryService.ECR:
            return f"Amazon, for AWS account {self.account} in {self.region}"
        if self.service is RegistryService.AZURE:
            return f"Microsoft, for {self.host.partition('.')[0]} on Azure"
        if self.service is RegistryService.HUB and self.host != DEFAULT_REGISTRY:
            return f"Docker, Inc.; addresses call it {DEFAULT_REGISTRY}"
        return _OPERATORS.get(self.service) or _OPERATORS_BY_HOST.get(
            _host_name(self.host), "an operator that dockmgr does not know"
        )

    @property
    def login_advice(self) -> str:
        """What a login there takes; empty where that is not known."""
        return _LOGIN_ADVICE.get(self.service, "").format(region=self.region)

    @property
    def login_hint(self) -> str:
        """What to do where a login is missing, or has failed."""
        advice = f" ({self.login_advice})" if self.login_advice else ""
        return f"log in with: dockmgr login {self.host}{advice}"

    @property
    def missing_image_hint(self) -> str:
        """What to think of where an image is not there; empty for nothing special."""
        return _MISSING_IMAGE_HINTS.get(self.service, "")


def identify_registry(host: str) -> RegistryHost:
    """Tell a registry's kind.

    Args:
        host: with its port if it has one: ``docker.io``, ``localhost:5000``.
    """
    name = _host_name(host)
    if ecr := _ECR_PATTERN.fullmatch(name):
        return RegistryHost(
            host,
            RegistryService.ECR,
            ecr["account"],
            ecr["region"] or ecr["dual_region"],
            fips=bool(ecr["fips"] or ecr["dual_fips"]),
            dual_stack=ecr["dual_region"] is not None,
        )
    return RegistryHost(host, _identify_service(name), dual_stack=name == "ecr-public.aws.com")


def parse_registry(text: str) -> RegistryHost:
    """The registry that a person means: a host, or the URL that docker shows for it.

    Raises:
        ManagerError: (usage) it is not a valid registry; the hint says what would be.
    """
    host, slash, path = re.sub(r"^https?://", "", text.strip()).partition("/")
    shown = quote_text(redact_secrets(text))
    if not re.fullmatch(REGISTRY_PATTERN, host):
        raise ManagerError(
            f"{shown} is not a valid registry",
            "give its host name, for example ghcr.io",
            ExitCode.USAGE,
        )
    if slash and path.strip("/") not in {"", "v1", "v2"}:
        raise ManagerError(
            f"{shown} contains more than a registry",
            f"give only its host: {host}",
            ExitCode.USAGE,
        )
    return identify_registry(DEFAULT_REGISTRY if host.lower() in HUB_HOSTS else host)


def _identify_service(name: str) -> RegistryService:
    exact = {
        **dict.fromkeys(HUB_HOSTS, RegistryService.HUB),
        **dict.fromkeys(_ECR_PUBLIC_HOSTS, RegistryService.ECR_PUBLIC),
        **dict.fromkeys(_GITHUB_HOSTS, RegistryService.GITHUB),
        **dict.fromkeys(_QUAY_HOSTS, RegistryService.QUAY),
    }
    if name in exact:
        return exact[name]
    forms = (
        (_GOOGLE_PATTERN, RegistryService.GOOGLE),
        (_GCR_PATTERN, RegistryService.GCR),
        (_AZURE_PATTERN, RegistryService.AZURE),
        (_LOCAL_PATTERN, RegistryService.LOCAL),
    )
    return next((kind for form, kind in forms if form.fullmatch(name)), RegistryService.OTHER)


def _host_name(host: str) -> str:
    """A host without its port, in small letters."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() and not name.endswith(":") else host).lower()
