"""Images of an engine: list, look up, pull, remove."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.engine.errors import EngineError, NotFoundError
from manager.engine.image_details import int_or_zero
from manager.engine.image_names import familiar_name
from manager.engine.transport import Request
from manager.model.images import Image, ImageManifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manager.engine.connection import Connection
    from manager.references.reference import ImageReference

PUSH_SILENCE_SECONDS = 900.0
"""Seconds without a message that a push may take: registries think long over large layers, and
Podman tells nothing until all is done."""


LIST_ATTEMPTS = 5
"""How often a list is asked for while the engine loses images that it is listing."""


class ImageCollection:
    """The images of one engine."""

    def __init__(self, engine: Connection) -> None:
        """Remember the engine."""
        self._engine = engine

    def list(self, *, include_hidden: bool = False) -> tuple[Image, ...]:
        """All images but the hidden parents of a build, in one call.

        Args:
            include_hidden: whether those are wanted too; Podman hides any parent without a name.

        Raises:
            ManagerError: the engine could not be asked.
        """
        rows = self._list_rows({"all": include_hidden})
        return tuple(_parse_image(row) for row in rows or ())

    def list_with_manifests(self) -> tuple[Image, ...]:
        """All images with their manifests, but not what they share, which takes long to count.

        Raises:
            ManagerError: the engine could not be asked.
        """
        rows = self._list_rows({"manifests": 1})
        return tuple(_parse_image(row) for row in rows or ())

    def list_all(self) -> tuple[Image, ...]:
        """All images, the hidden parents of builds included, with what they share; in one call.

        Source: Docker Engine API, ``GET /images/json``; ``shared-size`` from 1.42 on,
        ``manifests`` from 1.47 on. An engine ignores what it does not know.

        Raises:
            ManagerError: the engine could not be asked.
        """
        wishes = {"all": 1, "shared-size": 1, "manifests": 1}
        rows = self._list_rows(wishes)
        return tuple(_parse_image(row) for row in rows or ())

    def _list_rows(self, wishes: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        """The engine's list. On the containerd store it fails while an image is deleted."""
        for attempt in range(1, LIST_ATTEMPTS):
            try:
                return self._engine.get_json("/images/json", wishes)
            except NotFoundError:
                time.sleep(0.05 * attempt)
        return self._engine.get_json("/images/json", wishes)

    def find(self, name: str) -> Image | None:
        """The image a reference or id stands for on this engine; None if it has none.

        Raises:
            ManagerError: the engine could not be asked.
        """
        row = self.inspect(name)
        if row is None:
            return None
        return Image(
            id=row["Id"],
            tags=_parse_tags(row),
            created=_parse_time(row.get("Created")),
            size=row.get("Size") or 0,
            digests=_parse_digests(row),
            labels=(row.get("Config") or {}).get("Labels") or {},
        )

    def inspect(self, name: str) -> dict[str, Any] | None:
        """All the engine knows of an image, in its own words; None if it has none.

        Raises:
            ManagerError: the engine could not be asked.
        """
        try:
            row: dict[str, Any] = self._engine.get_json(f"/images/{name}/json")
        except NotFoundError:
            return None
        return row

    def has_platform(self, name: str, platform: str) -> bool:
        """Whether an image that is here is for a platform: ``os/arch[/variant]``.

        Raises:
            ManagerError: the engine could not be asked.
        """
        row = self.inspect(name) or {}
        here = [row.get("Os"), row.get("Architecture"), row.get("Variant")]
        wanted = platform.split("/")
        if len(wanted) == 1:
            return platform in here
        return all(want == have for want, have in zip(wanted, here, strict=False))

    def exposed_ports(self, name: str) -> tuple[str, ...]:
        """The ports an image says that it listens on: ``80/tcp``.

        Raises:
            ManagerError: the engine could not be asked.
        """
        row = self.inspect(name) or {}
        return tuple(sorted((row.get("Config") or {}).get("ExposedPorts") or ()))

    def pull(
        self, reference: ImageReference, platform: str, auth: Mapping[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Pull an image; the engine's own progress messages, as they arrive.

        Args:
            reference: what to pull; by digest where it has one.
            platform: ``os/arch[/variant]``, or empty for the engine's own.
            auth: ``username`` and ``password``, or ``identitytoken``; empty for anonymous.
                Always given, so that the SDK never looks for credentials by itself.

        Raises:
            ManagerError: the engine refused before it began. A refusal later is a message.
        """
        from manager.engine.sdk import translate_sdk_errors

        with translate_sdk_errors(self._engine.endpoint):
            yield from self._engine.api.pull(
                reference.repository,
                tag=reference.digest or reference.tag,
                stream=True,
                decode=True,
                platform=platform or None,
                auth_config=dict(auth),
            )

    def push(self, reference: ImageReference, auth: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Push a tag to its registry; the engine's own progress messages, as they arrive.

        Args:
            reference: what to push; with a tag.
            auth: as for `pull`: always given.

        Raises:
            ManagerError: the engine refused before it began. A refusal later is a message.
        """
        from manager.engine.sdk import translate_sdk_errors

        api = self._engine.api
        patience, api.timeout = api.timeout, max(PUSH_SILENCE_SECONDS, api.timeout)
        try:
            with translate_sdk_errors(self._engine.endpoint):
                yield from api.push(
                    reference.repository,
                    tag=reference.tag,
                    stream=True,
                    decode=True,
                    auth_config=dict(auth),
                )
        finally:
            api.timeout = patience

    def tag(self, identity: str, reference: ImageReference) -> None:
        """Give an image another name; if another image has it, that one loses it.

        Raises:
            NotFoundError: there is no such image.
            ManagerError: the engine refused.
        """
        query = {"repo": reference.repository, "tag": reference.tag}
        self._engine.call(Request("POST", f"/images/{identity}/tag", query))

    def save(self, identity: str) -> Iterator[bytes]:
        """One image as a tar, piece by piece.

        Raises:
            NotFoundError: there is no such image.
            ManagerError: the engine refused.
        """
        from manager.engine.sdk import translate_sdk_errors

        with translate_sdk_errors(self._engine.endpoint):
            yield from self._engine.api.get_image(identity)

    def load(self, tar: Iterator[bytes]) -> None:
        """Take images in from a tar.

        Raises:
            ManagerError: the engine refused, or could not read it.
        """
        from manager.engine.sdk import translate_sdk_errors

        with translate_sdk_errors(self._engine.endpoint):
            for row in self._engine.api.load_image(tar, quiet=True):
                if row.get("error"):
                    raise EngineError(str(row["error"]), "check that the archive is complete")

    def remove(self, name: str) -> tuple[dict[str, str], ...]:
        """Remove a reference, and the image with its last one; never by force.

        Returns:
            What the engine says it did: rows of ``Untagged`` or ``Deleted``.

        Raises:
            NotFoundError: there is none.
            ConflictError: a container uses it.
            ManagerError: the engine refused.
        """
        rows = self._engine.call(Request("DELETE", f"/images/{name}", {"force": False}))
        return tuple(rows or ())


def _parse_image(row: dict[str, Any]) -> Image:
    """One row of the list. Before API 1.43 an untagged image has the tag ``<none>:<none>``."""
    descriptor = row.get("Descriptor") or {}
    manifests = tuple(
        _parse_manifest(it) for it in row.get("Manifests") or () if it.get("Available")
    )
    shared = row.get("SharedSize", -1)
    return Image(
        id=row["Id"],
        tags=_parse_tags(row),
        created=datetime.fromtimestamp(row.get("Created") or 0, UTC),
        size=row.get("Size") or 0,
        digests=_parse_digests(row),
        labels=row.get("Labels") or {},
        parent=_parse_parent_id(row.get("ParentId") or ""),
        shared_size=shared if isinstance(shared, int) and shared >= 0 else None,
        manifests=manifests,
        index_size=int_or_zero(descriptor.get("size")) if _is_index(descriptor) else 0,
    )


def _parse_parent_id(identity: str) -> str:
    """The id of a parent; Podman leaves out the algorithm here."""
    return f"sha256:{identity}" if identity and ":" not in identity else identity


def _is_index(descriptor: dict[str, Any]) -> bool:
    kind = descriptor.get("mediaType") or ""
    return "index" in kind or "manifest.list" in kind


def _parse_manifest(row: dict[str, Any]) -> ImageManifest:
    """One of the manifests of an image (API 1.47 and newer, containerd store)."""
    image = row.get("ImageData") or {}
    platform = image.get("Platform") or {}
    words = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
    return ImageManifest(
        digest=row.get("ID") or (row.get("Descriptor") or {}).get("digest") or "",
        size=int_or_zero((row.get("Descriptor") or {}).get("size")),
        content_size=int_or_zero((row.get("Size") or {}).get("Content")),
        unpacked_size=int_or_zero((image.get("Size") or {}).get("Unpacked")),
        platform="/".join(word for word in words if word),
    )


def _parse_tags(row: dict[str, Any]) -> tuple[str, ...]:
    """The tags of a row; the containerd store puts the digest an image was pulled by there too."""
    tags = row.get("RepoTags") or ()
    return tuple(familiar_name(tag) for tag in tags if tag != "<none>:<none>" and "@" not in tag)


def _parse_digests(row: dict[str, Any]) -> tuple[str, ...]:
    """The digests of a row; Podman and the containerd store put those it was pulled by to the tags.

    Of several repositories the containerd store names only one otherwise.
    """
    told = [it for it in row.get("RepoDigests") or () if not it.startswith("<none>@")]
    told += [it for it in row.get("RepoTags") or () if "@" in it]
    return tuple(dict.fromkeys(map(familiar_name, told)))


def _parse_time(text: str | None) -> datetime:
    """A time as the engine writes it; nanoseconds are cut off by Python's parser itself."""
    return datetime.fromisoformat(text) if text else datetime.fromtimestamp(0, UTC)
