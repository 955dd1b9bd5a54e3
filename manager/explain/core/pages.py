"""What an explanation is made of: the facts of an engine, and pages of paragraphs and pictures."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from manager.disk.core.accounting import Disk
from manager.groups.core.tree import Branch, branches
from manager.model.snapshot import SHORT_ID, Container, Image, Network, Snapshot, Volume
from manager.references.reference import read

WIDTH = 79
"""Columns of a page: one fewer than terminals have, since some break a line that is full."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
GLUE = "\u00a0"
"""Where a line may not end."""
COMMAND = re.compile(r"(?<=: )(?:dockmgr|docker) .*?(?=[.,;] |\.?$)")
"""A command in a sentence: on one line, so that it can be copied."""
SHOWN = 4
"""Containers that are drawn under an image; of more, the number is said."""
SEED_LABEL = "dockmgr.lab.seed"
"""The label of the images that the program made itself, for the registry of a lab."""
LAB_IMAGES = ("busybox", "debian", "hello-world", "nginx", "redis", "registry")
"""Their names there."""
KINDS = ("concept", "container", "image", "group", "address")
"""What can be meant by a word; the first that fits it is taken."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Lines that stand as they are."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """An image and the containers made from it, to be drawn as ``ls`` draws them."""

    branch: Branch


Part = str | Picture | Relation


@dataclass(frozen=True, slots=True)
class Page:
    """An explanation."""

    kind: str
    """One of `KINDS`, or ``images`` for two of them."""
    name: str
    parts: tuple[Part, ...]
    """From top to bottom; a text is a paragraph."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What of it comes from the engine, as JSON can hold it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out about an engine and how it was found."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    now: datetime = NEVER
    engine: str = ""
    """What it is: ``Docker 28.1.1``; empty where none answered."""
    host: str = ""
    source: str = ""
    """What named it: see `contexts.Endpoint`."""
    context: str = ""
    """The docker context it comes from, if any."""
    contexts: tuple[str, ...] = ()
    lab: str = ""
    """The lab whose engine it is, if it is one's."""
    lab_registry: str = ""
    """``HOST:PORT`` of that lab's own registry."""
    labs: tuple[str, ...] = ()
    """The labs that are up."""
    volumes: tuple[Volume, ...] = ()
    networks: tuple[Network, ...] = ()

    @property
    def disk(self) -> Disk:
        """The bytes of its images."""
        return Disk(self.snapshot)

    def image(self, text: str) -> Image | None:
        """The image here that an address, or an id of 12 digits or more, stands for."""
        return find_image(self.snapshot, text)

    def label(self, image_id: str) -> str:
        """The name of an image by its id."""
        found = next((it for it in self.snapshot.images if it.id == image_id), None)
        return found.label if found else image_id.removeprefix("sha256:")[:SHORT_ID]


def is_of_lab(image: Image) -> bool:
    """Whether the program made an image, for a lab; what is built on it has its label too."""
    named = map(read, image.digests)  # anybody can give a tag
    known = any(it is not None and it.path.rpartition("/")[2] in LAB_IMAGES for it in named)
    return SEED_LABEL in image.labels and known


def of_lab(image: Image) -> str:
    """That an image is of a lab's own making, or was built on one that is; else nothing."""
    if is_of_lab(image):
        return "It is of the lab's own making: dockmgr built it of Debian's packages."
    if SEED_LABEL in image.labels:
        return "It was built on an image of the lab's own making, not on Docker's."
    return ""


def find_image(snapshot: Snapshot, text: str) -> Image | None:
    """The image of a snapshot that an address, or an id of 12 digits or more, stands for."""
    bare = text.removeprefix("sha256:")
    by_id = len(bare) >= SHORT_ID and set(bare) <= set("0123456789abcdef")
    wanted = read(text)
    for image in snapshot.images:
        if wanted is not None and any(read(it) == wanted for it in image.tags):
            return image
    for image in snapshot.images:
        if by_id and image.id.removeprefix("sha256:").startswith(bare):
            return image
        if wanted is not None and wanted.digest and _has_digest(image, wanted.repository, text):
            return image
    return None


def _has_digest(image: Image, repository: str, text: str) -> bool:
    digest = text.rpartition("@")[2]
    found = (read(it) for it in image.digests)
    return any(it and it.repository == repository and it.digest == digest for it in found)


def folded(text: str, width: int = WIDTH, first: str = "", later: str = "") -> tuple[str, ...]:
    """A text as lines; a word that is longer than a line ends before an ``@`` or after a ``/``.

    Args:
        text: one paragraph.
        width: columns.
        first: what the first line begins with.
        later: what the others begin with.
    """
    room = width - len(later)
    whole = COMMAND.sub(lambda it: it[0].replace(" ", GLUE) if len(it[0]) <= room else it[0], text)
    lines, line, begun = [], first, False
    for word in re.split(r"[ \n]+", whole.strip()):
        for number, piece in enumerate(_pieces(word, room)):
            gap = " " if begun and not number else ""
            if begun and len(line) + len(gap) + len(piece) > width:
                lines.append(line)
                line, gap = later, ""
            line, begun = line + gap + piece, True
    return tuple(it.replace(GLUE, " ") for it in (*lines, *([line] if begun and line else ())))


def _pieces(word: str, room: int) -> list[str]:
    """A word; one that is longer than a line in parts, each of which fits one."""
    if len(word) <= room:
        return [word]
    parts = re.split(r"(?<=/)(?=[^/])|(?<=.)(?=@)", word)
    return [part[at : at + room] for part in parts for at in range(0, len(part), room)]


def paragraph(text: str) -> tuple[str, ...]:
    """A text as lines of a page."""
    return folded(text)


def row(label: str, text: str, indent: int = 2) -> tuple[str, ...]:
    """A label and what it stands for; where the line ends, it goes on below, indented."""
    first = " " * indent + f"{label}: "
    later = " " * (indent + 2)
    longest = max(map(len, text.split()), default=0)
    if len(first) + longest > WIDTH:
        return (
            *folded(f"{label}:", WIDTH, " " * indent, later),
            *folded(text, WIDTH, later, later),
        )
    return folded(text, WIDTH, first, later)


def relation(snapshot: Snapshot, image_id: str = "", first: str = "") -> tuple[Relation, ...]:
    """An image and its containers; nothing where there are none.

    Args:
        snapshot: what there is.
        image_id: which image; empty for the one that has the most containers.
        first: the name of the container that stands first.
    """
    found = [it for it in branches(snapshot) if image_id in {"", it.image_id}]
    if not found:
        return ()
    most = max(found, key=lambda branch: len(branch.containers))
    ordered = sorted(most.containers, key=lambda it: it.name != first)
    return (Relation(replace(most, containers=tuple(ordered))),)


def container_facts(container: Container) -> dict[str, Any]:
    """A container in a page's facts."""
    return {
        "name": container.name,
        "id": container.id,
        "image": container.image,
        "state": container.state,
    }


def plural(count: int, word: str) -> str:
    """A number and a word that fits it: ``1 image``, ``2 images``."""
    return f"{count} {word}{'s' * (count != 1)}"


def listed(names: tuple[str, ...], most: int = 4) -> str:
    """Names in a sentence: ``a, b and 3 more``."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
