"""Plans of spawns, as literal texts."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.errors import ExitCode, ManagerError
from manager.groups.core.group_spec import GroupSpec, default_group
from manager.groups.core.member_request import member_config
from manager.groups.core.readiness import Readiness
from manager.groups.core.run_options import RunOptions
from manager.groups.core.scaling import scale_up_spec
from manager.groups.core.spawn_plan import free_numbers, plan_spawn
from manager.groups.core.spec_label import (
    restart_readiness,
    spec_from_member,
    spec_label,
    with_existing_names,
    with_lowest_start,
)
from manager.model.containers import SPEC_LABEL, Container
from manager.model.images import Image
from manager.model.naming import (
    NameTemplate,
    escape_placeholders,
    fill_placeholders,
    has_placeholder,
)
from manager.model.plan import OnConflict
from manager.model.ports import Port, PortBinding
from manager.model.snapshot import Snapshot
from manager.references.reference import ImageReference
from tests.unit.make import NGINX, REDIS, container, image, members

HERE = image("nginx:latest")


def ask(count: int = 3, name: str = "nginx", **more: object) -> GroupSpec:
    return GroupSpec(ImageReference.parse("nginx"), NameTemplate.parse(name), count, **more)  # type: ignore[arg-type]


def published(*ports: str) -> RunOptions:
    return RunOptions(publish=ports)


def plan(spec: GroupSpec, *containers: Container, here: Image | None = HERE) -> str:
    snapshot = Snapshot(containers)
    return str(plan_spawn(with_existing_names(spec, snapshot.members(spec.group)), snapshot, here))


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
        "nothing to do\nnote: group nginx already has 3 members"
    )
    made = plan_spawn(spec, Snapshot(), HERE)
    assert {step.on_conflict for step in made} == {OnConflict.SKIP_MEMBER}


def test_ensure_says_which_members_do_not_run() -> None:
    stopped = container("nginx1", group="nginx", index=1, state="exited")
    assert plan(ask(1, ensure=True), stopped) == (
        "nothing to do\n"
        "note: group nginx already has 1 member\n"
        "note: not running: nginx1; start them with: dockmgr start nginx"
    )


def test_a_foreign_container_of_the_same_name_is_left_alone_and_its_number_skipped() -> None:
    assert plan(ask(2), container("nginx1")) == (
        "create nginx2 (from nginx:latest)\n"
        "create nginx3 (from nginx:latest)\n"
        "note: nginx1 does not belong to this group; skipping its number"
    )


def test_the_first_member_of_web2_takes_number_21_from_web() -> None:
    spec = ask(1, "web")
    others = members("web", *range(1, 21))
    assert str(plan_spawn(spec, Snapshot((*others, *members("web2", 1))), HERE)) == (
        "create web22 (from nginx:latest)\n"
        "note: web21 does not belong to this group; skipping its number"
    )


def test_ports_follow_the_numbers() -> None:
    spec = ask(2, options=published("8080:80", "443"))
    assert plan(spec, *members("nginx", 1)) == (
        "create nginx2 (from nginx:latest, publishing 8081:80/tcp, 443/tcp)\n"
        "create nginx3 (from nginx:latest, publishing 8082:80/tcp, 443/tcp)"
    )


def test_a_group_never_mixes_two_images() -> None:
    old = members("nginx", 1, image_id=REDIS)
    with pytest.raises(
        ManagerError, match="from another image, which was called nginx:latest, and a"
    ):
        plan(ask(), *old)
    bare = replace(old[0], image=REDIS)
    with pytest.raises(ManagerError, match="made from image bbbbbbbbbbbb, and a group never"):
        plan(ask(), bare)
    told = replace(bare, labels={**bare.labels, SPEC_LABEL: spec_label(ask())})
    with pytest.raises(
        ManagerError, match="from another image, which was called nginx:latest, and"
    ):
        plan(ask(), told)
    other = container("nginx1", group="nginx", index=1, image="redis:7", image_id=REDIS)
    with pytest.raises(ManagerError, match="made from redis:7, and a group never mixes"):
        plan(ask(), other)


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count: int) -> None:
    with pytest.raises(ManagerError) as caught:
        ask(count)
    assert caught.value.exit_code is ExitCode.USAGE


def test_labels_of_dockmgrs_own_are_refused() -> None:
    with pytest.raises(ManagerError, match="is reserved for dockmgr"):
        ask(options=RunOptions(label=("dockmgr.group=other",)))


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
    found = list(itertools.islice(free_numbers(NameTemplate("g{n}"), snapshot), count))
    expected = (n for n in itertools.count(1) if n not in own | foreign)
    assert found == list(itertools.islice(expected, count))


def test_the_body_of_the_create_call() -> None:
    options = RunOptions(
        env=("A=1",),
        volume=("/srv:/data:ro", "/cache"),
        network="lan",
        label=("stage=test",),
        command=("sleep", "5"),
    )
    spec = ask(options=options)
    bindings = (PortBinding(80, 8081, "127.0.0.1"), PortBinding(53, protocol="udp"))
    body = member_config(spec, 2, bindings, NGINX, "abc")
    kept = body["Labels"].pop("dockmgr.spec")
    assert body == {
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
            "Binds": ["/srv:/data:ro"],
            "NetworkMode": "lan",
        },
    }
    assert '"command":["sleep","5"]' in kept


def made(spec: GroupSpec, number: int, env: tuple[str, ...] = ()) -> tuple[Container, list[str]]:
    """A member as the engine would tell it, and its variables."""
    body = member_config(spec, number, (), NGINX, "abc")
    name = spec.template.name(number)
    return replace(container(name), labels=body["Labels"]), [*env, *body["Env"]]


def test_a_member_says_what_it_was_made_with_but_not_its_secrets() -> None:
    options = RunOptions(
        env=("TOKEN=s3cret", "ID=web-{n}"), publish=("8080:80",), memory="64m", init=True
    )
    ready = Readiness(wait=True, log="ready", timeout=5.0)
    spec = ask(1, "web-{n:02}", start=5, options=options, platform="linux/amd64", ready=ready)
    member, env = made(spec, 7)
    assert "s3cret" not in str(member.labels)
    assert member.group == "web"
    assert spec_from_member(member, {"Config": {"Env": ["PATH=/bin", *env]}}) == spec
    assert restart_readiness(member) == ready


def test_only_a_value_that_differs_is_kept_and_what_is_read_back_is_a_value() -> None:
    options = RunOptions(
        env=("K{n}=s3cret", "BRACES={{n}}", "PLAIN={{{n}}}"),
        log_driver="syslog",
        log_opt=("tag=t0ken",),
    )
    member, env = made(ask(1, options=options), 3)
    assert "s3cret" not in str(member.labels)
    assert "t0ken" not in str(member.labels)
    assert {"K3=s3cret", "BRACES={n}", "PLAIN={{n}}"} <= set(env)
    told = {
        "Config": {"Env": env},
        "HostConfig": {"LogConfig": {"Config": {"tag": "t0ken"}}},
    }
    again, more = made(spec_from_member(member, told), 4)
    assert "s3cret" not in str(again.labels)
    assert {"K4=s3cret", "BRACES={n}", "PLAIN={{n}}"} <= set(more)


@pytest.mark.parametrize(
    "text", ["{n}", "{{n}}", "a{n:03}b{n}", "{{{n}}}", "${n}", "{m}", "{{n:2}}"]
)
def test_what_is_escaped_stays_as_it_is(text: str) -> None:
    assert fill_placeholders(escape_placeholders(text), 7) == text
    assert not has_placeholder(escape_placeholders(text))


def test_numbers_that_are_named_are_made_and_no_others() -> None:
    spec = replace(ask(2), exact_numbers=(4, 6))
    there = container("nginx1", group="nginx", index=1)
    assert plan(spec, there).splitlines() == [
        "create nginx4 (from nginx:latest)",
        "create nginx6 (from nginx:latest)",
    ]
    with pytest.raises(ManagerError, match="another container is called nginx6"):
        plan(spec, there, container("nginx6"))


def test_a_group_begins_with_the_lowest_number_that_a_member_knows_of() -> None:
    first, _ = made(ask(1), 1)
    fifth, env = made(ask(1, start=5), 5)
    spec = with_lowest_start(spec_from_member(fifth, {"Config": {"Env": env}}), (first, fifth))
    assert plan(scale_up_spec(spec, 4), first, fifth).splitlines() == [
        "create nginx2 (from nginx:latest)",
        "create nginx3 (from nginx:latest)",
    ]


@pytest.mark.parametrize("label", ["", "[]", "{}", '{"v":1}', '{"v":1,"options":{"nosuch":1}}'])
def test_a_member_that_does_not_say_is_an_error_and_no_traceback(label: str) -> None:
    odd = container("web1", group="web", index=1)
    odd = replace(odd, labels={**odd.labels, "dockmgr.spec": label})
    with pytest.raises(ManagerError, match="how web1 was made is missing or damaged"):
        spec_from_member(odd, {})
    assert restart_readiness(odd) == Readiness(wait=True)


def test_a_template_names_the_members_and_the_group_keeps_it() -> None:
    spec = ask(2, "web-{n:02}")
    assert plan(spec).splitlines()[0] == "create web-01 (from nginx:latest)"
    first, _ = made(spec, 1)
    assert (
        plan(ask(1, "web", is_template_given=False), first) == "create web-02 (from nginx:latest)"
    )
    with pytest.raises(ManagerError, match=r"called web-\{n:02\}, not web\{n\}"):
        plan(ask(1, "web"), first)


def test_numbers_begin_where_they_are_told_to_and_gaps_are_filled_unless_not() -> None:
    fifth, _ = made(ask(1, "web", start=5), 5)
    seventh, _ = made(ask(1, "web", start=5), 7)
    there = (fifth, seventh)
    assert plan(ask(2, "web"), *there) == (
        "create web6 (from nginx:latest)\ncreate web8 (from nginx:latest)"
    )
    assert plan(ask(1, "web", append=True), *there) == "create web8 (from nginx:latest)"
    assert plan(ask(1, "web", append=True, start=20), *there) == "create web20 (from nginx:latest)"


def test_ports_that_others_have_are_skipped() -> None:
    taken = container("db1", ports=(Port(5432, "tcp", "0.0.0.0", 8080),))
    assert plan(ask(1, options=published("8080:80")), taken) == (
        "create nginx1 (from nginx:latest, publishing 8081:80/tcp)\n"
        "note: port 8080 is taken by db1; nginx1 gets 8081"
    )


def test_a_missing_image_of_another_repository_never_joins_a_group() -> None:
    redis = replace(
        ask(3, ensure=True), image=ImageReference.parse("redis"), template=NameTemplate("nginx{n}")
    )
    with pytest.raises(ManagerError, match="made from nginx:latest, and a group never mixes"):
        plan(redis, *members("nginx", 1, 2, 3), here=None)
