"""Every engine a lab can have: what it is, and that it pulls, builds, mounts and serves."""

import io
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.errors import ManagerError
from manager.lab import lifecycle, processes, state
from manager.lab.flavours import DEFAULT_FLAVOUR, FLAVOURS
from manager.lab.state import Lab
from tests.lab_fixtures import LabFactory, refuse_other_engines
from tests.lab_fixtures import clean as remove_all

EXPECTED = {
    "20.10": ("20.10.", "overlay2"),
    "26": ("26.", "overlay2"),
    "28": ("28.", "overlay2"),
    "28-containerd": ("28.", "overlayfs"),
    "podman": ("5.", "overlay"),
}
UP = """
import sys
from manager.lab import labs
print(labs.bring_up_lab(labs.LabRequest(sys.argv[1], sys.argv[2]), lambda text: None).address)
"""


@pytest.fixture(params=FLAVOURS)
def flavoured(request: pytest.FixtureRequest, start_lab: LabFactory) -> Iterator[Lab]:
    """A lab of each flavour, empty at the end."""
    lab = start_lab(request.param)
    yield lab
    with Engine(Endpoint(lab.host, "test lab")) as engine:
        remove_all(engine)


def test_it_is_the_engine_asked_for_and_says_it_is_a_lab(flavoured: Lab) -> None:
    with Engine(Endpoint(flavoured.host, "test lab")) as engine:
        info = engine.info()
    version, driver = EXPECTED[flavoured.flavour]
    assert info["ServerVersion"].startswith(version)
    assert info["Driver"] == driver
    refuse_other_engines(info, flavoured)


def test_it_pulls_from_its_registry_and_serves_where_the_host_can_reach_it(
    flavoured: Lab,
) -> None:
    with Engine(Endpoint(flavoured.host, "test lab")) as engine:
        engine.api.pull("docker.io/library/nginx", tag="latest")
        made = _start(engine, "docker.io/library/nginx:latest", None, {"80/tcp": [{}]})
        ports = engine.api.inspect_container(made)["NetworkSettings"]["Ports"]["80/tcp"]
        url = f"http://{flavoured.address}:{ports[0]['HostPort']}/"
        assert processes.wait_until(lambda: _status(url) == 200, 10), engine.api.logs(made)
        assert any("nginx" in field for row in engine.api.top(made)["Processes"] for field in row)


def test_nothing_waits_for_names_that_nobody_can_tell(flavoured: Lab) -> None:
    # Engines look up registries. An answer that does not come is waited for five seconds.
    with Engine(Endpoint(flavoured.host, "test lab")) as engine:
        begun = time.monotonic()
        for _ in range(4):
            engine.api.pull("docker.io/library/busybox", tag="latest")
        assert time.monotonic() - begun < 5


def test_it_builds(flavoured: Lab) -> None:
    with Engine(Endpoint(flavoured.host, "test lab")) as engine:
        engine.api.pull("docker.io/library/busybox", tag="latest")
        recipe = io.BytesIO(b"FROM docker.io/library/busybox:latest\nRUN echo made >/made\n")
        log = "".join(
            str(row)
            for row in engine.api.build(fileobj=recipe, tag="t/built:1", decode=True, rm=True)
        )
        assert engine.api.images("t/built:1"), log
        engine.api.remove_image("t/built:1")


def test_it_mounts_the_working_folder_at_its_own_path(flavoured: Lab) -> None:
    here = Path(__file__).resolve()
    with Engine(Endpoint(flavoured.host, "test lab")) as engine:
        engine.api.pull("docker.io/library/busybox", tag="latest")
        command = ["cat", f"/seen/{here.name}"]
        made = _start(
            engine, "docker.io/library/busybox:latest", command, {}, [f"{here.parent}:/seen:ro"]
        )
        engine.api.wait(made)
        assert engine.api.logs(made).decode() == here.read_text(encoding="utf-8")


def _start(
    engine: Engine,
    image: str,
    command: list[str] | None,
    ports: dict[str, list[dict[str, str]]],
    binds: list[str] | None = None,
) -> str:
    host = engine.api.create_host_config(binds=binds)
    host["PortBindings"] = ports
    made = engine.api.create_container(
        image, command, host_config=host, ports=[int(port.partition("/")[0]) for port in ports]
    )
    engine.api.start(made["Id"])
    return str(made["Id"])


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http URL
            return int(answer.status)
    except OSError:
        return 0


def test_two_at_the_same_moment_have_an_address_each(start_lab: LabFactory) -> None:
    start_lab(DEFAULT_FLAVOUR)  # what is built once has been built before
    token = f"t{start_lab(DEFAULT_FLAVOUR).pid}"
    names = [f"{token}-a", f"{token}-b"]
    try:
        fronts = [
            subprocess.Popen(
                [sys.executable, "-c", UP, name, DEFAULT_FLAVOUR], stdout=subprocess.PIPE
            )
            for name in names
        ]
        told = [front.communicate()[0].decode().strip() for front in fronts]
        assert [front.returncode for front in fronts] == [0, 0]
        assert told[0] != told[1]
        labs = {lab.name: lab for lab in state.list_running_labs()}
        assert [labs[name].address for name in names] == told
    finally:
        for name in names:
            lifecycle.end_lab(name)


def test_another_engine_for_a_lab_that_is_up_is_refused(start_lab: LabFactory) -> None:
    up = start_lab(DEFAULT_FLAVOUR)
    with pytest.raises(ManagerError, match="is up with engine 28, not 26") as caught:
        lifecycle.start_lab(up.name, FLAVOURS["26"], mounts=[], mirror_url=None, report=pytest.fail)
    assert "lab down" in caught.value.hint
    assert state.find_running_lab(up.name) == up
