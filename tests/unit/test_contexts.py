"""Which engine is taken: the docker command's order, contexts, TLS files, hosts."""

import hashlib
import json
from pathlib import Path

import pytest

from manager.engine import contexts, hosts
from manager.engine.contexts import Endpoint, TLSMaterial, choose_endpoint
from manager.errors import ExitCode, ManagerError

SOCKET = Path("/var/run/docker.sock")


def store(folder: Path, name: str, docker: object, *pem: str) -> Path:
    """Write a context as ``docker context create`` does; its metadata file."""
    identity = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / identity / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": docker}}))
    tls = folder / "contexts" / "tls" / identity / "docker"
    for file in pem:
        tls.mkdir(parents=True, exist_ok=True)
        (tls / file).write_text("PEM")
    return meta


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A docker folder with four contexts, none of them current."""
    for name in ("alpha", "beta", "gamma"):
        store(tmp_path, name, {"Host": f"unix:///{name}.sock", "SkipTLSVerify": False})
    store(tmp_path, "remote", {"Host": "ssh://me@there", "SkipTLSVerify": False})
    return {"DOCKER_CONFIG": str(tmp_path)}


def current(env: dict[str, str], text: str) -> None:
    (Path(env["DOCKER_CONFIG"]) / "config.json").write_text(text)


def failure(
    env: dict[str, str], host: str | None = None, context: str | None = None
) -> ManagerError:
    with pytest.raises(ManagerError) as caught:
        choose_endpoint(host, context, env, SOCKET)
    return caught.value


def test_nothing_named_takes_the_default_socket(env: dict[str, str]) -> None:
    expected = Endpoint("unix:///var/run/docker.sock", "default socket", is_explicit=False)
    assert choose_endpoint(None, None, env, SOCKET) == expected
    for text in ("", "{}", '{"currentContext": ""}', '{"currentContext": "default"}'):
        current(env, text)
        assert choose_endpoint(None, None, env, SOCKET) == expected
    assert (
        choose_endpoint(None, "", env | {"DOCKER_HOST": "", "DOCKER_CONTEXT": ""}, SOCKET)
        == expected
    )


def test_the_order_is_dockers(env: dict[str, str]) -> None:
    current(env, '{"currentContext": "alpha"}')

    def taken(host: str | None = None, context: str | None = None) -> tuple[str, str, bool]:
        endpoint = choose_endpoint(host, context, env, SOCKET)
        return endpoint.host, endpoint.source, endpoint.is_explicit

    assert taken() == ("unix:///alpha.sock", "context alpha", True)
    env["DOCKER_CONTEXT"] = "beta"
    assert taken() == ("unix:///beta.sock", "context beta", True)
    env["DOCKER_HOST"] = "unix:///env.sock"
    assert taken() == ("unix:///env.sock", "DOCKER_HOST", True)
    assert taken(context="gamma") == ("unix:///gamma.sock", "context gamma", True)
    assert taken(host="unix:///host.sock") == ("unix:///host.sock", "--host", True)


def test_the_default_context_is_docker_host_or_the_socket(env: dict[str, str]) -> None:
    current(env, '{"currentContext": "alpha"}')
    socket = "unix:///var/run/docker.sock"
    expected = Endpoint(socket, "context default")
    assert choose_endpoint(None, "default", env, SOCKET) == expected
    assert choose_endpoint(None, None, env | {"DOCKER_CONTEXT": "default"}, SOCKET) == expected
    with_host = env | {"DOCKER_HOST": "unix:///env.sock"}
    assert choose_endpoint(None, "default", with_host, SOCKET) == Endpoint(
        "unix:///env.sock", "DOCKER_HOST"
    )


def test_an_empty_host_is_the_default_socket_and_still_named(env: dict[str, str]) -> None:
    env["DOCKER_HOST"] = "unix:///env.sock"
    assert choose_endpoint("", None, env, SOCKET) == Endpoint(
        "unix:///var/run/docker.sock", "--host"
    )


def test_host_and_context_together_are_refused(env: dict[str, str]) -> None:
    error = failure(env, "tcp://x:1", "default")
    assert error.message == "--host and --context cannot be used together"
    assert error.exit_code == ExitCode.USAGE


def test_a_stored_context_is_told(env: dict[str, str]) -> None:
    assert choose_endpoint(None, "remote", env, SOCKET) == Endpoint(
        "ssh://me@there", "context remote", context="remote"
    )


@pytest.mark.parametrize("source", ["option", "DOCKER_CONTEXT", "config"])
def test_a_missing_context_names_those_there_are(env: dict[str, str], source: str) -> None:
    if source == "config":
        current(env, '{"currentContext": "betta"}')
    elif source == "DOCKER_CONTEXT":
        env["DOCKER_CONTEXT"] = "betta"
    error = failure(env, context="betta" if source == "option" else None)
    assert error.message == 'context "betta" not found'
    assert error.hint.startswith("contexts: beta, ")
    assert sorted(error.hint.partition(": ")[2].split(", ")) == [
        "alpha",
        "beta",
        "default",
        "gamma",
        "remote",
    ]
    assert error.exit_code == ExitCode.FAILED


def test_the_home_folder_holds_dockers_own(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    store(tmp_path / ".docker", "mine", {"Host": "unix:///mine.sock"})
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "mine"}')
    assert choose_endpoint(None, None, home, SOCKET).host == "unix:///mine.sock"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{bad", "not valid JSON"),
        ("[]", "not a JSON object"),
        ('{"currentContext": 3}', "currentContext is not a string"),
    ],
)
def test_a_broken_config_json_is_named(env: dict[str, str], text: str, why: str) -> None:
    current(env, text)
    error = failure(env)
    path = Path(env["DOCKER_CONFIG"]) / "config.json"
    assert error.message.startswith(f"cannot read {path}: {why}")
    assert error.exit_code == ExitCode.ENGINE
    assert choose_endpoint(None, "alpha", env, SOCKET).host == "unix:///alpha.sock"


def test_a_folder_called_config_json_is_named(env: dict[str, str]) -> None:
    path = Path(env["DOCKER_CONFIG"]) / "config.json"
    path.mkdir()
    assert failure(env).message == f"cannot read {path}: Is a directory"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{bad", "not valid JSON"),
        ('{"Name": "broken", "Endpoints": {}}', "the context has no docker endpoint"),
        ('{"Endpoints": {"docker": {"Host": 3}}}', "Host or SkipTLSVerify has the wrong type"),
    ],
)
def test_a_broken_context_is_named_and_does_not_hide_others(
    env: dict[str, str], text: str, why: str
) -> None:
    meta = store(Path(env["DOCKER_CONFIG"]), "broken", {})
    meta.write_text(text)
    error = failure(env, context="broken")
    assert error.message.startswith(f"cannot read {meta}: {why}")
    assert error.exit_code == ExitCode.ENGINE
    assert [name for name, _ in contexts.list_contexts(env)] == [
        "alpha",
        "beta",
        "default",
        "gamma",
        "remote",
    ]


def test_contexts_are_listed_with_their_hosts(env: dict[str, str], tmp_path: Path) -> None:
    assert contexts.list_contexts(env) == [
        ("alpha", "unix:///alpha.sock"),
        ("beta", "unix:///beta.sock"),
        ("default", ""),
        ("gamma", "unix:///gamma.sock"),
        ("remote", "ssh://me@there"),
    ]
    elsewhere = {"DOCKER_CONFIG": str(tmp_path / "none"), "DOCKER_HOST": "tcp://x:1"}
    assert contexts.list_contexts(elsewhere) == [("default", "tcp://x:1")]


def test_tls_files_of_a_context(env: dict[str, str]) -> None:
    folder = Path(env["DOCKER_CONFIG"])
    meta = store(folder, "full", {"Host": "tcp://h:2376"}, "ca.pem", "cert.pem", "key.pem")
    store(folder, "ca-only", {"Host": "tcp://h:2376"}, "ca.pem")
    store(folder, "unverified", {"Host": "tcp://h:2376", "SkipTLSVerify": True})
    store(folder, "half", {"Host": "tcp://h:2376"}, "cert.pem")
    store(folder, "plain", {"Host": "tcp://h:2375"})

    def tls(name: str) -> TLSMaterial | None:
        # What the environment says of TLS is not about stored contexts.
        return choose_endpoint(None, name, env | {"DOCKER_TLS_VERIFY": "1"}, SOCKET).tls

    keys = folder / "contexts" / "tls" / meta.parent.name / "docker"
    assert tls("full") == TLSMaterial(keys / "ca.pem", keys / "cert.pem", keys / "key.pem")
    ca_only = tls("ca-only")
    assert ca_only is not None
    assert ca_only.ca is not None
    assert (ca_only.ca.name, ca_only.cert, ca_only.verify) == ("ca.pem", None, True)
    assert tls("unverified") == TLSMaterial(verify=False)
    assert tls("half") is None
    assert tls("plain") is None


@pytest.mark.parametrize(
    ("stored", "host", "tls"),
    [
        ("http://h:1", "tcp://h:1", None),
        ("https://h:1", "tcp://h:1", TLSMaterial()),
        ("https://h", "tcp://h:443", TLSMaterial()),
        ("tcp://h", "tcp://h:80", None),
        ("unix:///x", "unix:///x", None),
        ("", "unix:///var/run/docker.sock", None),
    ],
)
def test_stored_hosts(tmp_path: Path, stored: str, host: str, tls: TLSMaterial | None) -> None:
    store(tmp_path, "stored", {"Host": stored})
    expected = Endpoint(host, "context stored", tls, context="stored")
    assert choose_endpoint(None, "stored", {"DOCKER_CONFIG": str(tmp_path)}, SOCKET) == expected


def test_tls_of_the_environment(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("PEM")
    files = (tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    env = {"DOCKER_HOST": "tcp://h:2376", "DOCKER_CONFIG": str(tmp_path)}
    # Any value counts, "0" too, and the port is not changed: docker's rules.
    assert choose_endpoint(None, None, env | {"DOCKER_TLS_VERIFY": "0"}, SOCKET).tls == TLSMaterial(
        *files
    )
    assert choose_endpoint(None, None, env | {"DOCKER_TLS": "1"}, SOCKET).tls == TLSMaterial(
        *files, verify=False
    )
    assert choose_endpoint(None, None, env | {"DOCKER_TLS_VERIFY": ""}, SOCKET).tls is None
    verify = env | {"DOCKER_TLS_VERIFY": "1"}
    assert choose_endpoint("tcp://other", None, verify, SOCKET) == Endpoint(
        "tcp://other:2375", "--host", TLSMaterial(*files)
    )
    assert choose_endpoint("unix:///x", None, verify, SOCKET).tls is None


def test_tls_with_no_host_is_tcp_on_localhost(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("PEM")
    env = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path), "DOCKER_CONFIG": "/none"}
    tls = TLSMaterial(tmp_path / "ca.pem")
    assert choose_endpoint(None, None, env, SOCKET) == Endpoint(
        "tcp://localhost:2376", "DOCKER_TLS_VERIFY", tls
    )
    assert choose_endpoint("", None, env, SOCKET) == Endpoint("tcp://localhost:2376", "--host", tls)


def test_tls_without_its_files_is_refused(tmp_path: Path) -> None:
    env = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    error = failure(env, "tcp://h:1")
    assert error.message == f"DOCKER_TLS_VERIFY is set, but {tmp_path / 'ca.pem'} does not exist"
    assert error.exit_code == ExitCode.ENGINE


@pytest.mark.parametrize(
    ("text", "host"),
    [
        # As the docker client 28.2.2 completes them (`docker --host … context inspect default`).
        (":2375", "tcp://localhost:2375"),
        (":", "tcp://localhost:2375"),
        ("1.2.3.4", "tcp://1.2.3.4:2375"),
        ("1.2.3.4:1", "tcp://1.2.3.4:1"),
        ("name", "tcp://name:2375"),
        ("tcp://", "tcp://localhost:2375"),
        ("tcp://:1", "tcp://localhost:1"),
        ("tcp://h", "tcp://h:2375"),
        ("tcp://h:", "tcp://h:2375"),
        ("tcp://h:1/p", "tcp://h:1/p"),
        ("tcp://h/p", "tcp://h:2375/p"),
        (" tcp://h:1 ", "tcp://h:1"),
        ("tcp://[::1]:1", "tcp://[::1]:1"),
        ("[::1]:99", "tcp://[::1]:99"),
        ("unix://", "unix:///var/run/docker.sock"),
        ("unix:///x", "unix:///x"),
        ("npipe://", "npipe:////./pipe/docker_engine"),
        ("npipe:////./pipe/x", "npipe:////./pipe/x"),
        ("ssh://h", "ssh://h"),
        ("ssh://u@h", "ssh://u@h"),
        ("ssh://u@h:22", "ssh://u@h:22"),
    ],
)
def test_hosts_are_completed_as_docker_does(text: str, host: str) -> None:
    assert hosts.parse_host(text, SOCKET, "--host") == host


def test_a_relative_socket_is_made_absolute() -> None:
    assert hosts.parse_host("unix://x.sock", SOCKET, "--host") == f"unix://{Path.cwd()}/x.sock"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("http://h:1", "write tcp://h:1"),
        ("https://h", "write tcp://h"),
        ("ftp://h", "write unix:///path/to/socket, tcp://host:port"),
        ("TCP://h:1", "write unix:///path/to/socket"),
        ("fd://", "write unix:///path/to/socket"),
        ("unix://a://b", "write unix:///path/to/socket"),
        ("foo:bar", "write tcp://host:port"),
        ("[::1]", "IPv6 addresses as tcp://[::1]:2375"),
        ("tcp://a b:1", "write tcp://host:port"),
        ("tcp://-x:1", "write tcp://host:port"),
        ("tcp://h:99999", "a port is at most 65535"),
        (f"tcp://h:{'9' * 5000}", "a port is at most 65535"),
        ("tcp://h:0", "a port is at least 1"),
        ("ssh://", "write ssh://user@host"),
        ("ssh://h?x", "write ssh://user@host"),
        ("ssh://h#f", "write ssh://user@host"),
        ("ssh://-oProxyCommand=x", "write ssh://user@host"),
        ("ssh://u@h/run/x.sock", "write ssh://user@host"),
        ("ssh://u@h:70000", "a port is at most 65535"),
        # Docker reads these as paths on tcp://localhost:2375 and tcp://unix:2375.
        ("/var/run/x.sock", "write unix:///var/run/x.sock"),
        ("unix:/x.sock", "write unix:///x.sock"),
    ],
)
def test_other_hosts_are_refused_with_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(ManagerError) as caught:
        hosts.parse_host(text, SOCKET, "DOCKER_HOST")
    assert caught.value.message == f'DOCKER_HOST: "{text}" is not a valid engine address'
    assert hint in caught.value.hint
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("scheme", ["ssh", "tcp", "http", "ftp"])
def test_a_password_in_a_host_is_not_repeated(scheme: str) -> None:
    with pytest.raises(ManagerError) as caught:
        hosts.parse_host(f"{scheme}://u:hush@h", SOCKET, "--host")
    assert f"{scheme}://u:***@h" in caught.value.message
    assert "hush" not in caught.value.message + caught.value.hint
