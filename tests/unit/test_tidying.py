"""The plan of a prune as steps, and as a file that can be read again."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from manager.cli.prune import views as prune_views
from manager.errors import ExitCode, ManagerError
from manager.model.containers import Container
from manager.model.plan import Plan, Verb
from manager.model.snapshot import CacheRecord, Network, Volume
from manager.prune.core.decision import decide_prune
from manager.prune.core.plan_file import WrittenPlan, dump_plan, parse_plan
from manager.prune.core.planning import (
    NonImageRemovals,
    find_recently_stopped,
    find_stopped_containers,
    find_unused_volumes,
    plan_prune,
    recently_stopped_notes,
)
from manager.prune.core.policy import Policy, Rule, RuleConditions
from tests.unit.world import DAY, NOW, World, identity

EVERYTHING = Policy(delete=(Rule(RuleConditions(), "all"),), include_local=True)


def plan(world: World, beside: NonImageRemovals = NonImageRemovals()) -> Plan:  # noqa: B008 - a frozen value
    return plan_prune(decide_prune(world.known(), EVERYTHING), beside, NOW)


def two_names() -> World:
    world = World()
    world.image("app", "app:1", "other/app:2", size=500)
    return world


def test_each_name_is_a_step_that_says_which_names_it_expects() -> None:
    steps = plan(two_names()).steps
    assert [
        (it.verb, it.target, it.expected_references, it.has_other_references) for it in steps
    ] == [
        (Verb.UNTAG, "app:1", ("app:1", "other/app:2"), True),
        (Verb.DELETE, "other/app:2", ("other/app:2",), False),
    ]
    assert [it.frees.high for it in steps if it.frees] == [0, 500]
    assert {it.restore_from for it in steps} == {f"app@{identity('app')}"}


def test_what_has_no_name_goes_by_its_id() -> None:
    world = World()
    world.image("lost", local=True)
    (step,) = plan(world).steps
    assert (step.verb, step.target, step.expected_references) == (Verb.DELETE, identity("lost"), ())


def test_one_name_of_two_says_that_the_image_has_both() -> None:
    policy = Policy(delete=(Rule(RuleConditions(images=("app",))),))
    (step,) = plan_prune(decide_prune(two_names().known(), policy), NonImageRemovals(), NOW).steps
    assert (step.verb, step.expected_references) == (Verb.UNTAG, ("app:1", "other/app:2"))
    assert step.restore_from == identity("app")


def test_containers_go_before_images_and_networks_last() -> None:
    world = two_names()
    container = world.container("app")
    beside = NonImageRemovals(
        (container,),
        (CacheRecord("r1", 30), CacheRecord("r2", 5, shared=True)),
        (Volume("data", 7, 0), Volume("unknown", None, 0)),
        (Network(identity("net"), "net", NOW),),
    )
    known = world.known((container.id,))
    steps = plan_prune(decide_prune(known, EVERYTHING), beside, NOW).steps
    assert [str(it.verb) for it in steps] == [
        *("remove", "untag", "delete", "clear", "remove volume", "remove volume"),
        "remove network",
    ]
    assert steps[3].expected_references == ("r1", "r2")
    assert [it.frees.high if it.frees else None for it in steps[3:6]] == [30, 7, None]


@pytest.mark.parametrize(
    ("state", "age", "goes"),
    [
        ("exited", 0 * DAY, True),
        ("exited", 59 * DAY, True),
        ("exited", 61 * DAY, False),
        ("created", 1 * DAY, True),
        ("dead", 1 * DAY, True),
        ("running", 0 * DAY, False),
        ("paused", 0 * DAY, False),
        ("restarting", 0 * DAY, False),
    ],
)
def test_containers_that_ended_long_enough_ago(state: str, age: timedelta, *, goes: bool) -> None:
    container = World().container("app", state)
    assert bool(find_stopped_containers([container], age, NOW)) is goes


def aged(name: str, state: str, hours: int, status: str = "") -> Container:
    made = NOW - timedelta(hours=hours)
    return replace(World().container("app", state, name), created=made, status=status)


def test_stopped_containers_that_ended_a_short_time_ago_stay_and_say_why() -> None:
    containers = (
        aged("old", "exited", 99, "Exited (0) 2 days ago"),
        aged("ended", "exited", 99, "Exited (0) 23 hours ago"),
        aged("made", "created", 1),
        aged("runs", "running", 1),
    )
    found = find_recently_stopped(containers, DAY, NOW)
    assert [(it.container.name, it.why) for it in found] == [
        ("ended", "exited 23 hours ago, less than 1d (see --stopped-for)"),
        ("made", "created 1 hour ago, less than 1d (see --stopped-for)"),
    ]
    assert list(recently_stopped_notes(found)) == [
        "keeping 2 containers that stopped or were created less than 1d ago (see --stopped-for)"
    ]
    assert list(recently_stopped_notes(found[:1])) == [
        "keeping 1 container that stopped less than 1d ago (see --stopped-for)"
    ]
    assert list(recently_stopped_notes(found[1:])) == [
        "keeping 1 container that was created less than 1d ago (see --stopped-for)"
    ]
    assert list(recently_stopped_notes(())) == []
    assert find_recently_stopped(containers, 0 * DAY, NOW) == ()
    everybody = {it.name for it in find_stopped_containers(containers, DAY, NOW)} | {
        it.container.name for it in found
    }
    assert everybody == {"old", "ended", "made"}


def test_what_stays_is_in_the_table_and_in_the_data() -> None:
    world = two_names()
    found = find_recently_stopped(
        (aged("ended", "exited", 99, "Exited (0) 3 hours ago"),), DAY, NOW
    )
    decision = decide_prune(world.known(), Policy())
    rows = prune_views.render_kept(decision.staying, found).rows
    assert [tuple(row) for row in rows] == [
        ("app:1", "no rule matches"),
        ("ended", "exited 3 hours ago, less than 1d (see --stopped-for)"),
    ]
    told = prune_views.prune_data(decision, Plan(()), (), found)
    (row,) = told["staying_containers"]
    assert (row["name"], row["state"], len(row["why"])) == ("ended", "exited", 1)
    nothing = prune_views.render_kept(())
    assert list(nothing.lines(80)) == []


def test_only_volumes_that_nobody_has_go_and_named_ones_only_if_asked_for() -> None:
    volumes = (
        Volume("a" * 64, 1, 0),
        Volume("b" * 64, 1, 1),
        Volume("labelled", 1, 0, {"com.docker.volume.anonymous": ""}),
        Volume("data", 1, 0),
        Volume("unknown", 1, None),
    )
    anonymous = find_unused_volumes(volumes, anonymous=True, named=False)
    assert [it.name for it in anonymous] == ["a" * 64, "labelled"]
    assert [it.name for it in find_unused_volumes(volumes, anonymous=False, named=True)] == ["data"]
    assert find_unused_volumes(volumes, anonymous=False, named=False) == ()


def written() -> WrittenPlan:
    world = two_names()
    world.image("lost", local=True)
    beside = NonImageRemovals(cache=(CacheRecord("r1", 30),), volumes=(Volume("v", None, 0),))
    made = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
    return WrittenPlan(plan(world, beside), "engine", made, "/archive")


def test_a_plan_that_was_written_down_is_the_same_when_it_is_read() -> None:
    assert parse_plan(json.loads(json.dumps(dump_plan(written())))) == written()


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("kind",), "else", "dockmgr did not write it"),
        (("schema",), 2, "reads version 1, not 2"),
        (("steps",), None, "missing or not valid"),
        (("steps", 0, "verb"), "start", "a prune has no step start"),
        (("steps", 0, "verb"), "explode", "missing or not valid"),
        (("steps", 0, "id"), "", "a step has no id"),
        (("steps", 0, "id"), 7, "7 is not a string"),
        (("steps", 0, "expects"), None, "does not say which references"),
        (("steps", 0, "expects"), [1], "1 is not a string"),
        (("steps", 0, "others"), "no", "is not true or false"),
        (
            ("steps", 0, "frees"),
            {"low": 5, "high": 1, "doubt": ""},
            "bytes is not valid",
        ),
        (
            ("steps", 0, "frees"),
            {"low": 1.5, "high": 2, "doubt": ""},
            "bytes is not valid",
        ),
        (("made",), "yesterday", "missing or not valid"),
        (("engine",), None, "None is not a string"),
    ],
)
def test_a_plan_that_was_tampered_with_is_refused(
    path: tuple[str | int, ...], value: object, says: str
) -> None:
    data: Any = json.loads(json.dumps(dump_plan(written())))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ManagerError, match="cannot carry out this plan") as caught:
        parse_plan(data)
    assert says in caught.value.message
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("data", [None, [], "plan", 3])
def test_what_is_no_plan_at_all_is_refused(data: object) -> None:
    with pytest.raises(ManagerError, match="dockmgr did not write it"):
        parse_plan(data)
