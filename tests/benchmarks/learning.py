"""How soon a lesson sees what was done, and what waiting for it costs.

It brings up a lab of its own and ends it again:

    python -m tests.benchmarks.learning
"""

import os
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from manager.lab import labs
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from tests import docker_client
from tests.benchmarks.many_images import verdict
from tests.command import PROGRAM

RUNS = 11
REACTION = 0.5
"""Seconds that the median may be."""
WAITING = 10.0
"""Seconds for which the waiting is measured."""
SHARE = 0.01
"""Of a core."""
LATE = 30.0
STEPS = RUNS + 1
STEP = """
[[step]]
say = "make one more"
docker = ["docker create --name learn-timed{number} busybox"]
container = {{ name = "learn-timed*", count = {number} }}
"""


def main() -> int:
    """Print both figures; 1 if a bar is missed."""
    with tempfile.TemporaryDirectory(prefix="dockmgr-bench-") as folder:
        os.environ.update(XDG_STATE_HOME=f"{folder}/state", DOCKER_CONFIG=f"{folder}/docker")
        lessons = Path(folder) / "lessons"
        lessons.mkdir()
        steps = "".join(STEP.format(number=number) for number in range(1, STEPS + 1))
        (lessons / "timed.toml").write_text(f'title = "timed"\n{steps}', encoding="utf-8")
        lab = labs.bring_up_lab(
            labs.LabRequest(f"l{os.getpid()}", DEFAULT_FLAVOUR, ()), lambda _: None
        )
        try:
            reactions, share = measured(lab, lessons)
        finally:
            labs.take_down_lab(lab.name)
    median = statistics.median(reactions)
    late, busy = median > REACTION, share > SHARE
    print(
        f"reaction: {median:.3f} s, median of {len(reactions)}, at most {max(reactions):.3f} s"
        f"  (bar: {REACTION} s)  {verdict(missed=late)}"
    )
    print(
        f"waiting:  {share:.2%} of a core in {WAITING:.0f} s"
        f"  (bar: {SHARE:.0%})  {verdict(missed=busy)}"
    )
    return 1 if late or busy else 0


def measured(lab: Lab, lessons: Path) -> tuple[list[float], float]:
    """Seconds from the client's end to the word of it, and the share of a core while waiting."""
    env = {**os.environ, "DOCKER_HOST": lab.host}
    docker = docker_client.docker()
    subprocess.run([docker, "pull", "--quiet", "busybox"], env=env, check=True, capture_output=True)
    with subprocess.Popen(
        [*PROGRAM, "learn", "--lessons", str(lessons), "timed"],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        lines: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        threading.Thread(target=read, args=(program, lines), daemon=True).start()
        until("h: a hint", lines)
        share = cost_of_waiting(program.pid)
        reactions = []
        for number in range(1, RUNS + 1):
            create = [docker, "create", "--name", f"learn-timed{number}", "busybox"]
            subprocess.run(create, env=env, check=True, capture_output=True)
            acted = time.monotonic()
            reactions.append(until("Done:", lines) - acted)
            until("h: a hint", lines)
        program.communicate("q\n", timeout=LATE)
    return reactions, share


def read(program: subprocess.Popen[str], lines: queue.SimpleQueue[tuple[float, str]]) -> None:
    """Note when each line comes."""
    for line in program.stdout or ():
        lines.put((time.monotonic(), line))


def until(part: str, lines: queue.SimpleQueue[tuple[float, str]]) -> float:
    """When a line with some part came."""
    while True:
        moment, line = lines.get(timeout=LATE)
        if part in line:
            return moment


def cost_of_waiting(pid: int) -> float:
    """The share of a core that a process used while nothing happened."""
    before = used(pid)
    time.sleep(WAITING)
    return (used(pid) - before) / WAITING


def used(pid: int) -> float:
    """Seconds of a processor that a process has used; source: proc(5), stat."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
