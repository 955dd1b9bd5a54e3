"""One request, one answer: the engine's API over a socket of this machine, without the SDK."""

from __future__ import annotations

import http.client
import json
import select
import socket
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from manager.engine.errors import unreachable_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manager.engine.contexts import Endpoint

OLDEST_API = (1, 41)
"""Docker 20.10: an engine must speak it or a newer one."""
JSON_HEADERS = {"Content-Type": "application/json"}
UNQUOTED_CHARACTERS = "/:@"
"""What names of images and the paths of the API are written with, beside letters and digits."""


class Request(NamedTuple):
    """One call of the engine's API."""

    method: str
    path: str
    """As in the API's documentation, the version before it: ``/v1.51/images/json``."""
    query: Mapping[str, object] = {}
    """Parameters; those that are None are left out."""
    body: object = None
    """What is sent as JSON; None for nothing."""
    timeout: float | None = None
    """Seconds of silence to wait; None for the transport's own."""

    @property
    def target(self) -> str:
        """Path and parameters as they stand in the request."""
        query = urlencode(
            [pair for key, value in self.query.items() for pair in _pairs(key, value)]
        )
        return quote(self.path, safe=UNQUOTED_CHARACTERS) + (f"?{query}" if query else "")

    @property
    def payload(self) -> bytes | None:
        """The body as it is sent."""
        return None if self.body is None else json.dumps(self.body).encode()


class Answer(NamedTuple):
    """What an engine answered, whatever it says."""

    status: int
    headers: Mapping[str, str]
    """By names in small letters."""
    body: bytes


class Transport(Protocol):
    """A way to an engine; threads may share it."""

    def send(self, request: Request) -> Answer:
        """Ask, and wait for the whole answer.

        Raises:
            EngineUnreachableError: nothing answers, or it fell silent, or was cut off.
        """

    def close(self) -> None:
        """Close the connections that nobody uses now; the next request opens one again."""


class SocketTransport:
    """A way to an engine through a Unix socket; each thread that asks has a connection of its own.

    Connections are kept: the next request takes the one that was used last.
    """

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Connect to nothing yet.

        Args:
            endpoint: where the engine is: ``unix://…``.
            timeout: seconds of silence to wait.
        """
        self._endpoint = endpoint
        self._path = endpoint.host.removeprefix("unix://")
        self._timeout = timeout
        # Its append and pop are atomic, so that threads need no lock.
        self._idle: deque[_SocketConnection] = deque()

    def send(self, request: Request) -> Answer:
        """Ask, and wait for the whole answer.

        Raises:
            EngineUnreachableError: nothing answers, or it fell silent, or was cut off.
        """
        try:
            return self._send(request)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable_error(self._endpoint, error) from error

    def _send(self, request: Request) -> Answer:
        """An engine may close a kept connection at any time.

        Where that shows before anything is sent, another one is taken; where it shows later,
        only a GET is sent again.
        """
        kept = self._take_idle()
        if kept is not None:
            try:
                return self._exchange(kept, request)
            except (ConnectionError, http.client.BadStatusLine):
                if request.method != "GET":
                    raise
        return self._exchange(_SocketConnection(self._path), request)

    def close(self) -> None:
        """Close the connections that nobody uses now; the next request opens one again."""
        while self._idle:
            self._idle.pop().close()

    def _take_idle(self) -> _SocketConnection | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if connection.is_quiet:
                return connection
            connection.close()
        return None

    def _exchange(self, connection: _SocketConnection, request: Request) -> Answer:
        headers = {} if request.body is None else JSON_HEADERS
        try:
            connection.limit_silence(request.timeout or self._timeout)
            connection.request(request.method, request.target, request.payload, headers)
            response = connection.getresponse()
            answer = Answer(response.status, lower_names(response.headers.items()), response.read())
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # the engine keeps it open
            self._idle.append(connection)
        return answer


class _SocketConnection(http.client.HTTPConnection):
    """HTTP through a socket file."""

    def __init__(self, path: str) -> None:
        super().__init__("docker")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def limit_silence(self, seconds: float) -> None:
        """Wait so long for each next piece of an answer."""
        self.timeout = seconds
        if self.sock is not None:
            self.sock.settimeout(seconds)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing came since the last answer, not even the end."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)


def lower_names(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in small letters."""
    return {name.lower(): value for name, value in headers}


def _pairs(key: str, value: object) -> list[tuple[str, object]]:
    """A parameter as engines read it: one pair for each value of a list, none for None."""
    if value is None:
        return []
    if isinstance(value, bool):
        return [(key, str(value).lower())]
    if isinstance(value, dict):
        return [(key, json.dumps(value))]
    return [(key, it) for it in value] if isinstance(value, list | tuple) else [(key, value)]
