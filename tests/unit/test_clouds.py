"""Logins of clouds, given by stand-ins of them on the loopback."""

import json
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from moto.server import ThreadedMotoServer

from manager.references.registry_hosts import AZURE_TOKEN_USER, identify_registry
from manager.registry.core.credentials import Credentials
from manager.registry.logins import clouds
from manager.registry.logins.clouds import ask_cloud
from manager.registry.logins.lookup import locate_credentials
from tests.hushed import Home, ecr_password, web_token
from tests.registry_server import Handler, Request, served

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
GOOGLE = "europe-docker.pkg.dev"
AZURE = "acme.azurecr.io"
LATER = datetime(2100, 1, 1, tzinfo=UTC)
"""No login made here ends while the tests run, however long they take."""


@pytest.fixture
def patch(home: Home, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment, after it is one without clouds."""
    del home
    return monkeypatch


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """AWS's API; its logins of ECR end in 2015."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@pytest.fixture
def aws(home: Home, patch: pytest.MonkeyPatch) -> Home:
    """Somebody who has keys of AWS."""
    patch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    patch.setenv("AWS_SECRET_ACCESS_KEY", home.secret("hush-key-of-aws"))
    return home


@pytest.mark.parametrize(
    "host",
    [
        ECR,
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-west-1.on.aws",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
    ],
)
def test_ecr(aws: Home, patch: pytest.MonkeyPatch, moto: str, host: str) -> None:
    patch.setenv("AWS_ENDPOINT_URL_ECR", moto)
    answer = ask_cloud(identify_registry(host))
    assert answer.problem == ""
    assert answer.credentials is not None
    assert answer.credentials.username == "AWS"
    assert answer.credentials.password
    assert answer.until is None  # what moto says is long ago, and its password does not say
    found = locate_credentials(host, aws.env)
    assert (found.credentials, found.source) == (answer.credentials, "AWS")


def ecr_public(home: Home, seen: list[str]) -> Handler:
    """The API of ECR Public, which moto does not have."""

    def answer(request: Request) -> None:
        seen.append(request.headers["X-Amz-Target"] + request.headers["Authorization"])
        token = b64encode(f"AWS:{ecr_password(home, LATER)}".encode()).decode()
        row = {"authorizationToken": token, "expiresAt": LATER.timestamp()}
        request.reply(200, {"authorizationData": row}, Content_Type="application/x-amz-json-1.1")

    return answer


def test_ecr_public_is_asked_in_its_one_region(aws: Home, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AWS_REGION", "eu-west-1")
    seen: list[str] = []
    with served(ecr_public(aws, seen)) as api:
        patch.setenv("AWS_ENDPOINT_URL_ECR_PUBLIC", api.url)
        answer = ask_cloud(identify_registry("public.ecr.aws"))
        ask_cloud(identify_registry("public.ecr.aws"))
    assert answer.credentials
    assert answer.until
    assert abs(answer.until - LATER) < timedelta(seconds=1)
    (asked,) = seen  # the second time it was known
    assert "GetAuthorizationToken" in asked
    assert "/us-east-1/ecr-public/" in asked


def in_file(home: Home, registry: str, username: str, password: str) -> None:
    auth = b64encode(f"{username}:{password}".encode()).decode()
    home.write(auths={registry: {"auth": auth}})


def test_what_has_ended_is_renewed_without_a_word(aws: Home, patch: pytest.MonkeyPatch) -> None:
    old = ecr_password(aws, datetime(2020, 1, 1, tzinfo=UTC))
    in_file(aws, "public.ecr.aws", "AWS", old)
    with served(ecr_public(aws, [])) as api:
        patch.setenv("AWS_ENDPOINT_URL_ECR_PUBLIC", api.url)
        found = locate_credentials("public.ecr.aws", aws.env)
    assert found.credentials
    assert (found.source, found.known_by, found.warnings) == ("AWS", "from AWS", ())
    assert found.credentials.password != old


def test_what_is_good_is_kept_and_no_cloud_is_asked(aws: Home, patch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    good = ecr_password(aws, LATER)
    in_file(aws, "public.ecr.aws", "AWS", good)
    with served(ecr_public(aws, seen)) as api:
        patch.setenv("AWS_ENDPOINT_URL_ECR_PUBLIC", api.url)
        assert locate_credentials("public.ecr.aws", aws.env).credentials == Credentials("AWS", good)
    assert seen == []


def test_a_login_that_ends_soon_is_not_used_again(aws: Home, patch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def answer(request: Request) -> None:
        seen.append(request.path)
        end = datetime.now(UTC) + timedelta(seconds=30)
        token = b64encode(f"AWS:{ecr_password(aws, end)}".encode()).decode()
        row = {"authorizationToken": token, "expiresAt": end.timestamp()}
        request.reply(200, {"authorizationData": row}, Content_Type="application/x-amz-json-1.1")

    with served(answer) as api:
        patch.setenv("AWS_ENDPOINT_URL_ECR_PUBLIC", api.url)
        assert ask_cloud(identify_registry("public.ecr.aws")).credentials
        assert ask_cloud(identify_registry("public.ecr.aws")).credentials
    assert len(seen) == 2


def refuses(request: Request) -> None:
    body = {"__type": "UnrecognizedClientException", "message": "hush-message"}
    request.reply(400, body, Content_Type="application/x-amz-json-1.1")


def test_what_aws_refuses_is_said(aws: Home, patch: pytest.MonkeyPatch) -> None:
    with served(refuses) as api:
        patch.setenv("AWS_ENDPOINT_URL_ECR", api.url)
        found = locate_credentials(ECR, aws.env)
    assert found.credentials is None
    assert found.warnings == (f"AWS refused a login for {ECR}: UnrecognizedClientException",)


def test_an_answer_of_aws_that_is_no_login(aws: Home, patch: pytest.MonkeyPatch) -> None:
    bodies: list[dict[str, object]] = [
        {},
        {"authorizationData": []},
        {"authorizationData": [{"authorizationToken": "!"}]},
        {"authorizationData": [{"authorizationToken": b64encode(b"hush").decode()}]},
    ]
    for body in bodies:
        clouds.forget_answers()
        with served(lambda request, body=body: request.reply(200, body)) as api:  # type: ignore[misc]
            patch.setenv("AWS_ENDPOINT_URL_ECR", api.url)
            assert (
                ask_cloud(identify_registry(ECR)).problem
                == f"AWS gave an invalid answer to the login for {ECR}"
            )
    del aws


def test_nobody_at_aws(aws: Home, patch: pytest.MonkeyPatch) -> None:
    with served(refuses) as api:
        pass
    patch.setenv("AWS_ENDPOINT_URL_ECR", api.url)
    assert (
        ask_cloud(identify_registry(ECR)).problem
        == f"AWS did not provide a login for {ECR}: it cannot be reached"
    )
    del aws


@pytest.mark.parametrize("host", [ECR, "public.ecr.aws", GOOGLE, "gcr.io", AZURE])
def test_where_there_are_no_credentials_nothing_is_said(home: Home, host: str) -> None:
    found = locate_credentials(host, home.env)
    assert (found.credentials, found.warnings) == (None, ())


@pytest.mark.parametrize(
    ("host", "module", "line"),
    [
        (ECR, "boto3", "pip install 'dockmgr[aws]'"),
        (GOOGLE, "google.auth.exceptions", "pip install 'dockmgr[gcp]'"),
        (AZURE, "azure.identity", "pip install 'dockmgr[azure]'"),
    ],
)
def test_an_sdk_that_is_not_installed(
    home: Home, patch: pytest.MonkeyPatch, host: str, module: str, line: str
) -> None:
    patch.setitem(sys.modules, module, None)
    answer = ask_cloud(identify_registry(host))
    assert answer.installable
    assert line in answer.problem
    found = locate_credentials(host, home.env)
    # What may be public is pulled without a word.
    assert bool(found.warnings) == (host == ECR)


def test_other_registries_load_no_sdk(home: Home) -> None:
    code = (
        "import os, sys; from manager.registry.logins.lookup import find_credentials\n"
        "hosts = ('docker.io', 'ghcr.io', 'r.example:5000', 'localhost')\n"
        "for host in hosts: find_credentials(host, os.environ)\n"
        "print([name for name in ('boto3', 'google.auth', 'azure', 'requests',"
        " 'manager.registry.logins.clouds') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=home.env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def metadata(home: Home) -> Handler:
    """A machine of Google's, that has a service account."""

    def answer(request: Request) -> None:
        more = {"Metadata_Flavor": "Google", "Content_Type": "application/json"}
        if request.path.partition("?")[0].endswith("/token"):
            token = home.secret("hush-token-of-google")
            request.reply(200, {"access_token": token, "expires_in": 3599}, **more)
        elif "service-accounts" in request.path:
            request.reply(200, {"email": "me@p.example", "scopes": [], "aliases": []}, **more)
        else:
            request.reply(200, b"ok", **more)

    return answer


def test_google_on_a_machine_of_its_own(home: Home) -> None:
    # In a process of its own: google-auth reads the environment when it is loaded.
    code = (
        "from manager.registry.logins.clouds import ask_cloud\n"
        "from manager.references.registry_hosts import identify_registry\n"
        "answer = ask_cloud(identify_registry('europe-docker.pkg.dev'))\n"
        "assert ask_cloud(identify_registry('us-docker.pkg.dev')) == answer, answer\n"
        "print(answer.credentials.username, len(answer.credentials.secret), answer.until)"
    )
    with served(metadata(home)) as server:
        env = {**home.env, "GCE_METADATA_HOST": server.url.removeprefix("http://")}
        del env["NO_GCE_CHECK"]
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
    assert done.stderr == ""
    user, length, until = done.stdout.split(maxsplit=2)
    assert (user, length) == ("oauth2accesstoken", str(len("hush-token-of-google")))
    left = datetime.fromisoformat(until.strip()) - datetime.now(UTC)
    assert timedelta(minutes=50) < left < timedelta(minutes=61)
    # The same login is good for all of Google's registries.
    assert sum("/token" in seen.path for seen in server.seen) == 1


def service_account(home: Home, token_uri: str) -> Path:
    """The key file of a service account whose tokens come from somewhere."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path = home.folder / "account.json"
    row = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": pem,
        "client_email": "me@p.example",
        "client_id": "1",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(row))
    home.secret(pem.splitlines()[1])
    return path


def test_google_with_a_key_file(home: Home, patch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> None:
        token = home.secret("hush-token-of-google")
        body = {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
        request.reply(200, body, Content_Type="application/json")

    with served(answer) as server:
        path = service_account(home, f"{server.url}/token")
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        found = locate_credentials("eu.gcr.io", home.env)
    assert found.credentials == Credentials("oauth2accesstoken", "hush-token-of-google")
    assert (found.source, found.known_by) == ("Google Cloud", "from Google Cloud")


def test_a_kept_token_of_google_gives_way_to_googles_own(
    home: Home, patch: pytest.MonkeyPatch
) -> None:
    def answer(request: Request) -> None:
        body = {"access_token": "hush-new", "expires_in": 3600, "token_type": "Bearer"}
        request.reply(200, body, Content_Type="application/json")

    old = home.secret("hush-old")
    in_file(home, GOOGLE, "oauth2accesstoken", old)
    with served(answer) as server:
        path = service_account(home, f"{server.url}/token")
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        found = locate_credentials(GOOGLE, home.env)
        assert found.credentials == Credentials("oauth2accesstoken", "hush-new")
        # What was given for this run alone is not judged.
        auth = b64encode(f"oauth2accesstoken:{old}".encode()).decode()
        home.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {GOOGLE: {"auth": auth}}})
        assert locate_credentials(GOOGLE, home.env).source == "DOCKER_AUTH_CONFIG"


def test_a_key_file_that_is_refused(home: Home, patch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> None:
        request.reply(401, {"error": "invalid_grant"}, Content_Type="application/json")

    with served(answer) as server:
        path = service_account(home, f"{server.url}/token")
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        (warning,) = locate_credentials(GOOGLE, home.env).warnings
    assert warning.startswith(f"Google did not provide a login for {GOOGLE}")


def test_a_key_file_that_is_none(home: Home, patch: pytest.MonkeyPatch) -> None:
    for text in ("{", "{}", "[]", '{"type": "service_account"}'):
        clouds.forget_answers()
        path = home.folder / "account.json"
        path.write_text(text)
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        (warning,) = locate_credentials(GOOGLE, home.env).warnings
        assert warning.startswith(f"Google did not provide a login for {GOOGLE}")


def azure(home: Home, forms: list[dict[str, list[str]]], status: int = 200) -> Handler:
    """A machine of Azure's with an identity, and a registry that knows it."""

    def answer(request: Request) -> None:
        if request.path == "/oauth2/exchange":
            forms.append(parse_qs(request.server.seen[-1].body))
            request.reply(status, {"refresh_token": web_token(home, LATER)})
            return
        assert request.headers["X-IDENTITY-HEADER"] == "hush-header"
        body = {
            "access_token": home.secret("hush-access-of-azure"),
            "expires_on": str(int(LATER.timestamp())),
            "resource": "https://containerregistry.azure.net",
            "token_type": "Bearer",
        }
        request.reply(200, body, Content_Type="application/json")

    return answer


def on_azure(home: Home, patch: pytest.MonkeyPatch, url: str) -> None:
    patch.setenv("IDENTITY_ENDPOINT", f"{url}/token")
    patch.setenv("IDENTITY_HEADER", home.secret("hush-header"))
    patch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")


def test_azure(home: Home, patch: pytest.MonkeyPatch) -> None:
    forms: list[dict[str, list[str]]] = []
    with served(azure(home, forms)) as server:
        on_azure(home, patch, server.url)
        answer = ask_cloud(identify_registry(AZURE), server.url)
        ask_cloud(identify_registry(AZURE), server.url)
        ask_cloud(identify_registry("other.azurecr.io"), server.url)
    assert answer.credentials
    assert answer.credentials.username == AZURE_TOKEN_USER
    assert answer.credentials.auth_config() == {"identitytoken": answer.credentials.secret}
    assert answer.until == LATER.replace(microsecond=0)
    # A login is good for one registry only.
    assert [form["service"] for form in forms] == [[AZURE], ["other.azurecr.io"]]
    assert forms[0]["grant_type"] == ["access_token"]
    assert forms[0]["access_token"] == ["hush-access-of-azure"]


def test_a_registry_that_refuses_the_token_of_azure(home: Home, patch: pytest.MonkeyPatch) -> None:
    with served(azure(home, [], 401)) as server:
        on_azure(home, patch, server.url)
        answer = ask_cloud(identify_registry(AZURE), server.url)
    assert answer.problem == f"registry {AZURE} refused Azure's token (401)"


def test_a_cloud_that_is_silent_is_not_waited_for(home: Home, patch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    patch.setattr(clouds, "CLOUD_TIMEOUT_SECONDS", 0.3)

    def answer(request: Request) -> None:
        over.wait(10)
        request.reply(500)

    with served(answer) as server:
        on_azure(home, patch, server.url)
        begun = time.monotonic()
        found = locate_credentials(AZURE, home.env)
        assert time.monotonic() - begun < 5
        over.set()
    assert found.warnings == (f"Azure did not provide a login for {AZURE} within 0.3 s",)


def test_many_ask_at_once_and_a_cloud_is_asked_once(aws: Home, patch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    with served(ecr_public(aws, seen)) as api:
        patch.setenv("AWS_ENDPOINT_URL_ECR_PUBLIC", api.url)
        asking = [
            threading.Thread(target=lambda: ask_cloud(identify_registry("public.ecr.aws")))
            for _ in range(8)
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
    assert len(seen) == 1
