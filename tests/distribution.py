"""Real registry servers inside a lab: CNCF distribution, each with its own way to log in."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt

from manager.lab import processes
from manager.lab.state import Lab
from tests.certificates import Certificate
from tests.engine.inside import inside
from tests.lab_network import answers_in

START_SECONDS = 20


@dataclass(frozen=True)
class Server:
    """One registry server."""

    address: str
    port: int
    auth: Mapping[str, Any] | None = None
    """As in the server's configuration; None lets everybody in."""
    certificate: Certificate | None = None
    """For TLS; None for plain http."""


def with_passwords(folder: Path, passwords: Mapping[str, str]) -> dict[str, Any]:
    """Let in who knows a password. The server knows no other hash than bcrypt's."""
    file = folder / f"htpasswd-{'-'.join(passwords)}"
    rows = (
        f"{name}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"
        for name, password in passwords.items()
    )
    file.write_text("".join(rows), encoding="utf-8")
    return {"htpasswd": {"realm": "registry", "path": str(file)}}


def with_tokens(realm: str, audience: str, trusted: Path) -> dict[str, Any]:
    """Let in who has a token.

    Args:
        realm: the URL where tokens are given.
        audience: whom they are for.
        trusted: the certificate of who signs them.
    """
    return {
        "token": {
            "realm": realm,
            "service": audience,
            "issuer": "tests",
            "rootcertbundle": str(trusted),
        }
    }


@contextmanager
def distribution(lab: Lab, folder: Path, servers: Mapping[str, Server]) -> Iterator[None]:
    """Run servers that share what they have.

    Args:
        lab: where.
        folder: for their files; the lab sees it at the same path.
        servers: by a name for each.
    """
    started = []
    try:
        for name, server in servers.items():
            started.append(_start(lab, folder, name, server))
        for name, server in servers.items():
            if not processes.wait_until(_listens(lab, server), START_SECONDS):
                raise AssertionError((folder / f"{name}.log").read_text(encoding="utf-8"))
        yield
    finally:
        for process in started:
            _end(process)


def _listens(lab: Lab, server: Server) -> Callable[[], bool]:
    return lambda: answers_in(lab, server.address, server.port)


def _start(lab: Lab, folder: Path, name: str, server: Server) -> subprocess.Popen[bytes]:
    http: dict[str, Any] = {"addr": f"{server.address}:{server.port}", "secret": "of tests"}
    if server.certificate:
        certificate, key = server.certificate.certificate, server.certificate.key
        http["tls"] = {"certificate": str(certificate), "key": str(key)}
    config = {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": http,
        **({"auth": server.auth} if server.auth else {}),
    }
    file = folder / f"{name}.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    with (folder / f"{name}.log").open("wb") as log:
        command = [*inside(lab), "docker-registry", "serve", str(file)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it where it runs: what entered the lab for it only waits for it."""
    for pid in processes.pids_with_descendants([process.pid]):
        if pid != process.pid:
            os.kill(pid, signal.SIGKILL)
    process.wait(10)
