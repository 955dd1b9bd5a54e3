"""Keeping logins: real helper programs, and config.json changed without harm."""

import base64
import json
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest

from manager.errors import ManagerError
from manager.registry.core.credentials import Credentials
from manager.registry.logins import saving as logins
from manager.registry.logins.lookup import FoundCredentials, find_credentials, locate_credentials
from tests.hushed import Home, ecr_password, web_token

HUB = "https://index.docker.io/v1/"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
AZURE = "acme.azurecr.io"
GOOGLE = "europe-docker.pkg.dev"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)
AGO = SOON - timedelta(hours=20)


def me(home: Home) -> Credentials:
    return Credentials("me", home.secret("hush-password"))


def auth(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


@pytest.mark.parametrize("registry", ["r.example:5000", "docker.io"])
def test_a_helper_keeps_it(home: Home, registry: str) -> None:
    home.keeper("store")
    home.write(credsStore="store", other=1)
    saved = logins.save_login(registry, me(home), home.env, plaintext=True)
    assert saved == logins.SavedLogin("docker-credential-store")
    server = HUB if registry == "docker.io" else registry
    assert home.kept("store") == {server: {"Username": "me", "Secret": "hush-password"}}
    # As docker leaves it: a sign that there is one, and no secret.
    assert home.config == {"credsStore": "store", "other": 1, "auths": {server: {}}}
    assert find_credentials(registry, home.env) == (me(home), [])
    assert home.arguments().count("'store'") == 1


def test_a_registrys_own_helper_goes_first(home: Home) -> None:
    home.keeper("own")
    home.keeper("store")
    home.write(credsStore="store", credHelpers={"r.example": "own"})
    logins.save_login("r.example", me(home), home.env, plaintext=False)
    assert (len(home.kept("own")), home.kept("store")) == (1, {})


def test_a_helper_keeps_an_identity_token(home: Home) -> None:
    home.keeper("store")
    home.write(credsStore="store")
    token = home.secret("hush-token")
    logins.save_login(
        "r.example", Credentials("x", identity_token=token), home.env, plaintext=False
    )
    assert home.kept("store")["r.example"] == {"Username": "<token>", "Secret": token}
    assert find_credentials("r.example", home.env)[0] == Credentials("", identity_token=token)


def test_a_helper_takes_the_secret_out_of_the_file(home: Home) -> None:
    home.keeper("store")
    old = home.secret("hush-old")
    auths = {"https://r.example/v1/": auth("me", old), "r.example": auth("me", old), "o": {}}
    home.write(credsStore="store", auths=auths)
    logins.save_login("r.example", me(home), home.env, plaintext=False)
    assert home.config["auths"] == {"r.example": {}, "o": {}}


def test_a_helper_that_fails_says_no_secret(home: Home) -> None:
    path = home.bin / "docker-credential-bad"
    path.write_text("#!/bin/sh\nsed 's/.*Secret.: .\\([a-z-]*\\).*/cannot keep \\1/'\nexit 1\n")
    path.chmod(0o755)
    home.write(credsStore="bad")
    with pytest.raises(ManagerError) as caught:
        logins.save_login("r.example", me(home), home.env, plaintext=True)
    assert caught.value.message == (
        "credential helper docker-credential-bad failed: cannot keep ***"
    )
    assert home.config == {"credsStore": "bad"}


def test_where_there_is_no_helper(home: Home) -> None:
    with pytest.raises(ManagerError) as caught:
        logins.save_login("r.example", me(home), home.env, plaintext=False)
    assert "credsStore" in caught.value.hint
    assert "--insecure-plaintext" in caught.value.hint
    assert not (home.docker / "config.json").exists()


def test_a_helper_of_a_cloud_keeps_nothing(home: Home) -> None:
    home.write(credHelpers={ECR: "ecr-login"})
    with pytest.raises(ManagerError, match="by itself"):
        logins.save_login(ECR, me(home), home.env, plaintext=True)


def test_plain_text_is_kept_for_its_owner_alone(home: Home) -> None:
    path = home.docker / "config.json"
    path.write_text('{"HttpHeaders": {"A": "ü"}, "auths": {"o": {"auth": "eDp5"}}, "n": 1}')
    path.chmod(0o644)
    saved = logins.save_login("r.example", me(home), home.env, plaintext=True)
    assert saved.place == "config.json"
    assert "plain text" in saved.warnings[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert home.config == {
        "HttpHeaders": {"A": "ü"},
        "auths": {"o": {"auth": "eDp5"}, "r.example": auth("me", "hush-password")},
        "n": 1,
    }
    assert list(home.config) == ["HttpHeaders", "auths", "n"]
    assert "ü" in path.read_text()
    assert [it.name for it in home.docker.iterdir()] == ["config.json"]
    assert find_credentials("r.example", home.env) == (me(home), [])


def test_plain_text_of_an_identity_token(home: Home) -> None:
    known = Credentials("me", identity_token=home.secret("hush-token"))
    logins.save_login("r.example", known, home.env, plaintext=True)
    assert home.config["auths"] == {"r.example": {**auth("me", ""), "identitytoken": "hush-token"}}
    assert find_credentials("r.example", home.env) == (known, [])
    bare = Credentials("", identity_token="hush-token")
    logins.save_login("r.example", bare, home.env, plaintext=True)
    assert find_credentials("r.example", home.env) == (bare, [])


def test_a_folder_is_made(home: Home) -> None:
    home.env["DOCKER_CONFIG"] = str(home.folder / "new" / "docker")
    logins.save_login("docker.io", me(home), home.env, plaintext=True)
    path = home.folder / "new" / "docker"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert HUB in json.loads((path / "config.json").read_text())["auths"]


def test_a_link_stays_a_link(home: Home) -> None:
    real = home.folder / "dotfiles" / "docker.json"
    real.parent.mkdir()
    real.write_text('{"a": 1}')
    link = home.docker / "config.json"
    link.symlink_to("../dotfiles/docker.json")
    logins.save_login("r.example", me(home), home.env, plaintext=True)
    assert os.readlink(link) == "../dotfiles/docker.json"  # noqa: PTH115 - the text of the link
    assert set(json.loads(real.read_text())) == {"a", "auths"}


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": [1]}', '{"auths": "x"}'])
def test_a_broken_file_is_left_as_it_is(home: Home, text: str) -> None:
    path = home.docker / "config.json"
    path.write_text(text)
    with pytest.raises(ManagerError) as caught:
        logins.save_login("r.example", me(home), home.env, plaintext=True)
    assert "not changed" in caught.value.hint
    assert path.read_text() == text


def test_it_is_erased_wherever_it_is(home: Home) -> None:
    home.keeper("own")
    home.keeper("store")
    secret = home.secret("hush-old")
    row = {"Username": "me", "Secret": secret}
    (home.vault / "own.json").write_text(json.dumps({"https://r.example": row}))
    (home.vault / "store.json").write_text(json.dumps({"r.example": row, "o": row}))
    auths = {"r.example": {}, "http://r.example/v2/": auth("me", secret), "o": {}}
    home.write(credsStore="store", credHelpers={"r.example": "own"}, auths=auths)
    erased = logins.erase_login("r.example", home.env)
    assert erased.places == (
        "docker-credential-own",
        "docker-credential-store",
        "config.json",
    )
    assert (home.kept("own"), list(home.kept("store"))) == ({}, ["o"])
    assert home.config["auths"] == {"o": {}}
    assert logins.erase_login("r.example", home.env) == logins.ErasedLogin(())


def test_nothing_to_erase(home: Home) -> None:
    assert logins.erase_login("docker.io", home.env) == logins.ErasedLogin(())
    assert not (home.docker / "config.json").exists()


def test_what_is_known(home: Home) -> None:
    home.keeper("store")
    row = {"Username": "me", "Secret": home.secret("hush")}
    servers = {"kept.example": row, HUB + "access-token": row, HUB: row}
    (home.vault / "store.json").write_text(json.dumps(servers))
    home.write(
        credsStore="store",
        credHelpers={"helped.example": "x"},
        auths={"https://filed.example/v1/": {}},
    )
    home.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"env.example": auth("a", "b")}})
    names, warnings = logins.list_login_registries(home.env)
    expected = {"env.example", "filed.example", "helped.example", "kept.example", "docker.io"}
    assert (set(names), warnings) == (expected, ())


def kept(home: Home, registry: str, credentials: Credentials) -> FoundCredentials:
    logins.save_login(registry, credentials, home.env, plaintext=True)
    return locate_credentials(registry, home.env, now=NOW)


def test_what_is_good_says_until_when(home: Home) -> None:
    password = Credentials("AWS", ecr_password(home, SOON))
    found = FoundCredentials(password, "config.json", SOON, "from the token")
    assert kept(home, ECR, password) == found
    token = Credentials("x", identity_token=web_token(home, SOON))
    assert kept(home, AZURE, token) == FoundCredentials(
        token, "config.json", SOON, "from the token"
    )


@pytest.mark.parametrize("registry", [ECR, "public.ecr.aws", AZURE])
def test_what_has_ended_is_passed_over(home: Home, registry: str) -> None:
    if registry == AZURE:
        credentials = Credentials("x", identity_token=web_token(home, AGO))
    else:
        credentials = Credentials("AWS", ecr_password(home, AGO))
    found = kept(home, registry, credentials)
    assert found.credentials is None
    (warning,) = found.warnings
    assert warning.startswith(f"the login for {registry} in config.json expired at ")
    assert f"dockmgr login {registry}" in warning


def test_what_has_ended_does_not_hide_what_has_not(home: Home) -> None:
    home.keeper("store")
    row = {"Username": "AWS", "Secret": ecr_password(home, AGO)}
    (home.vault / "store.json").write_text(json.dumps({ECR: row}))
    fresh = ecr_password(home, SOON)
    home.write(credsStore="store", auths={ECR: auth("AWS", fresh)})
    home.env["DOCKER_AUTH_CONFIG"] = json.dumps(
        {"auths": {ECR: auth("AWS", ecr_password(home, AGO))}}
    )
    assert locate_credentials(ECR, home.env, now=NOW) == FoundCredentials(
        Credentials("AWS", fresh), "config.json", SOON, "from the token"
    )


def test_a_token_of_google_counts_where_there_is_nothing_better(home: Home) -> None:
    token = Credentials("oauth2accesstoken", home.secret("hush-token"))
    found = FoundCredentials(token, "config.json", None, "such tokens last 1 h")
    assert kept(home, GOOGLE, token) == found
    key = Credentials("_json_key", home.secret("hush-key"))
    assert kept(home, GOOGLE, key) == FoundCredentials(key, "config.json")
