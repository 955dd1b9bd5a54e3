"""The Docker SDK: streams, and engines that are not at a socket of this machine."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import requests
import urllib3.exceptions
from docker.tls import TLSConfig

from manager.engine.errors import refusal_error, unreachable_error
from manager.engine.transport import JSON_HEADERS, OLDEST_API, Answer, lower_names

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from manager.engine.contexts import Endpoint
    from manager.engine.transport import Request


class SDKClients:
    """The SDK's low-level clients of one engine, one per thread: it is not safe to share one."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Connect to nothing yet.

        Args:
            endpoint: where the engine is.
            timeout: seconds of silence to wait.
        """
        self.endpoint = endpoint
        self._timeout = timeout
        self._local = threading.local()
        self._made: list[Any] = []

    def get(self, version: str = "") -> Any:  # noqa: ANN401 - the SDK has no types
        """The client of this thread.

        Args:
            version: of the API that it is to speak from now on, as ``1.51``; empty for no change.

        Raises:
            DockerException: it cannot be made; for ssh this connects already.
        """
        client = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = self._make()
            self._made.append(client)
        if version:
            client._version = version  # noqa: SLF001 - a second client is a second connection
        return client

    def close(self) -> None:
        """Close the connections of all threads."""
        for client in self._made:
            client.close()

    def close_thread_client(self) -> None:
        """Close this thread's connections."""
        client = self._local.__dict__.pop("client", None)
        if client is not None:
            self._made.remove(client)
            client.close()

    def _make(self) -> Any:  # noqa: ANN401 - the SDK has no types
        client = docker.APIClient(
            base_url=self.endpoint.host,
            version=".".join(map(str, OLDEST_API)),
            timeout=self._timeout,
            tls=self._make_tls_config(),
            use_ssh_client=True,
        )
        # The engine's address is explicit. Left on, requests would let REQUESTS_CA_BUNDLE
        # override the engine's own certificate authority.
        client.trust_env = False
        return client

    def _make_tls_config(self) -> Any:  # noqa: ANN401 - the SDK has no types
        tls = self.endpoint.tls
        if tls is None:
            return False
        pair = (str(tls.cert), str(tls.key)) if tls.cert and tls.key else None
        ca = str(tls.ca) if tls.ca else None
        return TLSConfig(client_cert=pair, ca_cert=ca, verify=tls.verify)


class SDKTransport:
    """A way to an engine through the SDK: TCP, TLS, ssh and named pipes."""

    def __init__(self, clients: SDKClients) -> None:
        """Connect to nothing yet."""
        self._clients = clients

    def send(self, request: Request) -> Answer:
        """Ask, and wait for the whole answer.

        Raises:
            EngineUnreachableError: nothing answers, or it fell silent, or was cut off.
        """
        with translate_sdk_errors(self._clients.endpoint):
            client = self._clients.get()
            # Those of the docker command's settings.
            headers = dict(client._general_configs.get("HttpHeaders") or {})  # noqa: SLF001
            answer = client.request(
                request.method,
                client.base_url + request.target,
                data=request.payload,
                headers=headers | ({} if request.body is None else JSON_HEADERS),
                timeout=request.timeout or client.timeout,
                allow_redirects=False,
            )
        return Answer(answer.status_code, lower_names(answer.headers.items()), answer.content)

    def close(self) -> None:
        """Close the connections; the next request opens one again."""
        self._clients.close()


@contextmanager
def translate_sdk_errors(endpoint: Endpoint) -> Iterator[None]:
    """Turn what the SDK raises inside into errors of our own.

    Raises:
        EngineUnreachableError: no engine, or not one that can be spoken to.
        NotFoundError: the engine answered 404.
        ConflictError: the engine answered 409.
        EngineError: it answered with any other error.
    """
    try:
        yield
    except docker.errors.APIError as error:
        raise refusal_error(error.status_code, str(error.explanation or error)) from error
    except (KeyError, TypeError) as error:
        raise _convert_odd_refusal(error) from error
    except (
        requests.exceptions.RequestException,
        # Within a stream the SDK reads past requests, and passes on what lies beneath.
        urllib3.exceptions.HTTPError,
        docker.errors.DockerException,
    ) as error:
        raise unreachable_error(endpoint, error) from error


def _convert_odd_refusal(error: KeyError | TypeError) -> BaseException:
    """The SDK expects every refusal to hold a message; Podman's do not all have one."""
    refusal = error.__context__
    if isinstance(refusal, requests.exceptions.HTTPError) and refusal.response is not None:
        return refusal_error(refusal.response.status_code, refusal.response.text)
    return error


def read_sdk_stream(endpoint: Endpoint, stream: Any) -> Generator[Any, None, None]:  # noqa: ANN401
    """The pieces of a stream of the SDK's; whoever stops early closes this generator.

    Raises:
        ManagerError: the engine was lost.
    """
    try:
        with translate_sdk_errors(endpoint):
            yield from stream
    finally:
        # The SDK's own close() fails where the engine was faster, and then closes nothing.
        stream._response.close()  # noqa: SLF001
