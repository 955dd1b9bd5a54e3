"""Plans of stopping, starting, restarting and removing, as literal texts; and the tree."""

import pytest

from manager.groups.core.lifecycle import (
    plan_exec,
    plan_remove,
    plan_restart,
    plan_start,
    plan_stop,
)
from manager.groups.core.tree import image_branches, with_current_image_names
from manager.model.containers import Container
from manager.model.ports import Port
from manager.model.snapshot import Snapshot
from tests.unit.make import NGINX, REDIS, container, image, members

ONE, TWO = members("nginx", 1, 2)
DOWN = container("nginx3", group="nginx", index=3, state="exited")
ALL = (ONE, TWO, DOWN)


def test_stop_touches_only_what_runs() -> None:
    assert str(plan_stop(ALL)) == (
        "stop nginx1 (running)\nstop nginx2 (running)\nnote: already not running: nginx3"
    )


def test_start_touches_only_what_does_not_run() -> None:
    assert str(plan_start(ALL)) == ("start nginx3 (exited)\nnote: already running: nginx1, nginx2")


def test_what_is_paused_is_not_said_to_be_running() -> None:
    paused = container("nginx4", group="nginx", index=4, state="paused")
    assert str(plan_start((ONE, paused))) == (
        "nothing to do\nnote: already running: nginx1\n"
        "note: paused: nginx4; resume with: docker unpause nginx4"
    )


def test_what_runs_is_killed_where_that_is_asked_for() -> None:
    assert str(plan_remove((ONE, DOWN), force=True)) == (
        "remove nginx1 (running, so it is killed)\nremove nginx3 (made from nginx:latest)"
    )


def test_restart_touches_all() -> None:
    assert str(plan_restart(ALL)) == (
        "restart nginx1 (running)\nrestart nginx2 (running)\nrestart nginx3 (exited)"
    )


def test_what_runs_is_stopped_before_it_is_removed() -> None:
    assert str(plan_remove((ONE, DOWN))) == (
        "stop nginx1 (running)\n"
        "remove nginx1 (made from nginx:latest)\n"
        "remove nginx3 (made from nginx:latest)"
    )


def test_volumes_that_go_too_are_said() -> None:
    assert str(plan_remove((DOWN,), volumes=True)).endswith(
        "\nnote: anonymous volumes are removed too"
    )


def test_steps_name_their_container_by_id() -> None:
    assert {step.object_id for step in plan_remove(ALL)} == {c.id for c in ALL}


def shape(*containers: Container) -> list[tuple[str, list[str]]]:
    return [(b.image, [c.name for c in b.containers]) for b in image_branches(Snapshot(containers))]


def test_containers_stand_under_their_image_in_order() -> None:
    redis = container("cache", image="redis", image_id=REDIS)
    assert shape(redis, DOWN, *members("nginx", 10, 2)) == [
        ("nginx:latest", ["nginx2", "nginx3", "nginx10"]),
        ("redis:latest", ["cache"]),
    ]


def test_one_tag_that_moved_gives_two_images() -> None:
    before = container("old", image=REDIS, image_id=REDIS)
    assert shape(before, ONE) == [("b" * 12, ["old"]), ("nginx:latest", ["nginx1"])]
    assert str(plan_remove((before,))).endswith(f"remove old (made from {'b' * 12})")


@pytest.mark.parametrize(
    ("shown", "tags", "expected"),
    [
        (REDIS, ("cache:1", "redis:latest"), "cache:1"),
        ("redis", ("cache:1", "redis:latest"), "redis:latest"),
        ("nginx:latest", ("redis:latest",), "redis:latest"),
        ("nginx:latest", (), "b" * 12),
        (REDIS, (), "b" * 12),
        (f"redis@sha256:{'c' * 64}", (), f"redis@sha256:{'c' * 64}"),
    ],
)
def test_a_container_stands_under_the_name_that_its_image_has_now(
    shown: str, tags: tuple[str, ...], expected: str
) -> None:
    moved = image("nginx:latest", image_id=NGINX)
    snapshot = Snapshot(
        (container("one", image=shown, image_id=REDIS),), (moved, image(*tags, image_id=REDIS))
    )
    assert [(it.image, it.image_id) for it in image_branches(snapshot)] == [(expected, REDIS)]
    assert [it.image for it in with_current_image_names(snapshot)] == [expected]


def test_running_a_command_is_a_plan_that_names_it() -> None:
    plan = plan_exec(members("nginx", 1, 2), ("sh", "-c", "echo a"))
    assert str(plan).splitlines()[1] == "exec nginx2 (runs sh -c 'echo a')"


def test_a_port_bound_for_both_ip_versions_is_shown_once() -> None:
    v4, v6 = Port(80, "tcp", "0.0.0.0", 8080), Port(80, "tcp", "::", 8080)
    assert container("web", ports=(v6, v4, Port(443))).published_ports == (v4,)
