"""Groups that live: files, waiting, scaling, rolling restarts, commands in all members."""

from pathlib import Path

from manager.engine.client import Engine
from manager.model.containers import SPAWN_LABEL
from tests.command import Command

SLEEP = ("--", "sleep", "600")


def names(engine: Engine) -> list[str]:
    return sorted(container.name for container in engine.containers.list())


def started(engine: Engine, identity: str) -> str:
    told: str = engine.containers.inspect(identity)["State"]["StartedAt"]
    return told


def test_a_template_names_and_the_number_reaches_every_value(run: Command, engine: Engine) -> None:
    run.ok(
        *("spawn", "busybox", "--name", "web-{n:02}", "--start", "9", "-n", "2"),
        *("-e", "ID={n}", "--hostname", "h{n:03}", "-l", "rank={n}", "-v", "vol{n}:/data"),
        *("--", "sh", "-c", "echo member {n} of ${DOCKMGR_GROUP}; sleep 600"),
    )
    assert names(engine) == ["web-09", "web-10"]
    told = engine.containers.inspect("web-10")
    assert told["Config"]["Hostname"] == "h010"
    assert "ID=10" in told["Config"]["Env"]
    assert told["Config"]["Labels"]["rank"] == "10"
    assert [mount["Name"] for mount in told["Mounts"]] == ["vol10"]
    assert run.ok("logs", "web").out == "web-09 | member 9 of web\nweb-10 | member 10 of web\n"
    run.ok("spawn", "busybox", "--name", "web", *SLEEP)
    assert names(engine)[-1] == "web-11"
    run.ok("rm", "web-09", "web", "--force", "--yes")
    for number in (9, 10):
        engine.api.remove_volume(f"vol{number}")


def test_scaling_up_makes_more_of_the_same_and_down_takes_the_highest(
    run: Command, engine: Engine
) -> None:
    run.ok(
        *("spawn", "busybox", "--name", "job", "-n", "3", "-p", "9000:80", "--memory", "32m"),
        *("-e", "SECRET=s3cret", "-e", "ID={n}", *SLEEP),
    )
    run.ok("rm", "job2", "--yes", "-t", "0")
    planned = run.ok("scale", "job", "4", "--dry-run")
    assert "create job2 (from busybox:latest, publishing 9001:80/tcp)" in planned.out
    assert "create job4" in planned.out
    grown = run.ok("scale", "job", "4", "--json")
    assert [row["name"] for row in grown.data] == ["job2", "job4"]
    second = engine.containers.inspect("job2")
    assert {"SECRET=s3cret", "ID=2", "DOCKMGR_INDEX=2"} <= set(second["Config"]["Env"])
    assert second["HostConfig"]["Memory"] == 32 * 1024**2
    for container in engine.containers.list():
        assert "s3cret" not in str(container.labels)
    assert "nothing to do" in run.ok("scale", "job", "4", "--dry-run").out
    refused = run("scale", "job", "1")
    assert refused.code == 1
    assert "remove job4" in refused.err
    assert len(names(engine)) == 4
    shrunk = run.ok("scale", "job", "1", "--yes", "-t", "0")
    assert shrunk.out.splitlines()[-1].startswith("removed job")
    assert names(engine) == ["job1"]
    run.ok("scale", "job", "0", "--yes", "-t", "0")
    assert names(engine) == []
    assert "no container or group is called job\n" in run("scale", "job", "2").err


def test_waiting_for_a_port_a_page_and_a_line(run: Command, engine: Engine) -> None:
    run.ok("spawn", "nginx", "-n", "2", "-p", "8080:80", "--wait-port", "80", "--wait-http", "/")
    slow = "echo starting; sleep 1; echo now ready; sleep 600"
    run.ok("spawn", "busybox", "-n", "2", "--wait-log", "^now", "--", "sh", "-c", slow)
    assert run.ok("logs", "busybox1").out == "starting\nnow ready\n"
    late = run(
        *("spawn", "nginx", "--name", "late", "-p", "8090:80"),
        *("--wait-http", "/nosuchpage", "--timeout", "1s"),
    )
    assert late.code == 1
    assert "late1 is not ready after 1 s: GET /nosuchpage answered 404" in late.err
    silent = run("spawn", "busybox", "--name", "mute", "--wait-log", "x", "--timeout", "1s", *SLEEP)
    assert "mute1 is not ready after 1 s: no line of its log matches 'x'" in silent.err
    assert names(engine) == ["busybox1", "busybox2", "nginx1", "nginx2"]


def test_a_container_that_ends_is_not_ready_even_if_it_did_its_work(
    run: Command, engine: Engine
) -> None:
    failed = run("spawn", "busybox", "--wait", "--", "true")
    if failed.code == 0:
        # It ran when it was looked at, and ended well later: that is what was asked for.
        assert names(engine) == ["busybox1"]
    else:
        assert "busybox1 ended before it was ready: exit code 0" in failed.err
        assert names(engine) == []


def test_waiting_for_health(run: Command, engine: Engine) -> None:
    made = run(
        *("spawn", "busybox", "-n", "2", "--wait", "--health-cmd", "test -e /ready"),
        *("--health-interval", "200ms", "--timeout", "5s" if engine.is_podman else "60s"),
        *("--", "sh", "-c", "sleep 0.5; touch /ready; sleep 600"),
    )
    if engine.is_podman:
        # Podman has its checks run by systemd, which a lab has not: it never gets healthy here.
        assert "are not ready after 5 s: busybox1: its health check has not passed" in made.err
    else:
        assert made.code == 0, made
        assert made.out.count("(healthy)") == 2


def test_a_rolling_restart_goes_one_by_one_and_stops_at_the_first_that_fails(
    run: Command, engine: Engine
) -> None:
    script = "if [ -e /mark ] && [ {n} = 2 ]; then exit 3; fi; touch /mark; echo up; sleep 600"
    run.ok("spawn", "busybox", "-n", "3", "--wait-log", "up", "--", "sh", "-c", script)
    before = {one.name: started(engine, one.id) for one in engine.containers.list()}
    rolled = run("restart", "busybox", "--rolling", "-t", "0")
    assert rolled.code == 5
    assert "restarted busybox1" in rolled.out
    assert "busybox2 ended before it was ready: exit code 3" in rolled.err
    assert "not restarted: busybox3" in rolled.err
    after = {one.name: started(engine, one.id) for one in engine.containers.list()}
    assert after["busybox1"] > before["busybox1"]
    assert after["busybox3"] == before["busybox3"]


def test_a_command_in_all_members(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", "-n", "3", *SLEEP)
    script = (
        "echo I am $DOCKMGR_INDEX; echo to stderr >&2; "
        "test $DOCKMGR_INDEX = 1 || exit 4$DOCKMGR_INDEX"
    )
    done = run("exec", "busybox", "--", "sh", "-c", script)
    assert done.code == 42
    assert sorted(done.out.splitlines()) == [f"busybox{n} | I am {n}" for n in (1, 2, 3)]
    assert "busybox3 | to stderr" in done.err
    assert "busybox2: exit code 42" in done.err
    alone = run.ok("exec", "--user", "1000", "-e", "X=y", "-w", "/bin", "busybox2", "env")
    assert "X=y" in alone.out.splitlines()
    # Engines before 28 say 126 themselves.
    assert run("exec", "busybox", "--", "nosuchcommand").code in {126, 127}
    refused = run("exec", "nosuchgroup", "--", "true")
    assert (refused.code, "no container or group is called" in refused.err) == (125, True)
    around = run.ok(
        "exec", "busybox2", "--user", "1000", "-w", "/bin", "--", "sh", "-c", "id -u; pwd"
    )
    assert around.out.splitlines() == ["1000", "/bin"]
    assert "-rwx" in run.ok("exec", "busybox2", "ls", "-l", "/bin/busybox").out
    assert run("exec", "busybox", "--nosuch", "--", "true").code == 2
    terminal = run("exec", "-it", "busybox2", "sh")
    assert (terminal.code, "docker exec -it NAME sh" in terminal.err) == (2, True)
    planned = run.ok("exec", "busybox2", "--dry-run", "--", "rm", "-r", "/bin")
    assert planned.out == "exec busybox2 (runs rm -r /bin)\n"
    both = run.ok("exec", "busybox2", "--dry-run", "--explain", "--json", "--", "rm", "-r", "/bin")
    assert [it["verb"] for it in both.data["steps"]] == ["exec"]
    (line,) = (it["line"] for it in both.data["docker"])
    assert line.endswith("exec busybox2 rm -r /bin")
    assert run.ok("exec", "busybox2", "true").out == ""
    run.ok("stop", "busybox2", "-t", "0")
    stopped = run("exec", "busybox", "--", "true")
    assert (stopped.code, "busybox2 is not running" in stopped.err) == (125, True)
    assert names(engine) == ["busybox1", "busybox2", "busybox3"]


def test_a_file_makes_several_groups_and_again_only_what_is_missing(
    run: Command, engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "groups.toml"
    file.write_text(
        'networks = ["lan"]\n'
        '[group.db]\nimage = "busybox"\nnetwork = "lan"\nnetwork_alias = ["db"]\n'
        'command = ["sh", "-c", "echo up; sleep 600"]\nwait_log = "up"\n'
        '[group.web]\nimage = "busybox"\nname = "web-{n}"\ncount = 2\nnetwork = "lan"\n'
        'env = ["ID={n}"]\ncommand = ["sh", "-c", "nslookup db && sleep 600"]\n',
        encoding="utf-8",
    )
    try:
        planned = run.ok("spawn", "-f", str(file), "--dry-run")
        assert planned.out.splitlines()[0] == "make network lan (unless it exists)"
        run.ok("spawn", "-f", str(file))
        assert names(engine) == ["db1", "web-1", "web-2"]
        assert len({one.labels[SPAWN_LABEL] for one in engine.containers.list()}) == 1
        run.ok("rm", "web-1", "--force", "--yes")
        again = run.ok("spawn", "-f", str(file), "--json")
        assert [row["name"] for row in again.data] == ["web-1"]
    finally:
        run("rm", "db", "web", "--force", "--yes")
        engine.api.remove_network("lan")


def test_pull_policies(run: Command, engine: Engine) -> None:
    if engine.images.find("docker.io/library/hello-world:latest"):
        engine.api.remove_image("hello-world")
    refused = run("spawn", "hello-world", "--pull", "never")
    assert (refused.code, "--pull never forbids pulling it" in refused.err) == (1, True)
    run.ok("spawn", "hello-world")
    planned = run.ok("spawn", "hello-world", "--pull", "always", "--dry-run")
    assert planned.out.startswith("pull hello-world:latest (asked for)\n")
    run.ok("spawn", "hello-world", "--pull", "always")
    assert names(engine) == ["hello-world1", "hello-world2"]
