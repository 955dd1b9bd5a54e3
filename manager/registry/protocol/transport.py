"""Requests to one registry: TLS, logins, redirects, tries again, and never longer than allowed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from manager.registry.core.quota import Quota, parse_quota
from manager.registry.protocol.certificates import build_adapter
from manager.registry.protocol.challenges import LOOPBACK_HOSTS, Authenticator, AuthToken
from manager.registry.protocol.errors import (
    RegistryError,
    RegistryUnreachableError,
    is_final,
    parse_error_message,
    refusal_error,
    unexpected_answer_error,
    unreachable_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from manager.registry.core.credentials import Credentials
    from manager.registry.protocol.certificates import RegistryTrust

CONNECT_TIMEOUT_SECONDS = 5.0
"""Seconds to wait for a connection."""
REQUEST_DEADLINE_SECONDS = 15.0
"""Seconds for one question, tries included."""
RETRY_PAUSE_SECONDS = 0.5
"""Seconds before the second try; twice as long before each further one."""
MAX_REDIRECTS = 5
CHUNK_BYTES, MAX_BODY_BYTES = 65_536, 4 << 20
"""Bytes: what is read at once, and the longest answer that is read. The distribution
specification lets a manifest be so long; tokens and configurations are shorter."""


@dataclass(frozen=True, slots=True)
class RegistryResponse:
    """What a registry answered; its body is not read yet."""

    response: requests.Response
    host: str
    end: float
    """Seconds of the monotonic clock: no reading goes on after it."""

    def __enter__(self) -> Self:
        """The answer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the connection."""
        self.response.close()

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def ok(self) -> bool:
        """Whether it is what was asked for."""
        return self.response.ok

    @property
    def kind(self) -> str:
        """The media type."""
        return str(self.response.headers.get("Content-Type", "")).partition(";")[0].strip()

    def header(self, name: str) -> str:
        """A header; empty if it is not there."""
        return str(self.response.headers.get(name, ""))

    def refusal(self, name: str) -> RegistryError:
        """The error that it means where it is not what was asked for."""
        words = parse_error_message(self.body()) if "json" in self.kind else ""
        return refusal_error(self.host, self.status, self.response.reason, name, words)

    def body(self, most: int = MAX_BODY_BYTES) -> bytes:
        """All of the body.

        Args:
            most: bytes; more is not read.

        Raises:
            RegistryError: it is longer, or does not come in time.
        """
        import requests
        import urllib3

        found = bytearray()
        try:
            # Bytes are taken as they come: a body that trickles must not outlast the deadline.
            while piece := self.response.raw.read1(CHUNK_BYTES, decode_content=True):
                found += piece
                if len(found) > most:
                    raise unexpected_answer_error(self.host, "sent an endless answer")
                if time.monotonic() > self.end:
                    raise RegistryUnreachableError(
                        f"registry {self.host} does not answer in time",
                        "its answer arrives too slowly: try again when the network is less busy",
                    )
        except (urllib3.exceptions.HTTPError, requests.RequestException, OSError) as error:
            raise unreachable_error(self.host, error) from error
        return bytes(found)


class RegistryTransport:
    """Requests to one registry; threads may share it."""

    def __init__(
        self, base: str, credentials: Credentials | None, deadline: float, trusted: RegistryTrust
    ) -> None:
        """Remember where it is; nothing is asked yet.

        Args:
            base: its URL, without a path: ``https://ghcr.io``.
            credentials: None for anonymous.
            deadline: seconds for one question.
            trusted: what its certificate is held against.
        """
        self.base = base.rstrip("/")
        self.host = urlsplit(self.base).netloc
        self.quota: Quota | None = None
        """As it was told last: answers with blobs do not tell it."""
        self._credentials = credentials
        self._deadline = deadline
        self._trust = trusted
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._tokens: dict[str, AuthToken] = {}

    def close(self) -> None:
        """Close the connections of all threads."""
        for session in self._sessions:
            session.close()

    @property
    def logged_in(self) -> bool:
        """Whether a login was ever asked for, and taken."""
        return bool(self._tokens)

    def ask(
        self, method: str, url: str, scope: str, headers: Mapping[str, str]
    ) -> RegistryResponse:
        """An answer; with a login where it is asked for, and tried again where that can help.

        Args:
            method: ``GET`` or ``HEAD``.
            url: below `base`.
            scope: what a token is for: a repository's path, or empty for the registry itself.
            headers: what to say besides.

        Raises:
            RegistryError: it cannot be reached, or wants a login that is not there.
        """
        end = time.monotonic() + self._deadline
        token = self._tokens.get(scope)
        kept = token if token is not None and token.good else None
        answer = self._send_with_retries(method, url, kept, end, headers)
        # Some say of a token that has ended not 401 but 400 (ECR Public) or 403 (ECR).
        if kept is not None and answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}:
            answer.response.close()
            answer = self._send_with_retries(method, url, None, end, headers)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            answer.response.close()
            authority = Authenticator(
                self.base, self._credentials, partial(self._send_token_request, end=end)
            )
            token = self._request_token(authority, answer.header("WWW-Authenticate"))
            self._tokens[scope] = token
            answer = self._send_with_retries(method, url, token, end, headers)
        self.quota = parse_quota(answer.response.headers) or self.quota
        return answer

    def _request_token(self, authority: Authenticator, header: str) -> AuthToken:
        import requests

        try:
            return authority.answer(header)
        except requests.RequestException as error:
            raise unreachable_error(self.host, error) from error
        except ValueError as error:
            raise unexpected_answer_error(
                self.host, "asks for a login in an unknown way"
            ) from error

    def _send_with_retries(
        self, method: str, url: str, token: AuthToken | None, end: float, headers: Mapping[str, str]
    ) -> RegistryResponse:
        import requests

        pause = RETRY_PAUSE_SECONDS
        for tries in count(1):
            wait = pause
            try:
                answer = self._follow_redirects(method, url, token, end, headers)
                if (
                    answer.status != HTTPStatus.TOO_MANY_REQUESTS
                    and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
                ):
                    return answer
                wait = max(wait, _parse_retry_after(answer.header("Retry-After")))
            except (requests.ConnectionError, requests.Timeout) as error:
                if time.monotonic() + wait >= end or is_final(error, tries):
                    raise unreachable_error(self.host, error) from error
            except (requests.RequestException, ValueError) as error:
                # Among these: an invalid address in a redirect, a token that cannot be sent.
                raise unexpected_answer_error(self.host, "sent an invalid answer") from error
            else:
                if time.monotonic() + wait >= end:
                    return answer
                answer.response.close()
            time.sleep(wait)
            pause *= 2
        raise AssertionError  # the loop only ends by returning or raising

    def _follow_redirects(
        self, method: str, url: str, token: AuthToken | None, end: float, headers: Mapping[str, str]
    ) -> RegistryResponse:
        """An answer after redirects; another host never gets to see the login."""
        for _ in range(MAX_REDIRECTS):
            same = urlsplit(url).netloc == self.host
            sent = dict(headers)
            if token is not None and same:
                sent["Authorization"] = token.header
            answer = self._send(method, url, end=end, headers=sent)
            if not answer.is_redirect:
                return RegistryResponse(answer, self.host, end)
            answer.close()
            before, url = url, urljoin(url, answer.headers["Location"])
            if before.startswith("https:") and not url.startswith("https:"):
                raise unexpected_answer_error(self.host, "redirects to an unencrypted address")
        raise unexpected_answer_error(self.host, "redirects in an endless loop")

    def _send(self, method: str, url: str, *, end: float, **more: Any) -> requests.Response:  # noqa: ANN401
        """One request; the body of the answer is not read."""
        left = max(end - time.monotonic(), 0.1)
        return self._prepare_session(url).request(
            method,
            url,
            allow_redirects=False,
            timeout=(min(CONNECT_TIMEOUT_SECONDS, left), left),
            stream=True,
            **more,
        )

    def _send_token_request(
        self,
        method: str,
        url: str,
        *,
        end: float,
        **more: Any,  # noqa: ANN401 - as requests
    ) -> tuple[int, bytes]:
        """A request for a token: the status, and the body if it is not too long."""
        with RegistryResponse(self._send(method, url, end=end, **more), self.host, end) as answer:
            return answer.status, answer.body()

    def _prepare_session(self, url: str) -> requests.Session:
        """This thread's session: proxies as the environment has them, and nothing else of it."""
        import requests
        import urllib3

        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            self._sessions.append(session)
            # Else requests would read passwords from .netrc, and other certificates.
            session.trust_env = False
            if self.base.startswith("https:"):
                # As engines do, also where the registry sends for tokens and blobs: with an own
                # authority that is often another name of the same house.
                session.verify = self._trust.verify
                if not session.verify:
                    # The settings allow it; else each request would warn of it on stderr.
                    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
                session.mount("https://", build_adapter(self._trust))
        host = urlsplit(url).hostname
        session.proxies = (
            {} if host in LOOPBACK_HOSTS else requests.utils.get_environ_proxies(url, no_proxy=None)
        )
        return session


def _parse_retry_after(text: str) -> float:
    """What ``Retry-After`` says, where it says it in seconds."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < len("10000") else 0.0
