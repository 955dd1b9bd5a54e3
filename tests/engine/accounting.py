"""Predicted against freed: images are removed set by set from a planted forest.

``python -m tests.engine.accounting`` does it on every engine a lab can have, and prints a table.
"""

import os
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from manager.disk import observe
from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.removal import order_children_first, removable_references, simulate_removal
from manager.engine import disk_usage
from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.lab import labs
from manager.lab.flavours import FLAVOURS
from manager.lab.state import Lab
from manager.model.byte_range import ByteRange
from manager.model.images import Image
from manager.model.snapshot import Snapshot
from manager.model.units import format_size
from tests.engine.forest import plant

ROUNDS = 15
"""Sets that are removed, at least, from each engine."""
SEED = 20


@dataclass(frozen=True)
class Round:
    """One set of images that was removed."""

    images: tuple[str, ...]
    predicted: ByteRange
    freed: int
    deleted_as_predicted: bool

    @property
    def holds(self) -> bool:
        """Whether what was predicted came true, to the byte where it was called exact."""
        return self.off_by == 0 and self.deleted_as_predicted

    @property
    def off_by(self) -> int:
        """Bytes between what was freed and what was predicted; 0 if it lies within."""
        return max(0, self.predicted.low - self.freed, self.freed - self.predicted.high)


def rounds(engine: Engine, lab: Lab, seed: int = SEED) -> Iterator[Round]:
    """Plant the forest, and remove all of it, some images at a time.

    A container uses one of the images, and where the engine can do that, has another one mounted;
    these go last.
    """
    forest = plant(engine, lab)
    user = forest.container("near:1", mounts=("short:1",))
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    left = ROUNDS
    while some := _some(observe.observe_engine(engine).snapshot, chance, left):
        yield remove(engine, some)
        left -= 1
    engine.containers.remove(user)
    while some := _some(observe.observe_engine(engine).snapshot, chance, left):
        yield remove(engine, some)
        left -= 1


def _some(snapshot: Snapshot, chance: random.Random, left: int) -> tuple[str, ...]:
    """Up to three images; one of them, at least, can go, and enough stay for the sets to come."""
    able = [it.id for it in snapshot.images if simulate_removal(snapshot, _all_of(it)).deleted]
    if not able:
        return ()
    visible = [it.id for it in snapshot.images if it.tags or it.id in able]
    spare = max(0, len(visible) - max(left, 1))
    others = chance.sample(visible, min(spare, chance.randint(0, 2)))
    return tuple(dict.fromkeys([chance.choice(able), *others]))


def _all_of(image: Image) -> list[str]:
    """An image once for each of its references."""
    return [image.id] * max(1, len(removable_references(image)))


def remove(engine: Engine, image_ids: tuple[str, ...]) -> Round:
    """Predict, remove, and measure by the engine's own total."""
    snapshot = observe.observe_engine(engine).snapshot
    images = {image.id: image for image in snapshot.images}
    chosen = [images[it] for it in order_children_first(image_ids, snapshot.images)]
    removal = simulate_removal(snapshot, [it for image in chosen for it in _all_of(image)])
    predicted = DiskAccounting(snapshot).bytes_freed_by(removal.deleted)
    for image in chosen:
        for name in removable_references(image) or (image.id,):
            if not snapshot.containers_using(image.id) and _there(engine, image.id):
                engine.images.remove(name)
    left = {image.id for image in engine.images.list_all()}
    gone = {image.id for image in snapshot.images} - left
    after = disk_usage.read_disk_usage(engine, disk_usage.IMAGES).layers_size or 0
    freed = (snapshot.layers_size or 0) - after
    names = tuple(image.label for image in chosen)
    return Round(names, predicted, freed, gone == set(removal.deleted))


def _there(engine: Engine, image_id: str) -> bool:
    """Whether an image is still there: a nameless parent can have gone with another."""
    return engine.images.find(image_id) is not None


HEADING = ("engine", "sets", "images", "freed", "exact", "outside", "off by")


def row(name: str, done: list[Round]) -> tuple[str, ...]:
    """One line of the table.

    Exact are the sets whose bytes were called so; outside those that freed anything else than
    was predicted; off by is the most that one was, in bytes.
    """
    return (
        name,
        str(len(done)),
        str(sum(len(it.images) for it in done)),
        format_size(sum(it.freed for it in done)),
        str(sum(it.predicted.is_exact for it in done)),
        str(sum(not it.holds for it in done)),
        str(max(it.off_by for it in done)),
    )


def main() -> None:
    """Print the table."""
    print("{:15} {:>5} {:>7} {:>8} {:>6} {:>8} {:>7}".format(*HEADING))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        os.environ["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        os.environ["DOCKER_CONFIG"] = f"{folder}/docker"
        for number, flavour in enumerate(FLAVOURS):
            lab = labs.bring_up_lab(
                labs.LabRequest(f"a{os.getpid()}-{number}", flavour, ()), lambda _: None
            )
            try:
                with Engine(Endpoint(lab.host, "lab")) as engine:
                    line = row(flavour, list(rounds(engine, lab)))
            finally:
                labs.take_down_lab(lab.name)
            print("{:15} {:>5} {:>7} {:>8} {:>6} {:>8} {:>7}".format(*line), flush=True)


if __name__ == "__main__":
    main()
