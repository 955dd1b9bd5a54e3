"""What to say beside a plan: names that nothing has, goals not reached, what age would take."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from manager.core.policy import Conditions, Name, Policy, Rule, glob_fits, names_of
from manager.core.protection import Known
from manager.core.pruning import Decision
from manager.core.units import format_size


def warnings(known: Known, policy: Policy, decision: Decision) -> Iterable[str]:
    """All that a person should know before saying yes, a sentence each."""
    names = [name for image in known.snapshot.images for name in names_of(image)]
    yield from unmatched((*policy.keep, *policy.delete), names)
    yield from _not_reached(known, policy, decision)


def _not_reached(known: Known, policy: Policy, decision: Decision) -> Iterable[str]:
    if policy.free is not None:
        sure = decision.frees.low - decision.cached.high
        if sure < policy.free:
            yield _short(f"{format_size(policy.free)} were to come free", sure)
    if policy.budget is not None:
        rest = known.disk.total().high - decision.frees.low
        if rest > policy.budget:
            what = f"the budget is {format_size(policy.budget)}, and {format_size(rest)} stay"
            yield _short(what, decision.frees.low)


def _short(goal: str, sure: int) -> str:
    return f"{goal}: what may go comes to {format_size(sure)}; --why shows what protects the rest"


def unmatched(rules: Iterable[Rule], names: Sequence[Name]) -> Iterable[str]:
    """A warning for each pattern that names nothing, with the nearest name there is."""
    shown = sorted({form for name in names for form in (*name.repositories, *name.wholes) if form})
    for rule in rules:
        for pattern in rule.conditions.images:
            if not any(glob_fits(pattern, name) for name in names):
                near = get_close_matches(pattern.replace("*", ""), shown, n=1, cutoff=0.5)
                hint = f"; the nearest there is: {near[0]}" if near else ""
                yield f"no image is called {pattern!r}{hint}"


def hindsight(policy: Policy) -> Policy:
    """The same rules going by age where they go by last use: what they will take in time."""

    def older(conditions: Conditions) -> Conditions:
        if conditions.unused_for is None:
            return conditions
        spans = [it for it in (conditions.unused_for, conditions.older_than) if it is not None]
        return replace(conditions, unused_for=None, older_than=max(spans))

    rules = tuple(replace(rule, conditions=older(rule.conditions)) for rule in policy.delete)
    return replace(policy, delete=rules)
