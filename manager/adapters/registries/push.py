"""Put an image that lies in files into a registry.

Source: OCI distribution specification 1.1, "Pushing blobs" and "Pushing manifests".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import requests

PATIENCE = 30.0
"""Seconds to wait for an answer."""


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An image in files."""

    repository: str
    """Its path in the registry: ``library/nginx``."""
    tags: tuple[str, ...]
    manifest: bytes
    media_type: str
    blobs: Mapping[str, Path]
    """Digest of each blob the manifest names, and the file that holds it."""


def push(url: str, image: LocalImage) -> None:
    """Put an image under all its tags; blobs that the registry has are not sent.

    Args:
        url: the registry, ``http://HOST:PORT``.
        image: what to put there.

    Raises:
        ManagerError: (registry) it could not be reached, or refused.
    """
    import requests

    base = f"{url}/v2/{image.repository}"
    try:
        with requests.Session() as session:
            # The registry is the lab's own: a proxy of the environment cannot reach it.
            session.trust_env = False
            for digest, path in image.blobs.items():
                _push_blob(session, base, digest, path)
            for tag in image.tags:
                _checked(
                    session.put(
                        f"{base}/manifests/{tag}",
                        data=image.manifest,
                        headers={"Content-Type": image.media_type},
                        timeout=PATIENCE,
                    )
                )
    except requests.RequestException as error:
        raise ManagerError(
            f"{image.repository} could not be put into the registry at {url}: {error}",
            "is the registry still up?",
            ExitCode.REGISTRY,
        ) from error


def _push_blob(session: requests.Session, base: str, digest: str, path: Path) -> None:
    from urllib.parse import urljoin

    if session.head(f"{base}/blobs/{digest}", timeout=PATIENCE).ok:
        return
    begun = _checked(session.post(f"{base}/blobs/uploads/", timeout=PATIENCE))
    # The place to send it to may be relative, and may have a query of its own.
    place = urljoin(base, begun.headers["Location"])
    place += ("&" if "?" in place else "?") + f"digest={digest}"
    with path.open("rb") as blob:
        _checked(
            session.put(
                place,
                data=blob,
                headers={"Content-Type": "application/octet-stream"},
                timeout=PATIENCE,
            )
        )


def _checked(answer: requests.Response) -> requests.Response:
    answer.raise_for_status()
    return answer
