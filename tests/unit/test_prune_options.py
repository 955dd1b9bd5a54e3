"""The options of prune: which rules they make, and how they go together with the settings."""

from datetime import timedelta

import pytest

from manager.cli.prune.offers import parse_numbers
from manager.cli.prune.options import PruneOptions, is_bare, with_default_rule
from manager.config.prune_section import KeepSettings, PruneSettings, RuleSettings
from manager.config.value_kinds import Share
from manager.engine.disk_space import DiskSpace
from manager.errors import ExitCode, ManagerError
from manager.prune.core.policy import Policy

SETTINGS = PruneSettings(
    budget=20_000_000_000,
    grace=timedelta(days=1),
    keep=(KeepSettings(images=("postgres",)),),
    delete=(RuleSettings(untagged=True, name="old"),),
)
DISK = DiskSpace("/var/lib/docker", 100_000, 10_000)


def policy(
    asked: PruneOptions, settings: PruneSettings = SETTINGS, disk: DiskSpace | str = DISK
) -> Policy:
    return asked.policy(settings, lambda: disk)


def test_without_options_the_settings_count() -> None:
    found = policy(PruneOptions())
    assert [str(rule) for rule in found.delete] == ["old"]
    assert (found.budget, found.free, found.grace) == (20_000_000_000, None, timedelta(days=1))
    assert not is_bare(found)


def test_conditions_stand_in_place_of_rules_and_budget_but_not_of_what_keeps() -> None:
    found = policy(PruneOptions(larger_than="1GB", unused_for="30d"))
    assert [str(rule) for rule in found.delete] == ["larger than 1GB, unused for 30d"]
    assert found.budget is None
    assert [str(rule) for rule in found.keep] == ["images postgres"]
    assert found.grace == timedelta(days=1)


def test_all_is_a_rule_for_every_image_and_patterns_are_the_narrower_one() -> None:
    assert policy(PruneOptions(everything=True)).delete[0].conditions.images == ("*",)
    assert policy(PruneOptions(everything=True, patterns=("a",))).delete[0].conditions.images == (
        "a",
    )


def test_free_takes_by_age_alone_and_is_sparing() -> None:
    found = policy(PruneOptions(free="9GB"))
    assert (found.delete, found.free, found.spares_unneeded) == ((), 9_000_000_000, True)
    with_conditions = policy(PruneOptions(free="9GB", untagged=True))
    assert [str(rule) for rule in with_conditions.delete] == ["untagged"]


def test_a_budget_goes_with_the_rules_of_the_settings() -> None:
    found = policy(PruneOptions(budget="1GB"))
    assert (found.budget, [str(rule) for rule in found.delete]) == (1_000_000_000, ["old"])


def test_keep_is_added_to_what_the_settings_keep() -> None:
    found = policy(PruneOptions(keep=("mine*",)))
    assert [str(rule) for rule in found.keep] == ["images postgres", "images mine*"]


@pytest.mark.parametrize(
    ("wanted", "missing"), [("15%", 5_000), ("5%", 0), ("30kB", 20_000), ("100%", 90_000)]
)
def test_what_is_to_be_free_is_worked_out_from_the_disk(wanted: str, missing: int) -> None:
    assert policy(PruneOptions(min_free=wanted)).free == missing
    kind = Share(float(wanted[:-1]) / 100) if wanted.endswith("%") else 30_000
    assert policy(PruneOptions(), PruneSettings(min_free=kind)).free == missing


def test_where_the_disk_cannot_be_seen_it_refuses_and_says_why() -> None:
    with pytest.raises(ManagerError, match="of the disk is free: far away") as caught:
        policy(PruneOptions(min_free="15%"), disk="far away")
    assert "--budget" in caught.value.hint


def test_the_disk_is_not_looked_at_if_nothing_is_asked_of_it() -> None:
    def never() -> DiskSpace:
        raise AssertionError

    PruneOptions(larger_than="1GB").policy(SETTINGS, never)


@pytest.mark.parametrize(
    "asked",
    [
        PruneOptions(larger_than="1XB"),
        PruneOptions(unused_for="soon"),
        PruneOptions(regexes=("(",)),
        PruneOptions(min_free="115%"),
        PruneOptions(min_free="much"),
        PruneOptions(min_free="15"),
        PruneOptions(free="-1GB"),
        PruneOptions(budget="lots"),
    ],
)
def test_what_is_wrong_is_a_usage_error(asked: PruneOptions) -> None:
    with pytest.raises(ManagerError) as caught:
        policy(asked)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint


def test_nothing_at_all_means_untagged_images() -> None:
    bare = policy(PruneOptions(), PruneSettings())
    assert is_bare(bare)
    assert [str(rule) for rule in with_default_rule(bare).delete] == ["untagged"]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", []),
        ("  ", []),
        ("1", [1]),
        ("1,3-5", [1, 3, 4, 5]),
        ("3-1", []),
        ("2 2,2", [2]),
        ("all", [1, 2, 3, 4, 5]),
        ("0,6,99999999999", []),
        ("4-5", [4, 5]),
        ("4-6", []),
        ("1 6", []),
        ("1,x", []),
        ("x,-1,1-", []),
    ],
)
def test_all_numbers_that_were_offered_are_chosen_or_none(text: str, chosen: list[int]) -> None:
    assert parse_numbers(text, 5) == chosen
