"""The section ``[prune]`` of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.config.schema import Section, sections, setting
from manager.config.value_kinds import (
    duration,
    duration_or_nothing,
    flag_or_nothing,
    regexes,
    share_or_size,
    size_or_nothing,
    text,
    texts,
    whole_or_nothing,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from manager.config.value_kinds import Share

AGES = "36500d"
"""No image is older, and none is unused for longer."""


class RuleSettings(Section):
    """One rule: all that it asks holds together."""

    name: str = setting(text(), "", "what it is called where it is shown")
    images: tuple[str, ...] = setting(
        texts('["postgres", "myorg/*:v*"]'), [], "globs over addresses, short or in full"
    )
    regexes: tuple[str, ...] = setting(regexes(), [], "found anywhere in the full address")
    tags: tuple[str, ...] = setting(texts('["v*", "latest"]'), [], "globs over the tag alone")
    registries: tuple[str, ...] = setting(
        texts('["docker.io", "*.azurecr.io"]'), [], "globs over the registry"
    )
    labels: tuple[str, ...] = setting(texts('["env=dev"]'), [], "a name, or name=value")
    platforms: tuple[str, ...] = setting(texts('["linux/arm64"]'), [], "os/arch[/variant]")
    larger_than: int | None = setting(size_or_nothing(), "", "with what it shares with others")
    frees_more_than: int | None = setting(size_or_nothing(), "", "if it went alone")
    older_than: timedelta | None = setting(duration_or_nothing(AGES), "", "since it was made")
    unused_for: timedelta | None = setting(
        duration_or_nothing(AGES), "", "since its last use that is known of"
    )
    dangling: bool | None = setting(flag_or_nothing(), "", "neither tag nor digest names it")
    untagged: bool | None = setting(flag_or_nothing(), "", "no tag names it")


class KeepSettings(RuleSettings):
    """A rule for what stays."""

    newest: int | None = setting(
        whole_or_nothing(1, 10_000), "", "only so many of each repository, the last made first"
    )


KeepSettings.rows = {**RuleSettings.rows, **KeepSettings.rows}


def _empty(rule: RuleSettings) -> tuple[str, str]:
    """What asks for nothing would stand for every image, which nobody writes on purpose."""
    if any(getattr(rule, name) not in {None, ()} for name in rule.rows if name != "name"):
        return "", ""
    return "asks for nothing", 'a rule for every image is written: images = ["*"]'


class Prune(Section):
    """Tidying up."""

    budget: int | None = setting(
        size_or_nothing(), "", "what all images may take together; the least recently used go"
    )
    min_free: Share | int | None = setting(
        share_or_size(), "", "how much of the engine's disk is to be free"
    )
    grace: timedelta = setting(
        duration("365d"), "0s", "nothing goes that has been known for less than this"
    )
    keep: tuple[KeepSettings, ...] = setting(
        sections(KeepSettings, _empty), [], "rules for what never goes: see below"
    )
    delete: tuple[RuleSettings, ...] = setting(
        sections(RuleSettings, _empty),
        [],
        "rules for what goes, unless anything keeps it: see below",
    )
