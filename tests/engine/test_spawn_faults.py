"""Spawns that fail or are ended in the middle: what exists afterwards, asked of the engine."""

import random
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from manager.engine.client import Engine
from manager.groups import spawn_records
from manager.groups.recover import find_interrupted_spawns
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from manager.model.containers import SPAWN_LABEL, Container
from tests.command import PROGRAM, Command
from tests.engine.inside import begin, listener, until_made

MOMENTS = 10
"""How often a spawn is ended on the engine that labs have by default."""
FEWER = 4
"""On each other one."""
SLEEP = ("--", "sleep", "600")


def names(engine: Engine) -> list[str]:
    return sorted(container.name for container in engine.containers.list())


@pytest.fixture(autouse=True)
def nothing_unfinished(engine: Engine) -> Iterator[None]:
    """No test leaves a spawn to the next; of those that had made nothing yet there is a record."""
    yield
    assert find_interrupted_spawns(engine) == ()
    for record in spawn_records.find_abandoned_records(engine.endpoint.host):
        record.delete()


def begun(env: dict[str, str], *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *argv],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_port_that_is_taken_meanwhile_takes_all_back(
    run: Command, engine: Engine, lab: Lab, program_env: dict[str, str]
) -> None:
    run.ok("spawn", "busybox", "--name", "kept", *SLEEP)
    with (
        listener(lab, 8099, begun=False) as other,
        begun(program_env, "spawn", "busybox", "-n", "20", "-p", "8080:80", *SLEEP) as spawn,
    ):
        until_made(engine, "dockmgr.group=busybox", 1)
        begin(other)
        _, said = spawn.communicate(timeout=60)
    assert spawn.returncode == 1, said
    assert "busybox20 could not start" in said
    assert "removed again)" in said
    assert names(engine) == ["kept1"]


def test_a_name_that_is_taken_meanwhile_is_met_by_the_next_number(
    run: Command, engine: Engine, program_env: dict[str, str]
) -> None:
    run.ok("pull", "busybox")
    with begun(program_env, "spawn", "busybox", "-n", "20", "-p", "8080:80", *SLEEP) as spawn:
        until_made(engine, "dockmgr.group=busybox", 1)
        engine.containers.create("busybox20", {"Image": "busybox", "Cmd": ["sleep", "600"]})
        _, said = spawn.communicate(timeout=60)
    assert spawn.returncode == 0, said
    assert names(engine) == sorted(f"busybox{n}" for n in range(1, 22))
    (last,) = (c for c in engine.containers.list("dockmgr.index=21"))
    assert {port.host_port for port in last.ports} == {8100}


def test_an_image_without_a_shell_leaves_nothing(run: Command, engine: Engine) -> None:
    failed = run("spawn", "hello-world", "-n", "3", "--", "sh", "-c", "true")
    assert failed.code == 1
    assert "could not start" in failed.err
    assert names(engine) == []


def test_running_out_of_memory_at_the_start_is_told(run: Command, engine: Engine) -> None:
    eat = "x=$(head -c 200000000 /dev/zero | tr '\\0' a); sleep 600"
    failed = run(
        *("spawn", "busybox", "-n", "2", "--memory", "16m", "--wait-log", "never"),
        *("--", "sh", "-c", f"exec 2>&1; {eat}"),
    )
    assert failed.code == 1
    assert "ended before it was ready: exit code 137, out of memory" in failed.err
    assert names(engine) == []


def test_a_healthcheck_that_is_never_green(run: Command, engine: Engine) -> None:
    failed = run(
        *("spawn", "busybox", "-n", "2", "--wait", "--timeout", "20s"),
        *("--health-cmd", "echo no luck; exit 3", "--health-interval", "500ms"),
        *("--health-retries", "2", *SLEEP),
    )
    assert failed.code == 1
    if engine.is_podman:
        # Podman has its checks run by systemd, which a lab has not.
        assert "its health check has not passed yet" in failed.err
    else:
        assert "is unhealthy: its health check failed with exit code 3" in failed.err
        assert "  | no luck" in failed.err
    assert names(engine) == []


def test_an_early_end_fails_at_once_even_where_the_engine_deletes_it(
    run: Command, engine: Engine
) -> None:
    for options in ((), ("--rm",)):
        failed = run(
            *("spawn", "busybox", "-n", "2", "--wait-log", "never", *options),
            *("--", "sh", "-c", "echo last words; sleep 0.5; exit 7"),
        )
        assert failed.code == 1, failed
        assert "ended before it was ready: exit code 7" in failed.err
        assert "  | last words" in failed.err
        assert names(engine) == []


def test_what_failed_can_be_kept(run: Command, engine: Engine) -> None:
    failed = run(
        "spawn", "busybox", "-n", "2", "--keep", "--settle", "30s", "--", "sh", "-c", "exit 7"
    )
    assert failed.code == 1
    assert "(everything made so far is kept)" in failed.err
    assert names(engine) == ["busybox1", "busybox2"]


def test_networks_and_volumes_are_taken_back_too(
    run: Command, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("spec") / "groups.toml"
    file.write_text(
        'networks = ["lan"]\n'
        '[group.first]\nimage = "busybox"\nnetwork = "lan"\nvolume = ["/data"]\n'
        'command = ["sleep", "600"]\n'
        '[group.second]\nimage = "busybox"\nnetwork = "lan"\ncommand = ["nosuchcommand"]\n',
        encoding="utf-8",
    )
    failed = run("spawn", "--file", str(file))
    assert failed.code == 1
    assert "second1 could not start" in failed.err
    assert names(engine) == []
    assert "lan" not in {row["Name"] for row in engine.api.networks()}
    assert engine.api.volumes()["Volumes"] in (None, [])


def moments(lab: Lab, env: dict[str, str], *argv: str) -> list[float]:
    """Some moments, anywhere from the start of a command to its end."""
    start = time.monotonic()
    with begun(env, *argv) as whole:
        _, said = whole.communicate(timeout=120)
    assert whole.returncode == 0, said
    lasts = time.monotonic() - start
    chance = random.Random()  # noqa: S311 - any moment will do
    times = MOMENTS if lab.flavour == DEFAULT_FLAVOUR else FEWER
    return [chance.uniform(0.05, lasts) for _ in range(times)]


def test_ctrl_c_at_any_moment_leaves_all_or_nothing(
    run: Command, engine: Engine, lab: Lab, program_env: dict[str, str]
) -> None:
    run.ok("spawn", "busybox", "--name", "kept", *SLEEP)
    command = ("spawn", "busybox", "-n", "8", "-v", "/data", *SLEEP)
    for moment in moments(lab, program_env, *command):
        run.ok("rm", "busybox", "--force", "--volumes", "--yes")
        with begun(program_env, *command) as spawn:
            time.sleep(moment)
            spawn.send_signal(signal.SIGINT)
            _, said = spawn.communicate(timeout=60)
        found = [name for name in names(engine) if name != "kept1"]
        if spawn.returncode == 0 or len(found) == 8:
            assert len(found) == 8, (moment, said)
        else:
            # On a slow machine the moment can come before Python has loaded anything of ours.
            began = "manager" in said or not said
            assert spawn.returncode in {130, -signal.SIGINT} or not began, (moment, said)
            assert found == [], (moment, said)
            assert engine.api.volumes()["Volumes"] in (None, []), moment
            run.ok("spawn", "busybox", *SLEEP)


def at_rest(engine: Engine) -> tuple[Container, ...]:
    """The members of busybox, once the engine has done what it was asked for last."""
    before: object = None
    while True:
        made = engine.containers.list("dockmgr.group=busybox")
        now = [(one.id, one.state) for one in made]
        if now == before:
            return made
        before = now
        time.sleep(1)


def test_a_kill_at_any_moment_leaves_what_the_next_command_can_finish_or_remove(
    run: Command, engine: Engine, lab: Lab, program_env: dict[str, str]
) -> None:
    run.ok("spawn", "busybox", "--name", "kept", *SLEEP)
    command = ("spawn", "busybox", "-n", "20", "-e", "SECRET=s3cret", "-e", "ID={n}", *SLEEP)
    unfinished_ones = 0
    for turn, moment in enumerate(moments(lab, program_env, *command)):
        run.ok("rm", "busybox", "--force", "--yes") if "busybox1" in names(engine) else None
        with begun(program_env, *command) as spawn:
            time.sleep(moment)
            spawn.kill()
            spawn.wait()
        made = at_rest(engine)
        whole = len(made) == 20 and all(one.state != "created" for one in made)
        told = run.ok("ls").err
        assert ("was interrupted" in told) == bool(made and not whole), (moment, told)
        if not made or whole:
            continue
        unfinished_ones += 1
        if turn % 2:
            removed = run.ok("recover", "--remove", "--yes")
            assert f"removed {len(made)} container" in removed.out
            assert names(engine) == ["kept1"]
        else:
            finished = run.ok("recover", "--finish", "busybox")
            assert "finished busybox: busybox1, " in finished.out
            found = engine.containers.list("dockmgr.group=busybox")
            assert sorted(one.name for one in found) == sorted(f"busybox{n}" for n in range(1, 21))
            assert {one.state for one in found} == {"running"}
            assert len({one.labels[SPAWN_LABEL] for one in found}) == 1
            for one in found:
                env = engine.containers.inspect(one.id)["Config"]["Env"]
                assert {"SECRET=s3cret", f"ID={one.index}"} <= set(env)
        assert "was interrupted" not in run.ok("ls").err
    # Of few moments none may have met it.
    assert unfinished_ones or turn + 1 < MOMENTS, (
        "no moment fell between the first container and the last"
    )
