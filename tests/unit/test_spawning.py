"""Plans of spawns, as literal texts."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.core.model import Container, Image, Snapshot
from manager.core.plan import OnConflict
from manager.core.ports import PublishSpec
from manager.core.reference import ImageReference
from manager.core.spawning import (
    GroupSpec,
    container_config,
    default_group,
    free_numbers,
    plan_spawn,
)
from manager.errors import ExitCode, ManagerError
from tests.unit.make import NGINX, REDIS, container, image, members

HERE = image("nginx:latest")


def ask(count: int = 3, **options: object) -> GroupSpec:
    return GroupSpec(ImageReference.parse("nginx"), "nginx", count, **options)  # type: ignore[arg-type]


def plan(spec: GroupSpec, *containers: Container, here: Image | None = HERE) -> str:
    return str(plan_spawn(spec, Snapshot(containers), here))


def test_three_from_nothing() -> None:
    assert plan(ask()) == (
        "create nginx1 (from nginx:latest)\n"
        "create nginx2 (from nginx:latest)\n"
        "create nginx3 (from nginx:latest)"
    )


def test_a_missing_image_is_pulled_first() -> None:
    assert plan(ask(1), here=None) == (
        "pull nginx:latest (not on this engine yet)\ncreate nginx1 (from nginx:latest)"
    )


def test_running_it_again_makes_more_and_fills_gaps() -> None:
    assert plan(ask(2), *members("nginx", 1, 3)) == (
        "create nginx2 (from nginx:latest)\ncreate nginx4 (from nginx:latest)"
    )


def test_ensure_makes_it_so_many_in_all() -> None:
    spec = ask(3, ensure=True)
    assert plan(spec, *members("nginx", 2)) == (
        "create nginx1 (from nginx:latest)\ncreate nginx3 (from nginx:latest)"
    )
    assert plan(spec, *members("nginx", 1, 2, 3)) == (
        "nothing to do\nnote: group nginx has 3 already"
    )
    made = plan_spawn(spec, Snapshot(), HERE)
    assert {step.on_conflict for step in made} == {OnConflict.SKIP_MEMBER}


def test_ensure_says_which_members_do_not_run() -> None:
    stopped = container("nginx1", group="nginx", index=1, state="exited")
    assert plan(ask(1, ensure=True), stopped) == (
        "nothing to do\n"
        "note: group nginx has 1 already\n"
        "note: not running: nginx1; start them with: dockmgr start nginx"
    )


def test_a_foreign_container_of_the_same_name_is_left_alone_and_its_number_skipped() -> None:
    assert plan(ask(2), container("nginx1")) == (
        "create nginx2 (from nginx:latest)\n"
        "create nginx3 (from nginx:latest)\n"
        "note: nginx1 is not of this group: it is left alone, its number skipped"
    )


def test_the_first_member_of_web2_takes_number_21_from_web() -> None:
    spec = GroupSpec(ImageReference.parse("nginx"), "web", 1)
    others = members("web", *range(1, 21))
    assert str(plan_spawn(spec, Snapshot((*others, *members("web2", 1))), HERE)) == (
        "create web22 (from nginx:latest)\n"
        "note: web21 is not of this group: it is left alone, its number skipped"
    )


def test_ports_follow_the_numbers() -> None:
    spec = ask(2, publish=(PublishSpec.parse("8080:80"), PublishSpec.parse("443")))
    assert plan(spec, *members("nginx", 1)) == (
        "create nginx2 (from nginx:latest, publishing 8081:80/tcp, 443/tcp)\n"
        "create nginx3 (from nginx:latest, publishing 8082:80/tcp, 443/tcp)"
    )


def test_a_group_never_mixes_two_images() -> None:
    old = members("nginx", 1, image_id=REDIS)
    with pytest.raises(ManagerError, match="an older nginx:latest, and a group never mixes"):
        plan(ask(), *old)
    other = container("nginx1", group="nginx", index=1, image="redis:7", image_id=REDIS)
    with pytest.raises(ManagerError, match="made from redis:7, and a group never mixes"):
        plan(ask(), other)


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count: int) -> None:
    with pytest.raises(ManagerError) as caught:
        ask(count)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("group", ["", "-web", "we b", "web/1", "wéb", "web\n"])
def test_a_name_no_engine_would_take_is_refused(group: str) -> None:
    with pytest.raises(ManagerError, match="cannot be the name of a group"):
        GroupSpec(ImageReference.parse("nginx"), group)


def test_labels_of_dockmgrs_own_are_refused() -> None:
    with pytest.raises(ManagerError, match="sets itself"):
        ask(labels={"dockmgr.group": "other"})


@pytest.mark.parametrize(
    ("address", "group"),
    [("nginx", "nginx"), ("ghcr.io/org/my_app:v1", "my_app"), ("localhost:5000/a/b-c", "b-c")],
)
def test_the_group_is_called_after_the_image(address: str, group: str) -> None:
    assert default_group(ImageReference.parse(address)) == group


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)), st.integers(1, 20))
def test_free_numbers_are_the_lowest_that_nobody_has(
    own: set[int], foreign: set[int], count: int
) -> None:
    strangers = [container(f"g{n}") for n in foreign - own]
    snapshot = Snapshot((*members("g", *own), *strangers))
    found = list(itertools.islice(free_numbers("g", snapshot), count))
    expected = (n for n in itertools.count(1) if n not in own | foreign)
    assert found == list(itertools.islice(expected, count))


def test_the_body_of_the_create_call() -> None:
    spec = ask(
        publish=(PublishSpec.parse("127.0.0.1:8080:80"), PublishSpec.parse("53/udp")),
        env=("A=1",),
        volumes=("/srv:/data:ro", "/cache"),
        network="lan",
        labels={"stage": "test"},
        command=("sleep", "5"),
    )
    assert container_config(spec, 2, NGINX, "abc") == {
        "Image": NGINX,
        "Cmd": ["sleep", "5"],
        "Env": ["A=1", "DOCKMGR_GROUP=nginx", "DOCKMGR_INDEX=2"],
        "Labels": {
            "stage": "test",
            "dockmgr.group": "nginx",
            "dockmgr.index": "2",
            "dockmgr.spawn": "abc",
        },
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "Volumes": {"/cache": {}},
        "HostConfig": {
            "PortBindings": {
                "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8081"}],
                "53/udp": [{"HostIp": "", "HostPort": ""}],
            },
            "PublishAllPorts": False,
            "Binds": ["/srv:/data:ro"],
            "NetworkMode": "lan",
        },
    }


def test_ports_of_two_members_that_run_into_each_other_are_refused_beforehand() -> None:
    ports = (PublishSpec.parse("8080:80"), PublishSpec.parse("8081:81"))
    with pytest.raises(
        ManagerError, match="nginx1 and nginx2 would both publish port 8081"
    ) as caught:
        plan(ask(2, publish=ports))
    assert "at least 2 apart" in caught.value.hint
    apart = (PublishSpec.parse("8080:80"), PublishSpec.parse("8080:80/udp"))
    assert "create nginx2" in plan(ask(2, publish=apart))


def test_a_missing_image_of_another_repository_never_joins_a_group() -> None:
    redis = replace(ask(3, ensure=True), image=ImageReference.parse("redis"), group="nginx")
    with pytest.raises(ManagerError, match="made from nginx:latest, and a group never mixes"):
        plan(redis, *members("nginx", 1, 2, 3), here=None)
