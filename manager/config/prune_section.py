"""The section ``[prune]`` of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.config.schema import Section, section_list, setting
from manager.config.value_kinds import (
    duration,
    one_line_text,
    optional_duration,
    optional_flag,
    optional_share_or_size,
    optional_size,
    optional_whole_number,
    regex_list,
    text_list,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from manager.config.value_kinds import Share

LONGEST_AGE = "36500d"
"""No image is older, and none is unused for longer."""


class RuleSettings(Section):
    """One rule: all that it asks holds together."""

    name: str = setting(one_line_text(), "", "what it is called where it is shown")
    images: tuple[str, ...] = setting(
        text_list('["postgres", "myorg/*:v*"]'), [], "globs over addresses, short or in full"
    )
    regexes: tuple[str, ...] = setting(regex_list(), [], "found anywhere in the full address")
    tags: tuple[str, ...] = setting(text_list('["v*", "latest"]'), [], "globs over the tag alone")
    registries: tuple[str, ...] = setting(
        text_list('["docker.io", "*.azurecr.io"]'), [], "globs over the registry"
    )
    labels: tuple[str, ...] = setting(text_list('["env=dev"]'), [], "a name, or name=value")
    platforms: tuple[str, ...] = setting(text_list('["linux/arm64"]'), [], "os/arch[/variant]")
    larger_than: int | None = setting(optional_size(), "", "with what it shares with others")
    frees_more_than: int | None = setting(optional_size(), "", "if it went alone")
    older_than: timedelta | None = setting(optional_duration(LONGEST_AGE), "", "since it was made")
    unused_for: timedelta | None = setting(
        optional_duration(LONGEST_AGE), "", "since its last use that is known of"
    )
    dangling: bool | None = setting(optional_flag(), "", "neither tag nor digest names it")
    untagged: bool | None = setting(optional_flag(), "", "no tag names it")


class KeepSettings(RuleSettings):
    """A rule for what stays."""

    newest: int | None = setting(
        optional_whole_number(1, 10_000), "", "only so many of each repository, the last made first"
    )


KeepSettings.rows = {**RuleSettings.rows, **KeepSettings.rows}


def _check_not_empty(rule: RuleSettings) -> tuple[str, str]:
    """What asks for nothing would stand for every image, which nobody writes on purpose."""
    if any(getattr(rule, name) not in {None, ()} for name in rule.rows if name != "name"):
        return "", ""
    return "asks for nothing", 'a rule for every image is written: images = ["*"]'


class PruneSettings(Section):
    """Tidying up."""

    budget: int | None = setting(
        optional_size(), "", "what all images may take together; the least recently used go"
    )
    min_free: Share | int | None = setting(
        optional_share_or_size(), "", "how much of the engine's disk is to be free"
    )
    grace: timedelta = setting(
        duration("365d"), "0s", "nothing goes that has been known for less than this"
    )
    keep: tuple[KeepSettings, ...] = setting(
        section_list(KeepSettings, _check_not_empty), [], "rules for what never goes: see below"
    )
    delete: tuple[RuleSettings, ...] = setting(
        section_list(RuleSettings, _check_not_empty),
        [],
        "rules for what goes, unless anything keeps it: see below",
    )
