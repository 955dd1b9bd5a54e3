"""Facts of an engine that the pages tell, and the images among them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from manager.disk.core.accounting import DiskAccounting
from manager.model.images import Image
from manager.model.snapshot import Network, Snapshot, Volume
from manager.model.units import SHORT_ID_DIGITS
from manager.references.grammar import HEX_DIGITS
from manager.references.reference import parse_reference

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEED_LABEL = "dockmgr.lab.seed"
"""The label of the images that dockmgr builds for the registry of a lab."""
LAB_IMAGE_NAMES = ("busybox", "debian", "hello-world", "nginx", "redis", "registry")
"""Their names there."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the pages tell of an engine, and how it was chosen."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    now: datetime = EPOCH
    engine: str = ""
    """Name and version: ``Docker 28.1.1``; empty where none answered."""
    host: str = ""
    source: str = ""
    """The setting that chose it: see `contexts.Endpoint`."""
    context: str = ""
    """The docker context that names it, if any."""
    contexts: tuple[str, ...] = ()
    lab: str = ""
    """The lab that it belongs to, if any."""
    lab_registry: str = ""
    """``HOST:PORT`` of that lab's own registry."""
    labs: tuple[str, ...] = ()
    """The labs that are up."""
    volumes: tuple[Volume, ...] = ()
    networks: tuple[Network, ...] = ()

    @property
    def disk(self) -> DiskAccounting:
        """How the bytes of its images are shared."""
        return DiskAccounting(self.snapshot)

    def image(self, text: str) -> Image | None:
        """Find the local image of an address, or of an id of 12 digits or more."""
        return find_image(self.snapshot, text)

    def label(self, image_id: str) -> str:
        """Name an image by its id."""
        found = next((it for it in self.snapshot.images if it.id == image_id), None)
        return found.label if found else image_id.removeprefix("sha256:")[:SHORT_ID_DIGITS]


def is_lab_image(image: Image) -> bool:
    """Whether dockmgr built an image for a lab; images built on it have its label too."""
    named = map(parse_reference, image.digests)  # anybody can give a tag
    known = any(it is not None and it.path.rpartition("/")[2] in LAB_IMAGE_NAMES for it in named)
    return SEED_LABEL in image.labels and known


def describe_lab_origin(image: Image) -> str:
    """Say that an image was built by dockmgr for its labs, or is based on one; else nothing."""
    if is_lab_image(image):
        return "dockmgr built it for its labs from Debian packages."
    if SEED_LABEL in image.labels:
        return "It is based on an image that dockmgr built for its labs, not on Docker's."
    return ""


def find_image(snapshot: Snapshot, text: str) -> Image | None:
    """Find the image of an address, or of an id of 12 digits or more."""
    bare = text.removeprefix("sha256:")
    by_id = len(bare) >= SHORT_ID_DIGITS and set(bare) <= HEX_DIGITS
    wanted = parse_reference(text)
    for image in snapshot.images:
        if wanted is not None and any(parse_reference(it) == wanted for it in image.tags):
            return image
    for image in snapshot.images:
        if by_id and image.id.removeprefix("sha256:").startswith(bare):
            return image
        if wanted is not None and wanted.digest and _has_digest(image, wanted.repository, text):
            return image
    return None


def _has_digest(image: Image, repository: str, text: str) -> bool:
    digest = text.rpartition("@")[2]
    found = (parse_reference(it) for it in image.digests)
    return any(it and it.repository == repository and it.digest == digest for it in found)
