"""A registry, asked in the OCI distribution API: manifests, configurations, tags.

Source: OCI distribution specification 1.1, "Pull" and "Content discovery".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from manager.references.grammar import is_digest
from manager.registry.core.manifests import INDEX_MEDIA_TYPES, MANIFEST_MEDIA_TYPES
from manager.registry.protocol.certificates import RegistryTrust
from manager.registry.protocol.errors import (
    NotInRegistryError,
    RegistryRefusedError,
    not_a_registry_error,
    unexpected_answer_error,
)
from manager.registry.protocol.transport import (
    MAX_BODY_BYTES,
    REQUEST_DEADLINE_SECONDS,
    RegistryResponse,
    RegistryTransport,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.registry.core.credentials import Credentials
    from manager.registry.core.quota import Quota

ACCEPT_HEADER = {"Accept": ",".join((*INDEX_MEDIA_TYPES, *MANIFEST_MEDIA_TYPES))}
"""All four kinds: a registry answers 404 for a kind that is not asked for."""
TAGS_PER_PAGE = 1000
"""Tags to request in one page; a registry may give fewer."""
MAX_TAG_PAGES = 10_000
MAX_LENGTH_DIGITS = 16
"""Digits of a length that is believed."""
TRAILER_BYTES = 4
"""Bytes at the end of a gzip file that tell its length when unpacked (RFC 1952, ISIZE)."""


@dataclass(frozen=True, slots=True)
class ManifestHead:
    """What a registry says of a manifest without giving it."""

    digest: str
    media_type: str
    size: int | None
    """Bytes of the manifest or index itself."""


@dataclass(frozen=True, slots=True)
class ManifestDocument:
    """A manifest or an index, as it was sent."""

    digest: str
    """Computed from the bytes."""
    media_type: str
    raw: bytes


class Registry:
    """One registry; threads may share it."""

    def __init__(
        self,
        base: str,
        credentials: Credentials | None = None,
        deadline: float = REQUEST_DEADLINE_SECONDS,
        trust: RegistryTrust | None = None,
    ) -> None:
        """Remember where it is; nothing is asked yet.

        Args:
            base: its URL, without a path: ``https://ghcr.io``.
            credentials: None for anonymous.
            deadline: seconds for one question.
            trust: what its certificate is held against; None for the system's authorities.
        """
        self._transport = RegistryTransport(base, credentials, deadline, trust or RegistryTrust())
        self.base = self._transport.base
        self.host = self._transport.host

    def __repr__(self) -> str:
        """Without credentials."""
        return f"Registry({self.base!r})"

    def close(self) -> None:
        """Close the connections of all threads."""
        self._transport.close()

    def __enter__(self) -> Self:
        """The registry itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    @property
    def quota(self) -> Quota | None:
        """How many more pulls it allows, as it told last; None if it never did."""
        return self._transport.quota

    def check_login(self) -> bool:
        """Find out whether it is a registry, and takes the credentials if it wants any.

        Returns:
            Whether it wanted any: what lets everybody in says nothing of them.

        Raises:
            RegistryError: it is not a registry, cannot be reached, or refuses them.
        """
        url = f"{self.base}/v2/"
        with self._transport.ask("GET", url, "", {}) as answer:
            if "html" in answer.kind:
                raise not_a_registry_error(self.host)
            if not answer.ok:
                raise answer.refusal(self.host)
            answer.body()
        return self._transport.logged_in

    def has_manifest(self, path: str, digest: str) -> bool:
        """Whether it has a manifest.

        Args:
            path: of the repository: ``library/nginx``.
            digest: ``sha256:…``.

        Raises:
            RegistryError: it cannot be reached, or does not answer the question.
        """
        try:
            found = self.fetch_head(path, digest)
        except (NotInRegistryError, RegistryRefusedError):
            # What a registry does not want to show it calls forbidden: it cannot be had either.
            return False
        if found.digest != digest:
            raise unexpected_answer_error(self.host, "sent something other than what was asked for")
        return True

    def fetch_head(self, path: str, reference: str) -> ManifestHead:
        """What a tag or digest means now. Docker Hub does not count this as a pull.

        Args:
            path: of the repository.
            reference: a tag or a digest.

        Raises:
            NotInRegistryError: the registry does not have it.
            RegistryError: it cannot be reached, or does not answer the question.
        """
        url = f"{self.base}/v2/{path}/manifests/{reference}"
        with self._transport.ask("HEAD", url, path, ACCEPT_HEADER) as answer:
            if answer.ok:
                self._refuse_pages(answer)
            told = answer.header("Docker-Content-Digest")
            if answer.ok and is_digest(told):
                length = answer.header("Content-Length")
                fits = length.isascii() and length.isdigit() and len(length) < MAX_LENGTH_DIGITS
                return ManifestHead(told, answer.kind, int(length) if fits else None)
            if not answer.ok and answer.status != HTTPStatus.METHOD_NOT_ALLOWED:
                raise answer.refusal(f"{path}:{reference}")
        # It has no HEAD, or does not tell the digest with it: what says yes to everything is no
        # registry, and an image must not go because of it.
        found = self.fetch_manifest(path, reference)
        return ManifestHead(found.digest, found.media_type, len(found.raw))

    def fetch_manifest(self, path: str, reference: str) -> ManifestDocument:
        """A manifest or an index. Docker Hub counts this as a pull.

        Args:
            path: of the repository.
            reference: a tag or a digest.

        Raises:
            NotInRegistryError: the registry does not have it.
            RegistryError: it cannot be reached, does not answer the question, or gives something
                else than what the digest names.
        """
        raw, kind = self._fetch_document(f"manifests/{reference}", path, f"{path}:{reference}")
        digest = self._verify_digest(raw, reference)
        return ManifestDocument(digest, kind, raw)

    def fetch_blob(self, path: str, digest: str, most: int = MAX_BODY_BYTES) -> bytes:
        """A small blob: an image's configuration.

        Args:
            path: of the repository.
            digest: which.
            most: bytes; a longer one is refused.

        Raises:
            NotInRegistryError: the registry does not have it.
            RegistryError: as for `fetch_manifest`.
        """
        raw, _ = self._fetch_document(f"blobs/{digest}", path, f"{path}@{digest}", most)
        self._verify_digest(raw, digest)
        return raw

    def fetch_trailer(self, path: str, digest: str, size: int) -> bytes | None:
        """The last four bytes of a blob; None where the registry does not give parts.

        Args:
            path: of the repository.
            digest: which.
            size: its bytes.

        Raises:
            RegistryError: it cannot be reached, or does not answer the question.
        """
        url = f"{self.base}/v2/{path}/blobs/{digest}"
        wish = {"Range": f"bytes={size - TRAILER_BYTES}-{size - 1}", "Accept-Encoding": "identity"}
        with self._transport.ask("GET", url, path, wish) as answer:
            part = f"bytes {size - TRAILER_BYTES}-{size - 1}/"
            if answer.status != HTTPStatus.PARTIAL_CONTENT or not answer.header(
                "Content-Range"
            ).startswith(part):
                return None
            found = answer.body(TRAILER_BYTES)
            return found if len(found) == TRAILER_BYTES else None

    def list_tags(self, path: str) -> Iterator[tuple[str, ...]]:
        """All tags of a repository, page by page, in the registry's order.

        Args:
            path: of the repository.

        Raises:
            NotInRegistryError: there is no such repository.
            RegistryError: it cannot be reached, or does not answer the question.
        """
        import json

        url: str | None = f"{self.base}/v2/{path}/tags/list?n={TAGS_PER_PAGE}"
        for _ in range(MAX_TAG_PAGES):
            if url is None:
                return
            with self._transport.ask("GET", url, path, {}) as answer:
                self._refuse_pages(answer)
                if not answer.ok:
                    raise answer.refusal(path)
                link, raw = answer.header("Link"), answer.body()
            try:
                found = json.loads(raw).get("tags") or ()
                yield tuple(str(tag) for tag in found)
            except (ValueError, AttributeError, TypeError, RecursionError) as error:
                raise unexpected_answer_error(self.host, "sent a malformed list of tags") from error
            url = self._find_next_page(url, link)
        raise unexpected_answer_error(self.host, "sent an endless list of tags")

    def _find_next_page(self, url: str, link: str) -> str | None:
        """The URL of the next page (RFC 8288); never one of another host."""
        found = re.match(r'\s*<([^>]*)>\s*;.*rel="?next"?', link)
        if found is None:
            return None
        try:
            then: str = urljoin(url, found[1])
        except ValueError:
            then = url
        # Also what is the same host without TLS is elsewhere: the login would go there in clear.
        if urlsplit(then)[:2] != urlsplit(self.base)[:2] or then == url:
            raise unexpected_answer_error(
                self.host, "sent a list of tags that continues on another server"
            )
        return then

    def _fetch_document(
        self, what: str, path: str, name: str, most: int = MAX_BODY_BYTES
    ) -> tuple[bytes, str]:
        url = f"{self.base}/v2/{path}/{what}"
        with self._transport.ask("GET", url, path, ACCEPT_HEADER) as answer:
            self._refuse_pages(answer)
            if not answer.ok:
                raise answer.refusal(name)
            return answer.body(most), answer.kind

    def _refuse_pages(self, answer: RegistryResponse) -> None:
        if answer.ok and "html" in answer.kind:
            raise not_a_registry_error(self.host)

    def _verify_digest(self, raw: bytes, wanted: str) -> str:
        """The digest of some bytes; refused if they were asked for by another."""
        import hashlib

        algorithm = wanted.partition(":")[0] if ":" in wanted else "sha256"
        found = f"{algorithm}:{hashlib.new(algorithm, raw).hexdigest()}"
        if ":" in wanted and found != wanted:
            raise unexpected_answer_error(self.host, "sent something other than what was asked for")
        return found
