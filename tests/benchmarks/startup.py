"""How long the program takes to start, beside the bare interpreter and a bare SDK script.

Run it with an engine that has some containers and 100 images, such as a lab:

    dockmgr lab up && eval "$(dockmgr lab env)" && dockmgr spawn busybox -n 3 -- sleep 600
    python -m tests.benchmarks.startup
"""

import shutil
import sys
from pathlib import Path

import docker

from tests.benchmarks.many_images import saved
from tests.benchmarks.pairs import side_by_side

RUNS = 21
IMAGES = 100
BARE = "bare SDK listing"
COMPLETION = "completion of a name"
BARS = (
    ("dockmgr --version", "python -c pass", 5.0),
    ("dockmgr ls --json", BARE, 0.85),
    ("dockmgr images --json", BARE, 1.15),
    (COMPLETION, BARE, 0.85),
)


def main() -> int:
    """Print the medians and the ratios by pairs; 1 if a bar is missed."""
    program = shutil.which("dockmgr", path=str(Path(sys.executable).parent)) or "dockmgr"
    add_images()
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "dockmgr --version": [program, "--version"],
        BARE: [sys.executable, str(Path(__file__).parent / "bare_listing.py")],
        "dockmgr ls --json": [program, "ls", "--json"],
        "dockmgr images --json": [program, "images", "--json"],
        COMPLETION: ["env", "_DOCKMGR_COMPLETE=complete_bash", "COMP_WORDS=dockmgr stop b"]
        + ["COMP_CWORD=2", program],
    }
    # An installed program is compiled already.
    timings = side_by_side(commands, RUNS, {"PYTHONDONTWRITEBYTECODE": ""})
    for timing in timings.values():
        print(f"{timing.name:<22}{timing.median * 1000:8.1f} ms")
    missed = 0
    for name, other, bar in BARS:
        ratio = timings[name].ratio(timings[other])
        verdict = "holds" if ratio <= bar else "MISSED"
        missed += ratio > bar
        print(f"{name} / {other}: {ratio:.2f}  (bar: {bar})  {verdict}")
    return 1 if missed else 0


def add_images() -> None:
    """Load small images until the engine has 100."""
    client = docker.from_env().api
    missing = IMAGES - len(client.images())
    if missing > 0:
        for row in client.load_image(saved(range(missing))):
            if "error" in row:
                raise SystemExit(row["error"])


if __name__ == "__main__":
    sys.exit(main())
