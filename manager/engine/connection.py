"""A connection to one engine: the API version both sides speak, and the two ways to ask."""

from __future__ import annotations

import json
import re
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from manager.engine.errors import EngineUnreachableError, one_sentence, refusal_error
from manager.engine.transport import OLDEST_API, Request, SocketTransport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.engine.contexts import Endpoint
    from manager.engine.sdk import SDKClients
    from manager.engine.transport import Answer, Transport

NEWEST_API = (1, 51)
"""The newest version whose answers the tests have read."""
ANSWER_TIMEOUT_SECONDS = 60.0
"""Seconds to wait for an answer."""
SHOWN_CHARACTERS = 100
"""Characters of an answer that is not an engine's, in an error."""
FIRST_ERROR_STATUS = 300
NOT_MODIFIED_STATUS = 304
"""The container is already as it should be."""
EMPTY_STATUSES = (201, 204, NOT_MODIFIED_STATUS)
"""With these an engine may answer nothing; otherwise it was cut off."""


class Connection:
    """An engine that answered."""

    def __init__(
        self,
        endpoint: Endpoint,
        patience: float = ANSWER_TIMEOUT_SECONDS,
        transport: Transport | None = None,
    ) -> None:
        """Ask the engine which API it speaks, and agree on a version.

        Source: Docker Engine API, ``GET /_ping``, header ``Api-Version``. It is asked rather
        than ``/version``, which runs programs on the engine's side and takes longer.

        Args:
            endpoint: where it is.
            patience: seconds to wait for each answer.
            transport: how it is asked; None for the fastest way there is.

        Raises:
            EngineUnreachableError: none answers there, or it is too old.
        """
        self.endpoint = endpoint
        self._patience = patience
        self._sdk_clients: SDKClients | None = None
        self._sdk_lock = Lock()
        self._version = ".".join(map(str, OLDEST_API))
        self.is_podman = False
        """Whether it is Podman's Docker-compatible service."""
        self._transport = transport or self._choose_transport()
        try:
            self._negotiate_version()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; the engine can still be used afterwards."""
        self._transport.close()
        if self._sdk_clients is not None:
            self._sdk_clients.close()

    def close_thread_client(self) -> None:
        """Close this thread's connections: it may outlive the command that began it."""
        self._transport.close()
        if self._sdk_clients is not None:
            self._sdk_clients.close_thread_client()

    def _choose_transport(self) -> Transport:
        if self.endpoint.host.startswith("unix://"):
            return SocketTransport(self.endpoint, self._patience)
        from manager.engine.sdk import SDKTransport

        return SDKTransport(self._sdk)

    @property
    def _sdk(self) -> SDKClients:
        # Several threads can be the first that need it, and wait here for it to be loaded.
        with self._sdk_lock:
            if self._sdk_clients is None:
                from manager.engine.sdk import SDKClients

                self._sdk_clients = SDKClients(self.endpoint, self._patience)
            return self._sdk_clients

    def _negotiate_version(self) -> None:
        endpoint = self.endpoint
        answer = self._transport.send(Request("GET", "/_ping"))
        told = re.fullmatch(r"([0-9]+)\.([0-9]+)", answer.headers.get("api-version", ""))
        if answer.status >= FIRST_ERROR_STATUS or told is None:
            raise EngineUnreachableError(
                f"the server at {endpoint.host} ({endpoint.source}) is not a Docker engine: "
                f"{_beginning(answer.body) or answer.status}",
                "check the address; a TLS port needs DOCKER_TLS_VERIFY and DOCKER_CERT_PATH",
            )
        self.is_podman = "libpod-api-version" in answer.headers
        self._version = self._choose_version((int(told[1]), int(told[2])))

    def _choose_version(self, theirs: tuple[int, int]) -> str:
        if theirs < OLDEST_API:
            server = ".".join(map(str, theirs))
            raise EngineUnreachableError(
                f"the engine at {self.endpoint.host} ({self.endpoint.source}) speaks API {server}, "
                "which is too old",
                "use Docker 20.10 or newer",
            )
        return ".".join(map(str, min(theirs, NEWEST_API)))

    @property
    def api_version(self) -> str:
        """The version of the engine's API in use, as ``1.51``."""
        return self._version

    @property
    def api_version_tuple(self) -> tuple[int, int]:
        """The version of the API in use, to compare: ``(1, 51)``."""
        major, _, minor = self._version.partition(".")
        return int(major), int(minor)

    @property
    def api(self) -> Any:  # noqa: ANN401 - the SDK has no types
        """The SDK's low-level client for this thread: for streams, and for what tests make."""
        return self._sdk.get(self._version)

    def get_json(self, path: str, query: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        """The answer to a GET.

        Args:
            path: after the API version: ``/images/json``.
            query: parameters.

        Raises:
            ManagerError: the engine refused, or could not be asked.
        """
        return self.call(Request("GET", path, query or {}))

    def call(self, request: Request) -> Any:  # noqa: ANN401 - any JSON
        """The answer to a request; None where the engine answers nothing.

        Args:
            request: its path is the part after the API version.

        Raises:
            NotFoundError: the engine answered 404.
            ConflictError: the engine answered 409.
            EngineError: it answered with any other error.
            EngineUnreachableError: it could not be asked, or answered something else than JSON.
        """
        answer = self.ask(request)
        if not answer.body.strip() and answer.status in EMPTY_STATUSES:
            return None
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            where = f"at {self.endpoint.host} ({self.endpoint.source})"
            said = _beginning(answer.body) or "nothing"
            raise EngineUnreachableError(
                f"the engine {where} did not answer with valid JSON: {said}",
                "check that nothing between here and the engine changes its answers",
            ) from error

    def ask(self, request: Request) -> Answer:
        """The answer to a request, as it is.

        Args:
            request: its path is the part after the API version.

        Raises:
            ManagerError: as for `call`.
        """
        answer = self._transport.send(request._replace(path=f"/v{self._version}{request.path}"))
        if answer.status >= FIRST_ERROR_STATUS and answer.status != NOT_MODIFIED_STATUS:
            raise refusal_error(answer.status, answer.body.decode(errors="replace"))
        return answer


def _beginning(body: bytes) -> str:
    return one_sentence(body.decode(errors="replace"))[:SHOWN_CHARACTERS]
