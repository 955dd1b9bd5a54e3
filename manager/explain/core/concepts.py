"""The words of the field, one screen each, with examples from the learner's own engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from manager.explain.core.engine_facts import EngineFacts
from manager.explain.core.examples import (
    container_example,
    context_example,
    dangling_example,
    digest_example,
    engine_example,
    group_example,
    image_example,
    lab_example,
    layer_example,
    network_example,
    prune_example,
    reference_example,
    registry_example,
    repository_example,
    tag_example,
    volume_example,
)
from manager.explain.core.pages import Page, PagePart

ExampleBuilder = Callable[[EngineFacts], tuple[Sequence[PagePart], dict[str, Any]]]
NO_ENGINE_TEXT = (
    "No engine answered, so there is no example of your own. Start an engine to practise on "
    "with: dockmgr lab up"
)


@dataclass(frozen=True, slots=True)
class Concept:
    """A word, its meaning, and an example of it from the engine."""

    summary: str
    """A few words, for the list of all words."""
    meaning: str
    """The first paragraph of its page."""
    example: ExampleBuilder


CONCEPTS = {
    "image": Concept(
        "a blueprint that containers are made from",
        "An image is a blueprint, like a class in a program: files and settings that never "
        "change. Nothing runs in an image. Containers are made from it, like objects from a "
        "class, as many as you want.",
        image_example,
    ),
    "container": Concept(
        "a process with its own files, made from an image",
        "A container is made from an image, like an object from a class. It adds a process and a "
        "thin layer of its own for everything that it writes. A stopped container keeps what it "
        "wrote. Removing it removes that layer, but never the image.",
        container_example,
    ),
    "layer": Concept(
        "one step in the files of an image, shared between images",
        "An image is a stack of layers. Each layer holds what one build step changed in the "
        "files. A layer never changes, so images that start from the same layers share them on "
        "the disk. A layer is removed together with the last image that uses it.",
        layer_example,
    ),
    "tag": Concept(
        "a name that points at an image and can be moved",
        "A tag is a name that points at an image. It can be moved to another image at any time, "
        "and then means something else. latest is only the default tag; it need not be the "
        "newest image. An image can have any number of tags.",
        tag_example,
    ),
    "digest": Concept(
        "the fingerprint of an image, which never changes",
        "A digest is computed from the content of an image: different content has a different "
        "digest. A tag can move; an address with a digest, NAME@sha256:..., always means exactly "
        "the same image.",
        digest_example,
    ),
    "registry": Concept(
        "a server that stores images",
        "A registry is a server that stores images. docker pull downloads images from it, docker "
        "push uploads them. The first part of an address names the registry; without one, Docker "
        "Hub (docker.io) is the default.",
        registry_example,
    ),
    "repository": Concept(
        "the images of one name in a registry",
        "A repository is the place in a registry for the images of one name, told apart by their "
        "tags: usually the versions of one program. In ghcr.io/org/app:v1 it is ghcr.io/org/app.",
        repository_example,
    ),
    "reference": Concept(
        "the address of an image",
        "A reference is the address of an image: REGISTRY/NAMESPACE/NAME:TAG@DIGEST. Most parts "
        "can be left out; defaults then take their place.",
        reference_example,
    ),
    "volume": Concept(
        "a folder that outlives its containers",
        "A volume is a folder that the engine keeps for containers, outside their layers. Its "
        "files stay when a container is removed, and several containers can share it.",
        volume_example,
    ),
    "network": Concept(
        "a connection between containers",
        "A network connects containers: those on the same network can reach each other, and by "
        "name too unless it is one of the engine's own. The outside world reaches only published "
        "ports.",
        network_example,
    ),
    "engine": Concept(
        "the program that stores images and runs containers",
        "The engine is the program that stores images and runs containers. docker and dockmgr "
        "only send it requests. It can be on another machine; then the images and containers are "
        "there too.",
        engine_example,
    ),
    "context": Concept(
        "a name for the address of an engine",
        "A context is a name for the address of an engine. docker context use NAME selects the "
        "engine for all later commands, --context NAME for a single one.",
        context_example,
    ),
    "dangling": Concept(
        "an untagged image that cannot be pulled again",
        "An untagged image has no tag, mostly because the tag was moved to a newer build or "
        "pull. docker calls every such image dangling; dockmgr does so only if it has no digest "
        "either: then no registry is known to have it, and it cannot be pulled again. Nothing is "
        "wrong with it, but it takes up space and is easily forgotten.",
        dangling_example,
    ),
    "prune": Concept(
        "remove what nobody uses",
        "To prune is to remove what nobody uses. docker image prune removes untagged images. "
        "dockmgr prune follows rules, shows each image and its bytes first, asks, and can be "
        "undone. It never removes an image that has containers, not even stopped ones.",
        prune_example,
    ),
    "group": Concept(
        "the numbered containers of one spawn",
        "A group is the numbered containers of one spawn: nginx1, nginx2, nginx3. Each of them "
        "is a member. A group can be stopped, removed and scaled as one. Labels make a container "
        "a member, not its name.",
        group_example,
    ),
    "lab": Concept(
        "a throwaway engine to practise on",
        "A lab is a real engine of your own with a registry beside it, made for practice. "
        "Nothing in a lab touches another engine, it needs no internet, and dockmgr lab down "
        "removes it. dockmgr built its images from Debian packages; they are not Docker's.",
        lab_example,
    ),
}
CONCEPT_ALIASES = {
    "address": "reference",
    "daemon": "engine",
    "member": "group",
    "untagged": "dangling",
}
"""Other words for a concept, or for something that its page explains too."""
PLURAL_ENDINGS = {"ies": "y", "sses": "ss", "s": ""}


def find_concept(word: str) -> str:
    """Find the concept that a word names, even in the plural or in capitals; empty if none."""
    word = word.lower()  # a capital letter is in no address of one word
    ends = ((it, end) for it, end in PLURAL_ENDINGS.items() if word.endswith(it))
    ones = (word, *(word.removesuffix(many) + one for many, one in ends))
    meant = (CONCEPT_ALIASES.get(it, it) for it in ones)
    return next((it for it in meant if it in CONCEPTS), "")


def explain_concept(word: str, facts: EngineFacts) -> Page:
    """Explain a concept."""
    concept = CONCEPTS[word]
    # The pages of a lab and of contexts need no engine: their examples are not taken from it.
    if not facts.engine and word not in {"lab", "context"}:
        return Page("concept", word, (concept.meaning, NO_ENGINE_TEXT), {"engine": None})
    parts, told = concept.example(facts)
    return Page("concept", word, (concept.meaning, *parts), told)
