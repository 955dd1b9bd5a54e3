"""How long the program takes to start, beside the bare interpreter and a bare SDK script.

Run it with an engine that has a few containers, such as a lab:

    dockmgr lab up && eval "$(dockmgr lab env)" && dockmgr spawn busybox -n 3 -- sleep 600
    python -m tests.benchmarks.startup
"""

import shutil
import sys
from pathlib import Path

from tests.benchmarks.pairs import side_by_side

RUNS = 21
BARS = (
    ("dockmgr --version", "python -c pass", 5.0),
    ("dockmgr ls --json", "bare SDK listing", 1.3),
)


def main() -> int:
    """Print the medians and the two ratios; 1 if a bar is missed."""
    program = shutil.which("dockmgr", path=str(Path(sys.executable).parent)) or "dockmgr"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "dockmgr --version": [program, "--version"],
        "bare SDK listing": [sys.executable, str(Path(__file__).parent / "bare_listing.py")],
        "dockmgr ls --json": [program, "ls", "--json"],
    }
    timings = side_by_side(commands, RUNS, {})
    for timing in timings.values():
        print(f"{timing.name:<20}{timing.median * 1000:8.1f} ms")
    missed = 0
    for name, other, bar in BARS:
        ratio = timings[name].ratio(timings[other])
        verdict = "holds" if ratio <= bar else "MISSED"
        missed += ratio > bar
        print(f"{name} / {other}: {ratio:.2f}  (bar: {bar})  {verdict}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
