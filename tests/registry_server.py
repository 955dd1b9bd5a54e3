"""A small registry on the loopback: it asks for logins, goes wrong, and tells what it was asked."""

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Handler = Callable[["Request"], None]
DIGEST = "sha256:" + "d" * 64


@dataclass
class Seen:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""


class Request(BaseHTTPRequestHandler):
    """One request being answered."""

    protocol_version = "HTTP/1.1"
    # What is no HTTP, such as the beginning of TLS, is refused in HTTP all the same: by that an
    # engine sees that it has to do without TLS.
    default_request_version = "HTTP/1.1"
    server: "_Server"
    body = ""

    def do_HEAD(self) -> None:
        self._take()

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        # Podman tells no length of what it sends for a token.
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        self._take((self._chunks() if chunked else self.rfile.read(length)).decode())

    def _chunks(self) -> bytes:
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _take(self, body: str = "") -> None:
        self.body = body
        self.server.seen.append(Seen(self.command, self.path, dict(self.headers), body))
        self.server.answer(self)

    def reply(self, status: int, body: object = b"", **headers: str) -> None:
        """Answer; underscores in the names of headers stand for dashes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, answer: Handler, listener: socket.socket, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(listener.getsockname(), Request, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.answer = answer
        self.context = context
        self.seen: list[Seen] = []

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speak to a client, in the thread that is its own: one that is slow hinders no other."""
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with self.context.wrap_socket(request, server_side=True) as encrypted:
            super().finish_request(encrypted, client_address)

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no error here."""


@dataclass
class Served:
    """A registry that is up."""

    url: str
    seen: list[Seen]

    @property
    def address(self) -> str:
        """``HOST:PORT``."""
        return urlsplit(self.url).netloc


@contextmanager
def served(
    answer: Handler,
    listener: socket.socket | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[Served]:
    """Answer requests for as long as the block runs.

    Args:
        answer: how.
        listener: where; None for a free port of the loopback.
        context: for TLS; None for plain http.
    """
    server = _Server(answer, listener or socket.create_server(("127.0.0.1", 0)), context)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    host, port = server.socket.getsockname()
    try:
        yield Served(f"{'https' if context else 'http'}://{host}:{port}", server.seen)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def has_it(request: Request) -> None:
    """The manifest is there."""
    request.reply(200, Docker_Content_Digest=DIGEST)


@dataclass
class WithTokens:
    """Gives tokens to who knows the password, or to anybody; each is good for so many answers."""

    password: str = ""
    identity: str = ""
    answers: int = 1000
    expires_in: int = 300
    tokens: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> None:
        parts = urlsplit(request.path)
        if parts.path == "/token":
            self._give(request, parse_qs(parts.query))
            return
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        with self.lock:
            left = self.tokens.get(token, 0)
            self.tokens[token] = left - 1
        if left > 0:
            has_it(request)
            return
        host = request.headers["Host"]
        scope = f"repository:{parts.path.split('/manifests/')[0].removeprefix('/v2/')}:pull"
        request.reply(
            401,
            {"errors": [{"code": "UNAUTHORIZED"}]},
            WWW_Authenticate=f'Bearer realm="http://{host}/token",service="s, x",scope="{scope}"',
        )

    def _give(self, request: Request, query: dict[str, list[str]]) -> None:
        login = request.headers.get("Authorization", "")
        good = not (self.password or self.identity)
        if self.password:
            good = login == "Basic " + base64.b64encode(f"me:{self.password}".encode()).decode()
        if self.identity:
            good = f"refresh_token={self.identity}" in request.server.seen[-1].body
        if not good:
            request.reply(401, {"details": "no"})
            return
        token = f"t{len(self.tokens)}-{query.get('scope', [''])[0]}"
        with self.lock:
            self.tokens[token] = self.answers
        request.reply(200, {"token": token, "expires_in": self.expires_in})


def slow(seconds: float) -> Handler:
    """Answers late."""

    def answer(request: Request) -> None:
        time.sleep(seconds)
        has_it(request)

    return answer
