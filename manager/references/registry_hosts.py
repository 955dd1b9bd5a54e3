"""What a registry's host name tells: which kind it is, who runs it, how one logs in there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from manager.errors import ExitCode, ManagerError
from manager.references.redaction import quoted, shown_as
from manager.references.reference import DEFAULT_REGISTRY, REGISTRY


class Kind(StrEnum):
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
NO_USER = "00000000-0000-0000-0000-000000000000"
"""The user that goes with a token of Azure."""
TOKEN_USER = "oauth2accesstoken"  # noqa: S105 - the name of a user
"""The user that goes with an access token of Google."""
KEY_USER = "_json_key"
"""The user that goes with the key file of a Google service account."""

_CLOUDS = {
    Kind.ECR: Cloud.AWS,
    Kind.ECR_PUBLIC: Cloud.AWS,
    Kind.GOOGLE: Cloud.GOOGLE,
    Kind.GCR: Cloud.GOOGLE,
    Kind.AZURE: Cloud.AZURE,
}
_EXTRAS = {Cloud.AWS: "aws", Cloud.GOOGLE: "gcp", Cloud.AZURE: "azure"}
_USERS = {
    Kind.ECR: "AWS",
    Kind.ECR_PUBLIC: "AWS",
    Kind.GOOGLE: TOKEN_USER,
    Kind.GCR: TOKEN_USER,
    Kind.AZURE: NO_USER,
}

# Source: Amazon ECR User Guide, "Service endpoints"; the partitions of botocore 1.44.
_CLASSIC = (
    r"amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov"
    r"|cloud\.adc-e\.uk|csp\.hci\.ic\.gov"
)
_DUAL = r"on\.aws|on\.amazonwebservices\.com\.cn|on\.amazonwebservices\.eu"
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr(?:\.ecr(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)\.(?:"
    + _CLASSIC
    + r")|-ecr(?P<dual_fips>-fips)?\.(?P<dual_region>[a-z0-9-]+)\.(?:"
    + _DUAL
    + "))"
)
_ECR_PUBLIC = frozenset({"public.ecr.aws", "ecr-public.aws.com"})
_GOOGLE = re.compile(r"(?:[a-z0-9-]+-)?docker\.pkg\.dev")
_GCR = re.compile(r"(?:[a-z0-9-]+\.)?gcr\.io")
_AZURE = re.compile(r"(?:[a-z0-9-]+\.)+azurecr\.(?P<end>io|cn|us|de)")
_GITHUB = frozenset({"ghcr.io", "docker.pkg.github.com"})
_QUAY = frozenset({"quay.io"})
_LOCAL = re.compile(r"(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\]")

_RUN_BY = {
    Kind.HUB: "Docker, Inc.; where an address names no registry, this one is meant",
    Kind.ECR_PUBLIC: "Amazon, for images that anybody may pull",
    Kind.GOOGLE: "Google, for projects of its cloud",
    Kind.GCR: "Google: Artifact Registry, by the names of Container Registry, which is shut down",
    Kind.GITHUB: "GitHub, for its users and organisations",
    Kind.QUAY: "Red Hat",
    Kind.LOCAL: "somebody on this machine",
}
_OTHERS = {
    "mcr.microsoft.com": "Microsoft, for its own images",
    "registry.k8s.io": "the Kubernetes project",
    "registry.gitlab.com": "GitLab, for its users and groups",
    "nvcr.io": "NVIDIA",
    "registry.redhat.io": "Red Hat, for its customers",
    "registry.access.redhat.com": "Red Hat",
}
_ADVICE = {
    Kind.HUB: "the user is your Docker ID, the password a personal access token made at Docker Hub",
    Kind.ECR: "AWS gives a new password, good for 12 h, to who has its credentials for {region}",
    Kind.ECR_PUBLIC: "pulling needs no login; AWS gives a password to who has its credentials",
    Kind.GOOGLE: "Google's own credentials are made by: gcloud auth application-default login",
    Kind.GCR: "Google's own credentials are made by: gcloud auth application-default login",
    Kind.AZURE: "Azure's own credentials are made by: az login",
    Kind.GITHUB: "the password is a personal access token (classic) with read:packages",
    Kind.QUAY: "the user may be a robot account; a password of your own is not that of Red Hat",
}
_MISSING = {
    Kind.GCR: "Container Registry is shut down and Artifact Registry serves its names: was the "
    "image copied there before?",
}


@dataclass(frozen=True, slots=True)
class RegistryKind:
    """What is known of a registry from its host name alone."""

    host: str
    """As it stands in image addresses, with its port if it has one."""
    kind: Kind
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
        return _CLOUDS.get(self.kind)

    @property
    def extra(self) -> str:
        """The extra of this program that asks that cloud."""
        return _EXTRAS[self.cloud] if self.cloud else ""

    @property
    def default_user(self) -> str:
        """The user name that is the same for everybody; empty where people have their own."""
        return _USERS.get(self.kind, "")

    @property
    def private(self) -> bool:
        """Whether nothing there can be pulled without a login."""
        return self.kind is Kind.ECR

    @property
    def run_by(self) -> str:
        """Who runs it, in a few words."""
        if self.kind is Kind.ECR:
            return f"Amazon, for AWS account {self.account} in {self.region}"
        if self.kind is Kind.AZURE:
            return f"Microsoft, for {self.host.partition('.')[0]} on Azure"
        if self.kind is Kind.HUB and self.host != DEFAULT_REGISTRY:
            return f"Docker, Inc.; in addresses it is called {DEFAULT_REGISTRY}"
        return _RUN_BY.get(self.kind) or _OTHERS.get(_name(self.host), "not known from its name")

    @property
    def advice(self) -> str:
        """What a login there takes; empty where that is not known."""
        return _ADVICE.get(self.kind, "").format(region=self.region)

    @property
    def login_hint(self) -> str:
        """What to do where a login is missing, or has failed."""
        advice = f" ({self.advice})" if self.advice else ""
        return f"log in with: dockmgr login {self.host}{advice}"

    @property
    def missing_hint(self) -> str:
        """What to think of where an image is not there; empty for nothing special."""
        return _MISSING.get(self.kind, "")


def of(host: str) -> RegistryKind:
    """Tell a registry's kind.

    Args:
        host: with its port if it has one: ``docker.io``, ``localhost:5000``.
    """
    name = _name(host)
    if ecr := _ECR.fullmatch(name):
        return RegistryKind(
            host,
            Kind.ECR,
            ecr["account"],
            ecr["region"] or ecr["dual_region"],
            fips=bool(ecr["fips"] or ecr["dual_fips"]),
            dual_stack=ecr["dual_region"] is not None,
        )
    return RegistryKind(host, _kind(name), dual_stack=name == "ecr-public.aws.com")


def named(text: str) -> RegistryKind:
    """The registry that a person means: a host, or the URL that docker shows for it.

    Raises:
        ManagerError: (usage) it is no registry; the hint says what would be one.
    """
    host, slash, path = re.sub(r"^https?://", "", text.strip()).partition("/")
    shown = quoted(shown_as(text))
    if not re.fullmatch(REGISTRY, host):
        raise ManagerError(
            f"{shown} is no registry",
            "give its host, as in ghcr.io",
            ExitCode.USAGE,
        )
    if slash and path.strip("/") not in {"", "v1", "v2"}:
        raise ManagerError(
            f"{shown} is more than a registry",
            f"give its host alone: {host}",
            ExitCode.USAGE,
        )
    return of(DEFAULT_REGISTRY if host.lower() in HUB_HOSTS else host)


def _kind(name: str) -> Kind:
    exact = {
        **dict.fromkeys(HUB_HOSTS, Kind.HUB),
        **dict.fromkeys(_ECR_PUBLIC, Kind.ECR_PUBLIC),
        **dict.fromkeys(_GITHUB, Kind.GITHUB),
        **dict.fromkeys(_QUAY, Kind.QUAY),
    }
    if name in exact:
        return exact[name]
    forms = (
        (_GOOGLE, Kind.GOOGLE),
        (_GCR, Kind.GCR),
        (_AZURE, Kind.AZURE),
        (_LOCAL, Kind.LOCAL),
    )
    return next((kind for form, kind in forms if form.fullmatch(name)), Kind.OTHER)


def _name(host: str) -> str:
    """A host without its port, in small letters."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() and not name.endswith(":") else host).lower()
