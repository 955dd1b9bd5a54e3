"""Finishing and removing what was interrupted: what was there before is never put at risk."""

import os
from collections.abc import Iterator

import pytest

from manager.engine import resources
from manager.engine.client import Engine
from manager.groups import spawn_records
from manager.model.containers import SPAWN_LABEL
from manager.system import folders
from tests.command import Command

SLEEP = ("--", "sleep", "600")


@pytest.fixture(autouse=True)
def nothing_unfinished(engine: Engine) -> Iterator[None]:
    yield
    for record in spawn_records.find_abandoned_records(engine.endpoint.host):
        record.delete()


def names(engine: Engine) -> list[str]:
    return sorted(container.name for container in engine.containers.list())


def cut(engine: Engine, *numbers: int, identity: str = "") -> str:
    """Leave a record as a killed spawn of busybox does: of what is there, and of more."""
    made = engine.containers.list("dockmgr.group=busybox")
    identity = identity or made[0].labels[SPAWN_LABEL]
    with spawn_records.record_spawn(identity, engine.endpoint.host, {"busybox": numbers}):
        pass
    return identity


def test_a_finish_that_fails_leaves_what_was_there(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", "-n", "2", "-p", "8080:80", *SLEEP)
    before = {one.name: one.id for one in engine.containers.list()}
    cut(engine, 1, 2, 3)
    run.ok("stop", "busybox1", "--timeout", "0")
    api = engine.api
    port = api.create_host_config(port_bindings={80: 8080})
    thief = api.create_container(
        "busybox", ["sleep", "600"], name="thief", ports=[80], host_config=port
    )
    api.start(thief["Id"])
    failed = run("recover", "--finish")
    assert failed.code == 1, failed
    assert "earlier ones are kept" in failed.err
    assert names(engine) == ["busybox1", "busybox2", "thief"]
    assert {one.id for one in engine.containers.list() if one.group == "busybox"} == set(
        before.values()
    )
    api.remove_container(thief["Id"], force=True)
    assert "was interrupted: 2 of 3 made, 1 running" in run.ok("ls").err
    assert "finished busybox: busybox1, busybox2, busybox3" in run.ok("recover", "--finish").out


def test_what_only_has_the_label_is_nobodys_member(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", *SLEEP)
    api = engine.api
    api.commit("busybox1", "localhost/mine", "1")
    made = api.create_container("localhost/mine:1", ["sleep", "600"], name="mine")
    api.start(made["Id"])
    try:
        cut(engine, 1, 2)
        assert "1 of 2 made" in run.ok("ls").err
        removed = run.ok("recover", "--remove", "--yes")
        assert "this removes busybox1 with their anonymous volumes" in removed.err
        assert names(engine) == ["mine"]
    finally:
        api.remove_container(made["Id"], force=True)
        api.remove_image("localhost/mine:1")


def test_what_was_to_go_is_not_settled_by_having_been_made_once(
    run: Command, engine: Engine
) -> None:
    run.ok("spawn", "busybox", "-n", "2", *SLEEP)
    identity = engine.containers.list()[0].labels[SPAWN_LABEL]
    run.ok("stop", "busybox2", "--timeout", "0")
    host = engine.endpoint.host
    with spawn_records.record_spawn(identity, host, {"busybox": [1, 2]}) as record:
        record.mark_rollback_failed()
    assert "was interrupted: 2 of 2 made, 1 running" in run.ok("ls").err
    run.ok("recover", "--finish")
    assert all(one.is_running for one in engine.containers.list())
    assert "was interrupted" not in run.ok("ls").err
    assert not spawn_records.find_abandoned_records(host)


def test_a_network_is_shown_before_it_is_removed(run: Command, engine: Engine) -> None:
    resources.make_network(engine, "left", {SPAWN_LABEL: "abc"})
    try:
        cut(engine, 1, identity="abc")
        os.utime(folders.spawns_folder() / "abc", (0, 0))
        assert "the spawn of busybox was interrupted: 0 of 1 made" in run.ok("ls").err
        assert "left" in {network.name for network in resources.list_networks(engine)}
        assert "this removes network left" in run.ok("recover", "--remove", "--yes").err
        assert "left" not in {network.name for network in resources.list_networks(engine)}
        assert "cut off" not in run.ok("ls").err
    finally:
        for network in resources.list_networks(engine):
            if network.name == "left":
                resources.remove_network(engine, network.id)


def test_what_another_spawn_has_made_since_is_not_made_again(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", *SLEEP)
    cut(engine, 1, 2, 3)
    assert "1 of 3 made" in run.ok("ls").err
    run.ok("spawn", "busybox", "-n", "3", "--ensure", *SLEEP)
    assert "cut off" not in run.ok("ls").err
    assert names(engine) == ["busybox1", "busybox2", "busybox3"]


def test_only_the_numbers_that_were_asked_for_are_made(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", "--start", "4", *SLEEP)
    cut(engine, 4, 5, 7)
    run.ok("recover", "--finish")
    assert names(engine) == ["busybox4", "busybox5", "busybox7"]


@pytest.mark.usefixtures("engine")
def test_a_file_that_is_no_record_stops_no_command(run: Command) -> None:
    odd = folders.spawns_folder() / "odd"
    odd.mkdir(parents=True)
    try:
        assert "bug" not in run.ok("ls").err
    finally:
        odd.rmdir()


def test_a_line_of_a_second_life_is_waited_for(run: Command, engine: Engine) -> None:
    script = "[ -e /tmp/x ] && echo I am ready && exec sleep 600; touch /tmp/x; sleep 0.5; exit 1"
    wish = ("--restart", "on-failure", "--wait-log", "am ready", "--timeout", "30s")
    run.ok("spawn", "busybox", *wish, "--", "sh", "-c", script)
    (one,) = engine.containers.list()
    assert one.is_running


def test_a_port_of_the_engines_own_loopback_is_not_looked_for_here(run: Command) -> None:
    wish = ("-p", "127.0.0.1:8080:80", "--wait-port", "80")
    refused = run("spawn", "busybox", *wish, "--", "sleep", "600")
    assert refused.code == 1
    assert "port 80 of busybox1 is published at 127.0.0.1 on the engine's host" in refused.err


def test_a_port_on_the_machines_own_network_is_waited_for(run: Command, engine: Engine) -> None:
    run.ok("spawn", "nginx", "--network", "host", "--wait-port", "80", "--timeout", "30s")
    assert names(engine) == ["nginx1"]


def test_no_time_to_stop_is_a_time_too(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", "--stop-timeout", "0", *SLEEP)
    assert engine.containers.inspect("busybox1")["Config"]["StopTimeout"] == 0
