"""Put images that lie in files into a registry.

Source: OCI distribution specification 1.1, "Pushing blobs" and "Pushing manifests".
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import requests

ANSWER_TIMEOUT_SECONDS = 30.0
"""Seconds to wait for an answer."""


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """An image in files."""

    repository: str
    """Its path in the registry: ``library/nginx``."""
    tags: tuple[str, ...]
    manifest: bytes
    media_type: str
    blobs: Mapping[str, Path]
    """Digest of each blob the manifest names, and the file that holds it."""

    @property
    def digest(self) -> str:
        """The manifest's, by which the image can be named."""
        import hashlib

        return f"sha256:{hashlib.sha256(self.manifest).hexdigest()}"


def upload_images(url: str, images: Iterable[ImageFiles]) -> None:
    """Put images under all their tags; what the registry has is not sent.

    A blob that several of the images share is sent once.

    Args:
        url: the registry, ``http://HOST:PORT``.
        images: what to put there.

    Raises:
        ManagerError: (registry) it could not be reached, or refused.
    """
    import requests

    # Where each blob is that we put there: other repositories take it over from there.
    sent: dict[str, str] = {}
    with requests.Session() as session:
        # The environment's proxy cannot reach a registry that is private to this machine.
        session.trust_env = False
        for image in images:
            try:
                _upload_image(session, url, image, sent)
            except requests.HTTPError as error:
                raise _refusal_error(url, image, error.response) from error
            except requests.RequestException as error:
                raise ManagerError(
                    f"{image.repository} could not be uploaded to the registry at {url}: {error}",
                    "check that the registry is still up",
                    ExitCode.REGISTRY,
                ) from error


def _upload_image(
    session: requests.Session, url: str, image: ImageFiles, sent: dict[str, str]
) -> None:
    base = f"{url}/v2/{image.repository}"
    missing = [tag for tag in image.tags if not _has_image(session, base, tag, image)]
    if missing:
        for digest, path in image.blobs.items():
            _upload_blob(session, base, digest, path, sent.get(digest))
    for tag in missing:
        _check_status(
            session.put(
                f"{base}/manifests/{tag}",
                data=image.manifest,
                headers={"Content-Type": image.media_type},
                timeout=ANSWER_TIMEOUT_SECONDS,
            )
        )
    sent.update(dict.fromkeys(image.blobs, image.repository))


def _has_image(session: requests.Session, base: str, tag: str, image: ImageFiles) -> bool:
    """Whether the registry has this image under this tag already."""
    answer = session.head(
        f"{base}/manifests/{tag}",
        headers={"Accept": image.media_type},
        timeout=ANSWER_TIMEOUT_SECONDS,
    )
    return answer.ok and answer.headers.get("Docker-Content-Digest") == image.digest


def _upload_blob(
    session: requests.Session, base: str, digest: str, path: Path, other: str | None
) -> None:
    """Put a blob there, taken over from another repository of the registry if it is in one."""
    from urllib.parse import urljoin

    if session.head(f"{base}/blobs/{digest}", timeout=ANSWER_TIMEOUT_SECONDS).ok:
        return
    wish = {"mount": digest, "from": other} if other else {}
    begun = _check_status(
        session.post(f"{base}/blobs/uploads/", params=wish, timeout=ANSWER_TIMEOUT_SECONDS)
    )
    if begun.status_code == HTTPStatus.CREATED:
        return  # it took the blob over from the other repository
    # The place to send it to may be relative, and may have a query of its own.
    place = urljoin(base, begun.headers["Location"])
    place += ("&" if "?" in place else "?") + f"digest={digest}"
    with path.open("rb") as blob:
        _check_status(
            session.put(
                place,
                data=blob,
                headers={"Content-Type": "application/octet-stream"},
                timeout=ANSWER_TIMEOUT_SECONDS,
            )
        )


def _check_status(answer: requests.Response) -> requests.Response:
    answer.raise_for_status()
    return answer


def _refusal_error(url: str, image: ImageFiles, answer: requests.Response) -> ManagerError:
    """What a registry that answers has against an image, in its own words if it has any.

    Source: OCI distribution specification 1.1, "Error Codes".
    """
    try:
        words = "; ".join(str(row["message"]) for row in answer.json()["errors"])
    except (ValueError, KeyError, TypeError):
        words = answer.reason
    return ManagerError(
        f"the registry at {url} refused {image.repository}: {words} ({answer.status_code})",
        "check that you may write there and that the image's files are complete",
        ExitCode.REGISTRY,
    )
