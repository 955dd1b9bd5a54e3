"""How long listing 5,000 tags takes, beside bare requests for the same pages.

It needs no engine; the registry is a small one on the loopback:

    python -m tests.benchmarks.tags
"""

import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks.many_images import verdict
from tests.benchmarks.pairs import side_by_side
from tests.registry_server import Request, served

TAGS = [
    f"{major}.{minor}.{patch}{suffix}"
    for major in range(5)
    for minor in range(25)
    for patch in range(10)
    for suffix in ("", "-alpine", "-alpine3.20", "-rc.1")
]
RUNS = 11
BAR = 1.0
"""Seconds that a whole process may take."""


def answer(request: Request) -> None:
    """A registry that has one repository, and gives its tags in pages."""
    parts = urlsplit(request.path)
    query = parse_qs(parts.query)
    begin = TAGS.index(query["last"][0]) + 1 if "last" in query else 0
    end = begin + int(query["n"][0])
    shown = TAGS[begin:end]
    more = end < len(TAGS)
    link = {"Link": f'<{parts.path}?n=1000&last={shown[-1]}>; rel="next"'} if more else {}
    request.reply(200, {"name": "many/tags", "tags": shown}, **link)


def main() -> int:
    """Print the medians and their ratio; 1 if the bar is missed."""
    program = shutil.which("dockmgr", path=str(Path(sys.executable).parent)) or "dockmgr"
    with served(answer) as server, tempfile.TemporaryDirectory() as folder:
        address = server.url.removeprefix("http://")
        bare = str(Path(__file__).parent / "bare_tags.py")
        commands = {
            "bare requests": [sys.executable, bare, address, "many/tags"],
            "dockmgr tags": [program, "tags", f"{address}/many/tags"],
            "dockmgr tags --json": [program, "tags", f"{address}/many/tags", "--json"],
        }
        # No engine: only the registry is measured.
        env = {
            "DOCKER_HOST": "unix:///nowhere/engine.sock",
            "DOCKER_CONFIG": folder,
            "XDG_CACHE_HOME": folder,
            "XDG_CONFIG_HOME": folder,
        }
        timings = side_by_side(commands, RUNS, env)
    for timing in timings.values():
        print(f"{timing.name:<20}{timing.median * 1000:8.1f} ms for {len(TAGS)} tags")
    missed = 0
    for name in ("dockmgr tags", "dockmgr tags --json"):
        late = timings[name].median > BAR
        missed += late
        ratio = timings[name].ratio(timings["bare requests"])
        print(f"{name} / bare requests: {ratio:.2f}  (bar: {BAR} s)  {verdict(missed=late)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
