"""A registry, asked in the OCI distribution API: does it have an image, by its digest?

Source: OCI distribution specification 1.1, "Pulling manifests".
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from manager.adapters.registries.challenges import LOOPBACK, Authority, Token
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    import requests

    from manager.adapters.credentials import Credentials

ACCEPT = (
    "application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json,"
    "application/vnd.docker.distribution.manifest.list.v2+json,"
    "application/vnd.docker.distribution.manifest.v2+json"
)
"""All four kinds: a registry answers 404 for a kind that is not asked for."""
CONNECT = 5.0
"""Seconds to wait for a connection."""
DEADLINE = 15.0
"""Seconds for one question, tries included."""
PAUSE = 0.5
"""Seconds before the second try; twice as long before each further one."""
REDIRECTS = 5
CHUNK, LONGEST = 8192, 1 << 20
"""Bytes: no answer to a login is longer."""
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, NO_METHOD, TOO_MANY = 401, 403, 404, 405, 429
SERVER = 500


class Registry:
    """One registry; threads may share it."""

    def __init__(
        self, base: str, credentials: Credentials | None = None, deadline: float = DEADLINE
    ) -> None:
        """Remember where it is; nothing is asked yet.

        Args:
            base: its URL, without a path: ``https://ghcr.io``.
            credentials: None for anonymous.
            deadline: seconds for one question.
        """
        self.base = base.rstrip("/")
        self.host = urlsplit(self.base).netloc
        self._credentials = credentials
        self._deadline = deadline
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._tokens: dict[str, Token] = {}

    def __repr__(self) -> str:
        """Without credentials."""
        return f"Registry({self.base!r})"

    def close(self) -> None:
        """Close the connections of all threads."""
        for session in self._sessions:
            session.close()

    def __enter__(self) -> Self:
        """The registry itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def holds(self, path: str, digest: str) -> bool:
        """Whether it has a manifest.

        Args:
            path: of the repository: ``library/nginx``.
            digest: ``sha256:…``.

        Raises:
            ManagerError: (registry) it cannot be reached, or does not answer the question.
        """
        url = f"{self.base}/v2/{path}/manifests/{digest}"
        with self._asked("HEAD", url, path) as answer:
            if answer.status_code != NO_METHOD:
                return self._is_there(answer, digest)
        with self._asked("GET", url, path) as answer:
            return self._is_there(answer, digest)

    def _is_there(self, answer: requests.Response, digest: str) -> bool:
        if answer.ok:
            told = answer.headers.get("Docker-Content-Digest", digest)
            kind = answer.headers.get("Content-Type", "")
            if told != digest or "html" in kind:
                raise self._odd("gives something else than what it was asked for")
            return True
        # What a registry does not want to show it calls forbidden: it cannot be had either.
        if answer.status_code in {NOT_FOUND, FORBIDDEN, UNAUTHORIZED}:
            return False
        raise self._odd(f"answers {answer.status_code} {answer.reason}")

    def _asked(self, method: str, url: str, scope: str) -> requests.Response:
        """An answer; with a login where it is asked for, and tried again where that can help."""
        end = time.monotonic() + self._deadline
        token = self._tokens.get(scope)
        answer = self._tried(method, url, token if token and token.good else None, end)
        if answer.status_code == UNAUTHORIZED:
            answer.close()
            authority = Authority(self.base, self._credentials, partial(self._login, end=end))
            token = self._token(authority, answer.headers.get("WWW-Authenticate", ""))
            self._tokens[scope] = token
            answer = self._tried(method, url, token, end)
        return answer

    def _token(self, authority: Authority, header: str) -> Token:
        import requests

        try:
            return authority.answer(header)
        except requests.RequestException as error:
            raise self._unreachable(error) from error

    def _tried(self, method: str, url: str, token: Token | None, end: float) -> requests.Response:
        import requests

        pause = PAUSE
        while True:
            wait = pause
            try:
                answer = self._followed(method, url, token, end)
                if answer.status_code != TOO_MANY and answer.status_code < SERVER:
                    return answer
                wait = max(wait, _seconds(answer.headers.get("Retry-After", "")))
            except (requests.ConnectionError, requests.Timeout) as error:
                if time.monotonic() + wait >= end or isinstance(
                    error, requests.exceptions.SSLError
                ):
                    raise self._unreachable(error) from error
            else:
                if time.monotonic() + wait >= end:
                    return answer
                answer.close()
            time.sleep(wait)
            pause *= 2

    def _followed(
        self, method: str, url: str, token: Token | None, end: float
    ) -> requests.Response:
        """An answer after redirects; another host never gets to see the login."""
        for _ in range(REDIRECTS):
            same = urlsplit(url).netloc == self.host
            headers = {"Accept": ACCEPT}
            if token is not None and same:
                headers["Authorization"] = token.header
            answer = self._send(method, url, end=end, headers=headers)
            if not answer.is_redirect:
                return answer
            answer.close()
            url = urljoin(url, answer.headers["Location"])
        raise self._odd("sends from one place to another without end")

    def _send(self, method: str, url: str, *, end: float, **more: Any) -> requests.Response:  # noqa: ANN401
        """One request; the body of the answer is not read."""
        left = max(end - time.monotonic(), 0.1)
        return self._session(url).request(
            method,
            url,
            allow_redirects=False,
            timeout=(min(CONNECT, left), left),
            stream=True,
            **more,
        )

    def _login(self, method: str, url: str, *, end: float, **more: Any) -> tuple[int, bytes]:  # noqa: ANN401
        """A request for a token: the status, and the body if it is not too long."""
        with self._send(method, url, end=end, **more) as answer:
            body = b""
            for chunk in answer.iter_content(CHUNK):
                body += chunk
                if len(body) > LONGEST or time.monotonic() > end:
                    raise self._odd("gives an answer to the login that does not end")
            return answer.status_code, body

    def _session(self, url: str) -> requests.Session:
        """This thread's session: proxies as the environment has them, and nothing else of it."""
        import requests

        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            self._sessions.append(session)
            # Else requests would read passwords from .netrc, and other certificates.
            session.trust_env = False
        host = urlsplit(url).hostname
        session.proxies = (
            {} if host in LOOPBACK else requests.utils.get_environ_proxies(url, no_proxy=None)
        )
        return session

    def _unreachable(self, error: Exception) -> ManagerError:
        import requests

        if isinstance(error, requests.exceptions.SSLError):
            return ManagerError(
                f"the certificate of registry {self.host} is not trusted",
                "is it the right host? an own authority belongs into the system's certificates",
                ExitCode.REGISTRY,
            )
        late = isinstance(error, requests.Timeout)
        return ManagerError(
            f"registry {self.host} {'does not answer in time' if late else 'cannot be reached'}",
            "is this machine online, and the address right?",
            ExitCode.REGISTRY,
        )

    def _odd(self, what: str) -> ManagerError:
        return ManagerError(
            f"registry {self.host} {what}", "try again later, or ask who runs it", ExitCode.REGISTRY
        )


def _seconds(text: str) -> float:
    """What ``Retry-After`` says, where it says it in seconds."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < len("10000") else 0.0
