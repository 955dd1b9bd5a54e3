"""The policy that the section ``[prune]`` of the settings describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.config.prune_section import RuleSettings
from manager.prune.core.policy import Policy, Rule, RuleConditions

if TYPE_CHECKING:
    from manager.config.prune_section import PruneSettings


def build_policy(settings: PruneSettings) -> Policy:
    """The rules as the planner reads them, without what to keep free of the disk."""
    return Policy(
        keep=tuple(_build_rule(it, it.newest) for it in settings.keep),
        delete=tuple(_build_rule(it, None) for it in settings.delete),
        grace=settings.grace,
        budget=settings.budget,
    )


def _build_rule(row: RuleSettings, newest: int | None) -> Rule:
    names = set(RuleSettings.settings) - {"name"}
    return Rule(RuleConditions(**{name: getattr(row, name) for name in names}), row.name, newest)
