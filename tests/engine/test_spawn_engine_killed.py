"""The engine is killed in the middle of a spawn, and comes back: all is there, or nothing."""

import os
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.groups import spawn_records
from manager.groups.recover import find_interrupted_spawns
from manager.lab import processes, services
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from tests.command import PROGRAM, Command
from tests.engine.inside import inside
from tests.lab_fixtures import LabFactory

MOMENTS = 6
COMMAND = ("spawn", "busybox", "-n", "12", "--network", "none", "--", "sleep", "600")
COUNT = 12


@dataclass
class Mortal:
    """A second engine inside a lab, which can be killed and started again."""

    lab: Lab
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.lab.folder / "mortal.sock"

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        command = [
            *inside(self.lab),
            "dockerd",
            f"--host={self.host}",
            f"--data-root={self.lab.folder}/data/mortal",
            "--exec-root=/run/mortal",
            # The one before may not be reaped yet, and would seem to live.
            f"--pidfile=/run/mortal{len(self.started)}.pid",
            *(f"--label={services.LAB_LABEL}={value}" for value in ("true",)),
            # The lab's own engine has the network of the lab.
            *("--bridge=none", "--iptables=false", "--ip6tables=false"),
        ]
        with (self.lab.folder / "mortal.log").open("ab") as log:
            self.started.append(subprocess.Popen(command, stdout=log, stderr=log))

    def ready(self) -> Engine:
        end = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < end, (self.lab.folder / "mortal.log").read_text()[-2000:]
            time.sleep(0.1)
        return Engine(Endpoint(self.host, "test lab"))

    def answers(self) -> bool:
        """Whether it does: that its socket is there says little."""
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(5)
            try:
                one.connect(str(self.socket))
                one.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
                return b" 200 " in one.recv(100)
            except OSError:
                return False

    def kill(self) -> None:
        processes.kill_processes(
            processes.find_processes_by_arguments(f"--host={self.host}", "dockerd")
        )
        for process in self.started:
            process.wait()


@pytest.fixture
def mortal(start_lab: LabFactory) -> Iterator[Mortal]:
    lab = start_lab(DEFAULT_FLAVOUR)
    engine = Mortal(lab)
    engine.start()
    with engine.ready() as second, Engine(Endpoint(lab.host, "test lab")) as first:
        for message in first.api.pull("busybox", stream=True, decode=True):
            assert "error" not in message, message
        second.api.load_image(b"".join(first.api.get_image("busybox:latest")))
    yield engine
    with engine.ready() as second:
        for container in second.containers.list():
            second.containers.remove(container.id, force=True)
    engine.kill()


def test_all_is_there_or_nothing_or_the_next_command_knows(
    mortal: Mortal, capsys: pytest.CaptureFixture[str], private_folders: Path
) -> None:
    del private_folders
    run = Command(capsys, {**os.environ, "DOCKER_HOST": mortal.host})
    begin = time.monotonic()
    run.ok(*COMMAND)
    lasts = time.monotonic() - begin
    chance = random.Random()  # noqa: S311 - any moment will do
    for turn in range(MOMENTS):
        run.ok("rm", "busybox", "--force", "--yes")
        with subprocess.Popen(
            [*PROGRAM, *COMMAND], env=run.env, stderr=subprocess.PIPE, text=True
        ) as spawn:
            time.sleep(chance.uniform(0.3, 0.3 + lasts))
            mortal.kill()
            late = turn % 3 == 2
            if late:
                # It gives up before the engine is back.
                _, said = spawn.communicate(timeout=120)
            mortal.start()
            if not late:
                _, said = spawn.communicate(timeout=120)
        with mortal.ready() as engine:
            made = engine.containers.list("dockmgr.group=busybox")
            cut = find_interrupted_spawns(engine)
            if spawn.returncode == 0:
                assert len(made) == COUNT, said
            elif cut:
                assert late, said
                assert spawn.returncode == 5, said
                assert "removing what was made failed too" in said
                assert "was interrupted" in run.ok("ls").err
                run.ok("recover", "--finish")
                assert len(engine.containers.list("dockmgr.group=busybox")) == COUNT
                assert "was interrupted" not in run.ok("ls").err
            else:
                # 1: the engine that came back killed its containers, which is
                # the end that was seen; 3 and 5: the engine itself was away.
                assert spawn.returncode in {1, 3, 5}, said
                assert made == (), said
            if not engine.containers.list("dockmgr.group=busybox"):
                run.ok(*COMMAND)
            for record in spawn_records.find_abandoned_records(mortal.host):
                record.delete()
