"""What a registry's host name tells, and until when its passwords say that they are good."""

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.errors import ExitCode, ManagerError
from manager.references import registry_hosts as registry_kinds
from manager.references.registry_hosts import (
    Cloud,
    RegistryHost,
    RegistryService,
    identify_registry,
)
from manager.registry.core.credentials import parse_expiry
from manager.registry.core.transfer_failures import explain_pull_failure

ECR = "123456789012.dkr.ecr"
DUAL = "123456789012.dkr-ecr"


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("docker.io", RegistryService.HUB),
        ("index.docker.io", RegistryService.HUB),
        ("registry-1.docker.io", RegistryService.HUB),
        ("docker.io.example", RegistryService.OTHER),
        ("public.ecr.aws", RegistryService.ECR_PUBLIC),
        ("ecr-public.aws.com", RegistryService.ECR_PUBLIC),
        ("europe-west1-docker.pkg.dev", RegistryService.GOOGLE),
        ("us-docker.pkg.dev", RegistryService.GOOGLE),
        ("docker.pkg.dev", RegistryService.GOOGLE),
        ("xdocker.pkg.dev", RegistryService.OTHER),
        ("us-npm.pkg.dev", RegistryService.OTHER),
        ("gcr.io", RegistryService.GCR),
        ("eu.gcr.io", RegistryService.GCR),
        ("mirror.gcr.io", RegistryService.GCR),
        ("gcr.io.example", RegistryService.OTHER),
        ("notgcr.io", RegistryService.OTHER),
        ("acme.azurecr.io", RegistryService.AZURE),
        ("Acme.AzureCR.io", RegistryService.AZURE),
        ("acme-h4sh.azurecr.io", RegistryService.AZURE),
        ("acme.westeurope.geo.azurecr.io", RegistryService.AZURE),
        ("acme.azurecr.cn", RegistryService.AZURE),
        ("acme.azurecr.us", RegistryService.AZURE),
        ("acme.azurecr.de", RegistryService.AZURE),
        ("azurecr.io", RegistryService.OTHER),
        ("acme.azurecr.fr", RegistryService.OTHER),
        ("ghcr.io", RegistryService.GITHUB),
        ("docker.pkg.github.com", RegistryService.GITHUB),
        ("quay.io", RegistryService.QUAY),
        ("localhost", RegistryService.LOCAL),
        ("localhost:5000", RegistryService.LOCAL),
        ("registry.localhost:5000", RegistryService.LOCAL),
        ("127.0.0.1:5000", RegistryService.LOCAL),
        ("127.1.2.3", RegistryService.LOCAL),
        ("[::1]:5000", RegistryService.LOCAL),
        ("[::1]", RegistryService.LOCAL),
        ("[::2]", RegistryService.OTHER),
        ("registry.gitlab.com", RegistryService.OTHER),
        ("10.0.0.1:5000", RegistryService.OTHER),
        (f"{ECR}.eu-west-1.amazonaws.com", RegistryService.ECR),
        (f"{ECR}.eu-west-1.amazonaws.com.example", RegistryService.OTHER),
        (f"x{ECR}.eu-west-1.amazonaws.com", RegistryService.OTHER),
        (f"{DUAL}.eu-west-1.amazonaws.com", RegistryService.OTHER),
        (f"{ECR}.eu-west-1.on.aws", RegistryService.OTHER),
        ("ecr.eu-west-1.amazonaws.com", RegistryService.OTHER),
        ("12345.dkr.ecr.eu-west-1.amazonaws.com", RegistryService.OTHER),
    ],
)
def test_kinds(host: str, kind: RegistryService) -> None:
    found = identify_registry(host)
    assert (found.service, found.host) == (kind, host)
    assert found.operator
    assert host in found.login_hint


@pytest.mark.parametrize(
    ("host", "region", "fips", "dual"),
    [
        (f"{ECR}.eu-west-1.amazonaws.com", "eu-west-1", False, False),
        (f"{ECR}.eu-west-1.amazonaws.com:443", "eu-west-1", False, False),
        (f"{ECR}-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", True, False),
        (f"{ECR}.cn-north-1.amazonaws.com.cn", "cn-north-1", False, False),
        (f"{ECR}.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", False, False),
        (f"{ECR}.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", False, False),
        (f"{ECR}.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", False, False),
        (f"{ECR}.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", False, False),
        (f"{ECR}.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", False, False),
        (f"{DUAL}.eu-west-1.on.aws", "eu-west-1", False, True),
        (f"{DUAL}-fips.us-east-1.on.aws", "us-east-1", True, True),
        (f"{DUAL}.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", False, True),
        (f"{DUAL}.eusc-de-east-1.on.amazonwebservices.eu", "eusc-de-east-1", False, True),
    ],
)
def test_hosts_of_ecr(host: str, region: str, fips: bool, dual: bool) -> None:
    expected = RegistryHost(host, RegistryService.ECR, "123456789012", region, fips, dual)
    assert identify_registry(host) == expected
    assert expected.cloud is Cloud.AWS
    assert expected.extra_name == "aws"
    assert "123456789012" in expected.operator
    assert region in expected.login_advice


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("docker.io", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("http://localhost:5000/v2/", "localhost:5000"),
        (" ghcr.io ", "ghcr.io"),
        ("[::1]:5000", "[::1]:5000"),
    ],
)
def test_what_a_person_means(text: str, host: str) -> None:
    assert registry_kinds.parse_registry(text).host == host


@pytest.mark.parametrize("text", ["", "ghcr.io/org", "a b", "me@ghcr.io", "ghcr.io:x", "_"])
def test_what_is_no_registry(text: str) -> None:
    with pytest.raises(ManagerError) as caught:
        registry_kinds.parse_registry(text)
    assert caught.value.exit_code is ExitCode.USAGE


@given(st.text(max_size=40))
def test_any_text_has_a_kind(text: str) -> None:
    assert isinstance(identify_registry(text), RegistryHost)


def test_what_is_missing_under_an_old_name() -> None:
    for host in ("gcr.io", "eu.gcr.io"):
        for said in ("manifest unknown", "denied"):
            assert "shut down" in explain_pull_failure(said, f"{host}/x/y", host).hint
    assert (
        "shut down" not in explain_pull_failure("manifest unknown", "ghcr.io/x/y", "ghcr.io").hint
    )


def test_a_pull_without_a_login_says_what_a_login_takes() -> None:
    hint = explain_pull_failure(
        "no basic auth credentials", "x", f"{ECR}.eu-west-1.amazonaws.com"
    ).hint
    assert "dockmgr login" in hint
    assert "12 h" in hint


END = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def in_base64(value: object) -> str:
    return b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize("end", [int(END.timestamp()), str(int(END.timestamp()))])
def test_an_ecr_password_says_until_when(end: object) -> None:
    secret = in_base64({"payload": "x", "expiration": end})
    assert parse_expiry(identify_registry(f"{ECR}.eu-west-1.amazonaws.com"), secret) == END
    assert parse_expiry(identify_registry("public.ecr.aws"), secret) == END
    assert parse_expiry(identify_registry("r.example"), secret) is None


def test_a_token_of_azure_says_until_when() -> None:
    claims = in_base64({"exp": END.timestamp()}).rstrip("=")
    secret = f"e30.{claims}.x"
    assert parse_expiry(identify_registry("acme.azurecr.io"), secret) == END
    assert parse_expiry(identify_registry("r.example"), secret) is None


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "hello",
        "a.b.c",
        "..",
        in_base64([]),
        in_base64({"expiration": True}),
        in_base64({"expiration": "soon"}),
        in_base64({"expiration": 1e300}),
        "x." + in_base64({"exp": None}) + ".y",
        b64encode(b"[" * 100_000).decode(),
    ],
)
def test_what_does_not_say(secret: str) -> None:
    for host in (f"{ECR}.eu-west-1.amazonaws.com", "acme.azurecr.io"):
        assert parse_expiry(identify_registry(host), secret) is None
