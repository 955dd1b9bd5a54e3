"""Pages: paragraphs, lines as they are, and trees of containers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from manager.groups.core.tree import ImageBranch, image_branches
from manager.model.containers import Container
from manager.model.snapshot import Snapshot

CONTAINERS_SHOWN = 4
"""Containers drawn under an image; the others are counted."""
PAGE_KINDS = ("concept", "container", "image", "group", "address")
"""The kinds of things that a word can name; the first that fits is taken."""


@dataclass(frozen=True, slots=True)
class VerbatimLines:
    """Lines that are printed as they are."""

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
    """The facts of it, for ``--json``."""


def build_container_tree(
    snapshot: Snapshot, image_id: str = "", first: str = ""
) -> tuple[ContainerTree, ...]:
    """Build the tree of an image and its containers; empty where there are none.

    Args:
        snapshot: of the engine.
        image_id: of the image; empty for the one with the most containers.
        first: the name of the container to show first.
    """
    found = [it for it in image_branches(snapshot) if image_id in {"", it.image_id}]
    if not found:
        return ()
    most = max(found, key=lambda branch: len(branch.containers))
    ordered = sorted(most.containers, key=lambda it: it.name != first)
    return (ContainerTree(replace(most, containers=tuple(ordered))),)


def container_facts(container: Container) -> dict[str, Any]:
    """Describe a container in a page's facts."""
    return {
        "name": container.name,
        "id": container.id,
        "image": container.image,
        "state": container.state,
    }
