"""The words of the field, one screen each, with what is on the learner's own engine as example."""

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
    "No engine answered, so there is no example of your own. Get an engine of your own to "
    "practise on with: dockmgr lab up"
)


@dataclass(frozen=True, slots=True)
class Concept:
    """A word, what it means, and where an example is taken from."""

    meaning: str
    example: ExampleBuilder


CONCEPTS = {
    "image": Concept(
        "An image is a blueprint, as a class is in a program: files and settings that never "
        "change. Nothing runs in it. Containers are made from it, as objects are of a class, and "
        "any number from one.",
        image_example,
    ),
    "container": Concept(
        "A container is made from an image, as an object is of a class. It adds a process and a "
        "thin layer of its own for what it writes. It runs or is stopped; stopped, it keeps what "
        "it wrote. To remove it removes that, and never the image.",
        container_example,
    ),
    "layer": Concept(
        "An image is a pile of layers. Each holds what one step of building changed in the files. "
        "A layer never changes, so images that begin alike share their lower layers, which are "
        "kept once. It goes from the disk with the last image that has it.",
        layer_example,
    ),
    "tag": Concept(
        "A tag is a name that points at an image. It can be moved to another image at any time, "
        "and then says something else. latest is only the tag that is meant where none is "
        "written; it need not be the newest. An image has any number of tags.",
        tag_example,
    ),
    "digest": Concept(
        "A digest is computed from the content of an image: other content has another digest. A "
        "tag can move; an address with a digest, NAME@sha256:..., means the same image or none.",
        digest_example,
    ),
    "registry": Concept(
        "A registry is a server that keeps images. docker pull brings images from it, docker push "
        "to it. The first part of an address names it; where it is left out, Docker Hub "
        "(docker.io) is meant.",
        registry_example,
    ),
    "repository": Concept(
        "A repository is a place in a registry for images of one name, told apart by their tags: "
        "the versions of one program. In ghcr.io/org/app:v1 it is ghcr.io/org/app.",
        repository_example,
    ),
    "reference": Concept(
        "A reference is the address of an image: REGISTRY/NAMESPACE/NAME:TAG@DIGEST. Most of it "
        "can be left out and is then filled in.",
        reference_example,
    ),
    "volume": Concept(
        "A volume is a folder that the engine keeps for containers, beside their layers. What is "
        "written there stays when a container is removed, and several containers can have it.",
        volume_example,
    ),
    "network": Concept(
        "A network joins containers: those on one reach each other, on networks that somebody "
        "made also by name. The world outside reaches only the ports that were published.",
        network_example,
    ),
    "engine": Concept(
        "The engine is the program that keeps images and runs containers. docker and dockmgr only "
        "ask it to. It can be on another machine; then images and containers are there.",
        engine_example,
    ),
    "context": Concept(
        "A context is a name for the address of an engine. docker context use NAME changes which "
        "engine is meant from then on, --context NAME for one command.",
        context_example,
    ),
    "dangling": Concept(
        "An untagged image has no tag: mostly since that was moved to a newer build or pull. "
        "docker calls every such image dangling. dockmgr calls it so only if it has no digest "
        "either: then no registry is known to have it, and it cannot be pulled again. Nothing is "
        "wrong with it, but it takes room and is easily forgotten.",
        dangling_example,
    ),
    "prune": Concept(
        "To prune is to remove what nobody uses. docker image prune takes untagged images. "
        "dockmgr prune goes by rules, shows each image and its bytes first, asks, and can be "
        "undone. Images of containers never go, stopped ones included.",
        prune_example,
    ),
    "group": Concept(
        "A group is the numbered containers of one spawn: nginx1, nginx2, nginx3. Each is a "
        "member of it. It can be stopped, removed and scaled as one. Labels make a group, not "
        "names.",
        group_example,
    ),
    "lab": Concept(
        "A lab is a real engine of your own with a registry beside it, made to practise on. "
        "Nothing in it touches another engine, it needs no internet, and dockmgr lab down removes "
        "it. Its images were made by dockmgr of Debian's packages; they are not Docker's.",
        lab_example,
    ),
}
CONCEPT_ALIASES = {
    "address": "reference",
    "daemon": "engine",
    "member": "group",
    "untagged": "dangling",
}
"""Other words for the same, or for what is explained with it."""
PLURAL_ENDINGS = {"ies": "y", "sses": "ss", "s": ""}


def find_concept(word: str) -> str:
    """The concept that a word names, also in the plural and with capital letters; empty if none."""
    word = word.lower()  # a capital letter is in no address of one word
    ends = ((it, end) for it, end in PLURAL_ENDINGS.items() if word.endswith(it))
    ones = (word, *(word.removesuffix(many) + one for many, one in ends))
    meant = (CONCEPT_ALIASES.get(it, it) for it in ones)
    return next((it for it in meant if it in CONCEPTS), "")


def explain_concept(word: str, facts: EngineFacts) -> Page:
    """Explain a concept."""
    concept = CONCEPTS[word]
    # What a lab is can be told where there is no engine, and its example is not the engine's.
    if not facts.engine and word not in {"lab", "context"}:
        return Page("concept", word, (concept.meaning, NO_ENGINE_TEXT), {"engine": None})
    parts, told = concept.example(facts)
    return Page("concept", word, (concept.meaning, *parts), told)
