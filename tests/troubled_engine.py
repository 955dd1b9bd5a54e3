"""A real engine behind a proxy that spoils some of its answers, and counts what it is asked."""

import http.client
import http.server
import json
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

KEPT = ("Api-Version", "Libpod-API-Version")
"""The headers that are passed on: by them the program knows the engine."""
Spoil = Callable[[str, Any], Any]
"""Gets the path of a request, without version and query, and the answer's JSON; gives another
answer, or raises `Refusal`."""


class Refusal(Exception):  # noqa: N818 - it is an answer
    """The proxy answers with an error of its own instead."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class UnixConnection(http.client.HTTPConnection):
    """HTTP through a socket file."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


class TroubledEngine(http.server.ThreadingHTTPServer):
    """The proxy; what it is asked is in ``asked``."""

    daemon_threads = True

    def __init__(self, engine: Path, spoil: Spoil) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = engine
        self.spoil = spoil
        self.asked: list[str] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def host(self) -> str:
        """Its address, as ``--host`` takes it."""
        return f"tcp://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """A connection that is cut on purpose is no error here."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: TroubledEngine

    def do_GET(self) -> None:
        self._pass_on("GET")

    def do_DELETE(self) -> None:
        self._pass_on("DELETE")

    def _pass_on(self, method: str) -> None:
        path = re.sub(r"^/v[0-9.]+", "", self.path).partition("?")[0]
        self.server.asked.append(f"{method} {path}")
        engine = UnixConnection(self.server.engine)
        try:
            engine.request(method, self.path)
            answer = engine.getresponse()
            status, body = answer.status, answer.read()
            told = {name: answer.headers[name] for name in KEPT if name in answer.headers}
        finally:
            engine.close()
        if body.startswith((b"{", b"[", b"null")):
            try:
                body = json.dumps(self.server.spoil(path, json.loads(body))).encode()
            except Refusal as refusal:
                status, body = refusal.status, json.dumps({"message": str(refusal)}).encode()
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""
