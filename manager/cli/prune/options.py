"""The options of prune, and the policy that they and the settings make together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.config.prune_section import PruneSettings
    from manager.config.value_kinds import Share
    from manager.engine.disk_space import DiskSpace
    from manager.prune.core.policy import Policy, RuleConditions

ONE_OFF_RULE_NAME = "asked for"
"""The rule that options describe."""
UNTAGGED_RULE_NAME = "untagged"
"""The default rule: what `docker image prune` removes."""


@dataclass(frozen=True, slots=True)
class PruneOptions:
    """The options of prune, as they were typed."""

    patterns: tuple[str, ...] = ()
    regexes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    larger_than: str = ""
    frees_more_than: str = ""
    older_than: str = ""
    unused_for: str = ""
    dangling: bool = False
    untagged: bool = False
    everything: bool = False
    free: str = ""
    budget: str = ""
    min_free: str = ""
    keep: tuple[str, ...] = ()
    include_local: bool = False
    archive: bool = False

    def conditions(self) -> RuleConditions:
        """The conditions that the options describe.

        Raises:
            ManagerError: (usage) a size, a duration or a regular expression is not valid.
        """
        from manager.prune.core.policy import RuleConditions

        return RuleConditions(
            images=self.patterns or (("*",) if self.everything else ()),
            regexes=tuple(map(_check_regex, self.regexes)),
            tags=self.tags,
            registries=self.registries,
            labels=self.labels,
            platforms=self.platforms,
            larger_than=_parse_size(self.larger_than),
            frees_more_than=_parse_size(self.frees_more_than),
            older_than=_parse_duration(self.older_than),
            unused_for=_parse_duration(self.unused_for),
            dangling=True if self.dangling else None,
            untagged=True if self.untagged else None,
        )

    def policy(self, settings: PruneSettings, space: Callable[[], DiskSpace | str]) -> Policy:
        """The rules. Options replace the settings on what to remove, not those on what to keep.

        Args:
            settings: the section ``[prune]``.
            space: measures the disk of the engine, or says why it cannot.

        Raises:
            ManagerError: an option is not valid, or the free space is not known.
        """
        from manager.prune.core.policy import Rule, RuleConditions
        from manager.prune.policy_settings import build_policy

        found = build_policy(settings)
        conditions = self.conditions()
        one_off = bool(conditions) or bool(self.free)
        min_free = _parse_share_or_size(self.min_free) if self.min_free else settings.min_free
        if one_off:
            rule = Rule(conditions, str(conditions) or ONE_OFF_RULE_NAME)
            found = replace(found, delete=(rule,) if conditions else (), budget=None)
            min_free = _parse_share_or_size(self.min_free) if self.min_free else None
        if self.budget:
            found = replace(found, budget=_parse_size(self.budget))
        if self.keep:
            found = replace(found, keep=(*found.keep, Rule(RuleConditions(images=self.keep))))
        return replace(
            found,
            free=_max_given(_parse_size(self.free), _bytes_to_free(min_free, space)),
            spares_unneeded=bool(self.free),
            include_local=self.include_local,
            archive=self.archive,
        )


def is_bare(policy: Policy) -> bool:
    """Whether nothing says what to remove: neither a rule nor a goal."""
    return not policy.delete and policy.budget is None and policy.free is None


def with_default_rule(policy: Policy) -> Policy:
    """The policy with the default rule."""
    from manager.prune.core.policy import Rule, RuleConditions

    return replace(policy, delete=(Rule(RuleConditions(untagged=True), UNTAGGED_RULE_NAME),))


def _parse_size(text: str) -> int | None:
    from manager.model.units import parse_size

    return parse_size(text) if text else None


def _parse_duration(text: str) -> timedelta | None:
    from manager.model.units import parse_duration

    return parse_duration(text) if text else None


def _check_regex(text: str) -> str:
    import re

    try:
        re.compile(text)
    except re.error as error:
        raise ManagerError(
            f"{text!r} is not a valid regular expression: {error}",
            "names and globs are given without --regex",
            ExitCode.USAGE,
        ) from error
    return text


def _parse_share_or_size(text: str) -> Share | int | None:
    from manager.config.value_kinds import share_or_size

    refused = ManagerError(
        f"{text!r} is not a valid share or size, for example 15% or 20GB",
        "--min-free takes a share of the disk or a size with a unit",
        ExitCode.USAGE,
    )
    if text.strip().isdigit():
        raise refused  # could be meant as a share or as bytes
    try:
        return share_or_size().read(text, ())
    except ValueError:
        raise refused from None


def _bytes_to_free(wanted: Share | int | None, space: Callable[[], DiskSpace | str]) -> int | None:
    """How many bytes to free, so that this much of the disk is free."""
    if wanted is None:
        return None
    found = space()
    if isinstance(found, str):
        raise ManagerError(
            f"dockmgr cannot tell how much of the disk is free: {found}",
            "use --free SIZE or --budget SIZE instead",
        )
    least = wanted if isinstance(wanted, int) else int(wanted.fraction * found.total)
    return max(0, least - found.free)


def _max_given(one: int | None, other: int | None) -> int | None:
    given = [it for it in (one, other) if it is not None]
    return max(given, default=None)
