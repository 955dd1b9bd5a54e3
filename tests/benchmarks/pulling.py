"""How long pulling ten images takes, beside the same `docker pull`s run at the same time.

It brings up labs of its own and ends them again:

    python -m tests.benchmarks.pulling
"""

import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.lab import labs
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from manager.registry.protocol.upload import upload_images
from tests import docker_client
from tests.benchmarks.many_images import program, verdict
from tests.engine.forest import archive, noise
from tests.engine.test_sizes import packed

IMAGES = 10
LAYERS, SIZE = 3, 16_000_000
"""Of each image: its own layers, and the bytes of each."""
ROUNDS = 5
BAR = 1.05
"""Times docker's time."""


def main() -> int:
    """Print the medians; 1 if the bar is missed."""
    missed = 0
    with tempfile.TemporaryDirectory(prefix="dockmgr-bench-") as folder:
        os.environ.update(
            XDG_STATE_HOME=f"{folder}/state",
            DOCKER_CONFIG=f"{folder}/docker",
        )
        for engine in (DEFAULT_FLAVOUR, "28-containerd"):
            lab = labs.bring_up_lab(labs.LabRequest(f"u{os.getpid()}", engine, ()), lambda _: None)
            try:
                fill(lab, Path(folder))
                missed += compare(lab, engine)
            finally:
                labs.take_down_lab(lab.name)
    return 1 if missed else 0


def fill(lab: Lab, folder: Path) -> None:
    """Put the images into the lab's registry: one layer of all, and layers of their own."""
    base = archive({"base": noise("base", SIZE)})
    for number in range(IMAGES):
        own = [archive({"f": noise(f"{number} {n}", SIZE)}) for n in range(LAYERS)]
        upload_images(f"http://{lab.registry}", [packed(folder, f"bench{number}", [base, *own])])


def compare(lab: Lab, engine: str) -> int:
    """Pull the same images by turns in either way; whether the bar is missed."""
    names = [f"sizes/bench{number}:1" for number in range(IMAGES)]
    docker = shlex.join([docker_client.docker(), "--host", lab.host, "pull", "--quiet"])
    at_once = " ".join(f"{docker} {name} &" for name in names) + " wait"
    commands = {
        "docker pull, all at once": ["sh", "-c", at_once],
        "dockmgr pull": program(lab, "pull", *names),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, command in commands.items():
            seconds = timed(lab, command)
            if turn:
                times[name].append(seconds)
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        print(f"{engine}: {name:26}{median:7.2f} s for {IMAGES} images", flush=True)
    theirs, ours = times.values()
    ratio = statistics.median(mine / his for mine, his in zip(ours, theirs, strict=True))
    print(f"{engine}: ratio {ratio:.2f}  (bar: {BAR})", verdict(missed=ratio > BAR))
    return int(ratio > BAR)


def timed(lab: Lab, command: list[str]) -> float:
    """Seconds for one whole process that pulls all of the images, which are gone before."""
    with Engine(Endpoint(lab.host, "lab")) as connection:
        for image in connection.images.list():
            for tag in image.tags:
                connection.images.remove(tag)
        begun = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds = time.perf_counter() - begun
        assert len(connection.images.list()) == IMAGES
    return seconds


if __name__ == "__main__":
    sys.exit(main())
