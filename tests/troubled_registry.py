"""A way to a real registry that is in trouble: connections cut, refusals, bytes that trickle.

It tells what it was asked, sends elsewhere, and counts every byte it hands on.
"""

import http.client
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urljoin

from tests.registry_server import Handler, Request, served

PASSED_ON = ("Accept", "Authorization", "Range", "Host")
PIECE = 65536


@dataclass
class Trouble:
    """What goes wrong, and how often it still will."""

    registry: str
    """``HOST:PORT`` of the real one."""
    cut: int = 0
    """So many blob downloads are cut in the middle."""
    refuse: int = 0
    """So many requests for a manifest are answered with ``status``."""
    status: int = 503
    retry_after: str = "0"
    """Seconds. Podman tries again by itself, and would wait minutes without."""
    trickle: float = 0.0
    """Seconds to wait before each piece of a blob."""
    held: Callable[[Request], None] | None = None
    """Blob downloads wait for it."""
    redirect: str = ""
    """Where blobs are to be had instead: a URL without a path."""
    realms: dict[str, str] = field(default_factory=dict)
    """By host, where tokens are given: the path of its own, or a URL elsewhere."""
    tokens: Handler | None = None
    """Gives them."""
    sent: Counter[str] = field(default_factory=Counter)
    """Bytes of bodies that went out, by kind: ``manifests``, ``configs``, ``layers``."""
    configs: set[str] = field(default_factory=set)
    """Digests of what is no layer, known from the manifests that went out."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, what: str) -> bool:
        """Whether this one goes wrong."""
        with self.lock:
            left: int = getattr(self, what)
            setattr(self, what, max(left - 1, 0))
            return left > 0

    def count(self, path: str, body: bytes) -> None:
        """Remember that so much was sent."""
        with self.lock:
            self.sent[self._kind(path)] += len(body)

    def learn(self, body: bytes) -> None:
        """Take from a manifest which blob is its configuration."""
        config = json.loads(body).get("config") or {}
        with self.lock:
            self.configs.add(config.get("digest", ""))

    def _kind(self, path: str) -> str:
        if "/manifests/" in path:
            return "manifests"
        if "/blobs/" in path:
            return "configs" if path.rpartition("/")[2] in self.configs else "layers"
        return "else"

    def __call__(self, request: Request) -> None:
        """Answer one request."""
        host = request.headers.get("Host", "")
        path = request.path.partition("?")[0]
        blob = request.command == "GET" and "/blobs/" in path
        if self.tokens and (path.startswith("/oauth2/") or path == self.realms.get(host)):
            self.tokens(request)
        elif "/manifests/" in path and self.take("refuse"):
            self._refuse(request)
        elif blob and self.redirect:
            request.reply(307, Location=self.redirect + request.path)
        else:
            if blob and self.held:
                self.held(request)
            self._pass_on(request)

    def _refuse(self, request: Request) -> None:
        # 429 comes with this code from every registry that sends it.
        code = "TOOMANYREQUESTS" if self.status == 429 else "UNAVAILABLE"
        request.reply(
            self.status,
            {"errors": [{"code": code, "message": "not now"}]},
            Content_Type="application/json",
            Retry_After=self.retry_after,
        )

    def _pass_on(self, request: Request) -> None:
        upstream = http.client.HTTPConnection(self.registry, timeout=10)
        headers = {
            name: ", ".join(values)
            for name in PASSED_ON
            if (values := request.headers.get_all(name))
        }
        upstream.request(request.command, request.path, headers=headers)
        answer = upstream.getresponse()
        request.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() == "www-authenticate":
                request.send_header(key, self._challenge(headers.get("Host", ""), value))
            elif key.lower() not in {"transfer-encoding", "connection"}:
                request.send_header(key, value)
        if answer.chunked:
            request.send_header("Connection", "close")
        request.end_headers()
        try:
            self._copy(request, answer)
        finally:
            upstream.close()

    def _challenge(self, host: str, header: str) -> str:
        """As the registry of that name has it."""
        if host not in self.realms:
            return header
        realm = urljoin(f"https://{host}", self.realms[host])
        header = re.sub(r'realm="[^"]*"', f'realm="{realm}"', header)
        return re.sub(r'service="[^"]*"', f'service="{host}"', header)

    def _copy(self, request: Request, answer: http.client.HTTPResponse) -> None:
        blob = "/blobs/" in request.path and request.command == "GET"
        manifest = (
            "/manifests/" in request.path and request.command == "GET" and answer.status < 300
        )
        while piece := answer.read(PIECE):
            if manifest:
                self.learn(piece)
            if blob and self.trickle:
                time.sleep(self.trickle)
            request.wfile.write(piece)
            self.count(request.path, piece)
            if blob and self.take("cut"):
                request.close_connection = True
                return


@contextmanager
def troubled(address: str, trouble: Trouble) -> Iterator[str]:
    """Serve on an address of this machine's own: ``HOST:PORT``."""
    with served(trouble, socket.create_server((address, 0))) as server:
        yield server.address
