"""How long a thousand images take to list, beside the docker command; reading them in parallel.

It brings up labs of its own and ends them again:

    python -m tests.benchmarks.many_images
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.lab import labs
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from tests import docker_client
from tests.benchmarks.pairs import Timing, side_by_side
from tests.engine.forest import archive, digest, noise

IMAGES = 1000
BATCH = 200
RUNS = 11
COLD_RUNS = 3
FACTOR, ALLOWANCE = 1.5, 0.3
"""The bar: at most so many times the docker command, plus so many seconds."""


def main() -> int:
    """Print the medians; 1 if a bar is missed."""
    with tempfile.TemporaryDirectory(prefix="dockmgr-bench-") as folder:
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        os.environ.update(XDG_STATE_HOME=f"{folder}/state", DOCKER_CONFIG=f"{folder}/docker")
        with many(DEFAULT_FLAVOUR) as lab:
            # The programs that are timed keep what they read in a folder of their own.
            missed = listing(lab, Path(folder, "cache"))
        os.environ["XDG_CACHE_HOME"] = cache
        with many("28-containerd") as lab:
            missed += parallel(lab, Path(folder))
    return 1 if missed else 0


@contextmanager
def many(engine: str) -> Iterator[Lab]:
    """A lab whose engine has a thousand images."""
    lab = labs.bring_up_lab(labs.LabRequest(f"b{os.getpid()}", engine, ()), lambda _: None)
    try:
        with Engine(Endpoint(lab.host, "lab")) as connection:
            for first in range(0, IMAGES, BATCH):
                for row in connection.api.load_image(saved(range(first, first + BATCH))):
                    assert "error" not in row, row
        yield lab
    finally:
        labs.take_down_lab(lab.name)


def saved(numbers: range) -> bytes:
    """An archive of images that share a layer, and have one each of their own."""
    shared = archive({"base": noise("base", 20_000)})
    files: dict[str, bytes] = {"base.tar": shared}
    rows = []
    for number in numbers:
        own = archive({f"own{number}": noise(f"own {number}", 500)})
        config = {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {"Cmd": ["/none"], "Env": [f"NUMBER={number}"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(shared), digest(own)]},
            "history": [
                {"created_by": "ADD base /"},
                {"created_by": f"ENV NUMBER={number}", "empty_layer": True},
                {"created_by": f"ADD own{number} /"},
            ],
        }
        files[f"{number}.json"] = json.dumps(config).encode()
        files[f"{number}.tar"] = own
        tag = f"bench/image{number}:latest"
        row = {"Config": f"{number}.json", "RepoTags": [tag]}
        rows.append({**row, "Layers": ["base.tar", f"{number}.tar"]})
    return archive({"manifest.json": json.dumps(rows).encode(), **files})


def program(lab: Lab, *arguments: str) -> list[str]:
    """The command line of dockmgr on a lab."""
    beside = str(Path(sys.executable).parent)
    return [shutil.which("dockmgr", path=beside) or "dockmgr", "--host", lab.host, *arguments]


def listing(lab: Lab, cache: Path) -> int:
    """Time the list beside docker's, with and without what was kept; how many bars are missed."""
    docker = docker_client.docker()
    commands = {
        "docker images": [docker, "images"],
        "docker system df -v": [docker, "system", "df", "-v"],
        "dockmgr images": program(lab, "images"),
        "dockmgr df": program(lab, "df"),
    }
    env = {"DOCKER_HOST": lab.host, "XDG_CACHE_HOME": str(cache)}
    timings = side_by_side(commands, RUNS, env)
    cold = {"dockmgr images, nothing kept": ["sh", "-c", _cold(lab, cache)]}
    timings |= side_by_side(cold, COLD_RUNS, env)
    show(timings)
    bar = FACTOR * timings["docker images"].median + ALLOWANCE
    missed = timings["dockmgr images"].median > bar
    print(f"bar: {FACTOR} x docker images + {ALLOWANCE} s = {bar:.3f} s", verdict(missed=missed))
    return int(missed)


def parallel(lab: Lab, folder: Path) -> int:
    """Time reading all images one by one and side by side; how many bars are missed."""
    commands = {}
    for count in (1, 16):
        settings = folder / f"parallel{count}.toml"
        settings.write_text(f"[images]\nparallel = {count}\n", encoding="utf-8")
        line = _cold(lab, folder / "cold", "--config", str(settings))
        commands[f"containerd, {count} at once"] = ["sh", "-c", line]
    timings = side_by_side(commands, COLD_RUNS, {"XDG_CACHE_HOME": str(folder / "cold")})
    show(timings)
    one, many_at_once = (timings[name] for name in commands)
    ratio = many_at_once.ratio(one)
    print(f"16 at once / 1: {ratio:.2f}  (bar: 0.5)", verdict(missed=ratio > 0.5))
    return int(ratio > 0.5)


def _cold(lab: Lab, cache: Path, *options: str) -> str:
    """A shell line that lists images with nothing kept."""
    words = program(lab, *options, "images")
    return f"rm -rf '{cache}/dockmgr' && " + " ".join(f"'{word}'" for word in words)


def show(timings: dict[str, Timing]) -> None:
    """Print the medians."""
    for timing in timings.values():
        print(f"{timing.name:<30}{timing.median * 1000:9.1f} ms", flush=True)


def verdict(*, missed: bool) -> str:
    """In one word."""
    return "MISSED" if missed else "holds"


if __name__ == "__main__":
    sys.exit(main())
