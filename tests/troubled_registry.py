"""A way to a real registry that is in trouble: connections cut, refusals, bytes that trickle."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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
    trickle: float = 0.0
    """Seconds to wait before each piece of a blob."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, what: str) -> bool:
        """Whether this one goes wrong."""
        with self.lock:
            left: int = getattr(self, what)
            setattr(self, what, max(left - 1, 0))
            return left > 0


class _Server(ThreadingHTTPServer):
    """Passes requests on to the real registry, more or less."""

    daemon_threads = True

    def __init__(self, address: str, trouble: Trouble) -> None:
        super().__init__((address, 0), _Handler)
        self.trouble = trouble

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # What is no HTTP, such as the beginning of TLS, is refused in HTTP all the same: by that an
    # engine sees that it has to do without TLS.
    default_request_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Tests read no access log."""

    def _answer(self) -> None:
        if "/manifests/" in self.path and self.server.trouble.take("refuse"):
            self._refuse()
        else:
            self._pass_on()

    def _refuse(self) -> None:
        # 429 comes with this code from every registry that sends it.
        code = "TOOMANYREQUESTS" if self.server.trouble.status == 429 else "UNAVAILABLE"
        body = json.dumps({"errors": [{"code": code, "message": "not now"}]}).encode()
        self.send_response(self.server.trouble.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        # Podman tries again by itself, and would wait minutes.
        self.send_header("Retry-After", "0")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _pass_on(self) -> None:
        upstream = http.client.HTTPConnection(self.server.trouble.registry, timeout=10)
        accept = ", ".join(self.headers.get_all("Accept") or [])
        upstream.request(self.command, self.path, headers={"Accept": accept})
        answer = upstream.getresponse()
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() != "transfer-encoding":
                self.send_header(key, value)
        self.end_headers()
        try:
            self._copy(answer)
        finally:
            upstream.close()

    def _copy(self, answer: http.client.HTTPResponse) -> None:
        trouble = self.server.trouble
        blob = "/blobs/" in self.path and self.command == "GET"
        while piece := answer.read(65536):
            if blob and trouble.trickle:
                time.sleep(trouble.trickle)
            self.wfile.write(piece)
            if blob and trouble.take("cut"):
                self.close_connection = True
                return


@contextmanager
def troubled(address: str, trouble: Trouble) -> Iterator[str]:
    """Serve on an address of this machine's own: ``HOST:PORT``."""
    with _Server(address, trouble) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"{address}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
