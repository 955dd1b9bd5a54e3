"""Warnings and notes for a plan: patterns without a match, missed goals, other options."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches

from manager.model.units import format_brief_duration, format_duration, format_size
from manager.prune.core.decision import PruneDecision, decide_prune
from manager.prune.core.matching import image_reference_forms
from manager.prune.core.policy import Policy, Rule, RuleConditions
from manager.prune.core.protection import PruneInputs, tracking_duration
from manager.references.patterns import ReferenceForms, matches_glob

ZERO_DURATION = timedelta()


def plan_warnings(known: PruneInputs, policy: Policy, decision: PruneDecision) -> Iterable[str]:
    """What a person should know before saying yes, a sentence each."""
    names = [name for image in known.snapshot.images for name in image_reference_forms(image)]
    yield from unmatched_pattern_warnings((*policy.keep, *policy.delete), names)
    yield from _goal_warnings(known, policy, decision)


def plan_notes(known: PruneInputs, policy: Policy, decision: PruneDecision) -> Iterable[str]:
    """Other options, a sentence each."""
    waiting = [rule for rule in policy.delete if rule.conditions.unused_for is not None]
    longest = max(
        (it.conditions.unused_for or ZERO_DURATION for it in waiting), default=ZERO_DURATION
    )
    watched = tracking_duration(known)
    if waiting and watched < longest:
        older = decide_prune(known, convert_unused_for_to_age(policy))
        count = sum(one.removes_image for one in older.going)
        yield (
            f"dockmgr has tracked usage for only {format_duration(watched)}, so it cannot tell yet "
            f"what has been unused for {format_duration(longest)}; --older-than "
            f"{format_brief_duration(longest)} would remove {count} and free {older.frees}"
        )
    if not policy.include_local:
        more = decide_prune(known, replace(policy, include_local=True))
        count = len(more.going) - len(decision.going)
        if count > 0 and any(one.only_local for one in decision.staying):
            yield (
                f"{count} more exist only locally ({more.frees.subtract(decision.frees)}): "
                "--archive FOLDER saves and removes them, --include-local removes them for good"
            )


def _goal_warnings(known: PruneInputs, policy: Policy, decision: PruneDecision) -> Iterable[str]:
    frees, lost = decision.frees, decision.cached.high
    if policy.free is not None:
        yield from _shortfall_warnings(frees.low - lost, frees.likely - lost, policy.free, "")
    if policy.budget is not None:
        total = known.disk.total().high
        goal = total - policy.budget
        what = f" for a budget of {format_size(policy.budget)}"
        yield from _shortfall_warnings(frees.low, frees.likely, goal, what)


def _shortfall_warnings(sure: int, likely: int, goal: int, what: str) -> Iterable[str]:
    if likely < goal:
        yield (
            f"the goal is to free {format_size(goal)}{what}, but everything that may be "
            f"removed frees only {format_size(likely)}; --why shows what protects the rest"
        )
    elif sure < goal:
        yield (
            f"the goal is to free {format_size(goal)}{what}; the plan probably does, but only "
            f"{format_size(sure)} is certain, as this engine does not report more"
        )


def unmatched_pattern_warnings(
    rules: Iterable[Rule], names: Sequence[ReferenceForms]
) -> Iterable[str]:
    """A warning for each pattern without a match, with the nearest name."""
    shown = sorted({form for name in names for form in (*name.repositories, *name.wholes) if form})
    for rule in rules:
        for pattern in rule.conditions.images:
            if not any(matches_glob(pattern, name) for name in names):
                near = get_close_matches(pattern.replace("*", ""), shown, n=1, cutoff=0.5)
                hint = f"; the nearest is {near[0]}" if near else ""
                yield f"no image matches {pattern!r}{hint}"


def convert_unused_for_to_age(policy: Policy) -> Policy:
    """The same rules by age instead of last use: what they will remove in time."""

    def older(conditions: RuleConditions) -> RuleConditions:
        if conditions.unused_for is None:
            return conditions
        spans = [it for it in (conditions.unused_for, conditions.older_than) if it is not None]
        return replace(conditions, unused_for=None, older_than=max(spans))

    rules = tuple(replace(rule, conditions=older(rule.conditions)) for rule in policy.delete)
    return replace(policy, delete=rules)
