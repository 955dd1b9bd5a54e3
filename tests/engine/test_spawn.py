"""Spawning for real: names, ports, all or nothing, and many at once."""

import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from manager.engine.client import Engine
from manager.lab.state import Lab
from manager.model.containers import SPAWN_LABEL
from tests.command import Command
from tests.engine.inside import listener

UNTIL_ENDED = ("--settle", "30s")
"""A container that ends at once is seen on a slow machine too; nobody waits any longer."""


def names(engine: Engine) -> list[str]:
    return sorted(container.name for container in engine.containers.list())


def test_three_from_one_image_that_must_be_pulled(run: Command) -> None:
    made = run.ok("spawn", "nginx", "--count", "3", "--publish", "8080:80", "--json")
    assert [row["name"] for row in made.data] == ["nginx1", "nginx2", "nginx3"]
    urls = [port["url"] for row in made.data for port in row["ports"] if port["url"]]
    ports = {url.rpartition(":")[2] for url in urls}
    assert ports == {"8080", "8081", "8082"}
    for url in urls:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http URL
            assert answer.status == 200
            assert b"nginx" in answer.read()


def test_the_table_shows_name_id_state_and_address(run: Command, engine: Engine) -> None:
    shown = run.ok("spawn", "nginx", "--publish", "80")
    (member,) = engine.containers.list()
    heading, row = shown.out.splitlines()
    assert heading.split() == ["NAME", "ID", "STATE", "ADDRESS"]
    assert row.startswith(f"nginx1  {member.short_id}  up ")
    assert f":{member.published_ports[0].host_port}" in row
    assert "hint" not in shown.err


def test_ports_that_are_not_published_are_hinted_at(run: Command) -> None:
    assert "the image listens on 80/tcp and nothing is published" in run.ok("spawn", "nginx").err


def test_again_makes_more_and_ensure_makes_so_many_in_all(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", "-n", "2", "--", "sleep", "600")
    run.ok("rm", "busybox1", "--yes", "-t", "0")
    run.ok("spawn", "busybox", "-n", "2", "--", "sleep", "600")
    assert names(engine) == ["busybox1", "busybox2", "busybox3"]
    run.ok("spawn", "busybox", "-n", "4", "--ensure", "--", "sleep", "600")
    again = run.ok("spawn", "busybox", "-n", "4", "--ensure", "--", "sleep", "600")
    assert names(engine) == ["busybox1", "busybox2", "busybox3", "busybox4"]
    assert "note: group busybox already has 4" in again.err


def test_each_member_knows_its_place(run: Command) -> None:
    show = "echo $DOCKMGR_GROUP $DOCKMGR_INDEX $GREETING; sleep 600"
    run.env["GREETING"] = "hello"
    run.ok("spawn", "busybox", "--name", "w", "-n", "2", "-e", "GREETING", "--", "sh", "-c", show)
    assert run.ok("logs", "w").out == "w1 | w 1 hello\nw2 | w 2 hello\n"


def test_dry_run_changes_nothing(run: Command, engine: Engine) -> None:
    shown = run.ok("spawn", "busybox", "-n", "2", "--dry-run")
    assert "create busybox1 (from busybox:latest)\n" in shown.out
    assert names(engine) == []


def test_a_command_that_does_not_exist_leaves_nothing(run: Command, engine: Engine) -> None:
    failed = run("spawn", "busybox", "-n", "3", "--", "nosuchcommand")
    assert failed.code == 1
    assert failed.out == ""
    assert "could not start" in failed.err
    assert 'exec: "nosuchcommand"' in failed.err
    assert "hint: the container's PATH has no program nosuchcommand; " in failed.err
    assert "docker run --rm --entrypoint ls busybox:latest /bin\n" in failed.err
    whole = run("spawn", "busybox", "--", "echo hello")
    assert "hint: 'echo hello' was read as the name of one program" in whole.err
    closed = run("spawn", "busybox", "--", "/etc/passwd")
    assert "hint: /etc/passwd exists but is not executable" in closed.err
    nowhere = run("spawn", "busybox", "--", "/no/such")
    assert "hint: /no/such does not exist in the container; " in nowhere.err
    silent = run("spawn", "busybox", *UNTIL_ENDED, "--", "false")
    assert "hint: it wrote nothing; it ran: " in silent.err
    assert "false" in silent.err.rpartition("it ran: ")[2]
    assert names(engine) == []


def test_an_image_whose_command_ends_at_once_is_said_to(run: Command, engine: Engine) -> None:
    made = run.ok("spawn", "busybox", *UNTIL_ENDED)
    assert (
        "hint: busybox1 ended right away: a container runs only as long as its command" in made.err
    )
    assert "hint:" not in run.ok("spawn", "busybox", *UNTIL_ENDED, "--", "true").err
    assert names(engine) == ["busybox1", "busybox2"]


def test_a_container_that_fails_at_once_is_shown_with_its_last_lines(
    run: Command, engine: Engine
) -> None:
    script = 'if [ "$DOCKMGR_INDEX" = 2 ]; then echo no luck >&2; exit 7; fi; sleep 600'
    failed = run("spawn", "busybox", "-n", "3", *UNTIL_ENDED, "--", "sh", "-c", script)
    assert failed.code == 1
    assert "busybox2 ended right after its start: exit code 7" in failed.err
    assert "(the 3 containers made by this spawn were removed again)" in failed.err
    assert "  | no luck\n" in failed.err
    assert names(engine) == []


def test_a_container_that_has_done_its_work_is_no_failure(run: Command, engine: Engine) -> None:
    run.ok("spawn", "hello-world", "-n", "2", *UNTIL_ENDED)
    assert {container.state for container in engine.containers.list()} == {"exited"}


def test_a_taken_port_is_skipped(run: Command, engine: Engine) -> None:
    run.ok("spawn", "nginx", "--name", "first", "-p", "8081:80")
    planned = run.ok("spawn", "nginx", "--name", "second", "-n", "2", "-p", "8080:80", "--dry-run")
    made = run.ok("spawn", "nginx", "--name", "second", "-n", "2", "-p", "8080:80", "--json")
    assert "create second2 (from nginx:latest, publishing 8082:80/tcp)" in planned.out
    for said in (planned.out, made.err):
        assert "note: port 8081 is taken by first1; second2 gets 8082" in said
    ports = {row["name"]: {port["host_port"] for port in row["ports"]} for row in made.data}
    assert ports == {"second1": {8080}, "second2": {8082}}
    assert names(engine) == ["first1", "second1", "second2"]


def test_a_port_of_another_program_is_skipped(run: Command, lab: Lab) -> None:
    with listener(lab, 8080):
        made = run.ok("spawn", "nginx", "-p", "8080:80", "--json")
    assert "note: port 8080 is taken by another program; nginx1 gets 8081" in made.err
    assert {port["host_port"] for port in made.data[0]["ports"]} == {8081}


def test_anonymous_volumes_go_with_what_is_taken_back(run: Command, engine: Engine) -> None:
    failed = run("spawn", "busybox", "-n", "2", "-v", "/data", "--", "nosuchcommand")
    assert failed.code == 1
    assert engine.api.volumes()["Volumes"] in (None, [])


def test_a_foreign_container_is_left_alone(run: Command, engine: Engine) -> None:
    run.ok("pull", "busybox")
    foreign = engine.containers.create("busybox2", {"Image": "busybox", "Cmd": ["sleep", "600"]})
    made = run.ok("spawn", "busybox", "-n", "2", "--", "sleep", "600")
    assert "busybox2 does not belong to this group" in made.err
    assert names(engine) == ["busybox1", "busybox2", "busybox3"]
    run.ok("rm", "busybox", "--yes", "-t", "0")
    assert [container.id for container in engine.containers.list()] == [foreign]


def test_a_group_never_mixes_two_images(run: Command, engine: Engine) -> None:
    run.ok("spawn", "nginx")
    refused = run("spawn", "nginx:stable")
    assert refused.code == 1
    assert "a group never mixes images" in refused.err
    run.ok("spawn", "nginx:stable", "--name", "stable")
    assert names(engine) == ["nginx1", "stable1"]


def test_options_reach_the_container(run: Command, engine: Engine) -> None:
    engine.api.create_network("lan")
    try:
        run.ok(
            *("spawn", "busybox", "--name", "w", "--network", "lan", "--label", "stage=test"),
            *("--volume", "/data", "--", "sleep", "600"),
        )
        told = engine.containers.inspect("w1")
        assert list(told["NetworkSettings"]["Networks"]) == ["lan"]
        assert told["Config"]["Labels"]["stage"] == "test"
        assert [mount["Destination"] for mount in told["Mounts"]] == ["/data"]
    finally:
        run.ok("rm", "w", "--yes", "--volumes", "-t", "0")
        engine.api.remove_network("lan")


def test_a_folder_of_the_host_is_mounted_or_refused(run: Command, lab: Lab) -> None:
    run.ok("spawn", "busybox", "-v", "./tests:/here:ro", "--", "ls", "/here")
    assert "conftest.py" in run.ok("logs", "busybox").out
    refused = run("spawn", "busybox", "-v", "/etc:/there")
    assert refused.code == 1
    assert f"lab {lab.name!r} does not see /etc" in refused.err


def test_two_spawns_of_twenty_at_the_same_moment(
    run: Command, engine: Engine, program_env: dict[str, str]
) -> None:
    run.ok("pull", "nginx")
    command = [sys.executable, "-m", "manager", "spawn", "nginx", "--count", "20"]

    def spawn(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=program_env, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(spawn, range(2)))
    assert [result.returncode for result in results] == [0, 0], results
    found = engine.containers.list()
    assert len({container.name for container in found}) == len(found) == 40
    assert {container.state for container in found} == {"running"}
    assert len({container.labels[SPAWN_LABEL] for container in found}) == 2
    run.ok("rm", "nginx", "--yes")


def test_two_ensures_at_the_same_moment_make_so_many_in_all(
    run: Command, engine: Engine, program_env: dict[str, str]
) -> None:
    run.ok("pull", "busybox")
    command = [sys.executable, "-m", "manager", "spawn", "busybox", "--ensure", "-n", "12"]
    command += ["--", "sleep", "600"]

    def spawn(_: int) -> int:
        return subprocess.run(command, env=program_env, capture_output=True, check=False).returncode

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(spawn, range(3))) == [0, 0, 0]
    assert names(engine) == sorted(f"busybox{number}" for number in range(1, 13))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["spawn", "Nginx"], "lowercase"),
        (["spawn", "nginx", "--count", "0"], "makes nothing"),
        (["spawn", "nginx", "--count", "two"], "'two' is not a valid"),
        (["spawn", "nginx", "--publish", "x:80"], "is not a port"),
        (["spawn", "nginx", "--name", "no/slash"], "is not a valid group name"),
        (["spawn", "nginx", "--label", "dockmgr.group=x"], "is reserved for dockmgr"),
        (["spawn", "nginx", "--env", "=x"], "needs a name"),
        (["spawn", "nginx", "--volume", ":/x"], "empty part"),
        (["spawn", "nginx", "--memory", "much"], "is not a valid size"),
        (["spawn", "nginx", "--rm", "--restart", "always"], "cannot be combined with"),
        (["spawn", "nginx", "--name", "{n}{n}"], "more than one place"),
        (["spawn", "nginx", "--env", "A={n:x}"], "is not a valid number format"),
        (["spawn", "nginx", "--platform", "my pc"], "is not a valid platform"),
        (["spawn", "nginx", "--pull", "often"], "'often' is not one of"),
        (["spawn", "nginx", "--wait-log", "("], "is not a valid regular expression"),
        (["spawn", "nginx", "--wait-port", "80"], "is not published"),
        (["spawn", "nginx", "--wait-http", "/"], "has no port"),
        (["spawn", "nginx", "--wait", "--timeout", "soon"], "is not a valid duration"),
        (["spawn", "nginx", "--file", "x.toml"], "cannot be combined with"),
        (["spawn", "--file", "x.toml", "--count", "2"], "cannot be combined with"),
        (["spawn"], "missing argument"),
        (["spawn", "nginx", "--nosuch"], "no such option"),
    ],
)
def test_bad_input_is_a_usage_error_with_a_hint(
    run: Command, engine: Engine, argv: list[str], message: str
) -> None:
    refused = run(*argv)
    assert refused.code == 2
    assert message in refused.err.lower()
    assert refused.err.count("error: ") == refused.err.count("hint: ") == 1
    assert refused.out == ""
    assert names(engine) == []
