"""login, logout and registries against small registries that ask for logins in every way."""

import base64
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import FileIO

import pytest

from manager.errors import ExitCode, ManagerError
from manager.references.registry_hosts import AZURE_TOKEN_USER, identify_registry
from manager.registry.core.credentials import Credentials
from manager.registry.core.quota import Quota
from manager.registry.login import (
    LoginContext,
    fetch_cloud_login,
    fetch_pull_quota,
    log_in_to_registry,
    log_out_of_registry,
)
from manager.registry.logins.lookup import locate_credentials
from manager.registry.protocol.endpoints import RegistryEndpoint
from manager.registry.protocol.registries import RegistryPool
from tests.hushed import Home, Hushed, ecr_password, web_token
from tests.registry_server import Handler, Request, WithTokens, has_it, served

pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

SECRET = "hush-password"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
LATER = datetime(2100, 1, 1, tzinfo=UTC)
"""No login made here ends while the tests run, however long they take."""


def basic(username: str, password: str) -> Handler:
    """Lets in who knows the password."""
    expected = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()

    def answer(request: Request) -> None:
        if request.headers.get("Authorization") == expected:
            has_it(request)
        else:
            request.reply(401, WWW_Authenticate='Basic realm="r"')

    return answer


@pytest.mark.parametrize("answer", [basic("me", SECRET), WithTokens(password=SECRET)])
def test_a_password_is_tried_and_kept(home: Home, hushed: Hushed, answer: Handler) -> None:
    home.secret(SECRET)
    home.keeper("store")
    home.write(credsStore="store")
    with served(answer) as registry:
        host = registry.url.removeprefix("http://")
        argv = ("login", host, "--username", "me", "--password-stdin")
        result = hushed.ok(*argv, stdin=f"{SECRET}\n")
        assert result.out == f"logged in to {host} as me, saved in docker-credential-store\n"
        assert home.kept("store") == {host: {"Username": "me", "Secret": SECRET}}
        data = hushed.ok(*argv, "--json", stdin=SECRET).data
    assert data == {
        "registry": host,
        "username": "me",
        "source": "docker-credential-store",
        "until": None,
    }


def test_where_nobody_is_asked_a_login_is_kept_untried(home: Home, hushed: Hushed) -> None:
    home.secret(SECRET)
    home.keeper("store")
    home.write(credsStore="store")
    with served(has_it) as registry:
        host = registry.url.removeprefix("http://")
        result = hushed.ok("login", host, "--username", "me", "--password-stdin", stdin=SECRET)
    untested = f"warning: {host} does not ask for a login, so this one could not be tested\n"
    assert untested in result.err
    assert home.kept("store") == {host: {"Username": "me", "Secret": SECRET}}


@pytest.mark.parametrize("answer", [basic("me", "another"), WithTokens(password="another")])
def test_a_wrong_password_is_not_kept(home: Home, hushed: Hushed, answer: Handler) -> None:
    home.secret(SECRET)
    home.keeper("store")
    home.write(credsStore="store")
    with served(answer) as registry:
        host = registry.url.removeprefix("http://")
        argv = ("login", host, "--username", "me", "--password-stdin")
        result = hushed(*argv, stdin=SECRET)
    assert result.code == ExitCode.REGISTRY
    assert f"error: {host} refused the login of me, which was not saved" in result.err
    assert "hint: check the user name" in result.err
    assert (home.kept("store"), home.config) == ({}, {"credsStore": "store"})


def test_plain_text_only_where_it_is_asked_for(home: Home, hushed: Hushed) -> None:
    home.secret(SECRET)
    with served(basic("me", SECRET)) as registry:
        host = registry.url.removeprefix("http://")
        argv = ("login", host, "--username", "me", "--password-stdin")
        refused = hushed(*argv, stdin=SECRET)
        assert refused.code == ExitCode.FAILED
        assert "--insecure-plaintext" in refused.err
        assert registry.seen == []  # nothing is asked for what cannot be kept
        result = hushed.ok(*argv, "--insecure-plaintext", stdin=SECRET)
    assert "warning: " in result.err
    path = home.docker / "config.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert locate_credentials(host, home.env).credentials == Credentials("me", SECRET)


def test_an_identity_token_is_tried_and_kept(home: Home) -> None:
    home.keeper("store")
    home.write(credsStore="store")
    token = home.secret("hush-identity")
    given = Credentials("me", identity_token=token)
    with served(WithTokens(identity=token)) as registry:
        done = log_in_to_registry(identify_registry("r.example"), given, means(home, registry.url))
        wrong = Credentials("me", identity_token=home.secret("hush-wrong"))
        with pytest.raises(ManagerError, match="not saved"):
            log_in_to_registry(identify_registry("r.example"), wrong, means(home, registry.url))
    assert done.place == "docker-credential-store"
    assert home.kept("store") == {"r.example": {"Username": "<token>", "Secret": token}}


def means(home: Home, *urls: str) -> LoginContext:
    places = tuple(map(RegistryEndpoint, urls))
    return LoginContext(
        RegistryPool(lambda _: None, lambda _: places, 2), home.env, allows_plaintext=True
    )


def test_a_refused_password_is_not_sent_elsewhere(home: Home) -> None:
    home.secret(SECRET)
    with served(basic("me", "x")) as first, served(basic("me", SECRET)) as second:
        given = Credentials("me", SECRET)
        with pytest.raises(ManagerError, match="not saved"):
            log_in_to_registry(
                identify_registry("r.example"), given, means(home, first.url, second.url)
            )
        assert second.seen == []


def test_a_mirror_does_not_judge_a_login_of_docker_hub(home: Home) -> None:
    home.secret(SECRET)
    with served(has_it) as mirror, served(basic("me", "x")) as hub:
        given = Credentials("me", SECRET)
        with pytest.raises(ManagerError) as caught:
            log_in_to_registry(
                identify_registry("docker.io"), given, means(home, mirror.url, hub.url)
            )
    assert "personal access token" in caught.value.hint
    assert mirror.seen == []


def test_what_cannot_be_reached_is_no_login(home: Home, hushed: Hushed) -> None:
    home.secret(SECRET)
    with served(has_it) as registry:
        pass
    given = Credentials("me", SECRET)
    with pytest.raises(ManagerError) as caught:
        log_in_to_registry(identify_registry("r.example"), given, means(home, registry.url))
    assert caught.value.exit_code is ExitCode.REGISTRY
    assert not (home.docker / "config.json").exists()
    del hushed


@pytest.mark.parametrize(
    ("argv", "stdin", "said"),
    [
        ((), "", "there is no terminal to ask for a password on"),
        (("--password-stdin",), SECRET, "--password-stdin needs a user name"),
        (("--username", "me", "--password-stdin"), "\n", "the password is empty"),
        (("a/b",), "", "'a/b' contains more than a registry"),
    ],
)
def test_what_is_not_given(
    home: Home, hushed: Hushed, argv: tuple[str, ...], stdin: str, said: str
) -> None:
    home.secret(SECRET)
    name = () if argv[:1] == ("a/b",) else ("r.example",)
    result = hushed("login", *name, *argv, "--insecure-plaintext", stdin=stdin)
    assert result.code == ExitCode.USAGE
    assert f"error: {said}" in result.err


def test_a_password_is_no_argument(hushed: Hushed) -> None:
    assert hushed("login", "--password", "x").code == ExitCode.USAGE


def test_a_cloud_that_is_not_here_is_said(home: Home, hushed: Hushed) -> None:
    result = hushed("login", ECR, "--insecure-plaintext")
    assert result.code == ExitCode.USAGE
    assert "this machine has no credentials for AWS" in result.err
    del home


def test_the_variable_that_goes_before_it_is_named(home: Home) -> None:
    home.secret(SECRET)
    row = {"auth": base64.b64encode(b"a:b").decode()}
    home.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"r.example": row}})
    with served(has_it) as registry:
        done = log_in_to_registry(
            identify_registry("r.example"), Credentials("me", SECRET), means(home, registry.url)
        )
    assert any("DOCKER_AUTH_CONFIG" in warning for warning in done.warnings)


def test_azure_logs_in_by_itself(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh = web_token(home, LATER)
    tokens = WithTokens(identity=refresh)

    def answer(request: Request) -> None:
        if request.path == "/oauth2/exchange":
            request.reply(200, {"refresh_token": refresh})
        elif request.path.startswith("/identity"):
            body = {"access_token": home.secret("hush-access"), "expires_on": "4000000000"}
            request.reply(
                200,
                {**body, "token_type": "Bearer", "resource": "x"},
                Content_Type="application/json",
            )
        else:
            tokens(request)

    with served(answer) as server:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/identity")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        kind, tools = identify_registry("acme.azurecr.io"), means(home, server.url)
        given = fetch_cloud_login(kind, tools.registries)
        assert given.credentials is not None, given
        done = log_in_to_registry(kind, given.credentials, tools)
    assert (done.username, done.until) == (AZURE_TOKEN_USER, LATER)
    found = locate_credentials("acme.azurecr.io", home.env)
    assert found.credentials == Credentials(AZURE_TOKEN_USER, identity_token=refresh)


def test_logging_out(home: Home, hushed: Hushed) -> None:
    home.keeper("store")
    row = {"Username": "me", "Secret": home.secret(SECRET)}
    servers = {"a.example": row, "b.example": row, "https://index.docker.io/v1/": row}
    (home.vault / "store.json").write_text(json.dumps(servers))
    auth = base64.b64encode(f"me:{SECRET}".encode()).decode()
    home.write(credsStore="store", auths={"a.example": {}, "c.example": {"auth": auth}})
    result = hushed.ok("logout", "a.example")
    assert result.out == "logged out of a.example: removed from docker-credential-store\n"
    again = hushed.ok("logout", "a.example")
    assert (again.out, again.err) == ("", "there was no login for a.example\n")
    assert hushed.ok("logout", "--json").data == [
        {"registry": "docker.io", "erased": ["docker-credential-store"]}
    ]
    rest = hushed.ok("logout", "--all", "--json").data
    assert {row["registry"]: row["erased"] for row in rest} == {
        "b.example": ["docker-credential-store"],
        "c.example": ["config.json"],
    }
    assert home.kept("store") == {}
    assert home.config == {"credsStore": "store", "auths": {}}
    assert hushed.ok("logout", "--all").err == "there were no logins\n"


def test_a_login_that_stays_is_said(home: Home, hushed: Hushed) -> None:
    auth = base64.b64encode(f"me:{home.secret(SECRET)}".encode()).decode()
    home.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"r.example": {"auth": auth}}})
    hushed._run.env["DOCKER_AUTH_CONFIG"] = home.env["DOCKER_AUTH_CONFIG"]  # noqa: SLF001
    result = hushed.ok("logout", "r.example")
    assert "there is still a login for r.example: DOCKER_AUTH_CONFIG" in result.err


@pytest.mark.parametrize("which", ["r.example", "--all"])
def test_a_helper_that_cannot_forget_is_an_error(home: Home, hushed: Hushed, which: str) -> None:
    home.write(credsStore="missing", auths={})
    result = hushed("logout", which)
    assert (result.code, result.out) == (1, "")
    assert "error: credential helper docker-credential-missing is not on the PATH" in result.err
    assert "was kept here" not in result.err


def test_a_file_of_logins_that_cannot_be_read_is_an_error(home: Home, hushed: Hushed) -> None:
    (home.docker / "config.json").write_text("{broken")
    result = hushed("logout", "--all")
    assert result.code == 1
    assert "no login was kept" not in result.err


def test_to_forget_a_login_no_cloud_is_asked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(has_it) as identity:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identity.url}/identity")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        assert log_out_of_registry("acme.azurecr.io", home.env).places == ()
        assert identity.seen == []


def test_who_one_is_where(home: Home, hushed: Hushed) -> None:
    home.keeper("store")
    row = {"Username": "me", "Secret": home.secret(SECRET)}
    (home.vault / "store.json").write_text(json.dumps({"a.example": row}))
    auth = base64.b64encode(f"AWS:{ecr_password(home, LATER)}".encode()).decode()
    token = {"auth": base64.b64encode(b"x:").decode(), "identitytoken": home.secret("hush-t")}
    home.write(credHelpers={"a.example": "store"}, auths={ECR: {"auth": auth}, "t.example": token})
    result = hushed.ok("registries", "--json")
    rows = {row["registry"]: row for row in result.data}
    assert list(rows) == ["docker.io", ECR, "a.example", "t.example"]
    assert rows["docker.io"]["source"] is None
    assert rows["docker.io"]["pulls"] is None
    assert (rows["a.example"]["username"], rows["a.example"]["source"]) == (
        "me",
        "docker-credential-store",
    )
    assert rows[ECR]["until"] == LATER.isoformat()
    assert (rows[ECR]["plain_text"], rows[ECR]["known_by"]) == (True, "from the token")
    assert "123456789012" in rows[ECR]["run_by"]
    assert rows["t.example"]["identity_token"]
    table = hushed.ok("registries").out.splitlines()
    assert table[0].split() == ["REGISTRY", "USER", "SAVED", "IN", "VALID", "UNTIL", "IMAGES"]
    assert table[3].split() == ["a.example", "me", "docker-credential-store", "unknown", "-"]
    assert "config.json (plain text)" in table[2]


def test_docker_hub_tells_how_many_pulls_are_left(home: Home) -> None:
    def answer(request: Request) -> None:
        limits = {"ratelimit_limit": "100;w=21600", "ratelimit_remaining": "76;w=21600"}
        request.reply(200, Docker_Content_Digest="sha256:" + "d" * 64, **limits)

    with served(has_it) as mirror, served(answer) as hub:
        registries = means(home, mirror.url, hub.url).registries
        assert fetch_pull_quota(registries, None) == Quota(76, 100, timedelta(hours=6))
        assert fetch_pull_quota(means(home, mirror.url).registries, None) is None
    assert [seen.method for seen in hub.seen] == ["HEAD"]  # a HEAD is no pull


def test_a_password_is_typed_and_not_shown(home: Home) -> None:
    home.secret(SECRET)
    home.keeper("store")
    home.write(credsStore="store")
    master, terminal = os.openpty()
    with served(basic("me", SECRET)) as registry, os.fdopen(master, "r+b", buffering=0) as typing:
        host = registry.url.removeprefix("http://")
        program = ["setsid", "--ctty", "--wait", sys.executable, "-m", "manager", "login", host]
        with subprocess.Popen(
            program, stdin=terminal, stdout=terminal, stderr=terminal, env=home.env
        ) as process:
            os.close(terminal)
            shown = said(typing, f"User name at {host}: ")
            typing.write(b"me\n")
            shown += said(typing, "(not shown): ")  # then nothing is echoed
            typing.write(f"{SECRET}\n".encode())
            shown += said(typing, "saved in docker-credential-store")
        assert process.returncode == 0
    home.said.append(shown)
    assert home.kept("store")[host] == {"Username": "me", "Secret": SECRET}


def said(terminal: FileIO, text: str) -> str:
    """What a terminal shows, up to some text."""
    shown = b""
    while text.encode() not in shown:
        shown += terminal.read(1000) or b""
    return shown.decode()
