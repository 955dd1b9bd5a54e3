"""The docker commands of plans, as literal texts; a shell reads them back word for word."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.groups.core import lifecycle
from manager.groups.core.docker_run import ShowableOptions, docker_run_lines
from manager.groups.core.group_spec import GroupSpec
from manager.groups.core.run_options import RunOptions
from manager.groups.core.spawn_plan import plan_spawn
from manager.model.containers import SPEC_LABEL
from manager.model.docker_commands import (
    NOTHING_TO_DO,
    DockerCommand,
    add_engine_options,
    docker_command,
    no_docker_command,
)
from manager.model.docker_equivalents import (
    LostImage,
    translate_exec,
    translate_login,
    translate_logs,
    translate_undo,
)
from manager.model.naming import NameTemplate
from manager.model.plan import Plan, PlanStep, Verb
from manager.model.plan_equivalents import (
    DockerCommandOptions,
    translate_plan,
    translate_rolling_restart,
)
from manager.model.snapshot import Snapshot
from manager.references.reference import ImageReference
from tests.unit.make import container, image

ID = "sha256:" + "c" * 64


def texts(plan: Plan, how: DockerCommandOptions | None = None) -> list[str]:
    return [one.text for one in translate_plan(plan, how)]


def spawned(
    count: int, options: RunOptions, typed: ShowableOptions, name: str = "nginx"
) -> list[DockerCommand]:
    spec = GroupSpec(
        ImageReference.parse("nginx"), NameTemplate.parse(name), count, options=options
    )
    plan = plan_spawn(spec, Snapshot(()), image("nginx:latest"))
    made = docker_run_lines(spec, plan.steps, typed)
    return list(translate_plan(plan, DockerCommandOptions(create_commands=made)))


def without_spec(text: str) -> str:
    """A command, but for the long label with what the group was made with."""
    words = shlex.split(text)
    at = next(i for i, word in enumerate(words) if word.startswith(f"{SPEC_LABEL}="))
    return shlex.join([*words[: at - 1], *words[at + 1 :]])


def test_a_member_is_one_docker_run_with_its_own_number_port_and_labels() -> None:
    options = RunOptions(publish=("8080:80",), hostname="h{n}", command=("sleep", "{n}"))
    lines = spawned(2, options, ShowableOptions())
    assert [without_spec(one.text) for one in lines] == [
        (
            "docker run --detach --name nginx1 --label dockmgr.group=nginx --label dockmgr.index=1"
            " --env DOCKMGR_GROUP=nginx --env DOCKMGR_INDEX=1 --publish 8080:80/tcp --hostname h1"
            " nginx:latest sleep 1"
        ),
        (
            "docker run --detach --name nginx2 --label dockmgr.group=nginx --label dockmgr.index=2"
            " --env DOCKMGR_GROUP=nginx --env DOCKMGR_INDEX=2 --publish 8081:80/tcp --hostname h2"
            " nginx:latest sleep 2"
        ),
    ]
    assert lines[0].why == "make and start member 1 of nginx; its labels make it a member"


def test_what_was_typed_is_shown_and_what_a_file_holds_is_not() -> None:
    options = RunOptions(env=("SECRET=hunter2", "A=n{n}", "B=own"), log_opt=("token=hunter3",))
    typed = ShowableOptions(("vars.env",), 1, frozenset({"A=n{n}"}))
    (only,) = spawned(1, options, typed)
    words = shlex.split(only.text)
    assert words[words.index("--env-file") + 1] == "vars.env"
    assert [words[i + 1] for i, word in enumerate(words) if word == "--env"][:2] == ["A=n1", "B"]
    assert words[words.index("--log-opt") + 1] == "token=HIDDEN"
    assert "hunter" not in str(only)
    # What every member's label shows anyhow is no secret: without it the members were all alike.
    (numbered,) = spawned(1, RunOptions(env=("ID={n}", "E={{n}}")), ShowableOptions())
    assert "--env ID=1 --env E --env" in numbered.text
    assert "docker takes B from the variables of your shell" in only.why


def test_a_profile_is_named_by_its_file() -> None:
    options = RunOptions(security_opt=('seccomp={"a":1}',), entrypoint="")
    (only,) = spawned(1, options, ShowableOptions(profiles={'seccomp={"a":1}': "seccomp=p.json"}))
    words = shlex.split(only.text)
    assert words[words.index("--security-opt") + 1] == "seccomp=p.json"
    assert words[words.index("--entrypoint") + 1] == ""


def test_removing_is_stopping_first() -> None:
    web = (container("web1"), container("web2", state="exited"))
    assert texts(
        lifecycle.plan_remove(web, volumes=True), DockerCommandOptions(timeout=3, volumes=True)
    ) == [
        "docker stop -t 3 web1",
        "docker container rm --volumes web1",
        "docker container rm --volumes web2",
    ]
    assert texts(lifecycle.plan_remove(web, force=True), DockerCommandOptions(force=True)) == [
        "docker container rm --force web1",
        "docker container rm --force web2",
    ]


def test_starting_and_restarting() -> None:
    web = (container("web1", state="exited"),)
    assert texts(lifecycle.plan_start(web)) == ["docker start web1"]
    plan = lifecycle.plan_restart(web)
    assert texts(plan) == ["docker restart web1"]
    one_by_one = list(translate_rolling_restart(plan, DockerCommandOptions()))
    assert [it.text for it in one_by_one] == ["docker restart web1", ""]
    assert str(one_by_one[1]).startswith("# docker has no command that waits")


def test_a_prune_saves_first_and_then_goes_on_in_the_order_of_the_plan() -> None:
    plan = Plan(
        (
            PlanStep(Verb.REMOVE, "old"),
            PlanStep(Verb.DELETE, "mine:1", restore_from="archive"),
            PlanStep(Verb.UNTAG, "nginx:1"),
            PlanStep(Verb.CLEAR_CACHE, "build cache"),
            PlanStep(Verb.REMOVE_VOLUME, "data"),
            PlanStep(Verb.REMOVE_NETWORK, "lan"),
        )
    )
    assert texts(plan, DockerCommandOptions(archive="/a b/images.tar")) == [
        "docker save --output '/a b/images.tar' mine:1",
        "docker container rm old",
        "docker rmi mine:1",
        "docker rmi nginx:1",
        "docker builder prune --all --force",
        "docker volume rm data",
        "docker network rm lan",
    ]


def test_only_networks_that_are_missing_are_made() -> None:
    plan = Plan((PlanStep(Verb.MAKE_NETWORK, "lan"), PlanStep(Verb.MAKE_NETWORK, "wan")))
    assert texts(plan, DockerCommandOptions(networks=frozenset({"lan"}))) == [
        "docker network create wan"
    ]


def test_images() -> None:
    plan = Plan((PlanStep(Verb.PULL, "a:1"), PlanStep(Verb.TAG, "b:1"), PlanStep(Verb.PUSH, "b:1")))
    assert texts(plan, DockerCommandOptions(platform="linux/arm64", source="a:1")) == [
        "docker pull --platform linux/arm64 a:1",
        "docker tag a:1 b:1",
        "docker push b:1",
    ]


def test_bringing_back_pulls_by_digest_or_loads_once_and_names_again() -> None:
    other, third = ID.replace("c", "d"), ID.replace("c", "e")
    lost = [
        LostImage(ID, "docker.io/library/a@sha256:1", ("a:1", "a@sha256:1"), ("linux/amd64",)),
        LostImage(other, "archive", ("b:1",)),
        LostImage(third, "archive", ("c:1",)),
        LostImage("gone", "", ("d:1",)),
    ]
    assert [one.text for one in translate_undo(lost, "x.tar.gz", frozenset())] == [
        "docker pull --platform linux/amd64 docker.io/library/a@sha256:1",
        f"docker tag {ID} a:1",
        "docker load --input x.tar.gz",
        f"docker tag {other} b:1",
        f"docker tag {third} c:1",
        "",
    ]
    kept = translate_undo(lost[:1], "", frozenset({ID}))
    assert [one.text for one in kept] == [f"docker tag {ID} a:1"]


def test_what_has_no_plan() -> None:
    run = translate_exec(["web1"], ["--env", "A=b c"], ["sh", "-c", "echo $A; exit 3"])
    assert [it.text for it in run] == ["docker exec --env 'A=b c' web1 sh -c 'echo $A; exit 3'"]
    told = translate_logs(["web1"], follow=True, tail=0, timestamps=True)
    assert [it.text for it in told] == ["docker logs --follow --timestamps --tail 0 web1"]
    hosts = ["docker.io", "ghcr.io"]
    assert [it.text for it in translate_login("login", hosts, "me", stdin=True)] == [
        "docker login --username me --password-stdin",
        "docker login --username me --password-stdin ghcr.io",
    ]
    assert all("unencrypted" in it.why for it in translate_login("login", hosts, "me", stdin=True))
    assert [it.text for it in translate_login("logout", hosts, "", stdin=False)] == [
        "docker logout",
        "docker logout ghcr.io",
    ]


def test_the_engine_that_was_named_is_in_every_command() -> None:
    lines = add_engine_options(
        [docker_command("why", "ps"), no_docker_command("no such thing")], ["--context", "x y"]
    )
    assert [str(it) for it in lines] == [
        "# why\ndocker --context 'x y' ps",
        "# docker has no such thing",
    ]


ODD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(ODD, min_size=1), ODD)
def test_a_shell_reads_every_word_back(words: list[str], why: str) -> None:
    one = docker_command(why, *words)
    assert shlex.split(one.text) == ["docker", *words]
    # Whatever the reason holds, what runs is only the command.
    assert str(one).split("\n", 1)[0].startswith("# ")
    assert str(one).split("\n", 1)[1] == one.text


@given(ODD.filter(lambda text: "{" not in text))
def test_a_variable_of_any_value_comes_through(value: str) -> None:
    (only,) = spawned(
        1, RunOptions(env=(f"A={value}",)), ShowableOptions(shown_entries=frozenset({f"A={value}"}))
    )
    assert f"A={value}" in shlex.split(only.text)


ELSEWHERE = {Verb.EXEC, Verb.PIN, Verb.UNPIN}
"""Their plans are only shown: `translate_exec` has those of one, docker none for the others."""


@pytest.mark.parametrize("verb", sorted(set(Verb) - ELSEWHERE))
def test_every_verb_has_its_command(verb: Verb) -> None:
    made = {"x": docker_command("why", "run", "x")}
    assert all(
        it.words
        for it in translate_plan(
            Plan((PlanStep(verb, "x"),)), DockerCommandOptions(source="y", create_commands=made)
        )
    )
    assert texts(
        Plan((PlanStep(verb, "x"),)), DockerCommandOptions(source="y", create_commands=made)
    )


def test_where_there_is_nothing_to_do_that_is_a_line_too() -> None:
    why = "nothing to do, so there is no docker command"
    assert (str(NOTHING_TO_DO), NOTHING_TO_DO.text) == (f"# {why}", "")


def test_a_duration_is_written_as_docker_takes_it() -> None:
    options = RunOptions(health_interval="4", health_timeout="2m", health_start_period="1500ms")
    (only,) = spawned(1, options, ShowableOptions())
    assert "--health-interval 4s --health-timeout 120s --health-start-period 1500ms" in only.text
