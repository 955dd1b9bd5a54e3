"""The section ``[prune]`` of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.config.schema import Section, section_list, setting
from manager.config.value_kinds import (
    duration,
    flag,
    list_of,
    one_line_text,
    optional,
    regex,
    share_or_size,
    size,
    text_list,
    whole_number,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from manager.config.value_kinds import Share

LONGEST_AGE = "36500d"
"""No image is older, and none has been unused for longer."""


class RuleSettings(Section):
    """One rule: an image has to meet all its conditions."""

    name: str = setting(one_line_text(), "", "shown as the reason")
    images: tuple[str, ...] = setting(
        text_list('["postgres", "myorg/*:v*"]'), [], "globs over image names, short or full"
    )
    regexes: tuple[str, ...] = setting(
        list_of(regex(), 'regular expressions, such as ["/app:v[0-9]+$"]'),
        [],
        "searched for in the full image name",
    )
    tags: tuple[str, ...] = setting(text_list('["v*", "latest"]'), [], "globs over the tag alone")
    registries: tuple[str, ...] = setting(
        text_list('["docker.io", "*.azurecr.io"]'), [], "globs over the registry"
    )
    labels: tuple[str, ...] = setting(text_list('["env=dev"]'), [], "a name, or name=value")
    platforms: tuple[str, ...] = setting(text_list('["linux/arm64"]'), [], "os/arch[/variant]")
    larger_than: int | None = setting(
        optional(size()), "", "total size, with the layers it shares with others"
    )
    frees_more_than: int | None = setting(
        optional(size()), "", "what removing this image alone frees"
    )
    older_than: timedelta | None = setting(optional(duration(LONGEST_AGE)), "", "since its build")
    unused_for: timedelta | None = setting(
        optional(duration(LONGEST_AGE)), "", "since its last known use"
    )
    dangling: bool | None = setting(optional(flag()), "", "has neither a tag nor a digest")
    untagged: bool | None = setting(optional(flag()), "", "has no tag")


class KeepSettings(RuleSettings):
    """A rule for images to keep."""

    newest: int | None = setting(
        optional(whole_number(1, 10_000)), "", "only the N newest of each repository"
    )


KeepSettings.settings = {**RuleSettings.settings, **KeepSettings.settings}


def _check_not_empty(rule: RuleSettings) -> tuple[str, str]:
    """A rule without conditions would match every image, which nobody writes on purpose."""
    if any(getattr(rule, name) not in {None, ()} for name in rule.settings if name != "name"):
        return "", ""
    return "has no conditions", 'to match every image, write: images = ["*"]'


class PruneSettings(Section):
    """Pruning."""

    budget: int | None = setting(
        optional(size()),
        "",
        "the most that all images may take up; the least recently used are removed first",
    )
    min_free: Share | int | None = setting(
        optional(share_or_size()), "", "how much of the engine's disk to keep free"
    )
    grace: timedelta = setting(
        duration("365d"), "0s", "keep every image that dockmgr has known for less than this"
    )
    keep: tuple[KeepSettings, ...] = setting(
        section_list(KeepSettings, _check_not_empty), [], "rules for what to keep: see below"
    )
    delete: tuple[RuleSettings, ...] = setting(
        section_list(RuleSettings, _check_not_empty),
        [],
        "rules for what to remove, unless anything keeps it: see below",
    )
