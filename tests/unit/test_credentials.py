"""Credentials: docker's order, its files, and real helper programs."""

import base64
import json
import os
import time
from pathlib import Path

import pytest

from manager.registry.core.credentials import Credentials
from manager.registry.logins.lookup import find_credentials

HUB = "https://index.docker.io/v1/"
SECRET = "hush-hush"


def entry(username: str, password: str) -> dict[str, str]:
    """An entry of ``auths`` as ``docker login`` writes it."""
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


class Machine:
    """A docker folder, and a PATH with helpers on it."""

    def __init__(self, folder: Path) -> None:
        """Start with nothing kept and no helper."""
        self.docker = folder / "docker"
        self.bin = folder / "bin"
        self.docker.mkdir()
        self.bin.mkdir()
        self.env = {
            "DOCKER_CONFIG": str(self.docker),
            "PATH": os.pathsep.join([str(self.bin), os.environ["PATH"]]),
        }

    def config(self, **parts: object) -> None:
        """Write ``config.json``."""
        (self.docker / "config.json").write_text(json.dumps(parts))

    def helper(self, name: str, body: str) -> None:
        """Put a helper on the PATH: a shell script."""
        path = self.bin / f"docker-credential-{name}"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def answering(self, name: str, username: str, secret: str = SECRET) -> None:
        """A helper that answers, and keeps what it was called with."""
        answer = json.dumps({"ServerURL": "any", "Username": username, "Secret": secret})
        log = self.bin / name
        self.helper(name, f"echo \"$@\" >{log}; cat >>{log}\ncat <<'END'\n{answer}\nEND")

    def asked(self, name: str) -> str:
        """What the helper was called with: its arguments, a line end, its input."""
        return (self.bin / name).read_text()

    def found(self, registry: str) -> Credentials | None:
        """What is found without a warning."""
        credentials, warnings = find_credentials(registry, self.env)
        assert warnings == []
        return credentials


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_kept(machine: Machine) -> None:
    assert machine.found("docker.io") is None
    machine.config(auths={}, credHelpers={}, credsStore="")
    assert machine.found("docker.io") is None
    machine.config(auths={"r.example": {}}, credHelpers=None)
    assert machine.found("r.example") is None


@pytest.mark.parametrize(
    ("registry", "key"),
    [
        ("r.example", "r.example"),
        ("r.example", "https://r.example"),
        ("r.example", "http://r.example"),
        ("r.example", "https://r.example/v1/"),
        ("r.example", "https://r.example/v2/"),
        ("localhost:5000", "localhost:5000"),
        ("localhost:5000", "http://localhost:5000/v2/"),
        ("docker.io", HUB),
        ("index.docker.io", HUB),
        ("registry-1.docker.io", HUB),
        ("docker.io", "docker.io"),
        ("docker.io", "https://index.docker.io"),
    ],
)
def test_forms_of_keys(machine: Machine, registry: str, key: str) -> None:
    machine.config(auths={"other.example": entry("no", "no"), key: entry("me", "a:b")})
    assert machine.found(registry) == Credentials("me", "a:b")


@pytest.mark.parametrize("key", ["r.example:5000", "xr.example", "r.example.org", "example"])
def test_other_registries_are_not_taken(machine: Machine, key: str) -> None:
    machine.config(auths={key: entry("me", "x")}, credHelpers={key: "none"})
    assert machine.found("r.example") is None


def test_the_exact_key_goes_first(machine: Machine) -> None:
    machine.config(
        auths={"https://r.example/v1/": entry("old", "x"), "r.example": entry("me", "y")}
    )
    assert machine.found("r.example") == Credentials("me", "y")


def test_identity_tokens_of_a_file(machine: Machine) -> None:
    machine.config(
        auths={
            "a.example": entry("me", "") | {"identitytoken": SECRET},
            "b.example": {"identitytoken": SECRET},
            "c.example": entry("<token>", "x") | {"identitytoken": SECRET},
        }
    )
    assert machine.found("a.example") == Credentials("me", identity_token=SECRET)
    for registry in ("b.example", "c.example"):
        found = machine.found(registry)
        assert found == Credentials("", identity_token=SECRET)
        assert found.auth_config() == {"identitytoken": SECRET}


def test_a_plain_name_and_password(machine: Machine) -> None:
    machine.config(auths={"r.example": {"username": "me", "password": SECRET}})
    found = machine.found("r.example")
    assert found == Credentials("me", SECRET)
    assert found.auth_config() == {"username": "me", "password": SECRET}


def test_a_repr_holds_no_secret() -> None:
    shown = repr(Credentials("me", "hush-1", "hush-2"))
    assert shown == "Credentials(username='me')"


def test_the_order(machine: Machine) -> None:
    machine.answering("own", "own")
    machine.answering("store", "store")
    auths = {name: entry("file", "x") for name in ("r.example", "other.example", "free.example")}
    machine.config(
        auths=auths, credHelpers={"r.example": "own", "free.example": ""}, credsStore="store"
    )
    machine.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"env.example": entry("env", "x")}})
    assert machine.found("env.example") == Credentials("env", "x")
    assert machine.found("r.example") == Credentials("own", SECRET)
    assert machine.found("other.example") == Credentials("store", SECRET)
    assert machine.found("free.example") == Credentials("file", "x")
    machine.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"r.example": entry("env", "x")}})
    assert machine.found("r.example") == Credentials("env", "x")


@pytest.mark.parametrize(
    ("registry", "server"),
    [("r.example:5000", "r.example:5000"), ("docker.io", HUB), ("index.docker.io", HUB)],
)
def test_what_a_helper_is_asked(machine: Machine, registry: str, server: str) -> None:
    machine.answering("store", "me")
    machine.config(credsStore="store")
    assert machine.found(registry) == Credentials("me", SECRET)
    assert machine.asked("store") == f"get\n{server}"


def test_a_helper_of_docker_hub(machine: Machine) -> None:
    machine.answering("own", "me")
    for key in (HUB, "docker.io", "index.docker.io"):
        machine.config(credHelpers={key: "own"})
        assert machine.found("docker.io") == Credentials("me", SECRET)


def test_a_helpers_token(machine: Machine) -> None:
    machine.answering("store", "<token>")
    machine.config(credsStore="store")
    assert machine.found("r.example") == Credentials("", identity_token=SECRET)


def test_a_helpers_empty_answer(machine: Machine) -> None:
    machine.answering("store", "", "")
    machine.config(credsStore="store")
    assert machine.found("r.example") is None


def test_a_helper_that_finds_nothing_has_the_last_word(machine: Machine) -> None:
    machine.helper("store", "echo 'credentials not found in native keychain'; exit 1")
    machine.config(credsStore="store", auths={"r.example": entry("stale", "x")})
    assert machine.found("r.example") is None


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        ("echo 'keychain is locked'; exit 1", " failed: keychain is locked"),
        ("exit 3", " failed"),
        (f'echo \'{{"Secret": "{SECRET}"}}\'; exit 1', " failed"),
        ("echo hello", " gave a malformed answer"),
        (f'echo \'{{"Username": 1, "Secret": "{SECRET}"}}\'', " gave a malformed answer"),
        (f"echo '[\"{SECRET}\"]'", " gave a malformed answer"),
        (f'echo \'{{"Username": "me", "Secret": "{SECRET}"\'', " gave a malformed answer"),
        (f"printf '\\377{SECRET}'", " gave a malformed answer"),
    ],
)
def test_a_broken_helper_is_a_warning(machine: Machine, body: str, warning: str) -> None:
    machine.helper("bad", body)
    machine.config(credHelpers={"r.example": "bad"}, auths={"r.example": entry("me", "x")})
    credentials, warnings = find_credentials("r.example", machine.env)
    assert credentials == Credentials("me", "x")
    assert warnings == [f"credential helper docker-credential-bad{warning}"]


def test_after_a_broken_helper_the_store_is_asked(machine: Machine) -> None:
    machine.answering("store", "me")
    machine.config(credHelpers={"r.example": "missing"}, credsStore="store")
    assert find_credentials("r.example", machine.env) == (
        Credentials("me", SECRET),
        ["credential helper docker-credential-missing is not on the PATH"],
    )


def test_a_helper_is_asked_once(machine: Machine) -> None:
    machine.config(credHelpers={"r.example": "missing"}, credsStore="missing")
    assert find_credentials("r.example", machine.env) == (
        None,
        ["credential helper docker-credential-missing is not on the PATH"],
    )


def test_a_helper_that_cannot_be_run(machine: Machine) -> None:
    path = machine.bin / "docker-credential-bad"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    machine.config(credsStore="bad")
    assert find_credentials("r.example", machine.env) == (
        None,
        ["credential helper docker-credential-bad cannot be run: No such file or directory"],
    )


def test_a_helper_that_hangs_is_ended_with_what_it_started(machine: Machine) -> None:
    pid = machine.bin / "pid"
    machine.helper("slow", f"sleep 60 & echo $! >{pid}; wait")
    machine.config(credsStore="slow", auths={"r.example": entry("me", "x")})
    begin = time.monotonic()
    credentials, warnings = find_credentials("r.example", machine.env, patience=1)
    assert time.monotonic() - begin < 20
    assert credentials == Credentials("me", "x")
    assert warnings == ["credential helper docker-credential-slow gave no answer within 1 s"]
    assert ended(int(pid.read_text()))


def ended(pid: int) -> bool:
    """Whether a process is gone, or is dead and nobody has asked how it ended."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("name", ["../evil", "a/b", 3, ["x"]])
def test_a_helpers_name_is_a_name(machine: Machine, name: object) -> None:
    machine.config(credsStore=name, auths={"r.example": entry("me", "x")})
    assert find_credentials("r.example", machine.env) == (
        Credentials("me", "x"),
        ["config.json has a credential helper with an invalid name; ignoring it"],
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"auth": "!!"},
        {"auth": base64.b64encode(SECRET.encode()).decode()},
        {"auth": base64.b64encode(b"\xff:x").decode()},
        {"auth": 3},
        {"username": SECRET, "password": 3},
        SECRET,
    ],
)
def test_a_broken_entry_is_a_warning_without_its_secret(machine: Machine, broken: object) -> None:
    machine.config(auths={"r.example": broken})
    assert find_credentials("r.example", machine.env) == (
        None,
        ["the entry for r.example in auths of config.json is malformed; ignoring it"],
    )


def test_a_broken_file_is_a_warning(machine: Machine) -> None:
    path = machine.docker / "config.json"
    path.write_text("{")
    machine.env["DOCKER_AUTH_CONFIG"] = f'"{SECRET}'
    credentials, warnings = find_credentials("r.example", machine.env)
    assert credentials is None
    assert warnings[0] == "DOCKER_AUTH_CONFIG is not a JSON object; ignoring it"
    assert warnings[1].startswith(f"cannot read {path}: not valid JSON")
    assert len(warnings) == 2


def test_tables_of_another_type_are_warnings(machine: Machine) -> None:
    machine.config(auths="x", credHelpers=[SECRET], credsStore=None)
    assert find_credentials("r.example", machine.env) == (
        None,
        [
            "credHelpers in config.json is not an object; ignoring it",
            "auths in config.json is not an object; ignoring it",
        ],
    )
