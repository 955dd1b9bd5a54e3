"""What goes and what stays: each rule, each protection, and what no set of rules may ever do."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manager.model.images import Image
from manager.model.plan import ARCHIVED
from manager.prune.core import advice
from manager.prune.core.decision import LEAST_RECENTLY_USED, PruneDecision, decide_prune
from manager.prune.core.policy import Policy, Rule, RuleConditions
from manager.registry.core.availability import ImageAvailability
from tests.unit.world import DAY, World, identity

EVERYTHING = Rule(RuleConditions(), "all")


def small() -> World:
    """Seven images: two of a family, one of ECR, one local, one dangling, one nobody uses."""
    world = World()
    world.image("base", "python:3.12", layers="p", unused=1)
    world.image("app1", "myorg/app:v1", layers="pa", labels={"env": "dev"}, unused=40, days=90)
    world.image("app2", "myorg/app:v2", "myorg/app:latest", layers="pb", unused=5, days=10)
    world.image("ecr", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/big:1", size=5000)
    world.image("arm", "ghcr.io/org/arm:1", platform="linux/arm64/v8", unused=20)
    world.image("own", "scratchpad:latest", local=True, unused=30, days=30)
    world.image("lost", unused=70, local=True, days=70)
    world.image("old", digest=f"nginx@{identity('old')}", unused=60)
    return world


def gone(decision: PruneDecision) -> set[str]:
    """The images that go, by the name they were made with."""
    digits = [
        it.image.id.removeprefix("sha256:").rstrip("0") for it in decision.going if it.removes_image
    ]
    return {bytes.fromhex(it + "0" * (len(it) % 2)).decode() for it in digits}


def why(decision: PruneDecision, name: str) -> tuple[str, ...]:
    return next(it.reasons for it in decision.staying if it.image.id == identity(name))


CASES: list[tuple[RuleConditions, set[str]]] = [
    (RuleConditions(), {"base", "app1", "app2", "ecr", "arm", "own", "lost", "old"}),
    (RuleConditions(images=("python",)), {"base"}),
    (RuleConditions(images=("docker.io/library/python",)), {"base"}),
    (RuleConditions(images=("python:3.12",)), {"base"}),
    (RuleConditions(images=("python:3.11",)), set()),
    (RuleConditions(images=("*/python",)), {"base"}),
    (RuleConditions(images=("pyth",)), set()),
    (RuleConditions(images=("myorg/*:v*",)), {"app1"}),
    (RuleConditions(images=("myorg/app",)), {"app1", "app2"}),
    (RuleConditions(images=("*",)), {"base", "app1", "app2", "ecr", "arm", "own", "lost", "old"}),
    (RuleConditions(images=("*:*",)), {"base", "app1", "app2", "ecr", "arm", "own", "old"}),
    (RuleConditions(images=("nginx",)), {"old"}),
    (RuleConditions(images=("myorg/app:v1", "python")), {"base", "app1"}),
    (RuleConditions(regexes=(r"^docker\.io/library/",)), {"base", "own", "old"}),
    (RuleConditions(regexes=(r":v\d$", r"arm")), {"app1", "arm"}),
    (RuleConditions(tags=("1",)), {"ecr", "arm"}),
    (RuleConditions(tags=("v*",)), {"app1"}),
    (RuleConditions(registries=("*.dkr.ecr.*",)), {"ecr"}),
    (RuleConditions(registries=("docker.io",)), {"base", "app1", "app2", "own", "old"}),
    (RuleConditions(labels=("env",)), {"app1"}),
    (RuleConditions(labels=("env=dev",)), {"app1"}),
    (RuleConditions(labels=("env=prod",)), set()),
    (RuleConditions(platforms=("linux/arm64",)), {"arm"}),
    (RuleConditions(platforms=("linux/arm",)), set()),
    (RuleConditions(larger_than=1999), {"app1", "app2", "ecr"}),
    (RuleConditions(larger_than=2000), {"ecr"}),
    (RuleConditions(frees_more_than=1000), {"ecr"}),
    (RuleConditions(frees_more_than=999), {"app1", "app2", "ecr", "arm", "own", "lost", "old"}),
    (RuleConditions(older_than=70 * DAY), {"base", "app1", "ecr", "arm", "lost", "old"}),
    (RuleConditions(unused_for=40 * DAY), {"app1", "ecr", "lost", "old"}),
    (RuleConditions(dangling=True), {"lost"}),
    (RuleConditions(dangling=False), {"base", "app1", "app2", "ecr", "arm", "own", "old"}),
    (RuleConditions(untagged=True), {"lost", "old"}),
    (RuleConditions(untagged=False), {"base", "app1", "app2", "ecr", "arm", "own"}),
    (RuleConditions(images=("myorg/*",), unused_for=30 * DAY), {"app1"}),
    (RuleConditions(images=("myorg/*",), larger_than=2000), set()),
]


def _id(case: RuleConditions | set[str]) -> str:
    return " ".join(sorted(case)) if isinstance(case, set) else str(case)


@pytest.mark.parametrize(("conditions", "expected"), CASES, ids=_id)
def test_a_rule_takes_what_all_its_conditions_hold_for(
    conditions: RuleConditions, expected: set[str]
) -> None:
    policy = Policy(delete=(Rule(conditions),), include_local=True)
    assert gone(decide_prune(small().known(), policy)) == expected


def test_rules_are_alternatives_and_all_that_match_are_named() -> None:
    rules = (
        Rule(RuleConditions(images=("myorg/app:v1",)), "first"),
        Rule(RuleConditions(unused_for=40 * DAY), "idle"),
    )
    for order in permutations(rules):
        decision = decide_prune(small().known(), Policy(delete=order))
        assert gone(decision) == {"app1", "ecr", "old"}
        causes = {it.image.label: it.rules for it in decision.going}
        assert causes["myorg/app:v1"] == ("first", "idle")


def test_keep_always_wins_and_never_implies_that_the_rest_goes() -> None:
    keep = (Rule(RuleConditions(images=("python",)), "mine"),)
    assert not decide_prune(small().known(), Policy(keep=keep)).going
    decision = decide_prune(small().known(), Policy(keep=keep, delete=(EVERYTHING,)))
    assert "base" not in gone(decision)
    assert "kept by: mine" in why(decision, "base")
    assert next(it.matches_rule for it in decision.staying if it.image.label == "python:3.12")


def test_keeping_one_tag_keeps_the_image_with_all_its_tags() -> None:
    keep = (Rule(RuleConditions(images=("myorg/app:v2",))),)
    delete = (Rule(RuleConditions(images=("myorg/app:latest",))),)
    decision = decide_prune(small().known(), Policy(keep=keep, delete=delete))
    assert not decision.going
    assert why(decision, "app2") == ("kept by: images myorg/app:v2",)


def test_a_rule_that_matches_one_of_two_tags_takes_that_tag_and_frees_nothing() -> None:
    decision = decide_prune(small().known(), Policy(delete=(Rule(RuleConditions(tags=("v2",))),)))
    (only,) = decision.going
    assert (only.references, only.removes_image) == (("myorg/app:v2",), False)
    assert (decision.frees.low, decision.frees.high, only.frees_in_order.high) == (0, 0, 0)


def test_two_rules_that_match_a_tag_each_take_the_image() -> None:
    rules = (Rule(RuleConditions(tags=("v2",)), "a"), Rule(RuleConditions(tags=("latest",)), "b"))
    decision = decide_prune(small().known(), Policy(delete=rules))
    assert gone(decision) == {"app2"}
    assert decision.going[0].references == ("myorg/app:v2", "myorg/app:latest")
    assert decision.going[0].rules == ("a", "b")


@pytest.mark.parametrize("state", ["running", "exited", "created", "paused", "dead"])
def test_the_image_of_any_container_stays(state: str) -> None:
    world = small()
    world.container("ecr", state)
    decision = decide_prune(world.known(), Policy(delete=(EVERYTHING,)))
    assert "ecr" not in gone(decision)
    words = "used by web1" if state in {"running", "paused"} else "used by web1 (stopped)"
    assert why(decision, "ecr")[0] == words


def test_an_image_goes_with_its_containers_if_they_go_too() -> None:
    world = small()
    container = world.container("ecr")
    decision = decide_prune(world.known((container.id,)), Policy(delete=(EVERYTHING,)))
    assert "ecr" in gone(decision)


@pytest.mark.parametrize(
    "pin", ["myorg/app:v2", "myorg/app:latest", identity("app2"), f"myorg/app@{identity('app2')}"]
)
def test_a_pinned_image_stays(pin: str) -> None:
    world = small()
    world.pins.append(pin)
    decision = decide_prune(world.known(), Policy(delete=(EVERYTHING,), free=10**9))
    assert "app2" not in gone(decision)
    assert why(decision, "app2") == ("pinned",)


def test_what_is_known_for_less_than_grace_stays() -> None:
    decision = decide_prune(small().known(), Policy(delete=(EVERYTHING,), grace=11 * DAY))
    assert why(decision, "app2") == ("known for only 1 week (grace period: 11d)",)
    assert "arm" in gone(decision)


def test_an_image_made_here_is_known_since_it_was_made() -> None:
    world = small()
    world.sightings.clear()
    policy = Policy(delete=(EVERYTHING,), grace=DAY, include_local=True)
    assert gone(decide_prune(world.known(), policy)) == {"own", "lost"}


def test_what_cannot_be_got_back_stays_unless_it_is_asked_for_or_archived() -> None:
    policy = Policy(delete=(EVERYTHING,))
    decision = decide_prune(small().known(), policy)
    assert {"own", "lost"}.isdisjoint(gone(decision))
    assert why(decision, "own") == ("no registry is known to have it",)
    assert {"own", "lost"} <= gone(
        decide_prune(small().known(), replace(policy, include_local=True))
    )
    archived = decide_prune(small().known(), replace(policy, archive=True))
    assert {"own", "lost"} <= gone(archived)
    assert {it.image.label for it in archived.going if it.archived} >= {"scratchpad:latest"}
    assert next(it for it in archived.going if it.archived).copy.reference == ARCHIVED


def test_what_its_registry_has_no_longer_stays_and_says_so() -> None:
    world = small()
    world.copies[identity("ecr")] = ImageAvailability(why="its registry does not have it any more")
    decision = decide_prune(world.known(), Policy(delete=(EVERYTHING,)))
    assert why(decision, "ecr") == ("its registry does not have it any more",)


def test_only_registries_of_what_would_go_are_to_be_asked() -> None:
    world = small()
    world.copies.clear()
    delete = (Rule(RuleConditions(unused_for=40 * DAY)),)
    decision = decide_prune(world.known(), Policy(delete=delete))
    assert set(decision.images_to_look_up) == {identity("app1"), identity("ecr"), identity("old")}


def test_the_newest_of_each_repository_are_kept() -> None:
    world = World()
    for number in range(1, 6):
        world.image(f"a{number}", f"app:{number}", days=number)
        world.image(f"b{number}", f"org/app:{number}", days=number)
        world.image(f"n{number}", days=number)
    keep = (Rule(RuleConditions(images=("*",)), newest=2),)
    policy = Policy(keep=keep, delete=(EVERYTHING,), include_local=True)
    assert gone(decide_prune(world.known(), policy)) == {
        *(f"{letter}{number}" for letter in "ab" for number in (3, 4, 5)),
        *(f"n{number}" for number in range(1, 6)),
    }


def test_the_newest_are_counted_by_image_not_by_tag() -> None:
    world = World()
    world.image("new", "app:3", "app:latest", "app:stable", days=1)
    world.image("mid", "app:2", days=2)
    world.image("old", "app:1", days=3)
    keep = (Rule(RuleConditions(images=("app",)), newest=2),)
    assert gone(decide_prune(world.known(), Policy(keep=keep, delete=(EVERYTHING,)))) == {"old"}


def test_an_image_others_were_built_on_goes_after_them_or_not_at_all() -> None:
    world = World()
    world.image("base", "base:1", layers="x", local=True)
    world.image("child", "child:1", layers="xy", parent="base", local=True)
    policy = Policy(delete=(EVERYTHING,), include_local=True)
    assert [it.image.label for it in decide_prune(world.known(), policy).going] == [
        "child:1",
        "base:1",
    ]
    world.pins.append("child:1")
    decision = decide_prune(world.known(), policy)
    assert not decision.going
    assert "built on it" in why(decision, "base")[0]


def test_each_image_says_what_it_frees_alone_and_in_this_set() -> None:
    world = World()
    world.image("one", "a:1", layers="xy", size=10)
    world.image("two", "b:1", layers="xz", size=10)
    decision = decide_prune(world.known(), Policy(delete=(EVERYTHING,)))
    assert [(it.frees_alone.low, it.frees_in_order.low) for it in decision.going] == [
        (10, 10),
        (10, 20),
    ]
    assert decision.frees.is_exact
    assert decision.frees.low == 30


def ladder(count: int = 6) -> World:
    """Images of 1000 bytes each: the first was used last."""
    world = World()
    for number in range(count):
        world.image(f"i{number}", f"i{number}:1", unused=number + 1)
    return world


def test_a_budget_takes_the_least_recently_used_until_it_is_reached() -> None:
    decision = decide_prune(ladder().known(), Policy(budget=3500))
    assert gone(decision) == {"i5", "i4", "i3"}
    assert {it.rules for it in decision.going} == {(LEAST_RECENTLY_USED,)}
    assert decision.frees.low == 3000


def test_a_budget_counts_what_rules_take_anyway() -> None:
    delete = (Rule(RuleConditions(images=("i0",))),)
    assert gone(decide_prune(ladder().known(), Policy(delete=delete, budget=4000))) == {"i0", "i5"}


def test_a_budget_that_is_kept_takes_nothing() -> None:
    assert not decide_prune(ladder().known(), Policy(budget=6000)).going


def test_a_budget_that_cannot_be_kept_says_so() -> None:
    world = ladder()
    world.pins += ["i0:1", "i1:1"]
    known, policy = world.known(), Policy(budget=500)
    decision = decide_prune(known, policy)
    assert len(decision.going) == 4
    (said,) = advice.plan_warnings(known, policy, decision)
    assert said.startswith(
        "the goal is to free 5.5kB for a budget of 500B, "
        "but everything that may be removed frees only 4kB"
    )


def test_a_budget_takes_children_before_parents() -> None:
    world = World()
    world.image("base", "base:1", layers="x", unused=90, local=True)
    world.image("child", "child:1", layers="xy", parent="base", unused=2, local=True)
    world.image("other", "other:1", unused=10)
    policy = Policy(budget=2000, include_local=True)
    assert gone(decide_prune(world.known(), policy)) == {"other"}
    decision = decide_prune(world.known(), replace(policy, budget=1000))
    assert [it.image.label for it in decision.going] == ["child:1", "other:1"]


def test_freeing_spares_what_turns_out_not_to_be_needed() -> None:
    world = World()
    world.image("small", "small:1", unused=90, size=10)
    world.image("middle", "middle:1", unused=80, size=300)
    world.image("large", "large:1", unused=70, size=1000)
    decision = decide_prune(world.known(), Policy(free=900, spares_unneeded=True))
    assert gone(decision) == {"large"}
    decision = decide_prune(world.known(), Policy(free=1305, spares_unneeded=True))
    assert gone(decision) == {"small", "middle", "large"}


def test_freeing_counts_layers_that_only_the_set_holds() -> None:
    world = World()
    world.image("one", "a:1", layers="xa", unused=90, size=1000)
    world.image("two", "b:1", layers="xb", unused=80, size=1000)
    world.image("three", "c:1", unused=70, size=500)
    assert gone(decide_prune(world.known(), Policy(free=2500, spares_unneeded=True))) == {
        "one",
        "two",
    }


def test_parents_without_a_name_go_along_and_are_counted() -> None:
    world = World()
    world.image("hidden", layers="x", local=True)
    world.image("child", "child:1", layers="xy", parent="hidden", local=True)
    decision = decide_prune(world.known(), Policy(delete=(EVERYTHING,), include_local=True))
    assert gone(decision) == {"child"}
    assert (decision.parents, decision.frees.low) == (1, 2000)


def test_a_parent_that_has_lost_its_name_is_hidden_only_without_digest_and_container() -> None:
    world = World()
    world.image("pulled", layers="x", digest=f"nginx@{identity('pulled')}")
    world.image("child", "child:1", layers="xy", parent="pulled", local=True)
    world.image("used", layers="z", local=True)
    world.image("grandchild", "grandchild:1", layers="zy", parent="used", local=True)
    world.container("used")
    decision = decide_prune(world.known(), Policy(delete=(EVERYTHING,), include_local=True))
    assert gone(decision) == {"pulled", "child", "grandchild"}
    assert decision.parents == 0
    assert [it.image.id for it in decision.staying] == [identity("used")]


def test_a_pattern_that_names_nothing_is_a_warning_with_the_nearest_name() -> None:
    known = small().known()
    rule = Rule(RuleConditions(images=("pyhton", "myorg/*", "qqqqqqqq")))
    policy = Policy(keep=(rule,))
    assert list(advice.plan_warnings(known, policy, decide_prune(known, policy))) == [
        "no image matches 'pyhton'; the nearest is python",
        "no image matches 'qqqqqqqq'",
    ]


def test_on_the_first_run_age_tells_what_idleness_will_take() -> None:
    world = small()
    world.sightings.clear()
    policy = Policy(delete=(Rule(RuleConditions(unused_for=14 * DAY)),))
    assert not decide_prune(world.known(), policy).going
    assert gone(decide_prune(world.known(), advice.convert_unused_for_to_age(policy))) == {
        "base",
        "app1",
        "ecr",
        "arm",
        "old",
    }


names = st.sampled_from(["a", "b", "c", "a:1", "b:*", "*", "*:2", "org/*", "nothing"])
spans = st.sampled_from([timedelta(days=n) for n in (0, 3, 20, 60)])
conditions = st.builds(
    RuleConditions,
    images=st.lists(names, max_size=2).map(tuple),
    larger_than=st.none() | st.integers(0, 4000),
    frees_more_than=st.none() | st.integers(0, 4000),
    older_than=st.none() | spans,
    unused_for=st.none() | spans,
    untagged=st.none() | st.booleans(),
)
delete_rules = st.lists(st.builds(Rule, conditions), max_size=3).map(tuple)
keep_rules = st.lists(
    st.builds(Rule, conditions, newest=st.none() | st.integers(1, 2)), max_size=2
).map(tuple)
policies = st.builds(
    Policy,
    keep=keep_rules,
    delete=delete_rules,
    grace=spans,
    budget=st.none() | st.integers(0, 9000),
    free=st.none() | st.integers(0, 9000),
    spares_unneeded=st.booleans(),
    include_local=st.booleans(),
    archive=st.booleans(),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to nine images on shared layers, with parents, containers and pins."""
    world = World()
    for number in range(draw(st.integers(1, 9))):
        above = draw(st.sampled_from([None, *range(number)]))
        below = world.images[above] if above is not None else None
        path = f"{_path(world, below)}{'abcdefghi'[number]}" if below else "abcdefghi"[number]
        repositories = draw(st.lists(st.sampled_from(["a", "b", "org/c"]), max_size=2))
        taken = {tag for image in world.images for tag in image.tags}
        tags = [f"{it}:{number % 3}" for it in dict.fromkeys(repositories)]
        world.image(
            f"n{number}",
            *(tag for tag in tags if tag not in taken),
            layers=path,
            parent=f"n{above}" if above is not None and draw(st.booleans()) else "",
            days=draw(st.integers(1, 90)),
            unused=draw(st.integers(0, 90)),
            local=draw(st.booleans()),
            size=draw(st.integers(0, 3000)),
        )
    for number in draw(st.lists(st.integers(0, len(world.images) - 1), max_size=2)):
        world.container(f"n{number}", name=f"c{len(world.containers)}")
    world.pins += draw(st.lists(st.sampled_from(["a:1", "b:2", identity("n0")]), max_size=1))
    return world


def _path(world: World, image: Image) -> str:
    """The letters of an image's layers."""
    return "".join(bytes.fromhex(it[7:9]).decode() for it in world.details[image.id].diff_ids)


@settings(max_examples=120)
@given(worlds(), policies)
def test_no_plan_ever_holds_a_protected_image(world: World, policy: Policy) -> None:
    known = world.known()
    decision = decide_prune(known, policy)
    used = {container.image_id for container in world.containers}
    for going in decision.going:
        image = going.image
        assert image.id not in used
        assert {image.id, *image.tags, *image.digests}.isdisjoint(world.pins)
        if going.removes_image and not (policy.include_local or policy.archive):
            assert world.copies.get(image.id)
        # All conditions hold of a rule that is alone with this image: nothing keeps it.
        alone = decide_prune(
            known, Policy(keep=policy.keep, delete=(EVERYTHING,), include_local=True)
        )
        kept = {it.image.id for it in alone.staying if any("kept by" in w for w in it.reasons)}
        assert image.id not in kept
    listed = [it.image.id for it in decision.going] + [it.image.id for it in decision.staying]
    assert len(listed) == len(set(listed))


@settings(max_examples=80)
@given(worlds(), policies, st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(world: World, policy: Policy, random: Random) -> None:
    shuffled = replace(
        policy,
        keep=tuple(random.sample(policy.keep, len(policy.keep))),
        delete=tuple(random.sample(policy.delete, len(policy.delete))),
    )
    one, other = decide_prune(world.known(), policy), decide_prune(world.known(), shuffled)
    assert one.going == other.going
    assert one.frees == other.frees


@settings(max_examples=80)
@given(worlds(), policies, st.builds(Rule, conditions, newest=st.none() | st.integers(1, 2)))
def test_one_more_keep_rule_never_takes_more(world: World, policy: Policy, rule: Rule) -> None:
    policy = replace(policy, budget=None, free=None)
    before = decide_prune(world.known(), policy)
    after = decide_prune(world.known(), replace(policy, keep=(*policy.keep, rule)))
    refs = {(it.image.id, name) for it in before.going for name in it.references or ("",)}
    assert {(it.image.id, n) for it in after.going for n in it.references or ("",)} <= refs
    assert {it.image.id for it in after.going if it.removes_image} <= {
        it.image.id for it in before.going if it.removes_image
    }


@settings(max_examples=80)
@given(worlds(), policies)
def test_a_goal_is_reached_or_all_that_may_go_goes(world: World, policy: Policy) -> None:
    policy = replace(policy, delete=(), keep=(), budget=None)
    known = world.known()
    decision = decide_prune(known, policy)
    if policy.free is None or decision.frees.low >= policy.free:
        return
    everything = decide_prune(known, replace(policy, delete=(EVERYTHING,), free=None))
    assert decision.frees.low == everything.frees.low


def test_what_frees_nothing_is_spared_though_the_goal_is_out_of_reach() -> None:
    world = World()
    world.image("one", "a:1", layers="x", size=100)
    world.image("same", "b:1", layers="x", unused=1)
    world.pins.append("b:1")
    world.image("own", "c:1", size=300)
    decision = decide_prune(world.known(), Policy(free=9000, spares_unneeded=True))
    assert gone(decision) == {"own"}


@settings(max_examples=80)
@given(worlds(), policies)
def test_the_bytes_of_each_add_up_to_those_of_all(world: World, policy: Policy) -> None:
    decision = decide_prune(world.known(), policy)
    assert decision.frees.is_exact
    assert sum(it.frees_in_order.low for it in decision.going) == decision.frees.low
