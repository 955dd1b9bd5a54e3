"""What to say beside a plan: names that nothing has, goals not reached, what age would take."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches

from manager.model.units import format_brief_duration, format_duration, format_size
from manager.prune.core.decision import PruneDecision, decide_prune
from manager.prune.core.policy import Policy, Rule, RuleConditions, image_reference_forms
from manager.prune.core.protection import PruneInputs, tracking_duration
from manager.references.patterns import ReferenceForms, matches_glob

ZERO_DURATION = timedelta()


def plan_warnings(known: PruneInputs, policy: Policy, decision: PruneDecision) -> Iterable[str]:
    """All that a person should know before saying yes, a sentence each."""
    names = [name for image in known.snapshot.images for name in image_reference_forms(image)]
    yield from unmatched_pattern_warnings((*policy.keep, *policy.delete), names)
    yield from _goal_warnings(known, policy, decision)


def plan_notes(known: PruneInputs, policy: Policy, decision: PruneDecision) -> Iterable[str]:
    """What else could be done, a sentence each."""
    waiting = [rule for rule in policy.delete if rule.conditions.unused_for is not None]
    longest = max(
        (it.conditions.unused_for or ZERO_DURATION for it in waiting), default=ZERO_DURATION
    )
    watched = tracking_duration(known)
    if waiting and watched < longest:
        older = decide_prune(known, convert_unused_for_to_age(policy))
        count = sum(one.whole for one in older.going)
        yield (
            f"images are watched for {format_duration(watched)} only, so that few can be known "
            f"to be unused for {format_brief_duration(longest)}; --older-than "
            f"{format_brief_duration(longest)} would take {count}, and free {older.frees}"
        )
    if not policy.include_local:
        more = decide_prune(known, replace(policy, include_local=True))
        count = len(more.going) - len(decision.going)
        if count > 0 and any(one.local for one in decision.staying):
            yield (
                f"no registry has {count} more, {more.frees.subtract(decision.frees)}: "
                "--archive FOLDER saves them and takes them, --include-local takes them for good"
            )


def _goal_warnings(known: PruneInputs, policy: Policy, decision: PruneDecision) -> Iterable[str]:
    frees, lost = decision.frees, decision.cached.high
    if policy.free is not None:
        yield from _shortfall_warnings(
            frees.low - lost, frees.likely - lost, policy.free, "are to come free"
        )
    if policy.budget is not None:
        total = known.disk.total().high
        goal = total - policy.budget
        what = f"are to go for a budget of {format_size(policy.budget)}"
        yield from _shortfall_warnings(frees.low, frees.likely, goal, what)


def _shortfall_warnings(sure: int, likely: int, goal: int, what: str) -> Iterable[str]:
    if likely < goal:
        yield (
            f"{format_size(goal)} {what}, and all that may go comes to {format_size(likely)}; "
            "--why shows what protects the rest"
        )
    elif sure < goal:
        yield (
            f"{format_size(goal)} {what}; that is likely, but only {format_size(sure)} are sure, "
            "as this engine does not tell more"
        )


def unmatched_pattern_warnings(
    rules: Iterable[Rule], names: Sequence[ReferenceForms]
) -> Iterable[str]:
    """A warning for each pattern that names nothing, with the nearest name there is."""
    shown = sorted({form for name in names for form in (*name.repositories, *name.wholes) if form})
    for rule in rules:
        for pattern in rule.conditions.images:
            if not any(matches_glob(pattern, name) for name in names):
                near = get_close_matches(pattern.replace("*", ""), shown, n=1, cutoff=0.5)
                hint = f"; the nearest there is: {near[0]}" if near else ""
                yield f"no image is called {pattern!r}{hint}"


def convert_unused_for_to_age(policy: Policy) -> Policy:
    """The same rules going by age where they go by last use: what they will take in time."""

    def older(conditions: RuleConditions) -> RuleConditions:
        if conditions.unused_for is None:
            return conditions
        spans = [it for it in (conditions.unused_for, conditions.older_than) if it is not None]
        return replace(conditions, unused_for=None, older_than=max(spans))

    rules = tuple(replace(rule, conditions=older(rule.conditions)) for rule in policy.delete)
    return replace(policy, delete=rules)
