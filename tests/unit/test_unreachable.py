"""An engine that does not answer, or not as one: each case has its own sentence and hint."""

import http.server
import os
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint, TLSMaterial
from manager.engine.errors import EngineUnreachableError
from manager.errors import ExitCode

pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


def reason(host: str, tls: TLSMaterial | None = None) -> EngineUnreachableError:
    with pytest.raises(EngineUnreachableError) as caught:
        Engine(Endpoint(host, "--host", tls), patience=1)
    assert caught.value.exit_code is ExitCode.ENGINE
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert "--host" in caught.value.message
    return caught.value


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every request the same way."""

    server: "Server"

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        if self.server.api:
            self.send_header("Api-Version", self.server.api)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Server(socketserver.ThreadingTCPServer):
    """Something that answers, but is no engine of ours."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, status: int = 200, api: str = "", body: bytes = b"OK") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.api, self.body = status, api, body

    def handle_error(self, *_: object) -> None:
        """A client that gives up is expected."""


@contextmanager
def serving(server: Server) -> Iterator[str]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = reason(f"unix://{tmp_path}/none.sock")
    assert "Docker does not seem to be installed here" in told.message
    assert "dockmgr lab up" in told.hint


def test_installed_but_not_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dockerd").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    told = reason(f"unix://{tmp_path}/none.sock")
    assert "is not running: its socket does not exist" in told.message


def test_a_socket_that_nobody_listens_on(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    assert "no engine answers at unix://" in reason(f"unix://{path}").message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_permission_denied(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        path.chmod(0o600)
        os.seteuid(65534)
        try:
            told = reason(f"unix://{path}")
        finally:
            os.seteuid(0)
    assert "permission denied" in told.message
    assert "usermod -aG docker" in told.hint


def test_a_port_that_nobody_listens_on() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert "no engine answers at tcp://" in reason(f"tcp://127.0.0.1:{port}").message


def test_a_server_that_never_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        told = reason(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
    assert "did not answer in time" in told.message


def test_too_old() -> None:
    with serving(Server(api="1.39")) as host:
        told = reason(host)
    assert "speaks API 1.39, which is too old" in told.message
    assert "20.10" in told.hint


@pytest.mark.parametrize("api", ["new", "1.x", "-1.41"])
def test_a_version_that_is_none(api: str) -> None:
    with serving(Server(api=api)) as host:
        assert "is not a Docker engine" in reason(host).message


def test_a_web_server() -> None:
    with serving(Server(404, body=b"<html>\nno such page</html>")) as host:
        told = reason(host)
    assert "is not a Docker engine: <html> no such page</html>" in told.message


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody trusts, and its key, in one folder."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
        + ["-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
        + ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True,
        capture_output=True,
    )
    return folder


def tls_server(certificate: Path, api: str) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server = Server(api=api)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def test_a_certificate_that_is_not_trusted(certificate: Path) -> None:
    with serving(tls_server(certificate, "1.51")) as host:
        told = reason(host, TLSMaterial())
    assert "the TLS handshake with the engine" in told.message
    assert "ca.pem" in told.hint


def test_the_right_authority_wins_over_the_environments(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    with serving(tls_server(certificate, "1.51")) as host:
        endpoint = Endpoint(host, "--host", TLSMaterial(ca=certificate / "cert.pem"))
        with Engine(endpoint, patience=5) as engine:
            assert engine.api_version == "1.51"


def test_tls_asked_of_a_plain_port() -> None:
    with serving(Server(api="1.51")) as host:
        assert "the TLS handshake with the engine" in reason(host, TLSMaterial()).message


def test_a_newer_engine_is_spoken_to_in_a_version_that_was_tested() -> None:
    with serving(Server(api="1.99")) as host, Engine(Endpoint(host, "--host")) as engine:
        assert engine.api_version == "1.51"
