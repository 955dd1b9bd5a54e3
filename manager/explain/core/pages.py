"""What an explanation is made of: the facts of an engine, and pages of paragraphs and pictures."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from manager.disk.core.accounting import DiskAccounting
from manager.groups.core.tree import ImageBranch, image_branches
from manager.model.containers import Container
from manager.model.images import Image
from manager.model.snapshot import Network, Snapshot, Volume
from manager.model.units import SHORT_ID_DIGITS
from manager.references.reference import parse_reference

PAGE_WIDTH = 79
"""Columns of a page: one fewer than terminals have, since some break a line that is full."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_BREAK_SPACE = "\u00a0"
"""Where a line may not end."""
COMMAND_PATTERN = re.compile(r"(?<=: )(?:dockmgr|docker) .*?(?=[.,;] |\.?$)")
"""A command in a sentence: on one line, so that it can be copied."""
CONTAINERS_SHOWN = 4
"""Containers that are drawn under an image; of more, the number is said."""
SEED_LABEL = "dockmgr.lab.seed"
"""The label of the images that the program made itself, for the registry of a lab."""
LAB_IMAGE_NAMES = ("busybox", "debian", "hello-world", "nginx", "redis", "registry")
"""Their names there."""
PAGE_KINDS = ("concept", "container", "image", "group", "address")
"""What can be meant by a word; the first that fits it is taken."""


@dataclass(frozen=True, slots=True)
class VerbatimLines:
    """Lines that stand as they are."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContainerTree:
    """An image and the containers made from it, to be drawn as ``ls`` draws them."""

    branch: ImageBranch


PagePart = str | VerbatimLines | ContainerTree


@dataclass(frozen=True, slots=True)
class Page:
    """An explanation."""

    kind: str
    """One of `PAGE_KINDS`, or ``images`` for two of them."""
    name: str
    parts: tuple[PagePart, ...]
    """From top to bottom; a text is a paragraph."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What of it comes from the engine, as JSON can hold it."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What was found out about an engine and how it was found."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    now: datetime = EPOCH
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
    def disk(self) -> DiskAccounting:
        """The bytes of its images."""
        return DiskAccounting(self.snapshot)

    def image(self, text: str) -> Image | None:
        """The image here that an address, or an id of 12 digits or more, stands for."""
        return find_image(self.snapshot, text)

    def label(self, image_id: str) -> str:
        """The name of an image by its id."""
        found = next((it for it in self.snapshot.images if it.id == image_id), None)
        return found.label if found else image_id.removeprefix("sha256:")[:SHORT_ID_DIGITS]


def is_lab_image(image: Image) -> bool:
    """Whether the program made an image, for a lab; what is built on it has its label too."""
    named = map(parse_reference, image.digests)  # anybody can give a tag
    known = any(it is not None and it.path.rpartition("/")[2] in LAB_IMAGE_NAMES for it in named)
    return SEED_LABEL in image.labels and known


def describe_lab_origin(image: Image) -> str:
    """That an image is of a lab's own making, or was built on one that is; else nothing."""
    if is_lab_image(image):
        return "It is of the lab's own making: dockmgr built it of Debian's packages."
    if SEED_LABEL in image.labels:
        return "It was built on an image of the lab's own making, not on Docker's."
    return ""


def find_image(snapshot: Snapshot, text: str) -> Image | None:
    """The image of a snapshot that an address, or an id of 12 digits or more, stands for."""
    bare = text.removeprefix("sha256:")
    by_id = len(bare) >= SHORT_ID_DIGITS and set(bare) <= set("0123456789abcdef")
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


def wrap_text(
    text: str, width: int = PAGE_WIDTH, first: str = "", later: str = ""
) -> tuple[str, ...]:
    """A text as lines; a word that is longer than a line ends before an ``@`` or after a ``/``.

    Args:
        text: one paragraph.
        width: columns.
        first: what the first line begins with.
        later: what the others begin with.
    """
    room = width - len(later)
    whole = COMMAND_PATTERN.sub(
        lambda it: it[0].replace(" ", NO_BREAK_SPACE) if len(it[0]) <= room else it[0], text
    )
    lines, line, begun = [], first, False
    for word in re.split(r"[ \n]+", whole.strip()):
        for number, piece in enumerate(_split_long_word(word, room)):
            gap = " " if begun and not number else ""
            if begun and len(line) + len(gap) + len(piece) > width:
                lines.append(line)
                line, gap = later, ""
            line, begun = line + gap + piece, True
    return tuple(
        it.replace(NO_BREAK_SPACE, " ") for it in (*lines, *([line] if begun and line else ()))
    )


def _split_long_word(word: str, room: int) -> list[str]:
    """A word; one that is longer than a line in parts, each of which fits one."""
    if len(word) <= room:
        return [word]
    parts = re.split(r"(?<=/)(?=[^/])|(?<=.)(?=@)", word)
    return [part[at : at + room] for part in parts for at in range(0, len(part), room)]


def format_paragraph(text: str) -> tuple[str, ...]:
    """A text as lines of a page."""
    return wrap_text(text)


def format_row(label: str, text: str, indent: int = 2) -> tuple[str, ...]:
    """A label and what it stands for; where the line ends, it goes on below, indented."""
    first = " " * indent + f"{label}: "
    later = " " * (indent + 2)
    longest = max(map(len, text.split()), default=0)
    if len(first) + longest > PAGE_WIDTH:
        return (
            *wrap_text(f"{label}:", PAGE_WIDTH, " " * indent, later),
            *wrap_text(text, PAGE_WIDTH, later, later),
        )
    return wrap_text(text, PAGE_WIDTH, first, later)


def build_container_tree(
    snapshot: Snapshot, image_id: str = "", first: str = ""
) -> tuple[ContainerTree, ...]:
    """An image and its containers; nothing where there are none.

    Args:
        snapshot: what there is.
        image_id: which image; empty for the one that has the most containers.
        first: the name of the container that stands first.
    """
    found = [it for it in image_branches(snapshot) if image_id in {"", it.image_id}]
    if not found:
        return ()
    most = max(found, key=lambda branch: len(branch.containers))
    ordered = sorted(most.containers, key=lambda it: it.name != first)
    return (ContainerTree(replace(most, containers=tuple(ordered))),)


def container_facts(container: Container) -> dict[str, Any]:
    """A container in a page's facts."""
    return {
        "name": container.name,
        "id": container.id,
        "image": container.image,
        "state": container.state,
    }


def format_count(count: int, word: str) -> str:
    """A number and a word that fits it: ``1 image``, ``2 images``."""
    return f"{count} {word}{'s' * (count != 1)}"


def format_names(names: tuple[str, ...], most: int = 4) -> str:
    """Names in a sentence: ``a, b and 3 more``."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
