"""The commands on containers and images that exist, on a real engine."""

import json

import pytest

from manager.disk import observe
from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.untagging import plan_untag
from manager.disk.remove_images import untag_images
from manager.engine.client import Engine
from tests.command import Command

SLEEP = ("--", "sleep", "600")


def states(engine: Engine) -> dict[str, str]:
    return {container.name: container.state for container in engine.containers.list()}


def test_a_life_from_start_to_removal(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", "-d", "-n", "3", *SLEEP)
    listed = run.ok("ls", "-a", "-q").out.splitlines()
    assert listed == [it.id[:12] for it in sorted(engine.containers.list(), key=lambda c: c.name)]
    wrong = run("stop", "busybox2", "-t", "soon")
    assert (wrong.code, wrong.err.splitlines()[0]) == (
        2,
        "error: --timeout 'soon' is not a valid duration",
    )
    assert run("stop", "busybox2", "-t", "-1").code == 2
    assert run.ok("stop", "busybox2", "-t", "0s").out == "stopped busybox2\n"
    assert states(engine)["busybox2"] == "exited"
    assert run.ok("start", "busybox").out == "started busybox2\n"
    before = engine.containers.inspect("busybox1")["State"]["StartedAt"]
    assert run.ok("restart", "busybox1", "-t", "0").out == "restarted busybox1\n"
    assert engine.containers.inspect("busybox1")["State"]["StartedAt"] > before
    removed = run.ok("rm", "busybox", "-t", "0", "--yes").out.splitlines()
    assert sorted(removed)[:3] == ["removed busybox1", "removed busybox2", "removed busybox3"]
    assert states(engine) == {}


def test_nothing_is_removed_without_a_yes(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", *SLEEP)
    refused = run("rm", "busybox")
    assert refused.code == 1
    assert "remove busybox1 (made from busybox:latest)" in refused.err
    assert "nothing was removed: a confirmation needs a terminal" in refused.err
    assert run.ok("rm", "busybox", "--dry-run").out.startswith("stop busybox1 (running)\n")
    assert states(engine) == {"busybox1": "running"}


def test_the_list_in_a_pipe_is_a_table_without_colour(run: Command) -> None:
    run.ok("spawn", "busybox", "-n", "2", *SLEEP)
    heading, *rows = run.ok("ls").out.splitlines()
    assert heading.split() == ["IMAGE", "NAME", "ID", "STATE", "ADDRESS"]
    assert [row.split()[:2] for row in rows] == [
        ["busybox:latest", "busybox1"],
        ["busybox:latest", "busybox2"],
    ]
    assert "\x1b" not in "".join(rows)


def test_the_tree_has_containers_under_their_image(run: Command) -> None:
    run.ok("spawn", "busybox", "-n", "2", *SLEEP)
    run.ok("stop", "busybox2", "-t", "0")
    image, first, second = run.ok("ls", "--tree").out.splitlines()
    assert image.endswith("2 containers, 1 running")
    assert first.startswith("├── busybox1  ")
    assert second.startswith("└── busybox2  ")
    assert "exited" in second


def test_a_container_made_by_a_short_name_stands_under_the_whole_one(
    run: Command, engine: Engine
) -> None:
    run.ok("pull", "busybox")
    made = engine.api.create_container("busybox", ["sleep", "600"], name="one")
    assert run.ok("ls").out.splitlines()[1].split()[:2] == ["busybox:latest", "one"]
    engine.containers.remove(made["Id"], force=True)


def test_the_list_as_json(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", *SLEEP)
    (row,) = run.ok("ls", "--json").data
    told = engine.containers.inspect("busybox1")
    assert row["id"] == told["Id"]
    assert (row["name"], row["group"], row["index"]) == ("busybox1", "busybox", 1)
    assert (row["state"], row["ports"]) == ("running", [])


def test_an_empty_engine_says_what_to_do(run: Command) -> None:
    nothing = run.ok("ls")
    assert nothing.out == ""
    assert "no containers" in nothing.err
    assert run.ok("ls", "--json").data == []


def test_names_that_stand_for_nothing(run: Command) -> None:
    run.ok("spawn", "busybox", *SLEEP)
    for verb in ("stop", "start", "restart", "rm", "logs", "ls"):
        refused = run(verb, "busibox")
        assert refused.code == 1
        assert "no container or group is called busibox" in refused.err
        assert "hint: did you mean busybox?" in refused.err


def test_what_is_not_dockmgrs_own_is_named_exactly(run: Command, engine: Engine) -> None:
    run.ok("pull", "busybox")
    engine.containers.create("database7", {"Image": "busybox"})
    assert run("rm", "database", "--yes").code == 1
    assert run.ok("rm", "database7", "--yes").out == "removed database7\n"


def test_logs_of_one_of_many_and_as_json(run: Command) -> None:
    script = "echo out; echo err >&2; exec sleep 600"
    run.ok("spawn", "busybox", "-n", "2", "--", "sh", "-c", script)
    assert sorted(run.ok("logs", "busybox1").out.splitlines()) == ["err", "out"]
    assert len(run.ok("logs", "busybox").out.splitlines()) == 4
    assert len(run.ok("logs", "busybox", "--tail", "1").out.splitlines()) == 2
    rows = [json.loads(line) for line in run.ok("logs", "busybox", "--json").out.splitlines()]
    assert {row["name"] for row in rows} == {"busybox1", "busybox2"}
    assert {row["text"] for row in rows} == {"out", "err"}


def test_following_ends_with_the_containers(run: Command) -> None:
    script = "for i in 1 2 3; do echo $i; sleep 0.4; done"
    run.ok("spawn", "busybox", "-n", "2", "--", "sh", "-c", script)
    followed = run.ok("logs", "busybox", "--follow").out.splitlines()
    assert [line for line in followed if line.startswith("busybox2")] == [
        "busybox2 | 1",
        "busybox2 | 2",
        "busybox2 | 3",
    ]


def test_images_and_the_containers_made_from_them(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", *SLEEP)
    row = next(row for row in run.ok("images", "--json").data if "busybox:latest" in row["tags"])
    assert row["containers"] == ["busybox1"]
    assert row["id"] == engine.images.find("busybox").id  # type: ignore[union-attr]
    assert "busybox:latest" in run.ok("images").out


def test_an_image_in_use_is_refused_and_its_containers_named(run: Command) -> None:
    run.ok("spawn", "busybox", "-n", "2", *SLEEP)
    refused = run("rmi", "busybox", "--yes")
    assert refused.code == 1
    assert "busybox:latest is in use by busybox1, busybox2" in refused.err
    assert "hint: remove the containers first: dockmgr rm busybox1 busybox2" in refused.err


def test_references_go_one_by_one_and_the_image_with_the_last(run: Command, engine: Engine) -> None:
    run.ok("pull", "busybox")
    engine.api.tag("busybox", "keepsake", "v1")
    untagged = run.ok("rmi", "busybox", "--dry-run")
    assert "untag busybox:latest (frees nothing: the image keeps keepsake:v1)" in untagged.out
    assert run("rmi", "keepsake:v1", "busybox").code == 1  # nobody to ask
    done = run.ok("rmi", "keepsake:v1", "busybox", "--yes")
    assert done.out == "untagged keepsake:v1\nremoved busybox:latest\n"
    assert engine.images.find("busybox") is None


def test_an_id_is_refused_where_there_is_a_reference(run: Command, engine: Engine) -> None:
    run.ok("pull", "busybox")
    found = engine.images.find("busybox")
    assert found
    refused = run("rmi", found.short_id, "--yes")
    assert refused.code == 1
    assert "has references: busybox:latest" in refused.err


def test_an_image_that_is_not_there(run: Command) -> None:
    missing = run("rmi", "nosuchimage", "--yes")
    assert missing.code == 1
    assert "there is no image nosuchimage on this engine" in missing.err


@pytest.mark.parametrize("verb", ["stop", "start", "restart", "rm"])
def test_json_of_what_was_done(run: Command, verb: str) -> None:
    run.ok("spawn", "busybox", *SLEEP)
    if verb == "start":
        run.ok("stop", "busybox", "-t", "0")
    options = {"rm": ["--yes", "-t", "0"], "start": []}.get(verb, ["-t", "0"])
    data = run.ok(verb, "busybox", "--json", *options).data
    assert data["outcomes"][-1]["target"] == "busybox1"
    assert {row["status"] for row in data["outcomes"]} == {"done"}


def test_what_has_become_the_last_reference_meanwhile_is_left_alone(
    run: Command, engine: Engine
) -> None:
    run.ok("pull", "busybox")
    engine.api.tag("busybox", "keepsake", "v1")
    observed = observe.observe_engine(engine).snapshot
    disk = DiskAccounting(observed)
    plan = plan_untag(observed, ("keepsake:v1",), disk)
    engine.images.remove("busybox:latest")
    (outcome,) = untag_images(engine, plan, observed, disk, lambda _: None).outcomes
    assert outcome.error is not None
    assert "is now the last reference" in outcome.error.message
    assert engine.images.find("keepsake:v1") is not None
    engine.images.remove("keepsake:v1")


def test_a_containers_own_time_to_stop_counts(run: Command, engine: Engine) -> None:
    run.ok("pull", "busybox")
    script = "trap 'sleep 12; exit 7' TERM; while :; do sleep 0.1; done"
    config: dict[str, object] = {"Image": "busybox", "Cmd": ["sh", "-c", script], "StopTimeout": 30}
    identity = engine.containers.create("slow", config)
    engine.containers.start(identity)
    stopped = run.ok("stop", "slow")
    assert stopped.err.startswith("still under way: slow\n")
    assert engine.containers.inspect(identity)["State"]["ExitCode"] == 7
