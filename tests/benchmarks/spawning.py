"""How long a spawn takes beside all other ways to start N containers of one image.

It brings up a lab of its own and ends it again. By turns, whole processes, on one engine:

    python -m tests.benchmarks.spawning
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.lab import labs
from manager.lab.flavours import DEFAULT_FLAVOUR
from tests import docker_client

ROUNDS = {30: 7, 100: 3}
THREADS = (4, 8, 16)
MANY = 300
MEMORY = 120
"""MB that a spawn of so many may take at most."""
BARS = {
    "docker run, one by one": 0.6,
    "docker run, xargs -P 8": 1.0,
    "docker compose up": 1.0,
    "bare SDK": 1.15,
}
SPAWN = "dockmgr spawn"
COMPOSE = """
services:
  bench:
    image: busybox
    command: ["sleep", "600"]
    network_mode: bridge
"""


def main() -> int:
    """Print the medians and the ratios; 1 if a bar is missed."""
    missed = 0
    with tempfile.TemporaryDirectory(prefix="dockmgr-bench-") as folder:
        os.environ.update(XDG_STATE_HOME=f"{folder}/state", DOCKER_CONFIG=f"{folder}/docker")
        lab = labs.bring_up_lab(
            labs.LabRequest(f"p{os.getpid()}", DEFAULT_FLAVOUR, ()), lambda _: None
        )
        os.environ["DOCKER_HOST"] = lab.host
        try:
            with Engine(Endpoint(lab.host, "benchmark lab")) as engine:
                bench = Bench(engine, Path(folder))
                for count, rounds in ROUNDS.items():
                    missed += bench.compare(count, rounds)
                missed += bench.many()
        finally:
            labs.take_down_lab(lab.name)
    return 1 if missed else 0


class Bench:
    """One engine, and the programs that are compared on it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._docker = docker_client.docker()
        compose = str(docker_client.plugin("compose"))
        file = folder / "compose.yml"
        file.write_text(COMPOSE, encoding="utf-8")
        self._compose = [compose, "--project-name", "bench", "--file", str(file)]
        self._run([self._docker, "pull", "--quiet", "busybox"])

    def _run(self, command: Sequence[str]) -> float:
        begin = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        return time.perf_counter() - begin

    def _ways(self, count: int, threads: int) -> Mapping[str, Sequence[str]]:
        run = f"{self._docker} run --detach --name bench"
        what = "busybox sleep 600"
        sdk = str(Path(__file__).with_name("bare_spawn.py"))
        return {
            SPAWN: [*_dockmgr(), "spawn", "busybox", "-n", str(count), "--", "sleep", "600"],
            "docker run, one by one": [
                *("sh", "-c"),
                f"for i in $(seq {count}); do {run}$i {what} || exit 1; done",
            ],
            "docker run, xargs -P 8": [
                *("sh", "-c"),
                f"seq {count} | xargs -P 8 -I NUMBER {run}NUMBER {what}",
            ],
            "docker compose up": [*self._compose, "up", "--detach", "--scale", f"bench={count}"],
            "bare SDK": [sys.executable, sdk, "busybox", str(count), str(threads)],
        }

    def compare(self, count: int, rounds: int) -> int:
        """Start and remove so many in every way, by turns; how many bars are missed."""
        threads = self._best_threads(count)
        print(f"\n{count} containers, medians of {rounds}; bare SDK with {threads} threads")
        made: dict[str, list[float]] = {}
        removed: dict[str, list[float]] = {"docker rm -f": [], "dockmgr rm --force": []}
        for turn in range(rounds):
            ways = list(self._ways(count, threads).items())
            for name, command in ways[turn % 2 :: 2] + ways[1 - turn % 2 :: 2]:
                made.setdefault(name, []).append(self._run(command))
                self._check(count)
                self._remove(removed, name)
        return report(made, SPAWN, BARS) + report(
            removed, "dockmgr rm --force", {"docker rm -f": 1}
        )

    def _best_threads(self, count: int) -> int:
        taken = {}
        for threads in THREADS:
            taken[threads] = self._run(self._ways(count, threads)["bare SDK"])
            self._clear()
        return min(taken, key=taken.__getitem__)

    def _check(self, count: int) -> None:
        running = [one for one in self._engine.containers.list() if one.state == "running"]
        assert len(running) == count, f"{len(running)} of {count} are running"

    def _remove(self, removed: dict[str, list[float]], name: str) -> None:
        if name == SPAWN:
            command = [*_dockmgr(), "rm", "busybox", "--force", "--yes"]
            removed["dockmgr rm --force"].append(self._run(command))
        elif name == "docker run, xargs -P 8":
            ids = [one.name for one in self._engine.containers.list()]
            removed["docker rm -f"].append(self._run([self._docker, "rm", "--force", *ids]))
        else:
            self._clear()

    def _clear(self) -> None:
        ids = [one.id for one in self._engine.containers.list()]
        self._run([self._docker, "rm", "--force", *ids])

    def many(self) -> int:
        """Spawn, list, scale and remove hundreds; 1 if that takes too much memory."""
        print(f"\n{MANY} containers")
        steps = {
            "spawn": ["spawn", "busybox", "-n", str(MANY), "--", "sleep", "600"],
            "ls": ["ls"],
            "scale to 310": ["scale", "busybox", "310"],
            "scale to 290": ["scale", "busybox", "290", "--yes", "-t", "0"],
            "rm": ["rm", "busybox", "--force", "--yes"],
        }
        highest = 0.0
        for name, arguments in steps.items():
            seconds, memory = _measured([*_dockmgr(), *arguments])
            highest = max(highest, memory)
            print(f"{name:<26}{seconds:8.1f} s{memory:8.0f} MB")
        return verdict("peak memory in MB", highest, MEMORY)


def _dockmgr() -> Sequence[str]:
    return [sys.executable, "-m", "manager"]


def _measured(command: Sequence[str]) -> tuple[float, float]:
    """Seconds, and the most memory it had, in MB."""
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return time.perf_counter() - begin, usage.ru_maxrss * 1024 / 1e6


def report(taken: Mapping[str, Sequence[float]], ours: str, bars: Mapping[str, float]) -> int:
    """Print medians and ratios; how many bars are missed."""
    missed = 0
    for name, seconds in taken.items():
        print(f"{name:<26}{statistics.median(seconds):8.2f} s")
    for name, bar in bars.items():
        pairs = zip(taken[ours], taken[name], strict=True)
        ratio = statistics.median(mine / theirs for mine, theirs in pairs)
        missed += verdict(f"{ours} / {name}", ratio, bar)
    return missed


def verdict(what: str, figure: float, bar: float) -> int:
    """Print whether a bar holds; 1 if not."""
    print(f"{what}: {figure:.2f}  (bar: {bar})  {'holds' if figure <= bar else 'MISSED'}")
    return figure > bar


if __name__ == "__main__":
    sys.exit(main())
