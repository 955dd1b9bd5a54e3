"""Images as plain values: what an engine lists of them, and what only a closer look tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from manager.model.units import SHORT_ID_DIGITS


class ImageStore(StrEnum):
    """How an engine keeps images, on which depends what removing one frees."""

    GRAPH_DRIVER = "graph driver"
    CONTAINERD = "containerd"
    PODMAN = "podman"


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """One platform of an image, or an attestation, as the containerd store tells it."""

    digest: str
    size: int
    """Bytes of the manifest itself."""
    content_size: int
    """Bytes of the manifest, its configuration and its compressed layers."""
    unpacked_size: int = 0
    """Bytes of the unpacked layers."""
    platform: str = ""
    """``os/arch[/variant]``; empty for an attestation."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of an image's history."""

    size: int
    """Bytes of its layer; 0 also where the line made none (ENV, LABEL, CMD…)."""
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class ImageDetail:
    """What only a look at the image itself tells, and what never changes."""

    diff_ids: tuple[str, ...]
    """The layers, lowest first."""
    history: tuple[HistoryRow, ...] = ()
    """Oldest first; shorter than the truth, or empty, where the image does not say."""
    config_size: tuple[int, int] = (0, 0)
    """Lowest and highest bytes that its configuration can take in the containerd store."""
    is_complete: bool = True
    """Whether the engine answered all questions; else it is asked again the next time."""
    platform: str = ""
    """``os/arch[/variant]``; empty where the image does not say."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as the engine's list tells it."""

    id: str
    tags: tuple[str, ...]
    """Familiar references; empty for an untagged image."""
    created: datetime
    size: int
    """Bytes, as the engine counts them: layers shared with other images included. Negative where
    it does not say."""
    digests: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    """The id of the image it was built on, if the engine knows."""
    shared_size: int | None = None
    """Bytes of the layers it has in common with others; None where the engine does not say."""
    manifests: tuple[ImageManifest, ...] = ()
    """What of it is present; empty on stores other than containerd's."""
    index_size: int = 0
    """Bytes of the list of its manifests, if it has one."""

    @property
    def short_id(self) -> str:
        """The first 12 hexadecimal digits of the id, without its algorithm."""
        return self.id.removeprefix("sha256:")[:SHORT_ID_DIGITS]

    @property
    def label(self) -> str:
        """The name to show: the first tag, or else the short id."""
        return self.tags[0] if self.tags else self.short_id
