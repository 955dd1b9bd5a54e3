"""A lab beside an engine that is at work: of that engine nothing changes, not for a moment.

The machine of that engine is pretended: network, mount and process namespaces in which a real
Docker 20.10 and a real containerd run at their default addresses, as a package would start them.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from manager.lab import cgroups, processes, roots, seeds
from manager.lab.flavours import DEFAULT_FLAVOUR, get_flavour
from tests.lab_fixtures import LabFactory

GROUP = f"dockmgr-lab-beside-{os.getpid()}"
MACHINE = """
set -eu
folder=$1 lower=$2
ip link set lo up
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir "$folder/root" "$folder/tmpfs"
mount -t tmpfs tmpfs "$folder/tmpfs"
mkdir "$folder/tmpfs/upper" "$folder/tmpfs/work"
mount -t overlay -o "lowerdir=$lower,upperdir=$folder/tmpfs/upper,workdir=$folder/tmpfs/work" \
    overlay "$folder/root"
mount -t proc proc "$folder/root/proc"
mount --rbind /sys "$folder/root/sys"
mount --rbind /dev "$folder/root/dev"
mount --rbind /run "$folder/root/run"
mkdir -p "$folder/data" "$folder/root/var/lib/docker"
mount --bind "$folder/data" "$folder/root/var/lib/docker"
export container=dockmgr-test
chroot "$folder/root" containerd >"$folder/containerd.log" 2>&1 &
until [ -S /run/containerd/containerd.sock ]; do sleep 0.05; done
chroot "$folder/root" dockerd --cgroup-parent="/$3" >"$folder/dockerd.log" 2>&1 &
wait
"""
SERVE = "mkdir /www; echo beside >/www/index.html; exec httpd -f -h /www"
FETCH = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())"
PORT = 18080


@dataclass(frozen=True)
class Machine:
    """The pretended machine."""

    pid: int
    folder: Path

    def run(self, *command: str, stdin: Path | None = None, engine: bool = False) -> str:
        """Run a command on it; ``engine``: a program of the engine's own root."""
        inside = ["chroot", str(self.folder / "root")] if engine else []
        entered = ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--wd=."]
        with (stdin or Path(os.devnull)).open("rb") as given:
            answer = subprocess.run(
                [*entered, "--", *inside, *command],
                stdin=given,
                capture_output=True,
                check=False,
                env=os.environ,
            )
        assert answer.returncode == 0, answer
        return answer.stdout.decode()

    def docker(self, *words: str, stdin: Path | None = None) -> str:
        """Run the engine's own client on the default socket."""
        return self.run("docker", "--context", "default", *words, stdin=stdin, engine=True).strip()

    def dockmgr(self, *words: str) -> str:
        """Run the program."""
        return self.run(sys.executable, "-m", "manager", *words)

    def fetch(self, url: str) -> str:
        """What a web server answers."""
        return self.run(sys.executable, "-c", FETCH, url).strip()

    def observed(self) -> dict[str, str]:
        """All that a second engine could harm."""
        ctr = ("ctr", "--namespace=moby")
        rules = self.run("iptables-save", engine=True).splitlines()
        return {
            # Without the times in comments and the counts of packets in brackets.
            "rules": "\n".join(r.partition(" [")[0] for r in rules if not r.startswith("#")),
            "addresses": self.run("ip", "-brief", "address"),
            "routes": self.run("ip", "route", "show", "table", "all"),
            "bridge": self.run("ip", "-brief", "link", "show", "type", "bridge"),
            "forwarding": self.run("cat", "/proc/sys/net/ipv4/ip_forward"),
            "containers": self.docker("ps", "-a", "--no-trunc", "--format={{.ID}} {{.State}}"),
            "images": self.docker("images", "--no-trunc", "--format={{.ID}} {{.Tag}}"),
            "containerd": self.run(*ctr, "tasks", "list", engine=True),
            "answer": self.fetch(f"http://127.0.0.1:{PORT}/"),
            "mounts": self.run("cat", "/proc/self/mounts"),
        }


@pytest.fixture
def machine(start_lab: LabFactory, tmp_path: Path) -> Iterator[Machine]:
    """Start the pretended machine, with one container that publishes a port."""
    # The machine cannot reach any mirror: all that is built once has to be in the cache.
    start_lab(DEFAULT_FLAVOUR)
    lab = start_lab("20.10")
    root = roots.ensure_root(get_flavour(lab.flavour), None, lambda _: None)
    unshared = ("--fork", "--pid", "--kill-child", "--mount", "--mount-proc", "--net", "--uts")
    with subprocess.Popen(
        ["unshare", *unshared, "sh", "-c", MACHINE, "sh", str(tmp_path), str(root), GROUP]
    ) as process:
        try:
            inner = processes.wait_until(
                lambda: len(processes.pids_with_descendants([process.pid])) > 3, 10
            )
            assert inner, "the machine did not start"
            (pid,) = (p for p in processes.pids_with_descendants([process.pid])[1:] if _first(p))
            machine = Machine(pid, tmp_path)
            assert processes.wait_until(lambda: _answers(machine), 30), _log(tmp_path)
            _serve(machine)
            # Until then the kernel itself still adds routes.
            settled = processes.wait_until(
                lambda: not machine.run("ip", "address", "show", "tentative"), 10
            )
            assert settled
            yield machine
        finally:
            tree = processes.pids_with_descendants([process.pid])
            process.send_signal(signal.SIGKILL)
            process.wait()
            ended = processes.wait_until(
                lambda: all(processes.start_time(p) is None for p in tree), 10
            )
            assert ended
            assert cgroups.remove_cgroups(GROUP, podman=False)


def _first(pid: int) -> bool:
    """Whether a process is the first of its namespace."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False  # it has ended meanwhile
    return any(line.split()[-1] == "1" for line in status.splitlines() if line[:6] == "NSpid:")


def _answers(machine: Machine) -> bool:
    probe = ["nsenter", f"--target={machine.pid}", "--mount", "--net", "--", "chroot"]
    command = [*probe, str(machine.folder / "root"), "docker", "version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _log(folder: Path) -> str:
    return (folder / "dockerd.log").read_text(encoding="utf-8", errors="replace")[-2000:]


def _serve(machine: Machine) -> None:
    """Run a web server from the busybox that labs' registries have too."""
    images = seeds.ensure_images(roots.cache_folder(), None, lambda _: None)
    (busybox,) = (image for image in images if image.repository == "library/busybox")
    layer = json.loads(busybox.manifest)["layers"][0]["digest"]
    machine.docker("import", "-", "web:here", stdin=busybox.blobs[layer])
    machine.docker("run", "-d", "--name=web", f"-p={PORT}:80", "web:here", "/bin/sh", "-c", SERVE)
    up = processes.wait_until(lambda: "beside" in _try(machine), 10)
    assert up, machine.docker("logs", "web")


def _try(machine: Machine) -> str:
    try:
        return machine.fetch(f"http://127.0.0.1:{PORT}/")
    except AssertionError:
        return ""


def test_an_engine_at_work_is_left_as_it_was(machine: Machine) -> None:
    before = machine.observed()
    assert before["answer"] == "beside"
    assert f"--dport {PORT}" in before["rules"]

    machine.dockmgr("lab", "up", "--name", "beside")
    during = machine.observed()
    spawned = machine.dockmgr(
        *("--context", "dockmgr-lab-beside", "spawn", "nginx"),
        *("--count", "2", "--publish", f"{PORT}:80", "--json"),
    )
    urls = {port["url"] for row in json.loads(spawned)["data"] for port in row["ports"]}
    assert len(urls) == 2
    assert all("nginx" in machine.fetch(url) for url in urls), "the same port serves in the lab"
    working = machine.observed()
    machine.dockmgr("lab", "down", "--name", "beside")
    after = machine.observed()

    for seen in (during, working):
        same = before.keys() - {"addresses", "routes"}
        assert {key: seen[key] for key in same} == {key: before[key] for key in same}
        # The link to the lab is all that is new while it is up.
        assert set(before["addresses"].splitlines()) <= set(seen["addresses"].splitlines())
    assert after == before
