"""Both ways to an engine do alike, whatever answers: tried on a server that misbehaves."""

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.engine.errors import (
    ConflictError,
    EngineError,
    EngineUnreachableError,
    NotFoundError,
)
from manager.engine.images import LIST_ATTEMPTS
from manager.engine.sdk import SDKClients, SDKTransport
from manager.engine.transport import Request, SocketTransport, Transport

pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
PATIENCE = 0.5
PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\nOK"
Answering = Callable[[str, int], bytes]
"""Gets the request line, and how many requests the connection has had with it; gives the answer."""


class Last(bytes):
    """An answer after which the server closes the connection."""


def http(status: int, body: object = None) -> bytes:
    """An answer of known length."""
    text = b"" if body is None else json.dumps(body).encode()
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


class Server:
    """Answers on a Unix socket, byte by byte as it is told; what it was asked is in ``asked``."""

    def __init__(self, path: Path, answering: Answering) -> None:
        self.endpoint = Endpoint(f"unix://{path}", "--host")
        self.asked: list[str] = []
        self.connections = 0
        self.closed = threading.Semaphore(0)
        self._answering = answering
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(20)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reading:
            for number in count(1):
                line = reading.readline().decode().strip()
                if not line:
                    return
                length = 0
                while header := reading.readline().decode().strip().lower():
                    if header.startswith("content-length:"):
                        length = int(header.partition(":")[2])
                body = reading.read(length).decode()
                self.asked.append(f"{line.removesuffix(' HTTP/1.1')} {body}".strip())
                answer = PING if "/_ping" in line else self._answering(line, number)
                with contextlib.suppress(BrokenPipeError):  # who was to be silent has waited long
                    connection.sendall(answer)
                if isinstance(answer, Last):
                    break
        self.closed.release()


Serving = Callable[[Answering], Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serving]:
    servers: list[Server] = []

    def start(answering: Answering) -> Server:
        servers.append(Server(tmp_path / f"{len(servers)}.sock", answering))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def make_transport(kind: str, endpoint: Endpoint) -> Transport:
    if kind == "socket":
        return SocketTransport(endpoint, PATIENCE)
    return SDKTransport(SDKClients(endpoint, PATIENCE))


@pytest.fixture(params=["socket", "sdk"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def connected(kind: str, server: Server) -> Iterator[Engine]:
    transport = make_transport(kind, server.endpoint)
    with Engine(server.endpoint, PATIENCE, transport) as engine:
        yield engine


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SMALL_ANSWERS = {
    "of known length": (http(200, {"a": [1]}), {"a": [1]}),
    "in chunks": (CHUNKED + b'3\r\n{"a\r\n7\r\n": [1]}\r\n0\r\n\r\n', {"a": [1]}),
    "until the end": (Last(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"a": [1]}'), {"a": [1]}),
    "null": (http(200, None).replace(b"Content-Length: 0", b"Content-Length: 4") + b"null", None),
    "nothing": (http(201), None),
    "no content": (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", None),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", None),
    "created": (http(201, "id"), "id"),
}


@pytest.mark.parametrize("name", SMALL_ANSWERS)
def test_an_answer(kind: str, name: str, serve: Serving) -> None:
    answer, expected = SMALL_ANSWERS[name]
    server = serve(lambda *_: answer)
    with connected(kind, server) as engine:
        assert engine.call(Request("POST", "/x")) == expected
        assert engine.get_json("/x") == expected
    assert server.asked == ["GET /_ping", "POST /v1.51/x", "GET /v1.51/x"]


def test_what_is_sent(kind: str, serve: Serving) -> None:
    server = serve(lambda *_: http(201))
    query = {"all": True, "no": False, "t": 0, "none": None, "filters": {"label": ["a=b c"]}}
    with connected(kind, server) as engine:
        engine.get_json("/images/ghcr.io/a/b:1@sha256:0 ä%?#/json", query)
        engine.call(Request("POST", "/x", body={"Cmd": ["ä", None]}))
        engine.call(Request("DELETE", "/x", {"id": ["1", "2"]}))
    assert server.asked[1:] == [
        (
            "GET /v1.51/images/ghcr.io/a/b:1@sha256:0%20%C3%A4%25%3F%23/json"
            "?all=true&no=false&t=0&filters=%7B%22label%22%3A+%5B%22a%3Db+c%22%5D%7D"
        ),
        'POST /v1.51/x {"Cmd": ["\\u00e4", null]}',
        "DELETE /v1.51/x?id=1&id=2",
    ]


REFUSALS: dict[str, tuple[int, object, type[EngineError], str]] = {
    "not found": (404, {"message": "no such image: x."}, NotFoundError, "no such image: x"),
    "conflict": (409, {"message": "in use"}, ConflictError, "in use"),
    "its own fault": (500, {"message": "a\n b"}, EngineError, "a b"),
    "Podman's": (500, {"cause": "c", "message": "m", "response": 500}, EngineError, "m"),
    "without a message": (500, {"Err": "odd"}, EngineError, '{"Err": "odd"}'),
    "a list": (400, ["odd"], EngineError, '["odd"]'),
    "empty": (503, None, EngineError, "HTTP status 503"),
    "elsewhere": (301, None, EngineError, "HTTP status 301"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal(kind: str, name: str, serve: Serving) -> None:
    status, body, error, message = REFUSALS[name]
    server = serve(lambda *_: http(status, body))
    with connected(kind, server) as engine:
        for method in ("GET", "POST", "DELETE"):
            with pytest.raises(EngineError) as caught:
                engine.call(Request(method, "/x"))
            assert type(caught.value) is error
            assert caught.value.message == message
            assert caught.value.hint


def unreachable(kind: str, server: Server, method: str = "GET") -> str:
    with connected(kind, server) as engine:
        with pytest.raises(EngineUnreachableError) as caught:
            engine.call(Request(method, "/x"))
        assert "\n" not in caught.value.message
        assert "--host" in caught.value.message
        assert caught.value.hint
    return caught.value.message


def test_an_answer_that_is_not_json(kind: str, serve: Serving) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n<html>\nno<b>"
    assert "did not answer with valid JSON: <html> no<b>" in unreachable(
        kind, serve(lambda *_: page)
    )


def test_an_answer_that_is_nested_too_deeply(kind: str, serve: Serving) -> None:
    deep = b"[" * 50_000 + b"]" * 50_000
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + deep
    assert "did not answer with valid JSON: [[[" in unreachable(kind, serve(lambda *_: page))


def test_an_answer_that_is_empty(kind: str, serve: Serving) -> None:
    """It was cut off: a list of nothing is written as ``[]`` or ``null``."""
    for method in ("GET", "POST"):
        assert "valid JSON: nothing" in unreachable(kind, serve(lambda *_: http(200)), method)


def test_an_answer_that_is_not_http(kind: str, serve: Serving) -> None:
    assert "no engine answers" in unreachable(kind, serve(lambda *_: Last(b"SSH-2.0-x\r\n")))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "cut",
    [b"", b"HTTP/1.1 200", b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":']
    + [CHUNKED, CHUNKED + b'20\r\n{"a":'],
)
def test_an_answer_cut_off_in_the_middle(
    kind: str, method: str, cut: bytes, serve: Serving
) -> None:
    told = unreachable(kind, serve(lambda *_: Last(cut)), method)
    assert "no engine answers" in told or "valid JSON: nothing" in told


def test_silence(kind: str, serve: Serving) -> None:
    server = serve(lambda *_: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    assert "did not answer in time" in unreachable(kind, server)


def test_silence_may_be_allowed_to_last(kind: str, serve: Serving) -> None:
    begun = threading.Event()

    def answer(_line: str, _number: int) -> bytes:
        begun.wait(3 * PATIENCE)
        return http(200, "late")

    with connected(kind, serve(answer)) as engine:
        assert engine.call(Request("POST", "/x", timeout=20 * PATIENCE)) == "late"
        with pytest.raises(EngineUnreachableError):  # that one was not for all
            engine.get_json("/x")


def test_no_socket(kind: str, tmp_path: Path) -> None:
    endpoint = Endpoint(f"unix://{tmp_path}/none.sock", "--host")
    with pytest.raises(EngineUnreachableError) as caught:
        make_transport(kind, endpoint).send(Request("GET", "/_ping"))
    assert "--host" in caught.value.message
    assert "socket does not exist" in caught.value.message or "no engine" in caught.value.message


def test_nobody_listens(kind: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "old.sock"))
    endpoint = Endpoint(f"unix://{tmp_path}/old.sock", "--host")
    with pytest.raises(EngineUnreachableError, match="no engine answers"):
        make_transport(kind, endpoint).send(Request("GET", "/_ping"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_permission_denied(kind: str, serve: Serving) -> None:
    server = serve(lambda *_: http(200))
    Path(server.endpoint.host.removeprefix("unix://")).chmod(0o600)
    os.seteuid(65534)
    try:
        with pytest.raises(EngineUnreachableError, match="permission denied"):
            make_transport(kind, server.endpoint).send(Request("GET", "/_ping"))
    finally:
        os.seteuid(0)


def test_connections_are_kept(serve: Serving) -> None:
    """The SDK keeps one for each path, and so seldom takes one again."""
    server = serve(lambda line, _: http(404 if "/0" in line else 200, {}))
    with connected("socket", server) as engine:
        for number in range(5):
            with contextlib.suppress(NotFoundError):
                engine.get_json(f"/{number}")
    assert server.connections == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_connection_that_was_closed_between_two_calls(
    kind: str, method: str, serve: Serving
) -> None:
    """Nothing has been sent over it, so that every request may take another one."""
    server = serve(lambda *_: Last(http(200, 1)))
    with connected(kind, server) as engine:
        for _ in range(3):
            assert engine.call(Request(method, "/x")) == 1
            assert server.closed.acquire(timeout=5)
    assert server.asked == ["GET /_ping", *[f"{method} /v1.51/x"] * 3]


def close_once_asked_again(_line: str, number: int) -> bytes:
    """Keep a connection, and close it only when the next request has come over it."""
    return http(200, 1) if number == 1 else Last()


def test_a_get_is_sent_again_over_another_connection(serve: Serving) -> None:
    server = serve(close_once_asked_again)
    with connected("socket", server) as engine:
        assert engine.get_json("/x") == 1
    assert server.asked == ["GET /_ping", "GET /v1.51/x", "GET /v1.51/x"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_changes_something_is_not_sent_again(method: str, serve: Serving) -> None:
    server = serve(close_once_asked_again)
    unreachable("socket", server, method)
    assert server.asked == ["GET /_ping", f"{method} /v1.51/x"]


def test_threads_in_parallel(kind: str, serve: Serving) -> None:
    server = serve(lambda line, _: http(200, line))
    with connected(kind, server) as engine, ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: engine.get_json(f"/{number}"), range(200)))
    assert told == [f"GET /v1.51/{number} HTTP/1.1" for number in range(200)]
    if kind == "socket":
        assert server.connections <= 8


def test_each_thread_keeps_its_own_client_of_the_sdk(
    serve: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where several need the SDK for the first time, and wait for it to be loaded."""
    monkeypatch.delitem(sys.modules, "manager.engine.sdk")
    server = serve(lambda *_: http(200, 1))
    together = threading.Barrier(8)
    with Engine(server.endpoint, PATIENCE) as engine, ThreadPoolExecutor(8) as pool:

        def take(_number: int) -> tuple[object, object]:
            together.wait(5)
            first = engine.api
            together.wait(5)
            return first, engine.api

        pairs = list(pool.map(take, range(8)))
    assert all(first is again for first, again in pairs)
    assert len({id(first) for first, _ in pairs}) == 8


def test_an_engine_that_was_closed_can_be_asked_again(kind: str, serve: Serving) -> None:
    server = serve(lambda *_: http(200, 1))
    with connected(kind, server) as engine:
        engine.close()
        assert engine.get_json("/x") == 1


@pytest.mark.parametrize("gone", [1, LIST_ATTEMPTS])
def test_images_are_listed_again_while_one_of_them_goes(
    kind: str, serve: Serving, gone: int
) -> None:
    """Seen on Docker 28.5.2, containerd store: the list is 404 while an image is deleted."""
    asked = count(1)

    def answering(line: str, _number: int) -> bytes:
        if "/images/json" not in line:
            return PING
        vanished = {"message": "content digest sha256:0: not found"}
        return http(404, vanished) if next(asked) <= gone else http(200, [])

    with connected(kind, serve(answering)) as engine:
        if gone < LIST_ATTEMPTS:
            assert engine.images.list_all() == ()
        else:
            with pytest.raises(NotFoundError, match="content digest"):
                engine.images.list_all()
