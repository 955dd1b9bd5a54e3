"""How long deciding on and deleting 200 images takes, beside `docker rmi` of the same list.

It brings up labs of its own and ends them again:

    python -m tests.benchmarks.pruning
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.lab import labs
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from tests import docker_client
from tests.benchmarks.many_images import program, saved, verdict

IMAGES = 200
ROUNDS = 5
FACTOR, ALLOWANCE, EACH = 1.1, 1.0, 0.005
"""The bar: at most so many times docker's time, plus so many seconds, plus so many an image."""


def main() -> int:
    """Print the medians; 1 if the bar is missed."""
    missed = 0
    with tempfile.TemporaryDirectory(prefix="dockmgr-bench-") as folder:
        os.environ.update(XDG_STATE_HOME=f"{folder}/state", DOCKER_CONFIG=f"{folder}/docker")
        for engine in (DEFAULT_FLAVOUR, "28-containerd"):
            lab = labs.bring_up_lab(labs.LabRequest(f"p{os.getpid()}", engine, ()), lambda _: None)
            try:
                missed += compare(lab, engine)
            finally:
                labs.take_down_lab(lab.name)
    return 1 if missed else 0


def compare(lab: Lab, engine: str) -> int:
    """Delete the same images by turns with either program; whether the bar is missed."""
    docker = docker_client.docker()
    tags = [f"bench/image{number}:latest" for number in range(IMAGES)]
    commands = {
        "docker rmi": [docker, "--host", lab.host, "rmi", *tags],
        "dockmgr prune": program(lab, "prune", "bench/*", "--include-local", "--yes"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(timed(lab, command))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        print(f"{engine}: {name:14}{median:7.2f} s for {IMAGES} images", flush=True)
    bar = FACTOR * medians["docker rmi"] + ALLOWANCE + EACH * IMAGES
    missed = medians["dockmgr prune"] > bar
    ratio = medians["dockmgr prune"] / medians["docker rmi"]
    print(f"{engine}: ratio {ratio:.2f}; bar {bar:.2f} s", verdict(missed=missed))
    return int(missed)


def timed(lab: Lab, command: list[str]) -> float:
    """Seconds for one whole process that deletes all of the images, which are loaded first."""
    with Engine(Endpoint(lab.host, "lab")) as connection:
        for row in connection.api.load_image(saved(range(IMAGES))):
            assert "error" not in row, row
        begun = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds = time.perf_counter() - begun
        left = [tag for image in connection.images.list() for tag in image.tags]
    assert not [tag for tag in left if tag.startswith("bench/")], left
    return seconds


if __name__ == "__main__":
    sys.exit(main())
