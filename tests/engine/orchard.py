"""Sixty small images that share layers: most from a registry, some that exist nowhere else."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from manager.engine.client import Engine
from manager.lab.state import Lab
from manager.registry.protocol.upload import upload_images
from tests.engine.forest import Forest, archive, local_image, noise, packed_image

PULLED, LOCAL = 40, 20
FAMILY = 8
"""Images that have a second layer in common."""
SIZE = 3_000


@dataclass
class Orchard:
    """What was planted."""

    engine: Engine
    ids: dict[str, str]
    """By tag, the image's id."""

    def tags(self) -> dict[str, str]:
        """Which of the tags are there now, and which image each names."""
        there = {tag: it.id for it in self.engine.images.list() for tag in it.tags}
        return {tag: there[tag] for tag in self.ids if tag in there}

    def cut(self) -> None:
        """Remove what is left of it."""
        for image in self.engine.images.list():
            for tag in image.tags:
                if tag.startswith(("apple", "pear", "cherry")):
                    self.engine.images.remove(tag)


def layers(name: str, number: int) -> list[bytes]:
    """The layers of an image: one of all, one of its family, its own."""
    names = ["orchard", f"family {number // FAMILY}", f"{name}{number}"]
    return [archive({it: noise(it, SIZE + 100 * len(it))}) for it in names]


def publish(registry: str, count: int) -> None:
    """Put so many images into a registry: apple0, apple1 and so on."""
    with tempfile.TemporaryDirectory() as folder:
        made = [
            local_image(
                f"library/apple{number}",
                "1",
                packed_image(Path(folder), layers("apple", number), "amd64"),
            )
            for number in range(count)
        ]
        upload_images(f"http://{registry}", made)


def plant(engine: Engine, lab: Lab, pulled: int = PULLED, local: int = LOCAL) -> Orchard:
    """Pull so many images, and load so many that no registry has; each seventh has two names."""
    forest = Forest(engine, lab)
    publish(lab.registry, pulled)
    for number in range(pulled):
        forest.pull(f"apple{number}:1")
        if number % 7 == 0:
            forest.tag(f"apple{number}:1", f"cherry{number}:red")
    for number in range(local):
        forest.load(f"pear{number}:1", layers("pear", number), [{"created_by": "x"}] * 3)
        _name_as_others_do(engine, f"pear{number}:1")
        if number % 7 == 0:
            forest.tag(f"pear{number}:1", f"cherry{number}:pale")
    there = {tag: it.id for it in engine.images.list() for tag in it.tags}
    return Orchard(engine, {tag: there[tag] for tag in forest.tags})


def _name_as_others_do(engine: Engine, tag: str) -> None:
    """Podman loads an image under the name of a registry that there is not: ``localhost/``."""
    if engine.is_podman:
        image = engine.images.find(f"localhost/{tag}")
        assert image is not None
        repository, _, version = tag.partition(":")
        engine.api.tag(image.id, f"docker.io/library/{repository}", version)
        engine.images.remove(f"localhost/{tag}")
