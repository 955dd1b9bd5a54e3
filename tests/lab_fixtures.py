"""The engines that tests run on: labs of their own, and no other engine ever."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_docker.plugin import Services

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.lab import labs, lifecycle, network, state, tools
from manager.lab import services as serve
from manager.lab.flavours import FLAVOURS
from manager.lab.state import Lab
from tests import confidential, docker_client
from tests.command import Command

COMPOSE_LABEL = "com.docker.compose.project"
LabFactory = Callable[[str], Lab]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the test line of a fresh machine get what labs need."""
    parser.addoption(
        "--install-tools",
        action="store_true",
        help="get the host tools that labs need with apt, as `dockmgr lab up --install --yes`",
    )


def pytest_configure() -> None:
    """Let a test run that is ended from outside end its labs too, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Get what is missing before any of several processes begins: apt serves one at a time."""
    config = session.config
    if config.getoption("--install-tools") and not hasattr(config, "workerinput"):
        tools.check_machine()
        if missing := tools.list_missing_packages():
            tools.install_packages(missing)


@pytest.fixture(scope="session")
def host_tools() -> None:
    """The programs that labs need."""
    tools.check_machine()
    tools.check_tools()


@pytest.fixture(scope="session")
def private_folders() -> Iterator[Path]:
    """State and docker configuration of the tests' own; the cache of downloads is shared."""
    with (
        tempfile.TemporaryDirectory(prefix="dockmgr-tests-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_STATE_HOME", f"{folder}/state")
        patch.setenv("XDG_CONFIG_HOME", f"{folder}/config")
        patch.setenv("DOCKER_CONFIG", f"{folder}/docker")
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKMGR_CONFIG", "NO_COLOR", "COLUMNS"):
            patch.delenv(name, raising=False)
        yield Path(folder)
        confidential.search(Path(folder) / "state")


@pytest.fixture(scope="session")
def start_lab(host_tools: None, private_folders: Path) -> Iterator[LabFactory]:
    """Start a lab of a flavour once; all are ended with the session, however it ends."""
    del host_tools, private_folders
    before = leftovers([])
    started: dict[str, Lab] = {}

    def start(wanted: str) -> Lab:
        if wanted not in started:
            name = f"t{os.getpid()}-{len(started)}"
            lab = labs.bring_up_lab(labs.LabRequest(name, wanted, (Path.cwd(),)), lambda _: None)
            started[wanted] = lab
            with Engine(Endpoint(lab.host, "test lab")) as engine:
                refuse_other_engines(engine.info(), lab)
        return started[wanted]

    try:
        yield start
    finally:
        for lab in started.values():
            labs.take_down_lab(lab.name)
    after = leftovers(list(started.values()))
    left = {kind: found - before[kind] for kind, found in after.items()}
    assert not any(left.values()), left


@pytest.fixture(scope="session", params=FLAVOURS)
def lab(request: pytest.FixtureRequest, start_lab: LabFactory) -> Lab:
    """A lab; what uses it is tested with every engine a lab can have."""
    return start_lab(request.param)


def refuse_other_engines(info: dict[str, object], lab: Lab) -> None:
    """Refuse any engine but the lab's: it says so itself, by its label or its host name.

    Raises:
        RuntimeError: it is another's.
    """
    labels = info.get("Labels") or []
    assert isinstance(labels, list)
    by_label = {f"{serve.LAB_LABEL}=true", f"{serve.LAB_LABEL}.name={lab.name}"} <= set(labels)
    # Podman has no labels of its own.
    by_name = lab.flavour == "podman" and info.get("Name") == lifecycle.lab_hostname(lab.name)
    if not (by_label or by_name):
        raise RuntimeError(f"not an engine of a test's own: {info.get('Name')}, {labels}")


def leftovers(labs_ended: list[Lab]) -> dict[str, set[str]]:
    """What there is on this machine that labs could leave, by kind.

    Of interfaces, groups and processes only those of these labs: others may be at work here.
    """
    links = {row["ifname"] for row in json.loads(_output("ip", "-json", "link"))}
    rules = _output("iptables-save") if shutil.which("iptables-save") else ""
    names = {lifecycle.lab_hostname(lab.name) for lab in labs_ended}
    # What is in folders of pytest's belongs to single tests, maybe of another run.
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
    groups = [*Path("/sys/fs/cgroup").glob("*/*"), *Path("/sys/fs/cgroup").glob("*")]
    return {
        "interfaces": links & {network.interface_name(lab.folder) for lab in labs_ended},
        "mounts": {line for line in mounts.splitlines() if "/pytest-of-" not in line},
        "namespaces": set(_output("ip", "netns").splitlines()),
        "firewall rules": {line for line in rules.splitlines() if line.startswith("-A")},
        "cgroups": {str(group) for group in groups if group.name in names},
        "processes": _lab_processes(),
    }


def _lab_processes() -> set[str]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{state.labs_folder()}/" in line:
            found.add(f"{entry.name} {line}")
    return found


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def engine(lab: Lab) -> Iterator[Engine]:
    """The default lab's engine, empty at the test's start and at its end."""
    with Engine(Endpoint(lab.host, "test lab")) as engine:
        refuse_other_engines(engine.info(), lab)
        clean(engine)
        yield engine
        clean(engine)


def clean(engine: Engine) -> None:
    """Remove every container of a lab's engine, and its volumes, but what compose brought up."""
    for container in engine.containers.list():
        if COMPOSE_LABEL in container.labels:
            continue
        engine.containers.remove(container.id, force=True, volumes=True)


@pytest.fixture
def program_env(lab: Lab) -> dict[str, str]:
    """The environment of a program that uses the lab."""
    return {**os.environ, "DOCKER_HOST": lab.host}


@pytest.fixture
def run(engine: Engine, capsys: pytest.CaptureFixture[str], program_env: dict[str, str]) -> Command:
    """The program, using the lab."""
    del engine
    return Command(capsys, program_env)


@pytest.fixture(scope="session")
def docker_compose_command(lab: Lab) -> str:
    """Compose version 2, from a lab's root file system; it acts on the lab and nowhere else."""
    return f"env DOCKER_HOST={lab.host} {docker_client.plugin('compose')}"


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    """What tests need beside the lab's own registry."""
    return str(Path(__file__).parent / "engine" / "compose.yml")


@pytest.fixture(scope="module")
def private(docker_services: Services, lab: Lab) -> str:
    """A registry that wants a login: ``HOST:PORT`` as the engine and we see it."""
    import requests

    address = f"{lab.address}:{docker_services.port_for('private', 5000)}"

    def ready() -> bool:
        try:
            return requests.get(f"http://{address}/v2/", timeout=2).status_code == 401
        except requests.ConnectionError:
            return False

    docker_services.wait_until_responsive(ready, timeout=30, pause=0.1)
    return address
