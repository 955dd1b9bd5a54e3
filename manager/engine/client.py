"""A connection to one engine: the API version both sides speak, one SDK client per thread."""

import re
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

import docker
from docker.tls import TLSConfig

from manager.engine.containers import ContainerCollection
from manager.engine.contexts import Endpoint
from manager.engine.errors import EngineUnreachableError, translate_errors
from manager.engine.images import ImageCollection

OLDEST_API = (1, 41)
"""Docker 20.10."""
NEWEST_API = (1, 51)
"""The newest version whose answers the tests have read."""
ANSWER_TIMEOUT_SECONDS = 60.0
"""Seconds to wait for an answer."""


class Engine:
    """An engine that answered."""

    def __init__(self, endpoint: Endpoint, patience: float = ANSWER_TIMEOUT_SECONDS) -> None:
        """Ask the engine which API it speaks, and agree on a version.

        Source: Docker Engine API, ``GET /_ping``, header ``Api-Version``. It is asked rather
        than ``/version``, which runs programs on the engine's side and takes longer.

        Args:
            endpoint: where it is.
            patience: seconds to wait for each answer.

        Raises:
            EngineUnreachableError: none answers there, or it is too old.
        """
        self.endpoint = endpoint
        self._patience = patience
        self._local = threading.local()
        self._clients: list[Any] = []
        self.podman = False
        """Whether it is Podman's Docker-compatible service."""
        self._version = ".".join(map(str, OLDEST_API))
        try:
            self._agree()
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
        for client in self._clients:
            client.close()

    def close_mine(self) -> None:
        """Close this thread's connections: it may outlive the command that began it."""
        client = self._local.__dict__.pop("client", None)
        if client is not None:
            client.close()

    def _agree(self) -> None:
        endpoint = self.endpoint
        with translate_errors(endpoint):
            client = self.api
            answer = client.get(f"{client.base_url}/_ping", timeout=self._patience)
        told = re.fullmatch(r"([0-9]+)\.([0-9]+)", answer.headers.get("Api-Version", ""))
        if not answer.ok or told is None:
            raise EngineUnreachableError(
                f"what answers at {endpoint.host} ({endpoint.source}) is not a Docker engine: "
                f"{' '.join(answer.text.split())[:100] or answer.status_code}",
                "check the address; a TLS port needs DOCKER_TLS_VERIFY and DOCKER_CERT_PATH",
            )
        self.podman = "Libpod-Api-Version" in answer.headers
        self._version = self._agreed((int(told[1]), int(told[2])))
        client._version = self._version  # noqa: SLF001 - a second client is a second connection

    def _agreed(self, theirs: tuple[int, int]) -> str:
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
    def api(self) -> Any:  # noqa: ANN401 - the SDK has no types
        """The SDK's low-level client for this thread: it is not safe to share one."""
        client = getattr(self._local, "client", None)
        if client is None:
            client = docker.APIClient(
                base_url=self.endpoint.host,
                version=self._version,
                timeout=self._patience,
                tls=self._tls(),
                use_ssh_client=True,
            )
            # The engine's address is explicit. Left on, requests would let REQUESTS_CA_BUNDLE
            # override the engine's own certificate authority.
            client.trust_env = False
            self._local.client = client
            self._clients.append(client)
        return client

    def _tls(self) -> Any:  # noqa: ANN401 - the SDK has no types
        tls = self.endpoint.tls
        if tls is None:
            return False
        pair = (str(tls.cert), str(tls.key)) if tls.cert and tls.key else None
        ca = str(tls.ca) if tls.ca else None
        return TLSConfig(client_cert=pair, ca_cert=ca, verify=tls.verify)

    @cached_property
    def containers(self) -> ContainerCollection:
        """Reading and changing containers."""
        return ContainerCollection(self)

    @cached_property
    def images(self) -> ImageCollection:
        """Reading and changing images."""
        return ImageCollection(self)

    def get_json(self, path: str, query: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """The answer to a request that the SDK has no method or no parameter for.

        Args:
            path: after the API version: ``/images/json``.
            query: parameters.
        """
        client = self.api
        answer = client._get(client._url(path), params=dict(query or {}))  # noqa: SLF001
        return client._result(answer, json=True)  # noqa: SLF001

    @property
    def api_numbers(self) -> tuple[int, int]:
        """The version of the API in use, to compare: ``(1, 51)``."""
        major, _, minor = self._version.partition(".")
        return int(major), int(minor)

    def info(self) -> dict[str, Any]:
        """What the engine says of itself (``GET /info``).

        Raises:
            ManagerError: it could not be asked.
        """
        with translate_errors(self.endpoint):
            answer: dict[str, Any] = self.api.info()
        return answer
