"""Labs that were killed: whatever the moment, the next command finds and mends what is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from manager.lab import debian, docker_context, labs, lifecycle, network, processes, state
from manager.lab.flavours import DEFAULT_FLAVOUR
from tests.lab_fixtures import LabFactory

UP = """
import sys
from manager.lab import labs
labs.bring_up_lab(labs.LabRequest(sys.argv[1], sys.argv[2]), lambda text: print(text, flush=True))
print("done", flush=True)
"""
BOOTSTRAP = """
import sys
from pathlib import Path
from manager.lab import debian
debian.bootstrap_root(Path(sys.argv[1]), suite="bookworm", packages=["busybox-static"],
                 variant="extract")
"""
DELAYS = (0.0, 0.03, 0.06, 0.1, 0.2, 0.35, 0.6, 0.9)
"""Seconds after the engine is started at which the front end is killed."""


@pytest.fixture
def name(start_lab: LabFactory) -> Iterator[str]:
    """A lab that only one test uses; what is built once has been built before."""
    start_lab(DEFAULT_FLAVOUR)
    name = f"t{os.getpid()}-killed"
    yield name
    lifecycle.end_lab(name)


def quietly(_: str) -> None:
    """Report nothing."""


def front_end(code: str, *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *argv], stdout=subprocess.PIPE, text=True, env=os.environ
    )


def killed_after(name: str, phase: str, seconds: float) -> None:
    """Bring a lab up, and kill the front end so many seconds after it told of a phase."""
    with front_end(UP, name, DEFAULT_FLAVOUR) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(phase):
                break
        else:
            pytest.fail(f"the lab came up without telling of {phase!r}")
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)


def nothing_of(name: str) -> bool:
    interface = network.interface_name(state.folder_for_lab(name))
    return not (
        state.folder_for_lab(name).exists()
        or Path("/sys/class/net", interface).exists()
        or processes.find_processes_by_arguments(
            str(state.folder_for_lab(name)), lifecycle.lab_hostname(name)
        )
        or any(Path("/sys/fs/cgroup").glob(f"*/{lifecycle.lab_hostname(name)}"))
        or docker_context.has_context(state.context_name(name))
    )


@pytest.mark.parametrize("seconds", DELAYS)
def test_down_removes_what_a_killed_up_left(name: str, seconds: float) -> None:
    killed_after(name, "starting engine", seconds)
    lifecycle.end_lab(name)
    assert nothing_of(name)


@pytest.mark.parametrize("seconds", DELAYS)
def test_up_starts_anew_after_a_killed_up(name: str, seconds: float) -> None:
    killed_after(name, "starting engine", seconds)
    lab = labs.bring_up_lab(labs.LabRequest(name, DEFAULT_FLAVOUR), quietly)
    (status,) = [one for one in labs.list_lab_statuses() if one.lab == lab]
    assert status.engine_version.startswith("28.")
    inits = processes.find_processes_by_arguments(str(lab.folder), lifecycle.lab_hostname(name))
    assert lab.pid in inits, "what answers is not the lab that was started last"


def test_down_after_a_kill_while_the_registry_is_filled(name: str) -> None:
    killed_after(name, "filling the registry", 0.05)
    lifecycle.end_lab(name)
    assert nothing_of(name)


def test_a_lab_whose_process_was_killed_is_not_up_and_comes_up_again(name: str) -> None:
    first = labs.bring_up_lab(labs.LabRequest(name, DEFAULT_FLAVOUR), quietly)
    tree = processes.pids_with_descendants([first.pid])
    assert len(tree) > 3, "the engine, its containerd and the registry hang on one process"
    os.kill(first.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: all(processes.start_time(pid) is None for pid in tree), 10)
    assert state.find_running_lab(name) is None
    second = labs.bring_up_lab(labs.LabRequest(name, DEFAULT_FLAVOUR), quietly)
    assert second.pid != first.pid
    assert state.find_running_lab(name) == second


def test_a_process_that_only_names_the_folder_is_not_killed(name: str) -> None:
    lab = labs.bring_up_lab(labs.LabRequest(name, DEFAULT_FLAVOUR), quietly)
    with subprocess.Popen(["tail", "-f", "/dev/null", str(lab.folder)]) as bystander:
        try:
            assert lifecycle.end_lab(name)
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_a_killed_bootstrap_leaves_no_process_and_is_not_taken_for_finished(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    partial = tmp_path / "root.partial"
    with front_end(BOOTSTRAP, str(root)) as process:
        assert processes.wait_until((partial / "var").exists, 30), "it never began"
        process.send_signal(signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.find_processes_by_arguments(str(partial)), 5)
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text(encoding="utf-8")
    assert not root.exists()
    debian.bootstrap_root(root, suite="bookworm", packages=["busybox-static"], variant="extract")
    assert (root / "bin" / "busybox").is_file()
    assert not partial.exists()
