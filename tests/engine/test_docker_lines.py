"""The docker commands that --explain shows do what dockmgr does: both are run, and compared."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from manager.engine import resources
from manager.engine.client import Engine
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from manager.model.containers import SPAWN_LABEL
from tests import docker_client
from tests.command import Command
from tests.engine.forest import Forest
from tests.engine.test_spawn_options import different, looked_at
from tests.lab_fixtures import clean

Look = Callable[[], object]
ANONYMOUS = re.compile("^[0-9a-f]{64}$")
ODD = "a 'b' \"c\" $HOME `id` \\ ; # !"
GROUPS = """
networks = ["lan"]

[group.db]
image = "busybox"
network = "lan"
command = ["sleep", "600"]

[group.web]
image = "busybox"
name = "web-{n:02}"
count = 2
network = "lan"
network_alias = ["www"]
publish = ["9300:80"]
env = ["ID={n}", "FROM_FILE=hidden value"]
command = ["sleep", "600"]
"""


@dataclass
class Shell:
    """Runs what was shown, as a person who copies it into a shell."""

    env: dict[str, str]
    folder: Path
    ran: list[str] = field(default_factory=list)

    def run(self, lines: list[dict[str, Any]], **more: str) -> None:
        """Run the commands, with more variables."""
        for row in lines:
            if row["line"] is None:
                continue
            self.ran.append(row["line"])
            done = subprocess.run(
                ["sh", "-c", row["line"]],
                env={**self.env, **more},
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (row, done.stderr)


@pytest.fixture
def shell(program_env: dict[str, str], tmp_path: Path) -> Shell:
    """A shell whose docker is that of the newest lab, on the engine of the test."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "docker").symlink_to(docker_client.docker())
    return Shell({**program_env, "PATH": f"{binaries}:{program_env['PATH']}"}, Path.cwd())


@pytest.fixture(autouse=True)
def surroundings(run: Command, engine: Engine) -> Iterator[None]:
    """An image under one name, and neither networks nor volumes afterwards."""
    run.ok("pull", "busybox")
    yield
    fresh(engine)
    for network in engine.api.networks(names=["lan"]):
        engine.api.remove_network(network["Id"])
    for tag in ("copy:1", "copy:2"):
        if engine.images.find(tag) is not None:
            engine.images.remove(tag)


def containers(engine: Engine) -> dict[str, Any]:
    """All containers, with their labels and states, but without what is of one run."""
    found = {}
    for one in engine.containers.list():
        told = engine.containers.inspect(one.id)
        labels = {k: v for k, v in one.labels.items() if k != SPAWN_LABEL}
        env = {it for it in told["Config"]["Env"] if it.startswith("DOCKMGR_")}
        seen = looked_at(engine, one.name)
        found[one.name] = {
            "state": one.state,
            "image": one.image_id,
            "labels": labels,
            "env": env,
            "seen": seen,
            "ports": one.ports,
        }
    return found


def names(engine: Engine) -> object:
    """Images, by what they are called; volumes and networks."""
    return (
        {image.id: (image.tags, image.digests) for image in engine.images.list()},
        sorted(it["Name"] for it in engine.api.networks()),
        sorted(ANONYMOUS.sub("anonymous", it["Name"]) for it in volumes(engine)),
    )


def volumes(engine: Engine) -> list[dict[str, Any]]:
    return engine.api.volumes()["Volumes"] or []


def fresh(engine: Engine) -> None:
    """No containers, and no volumes that the ones before have left."""
    clean(engine)
    for volume in volumes(engine):
        engine.api.remove_volume(volume["Name"], force=True)


def lines_of(run: Command, *argv: str) -> list[dict[str, Any]]:
    """What --explain --dry-run shows."""
    rows: list[dict[str, Any]] = run.ok(*argv).data["docker"]
    assert all(row["why"] for row in rows)
    return rows


def compare(
    run: Command,
    shell: Shell,
    engine: Engine,
    prepare: Callable[[], object],
    *argv: str,
    yes: bool = False,
    **variables: str,
) -> list[str]:
    """Run a command and what it shows, each on a new beginning; the engine must look the same."""
    options = ("--explain", "--dry-run", "--json")
    fresh(engine)
    prepare()
    before = (containers(engine), names(engine))
    # Options stand first: after two dashes they would be part of a command.
    rows = lines_of(run, argv[0], *options, *argv[1:])
    assert (containers(engine), names(engine)) == before, "a dry run changed something"
    shell.run(rows, **variables)
    theirs = (containers(engine), names(engine))
    assert theirs != before or argv[0] in {"pull", "restart"}, "the commands changed nothing"
    fresh(engine)
    prepare()
    run.ok(argv[0], *(["--yes"] if yes else []), *argv[1:])
    unlike = different(containers(engine), theirs[0])
    assert not unlike, unlike
    assert names(engine) == theirs[1]
    return [row["line"] for row in rows]


def two(run: Command, engine: Engine) -> Callable[[], None]:
    """Begin with a group of two."""

    def prepare() -> None:
        clean(engine)
        run.ok("spawn", "busybox", "-n", "2", "--name", "web", "-v", "/data", *TRAP)

    return prepare


TRAP = ("--", "sh", "-c", "trap exit TERM; sleep 600 & wait")
"""What ends at once when it is asked to."""


def test_spawn(
    run: Command, shell: Shell, engine: Engine, tmp_path: Path, program_env: dict[str, str]
) -> None:
    (tmp_path / "vars").write_text("SECRET=hunter2\n", encoding="utf-8")
    del program_env
    lines = compare(
        run,
        shell,
        engine,
        lambda: clean(engine),
        *("spawn", "busybox", "-n", "2", "--name", "web-{n:02}", "-p", "9300:80", "-v", "/data"),
        *("-e", f"ODD={ODD}", "-e", "ID={n}", "--env-file", str(tmp_path / "vars")),
        *("--label", f"odd={ODD}", "--hostname", "h{n}", "--restart", "on-failure:2"),
        *("--memory", "64m", "--mount", f"type=bind,source={Path.cwd()}/tests,target=/t,readonly"),
        *("--security-opt", "no-new-privileges", "--health-cmd", "test 1 = '1'"),
        *("--log-driver", "json-file", "--log-opt", "max-size=1m", "--", "sleep", "600"),
    )
    assert len(lines) == 2
    assert not any("hunter2" in text for text in lines)


def test_rm(run: Command, shell: Shell, engine: Engine) -> None:
    prepare = two(run, engine)
    lines = compare(run, shell, engine, prepare, "rm", "web", "--volumes", yes=True)
    assert lines[:2] == ["docker stop web1", "docker container rm --volumes web1"]
    compare(run, shell, engine, prepare, "rm", "web2", "--force", yes=True)


newest = pytest.mark.parametrize("lab", [DEFAULT_FLAVOUR], indirect=True)
"""Only on the engine that a lab has by default: the commands are the same for all."""


@newest
def test_an_image_that_is_missing_is_pulled_first(
    run: Command, shell: Shell, engine: Engine
) -> None:
    def prepare() -> None:
        clean(engine)
        if engine.images.find("busybox") is not None:
            run.ok("rmi", "busybox", "--yes")

    lines = compare(
        run, shell, engine, prepare, "spawn", "busybox", "-n", "2", "--wait", "--", "sleep", "600"
    )
    assert lines[0] == "docker pull busybox:latest"
    assert lines[-1] is None, "docker does not wait"


@newest
def test_several_groups_from_a_file(
    run: Command, shell: Shell, engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "groups.toml"
    file.write_text(GROUPS, encoding="utf-8")

    def prepare() -> None:
        clean(engine)
        for network in engine.api.networks(names=["lan"]):
            engine.api.remove_network(network["Id"])

    lines = compare(
        run,
        shell,
        engine,
        prepare,
        "spawn",
        "-f",
        str(file),
        ID="1",
        FROM_FILE="hidden value",
    )
    assert lines[0] == "docker network create lan"
    assert not any("hidden value" in text for text in lines)


@newest
def test_what_is_done_with_a_group(run: Command, shell: Shell, engine: Engine) -> None:
    prepare = two(run, engine)

    def stopped() -> None:
        prepare()
        run.ok("stop", "web1")

    for argv in (("stop", "web", "-t", "3"), ("restart", "web"), ("scale", "web", "4")):
        compare(run, shell, engine, prepare, *argv)
    compare(run, shell, engine, prepare, "scale", "web", "1", yes=True)
    compare(run, shell, engine, stopped, "start", "web")
    compare(run, shell, engine, prepare, "restart", "web", "--rolling")


@newest
def test_images(run: Command, shell: Shell, engine: Engine) -> None:
    def bare() -> None:
        for tag in ("copy:1", "copy:2"):
            if engine.images.find(tag) is not None:
                engine.images.remove(tag)

    def tagged() -> None:
        bare()
        run.ok("pull", "busybox")
        run.ok("tag", "busybox", "copy:1", "copy:2")

    compare(run, shell, engine, bare, "pull", "busybox")
    compare(run, shell, engine, bare, "tag", "busybox", "copy:1", "copy:2")
    compare(run, shell, engine, tagged, "rmi", "copy:1", "busybox", yes=True)


@newest
def test_prune_and_undo(run: Command, shell: Shell, engine: Engine, tmp_path: Path) -> None:
    def prepare() -> None:
        clean(engine)
        run.ok("pull", "busybox", "redis")
        run.ok("tag", "busybox", "copy:1")
        run.ok("spawn", "redis", "-n", "1", "--name", "old")
        run.ok("stop", "old")
        if not engine.api.networks(names=["lan"]):
            engine.api.create_network("lan")
        engine.api.create_volume("kept")

    what = ("prune", "busybox", "copy", "--include-local", "--stopped-containers")
    beside = ("--stopped-for", "0s", "--networks", "--named-volumes")
    settings = tmp_path / "none.toml"
    settings.write_text('[prune]\ngrace = "0s"\n', encoding="utf-8")
    run.env["DOCKMGR_CONFIG"] = str(settings)
    lines = compare(run, shell, engine, prepare, *what, *beside, yes=True)
    assert lines[0] == "docker container rm old1"
    assert lines[-2:] == ["docker volume rm kept", "docker network rm lan"]

    gone = names(engine)
    rows = lines_of(run, "undo", "--explain", "--dry-run", "--json")
    shell.run(rows)
    back = names(engine)
    assert back != gone
    run.ok("rmi", "busybox", "copy:1", "--yes")
    run.ok("undo")
    assert names(engine) == back


@newest
def test_a_plan_that_was_written_and_the_build_cache(
    run: Command, shell: Shell, engine: Engine, lab: Lab, tmp_path: Path
) -> None:
    def prepare() -> None:
        forest = Forest(engine, lab)
        forest.build_with_kit("copy:1", "FROM busybox\nRUN echo 1 > /one\n", {})
        forest.build_with_kit("copy:2", "FROM busybox\nRUN echo 2 > /two\n", {})

    prepare()
    plan = str(tmp_path / "plan.json")
    run.env["DOCKMGR_CONFIG"] = str(tmp_path / "none.toml")
    Path(run.env["DOCKMGR_CONFIG"]).write_text('[prune]\ngrace = "0s"\n', encoding="utf-8")
    run.ok("prune", "copy", "--include-local", "--build-cache", "--out", plan)
    rows = lines_of(run, "apply", plan, "--explain", "--dry-run", "--json")
    assert [row["line"] for row in rows] == [
        "docker rmi copy:1",
        "docker rmi copy:2",
        "docker builder prune --all --force",
    ]
    shell.run(rows)
    theirs = (names(engine), len(resources.list_cache_records(engine)))
    prepare()
    run.ok("prune", "copy", "--include-local", "--build-cache", "--out", plan)
    run.ok("apply", plan, "--yes")
    assert (names(engine), len(resources.list_cache_records(engine))) == theirs


@newest
def test_what_no_registry_has_is_saved_first_and_loaded_again(
    run: Command, shell: Shell, engine: Engine, tmp_path: Path, lab: Lab
) -> None:
    Forest(engine, lab).build("copy:1", "FROM busybox\nENV A=1\n")
    run.env["DOCKMGR_CONFIG"] = str(tmp_path / "none.toml")
    Path(run.env["DOCKMGR_CONFIG"]).write_text('[prune]\ngrace = "0s"\n', encoding="utf-8")
    before = names(engine)
    what = ("prune", "copy", "--archive", str(tmp_path))
    rows = lines_of(run, *what, "--explain", "--dry-run", "--json")
    assert rows[0]["line"] == f"docker save --output {tmp_path}/images.tar copy:1"
    shell.run(rows)
    gone = names(engine)
    shell.run([{"line": f"docker load --input {tmp_path}/images.tar"}])
    assert names(engine) == before
    run.ok(*what, "--yes")
    assert names(engine) == gone
    # Back with docker's own commands, from the archive that dockmgr wrote.
    rows = lines_of(run, "undo", "--explain", "--dry-run", "--json")
    assert rows[0]["line"].startswith("docker load --input ")
    shell.run(rows)
    assert names(engine) == before


@newest
def test_what_runs_beside_and_what_is_written(run: Command, shell: Shell, engine: Engine) -> None:
    two(run, engine)()
    shown = run.ok("exec", "--explain", "--json", "-e", f"A={ODD}", "web", "--", "sh", "-c", ECHO)
    first, *rest = map(json.loads, shown.out.splitlines())
    assert {row["text"] for row in rest if "text" in row} == {ODD}
    for row in first["docker"]:
        said = subprocess.run(
            ["sh", "-c", row["line"]], env=shell.env, capture_output=True, text=True, check=True
        )
        assert said.stdout == f"{ODD}\n"
    logs = run.ok("logs", "web1", "--tail", "2", "--explain")
    assert "docker logs --tail 2 web1" in logs.err
    assert "docker" not in logs.out
    shell.run([{"line": "docker logs --tail 2 web1"}])


ECHO = 'printf "%s\\n" "$A"'


@newest
def test_without_a_dry_run_it_is_done_and_data_stays_data(run: Command, engine: Engine) -> None:
    shown = run.ok("spawn", "busybox", "--name", "web", "--explain", "--", "sleep", "600")
    assert "# make and start member 1 of web" in shown.err
    assert "docker run" not in shown.out
    assert [one.name for one in engine.containers.list()] == ["web1"]
    shown = run.ok("rm", "web", "--force", "--explain", "--yes", "--json")
    assert shown.data["docker"] == [
        {
            "line": "docker container rm --force web1",
            "why": "kill it if it is running, and remove it",
        }
    ]
    pinned = run.ok("pin", "busybox", "--explain")
    assert "docker has no pins" in pinned.err
    run.ok("unpin", "busybox")


@newest
def test_what_a_dry_run_prints_is_a_script(run: Command, shell: Shell, engine: Engine) -> None:
    argv = ("spawn", "busybox", "-n", "2", "--name", "web", "--explain", "--dry-run")
    script = run.ok(*argv, "--", "sleep", "600").out
    subprocess.run(["sh", "-e"], input=script, env=shell.env, text=True, check=True)
    assert sorted(one.name for one in engine.containers.list()) == ["web1", "web2"]
    assert run.ok("scale", "web", "3").code == 0, "the labels say what they were made with"
