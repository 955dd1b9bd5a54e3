"""A world of registries inside a lab, under the names they have on the internet, with TLS.

The engine and a program started by ``World.run`` reach them by these names; nobody else does.
"""

import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from manager.lab.state import Lab
from manager.registry.protocol.upload import ImageFiles, upload_images
from tests.breaking_proxy import Breaks, breaking
from tests.certificates import VALID, Authority
from tests.command import PROGRAM, Program, Result
from tests.confidential import AWS_PASSWORD, AZURE_TOKEN, GOOGLE_TOKEN, PASSWORD, USER
from tests.distribution import Server, distribution, with_passwords, with_tokens
from tests.engine.inside import in_network_of
from tests.hushed import CLOUDS
from tests.lab_etc import Etc
from tests.lab_network import addresses, listening_in, socket_in
from tests.registry_server import Handler, Served, served
from tests.token_server import AUDIENCE, Tokens
from tests.troubled_registry import Trouble

HUB, HUB_TOKENS = "registry-1.docker.io", "auth.docker.io"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OPEN = "registry.example.com"
LOCKED = f"{OPEN}:5443"
UNRELIABLE, COUNTING = "unreliable.example.com", "counting.example.com"
ELSEWHERE, ODD, WRONG = "elsewhere.example.com", "odd.example.com", "wrong.example.com"
AZURE = "example.azurecr.io"
REALMS = {
    "ghcr.io": "/token",
    "quay.io": "/v2/auth",
    "gcr.io": "/v2/token",
    "europe-docker.pkg.dev": "/v2/token",
    "public.ecr.aws": "/token/",
    AZURE: "/oauth2/token",
}
"""Registries that give tokens under their own name, and the path where they do."""
HUB_AT, TOKENS_AT, ECR_AT, OPEN_AT, FRONT_AT = (f"203.0.113.{number}" for number in range(1, 6))
"""Addresses that are kept for examples; real names must not resolve to the loopback."""
FURTHER = {
    f"{name}.example.com": f"203.0.113.{number}"
    for number, name in enumerate(("unreliable", "counting", "elsewhere", "odd", "wrong"), 20)
}
"""For tests' own registries. An engine reads its names again only each five seconds, so that a
name has to be there from the beginning."""
TLS, LOCKED_PORT = 443, 5443
PLAIN_PORT, TOKEN_PORT = 5901, 5902
ENTER = 'mount -t overlay -o "ro,lowerdir=$0:/etc" overlay /etc && exec "$@"'
"""Seen by one program alone: the files of a folder, laid over this machine's own."""


@dataclass
class World:
    """The registries of one lab."""

    lab: Lab
    folder: Path
    authority: Authority
    """Engine and program trust it, for every name."""
    tokens: Tokens
    front: Trouble
    """The way to all registries of ``REALMS``."""
    etc: Etc
    hub: Served
    """Where Docker Hub gives tokens."""
    env: dict[str, str] = field(default_factory=dict)
    """The environment of programs in this world."""

    @property
    def plain(self) -> str:
        """``HOST:PORT`` of a server that has what they all have, over http and without a login."""
        return f"{self.lab.address}:{PLAIN_PORT}"

    @property
    def asking(self) -> str:
        """``HOST:PORT`` of a server that wants tokens, over http."""
        return f"{self.lab.address}:{TOKEN_PORT}"

    def push(self, *images: ImageFiles) -> None:
        """Put images into all the registries."""
        upload_images(f"http://{self.plain}", images)

    def command(self, *argv: str) -> Sequence[str]:
        """A command of this machine's, in this world."""
        inside = [*in_network_of(self.lab), "unshare", "--mount", "sh", "-c", ENTER]
        return [*inside, str(self.etc.folder), *argv]

    def program(self) -> Program:
        """The program in this world, with an environment that a test may change."""
        return Program(self.command(*PROGRAM), self.env)

    def run(self, *argv: str, env: Mapping[str, str] | None = None) -> Result:
        """Run the program in this world, whatever the exit code."""
        return Program(self.command(*PROGRAM), {**self.env, **(env or {})})(*argv)

    @contextmanager
    def served(
        self,
        name: str,
        answer: Handler,
        *,
        names: Sequence[str] = (),
        valid: tuple[timedelta, timedelta] = VALID,
        authority: Authority | None = None,
    ) -> Iterator[Served]:
        """A further registry with TLS, for as long as the block runs.

        Args:
            name: by which it is reached: one of ``FURTHER``.
            answer: what it answers.
            names: those in its certificate, if they are others.
            valid: from when to when the certificate is good.
            authority: who signed it; None for the one that is trusted.
        """
        signed = (authority or self.authority).issue(self.folder, *(names or (name,)), valid=valid)
        listener = listening_in(self.lab, FURTHER[name], TLS)
        with served(answer, listener, signed.context()) as server:
            yield server

    @contextmanager
    def unreliable(self) -> Iterator[Breaks]:
        """A way to ``OPEN``, as ``UNRELIABLE``, on which each third connection breaks."""

        def connect() -> socket.socket:
            connection = socket_in(self.lab)
            connection.connect((OPEN_AT, TLS))
            return connection

        with breaking(listening_in(self.lab, FURTHER[UNRELIABLE], TLS), connect) as breaks:
            yield breaks

    @contextmanager
    def counting(self, name: str = COUNTING) -> Iterator[Trouble]:
        """A further registry that has all images, and counts the bytes it sends."""
        trouble = Trouble(self.plain)
        with self.served(name, trouble):
            yield trouble


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Whom all engines trust: one for all labs, as an engine reads its system's only once."""
    return Authority("tests")


@pytest.fixture(scope="session")
def token_authority() -> Authority:
    """Who signs tokens."""
    return Authority("tokens of tests", signs_tokens=True)


@pytest.fixture(scope="module")
def world(lab: Lab, authority: Authority, token_authority: Authority) -> Iterator[World]:
    """The registries, for the tests of one module."""
    folder = lab.folder / "world"
    folder.mkdir()
    known = {USER: PASSWORD, "oauth2accesstoken": GOOGLE_TOKEN}
    tokens = Tokens(token_authority, known, directory_tokens={AZURE_TOKEN})
    front = Trouble(f"{lab.address}:{TOKEN_PORT}", realms=dict(REALMS), tokens=tokens)
    names = {HUB: HUB_AT, HUB_TOKENS: TOKENS_AT, ECR: ECR_AT, OPEN: OPEN_AT}
    names |= dict.fromkeys(REALMS, FRONT_AT) | FURTHER
    etc = Etc(lab, folder / "etc", authority)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.enter_context(addresses(lab, sorted(set(names.values()))))
        servers = _servers(folder, authority, token_authority)
        stack.enter_context(distribution(lab, folder, servers))
        of_hub = authority.issue(folder, HUB_TOKENS).context()
        hub = stack.enter_context(served(tokens, listening_in(lab, TOKENS_AT, TLS), of_hub))
        of_front = authority.issue(folder, *REALMS).context()
        stack.enter_context(served(front, listening_in(lab, FRONT_AT, TLS), of_front))
        stack.enter_context(etc.as_system())
        stack.enter_context(etc.naming(names, trusted=(*names, LOCKED, "docker.io")))
        etc.wait_until_known(OPEN)
        yield World(
            lab, folder, authority, tokens, front, etc, hub, _environment(lab, folder / "home")
        )


def _environment(lab: Lab, home: Path) -> dict[str, str]:
    """That of a machine without proxies and clouds; whoever stands in for one adds to it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if "proxy" not in name.lower() and not name.startswith(CLOUDS)
    }
    home.mkdir()
    return {
        **kept,
        "HOME": str(home),
        "DOCKER_HOST": lab.host,
        # They would look for the machine's own cloud, and wait.
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
    }


def _servers(folder: Path, authority: Authority, token_authority: Authority) -> dict[str, Server]:
    trusted = folder / "tokens.crt"
    trusted.write_bytes(token_authority.pem)
    asking = with_tokens(f"https://{HUB_TOKENS}/token", AUDIENCE, trusted)
    example = authority.issue(folder, OPEN, UNRELIABLE)
    return {
        "plain": Server("0.0.0.0", PLAIN_PORT),
        "tokens": Server("0.0.0.0", TOKEN_PORT, asking),
        "hub": Server(HUB_AT, TLS, asking, authority.issue(folder, HUB)),
        "ecr": Server(
            ECR_AT,
            TLS,
            with_passwords(folder, {"AWS": AWS_PASSWORD}),
            authority.issue(folder, ECR),
        ),
        "open": Server(OPEN_AT, TLS, certificate=example),
        "locked": Server(OPEN_AT, LOCKED_PORT, with_passwords(folder, {USER: PASSWORD}), example),
    }
