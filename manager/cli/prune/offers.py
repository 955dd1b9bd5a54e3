"""What a bare prune offers at a terminal: what exists nowhere else, what is idle, the build cache.

Nothing is taken that was not chosen: an empty answer is a no.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from manager.cli.columns import Column, Table
from manager.model.snapshot import CacheRecord
from manager.model.units import format_size
from manager.prune.core.decision import decide_prune
from manager.prune.core.policy import Policy, Rule, RuleConditions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.cli.images.observing import EngineView
    from manager.cli.session import Session
    from manager.prune.ask_registries import CopyLookup
    from manager.prune.core.decision import PlannedRemoval, PruneDecision
    from manager.prune.core.protection import PruneInputs

MAX_IDLE_IMAGES = 10
"""So many idle images are offered, the largest first."""
CHOSEN_RULE_NAME = "chosen"


def offer_removals(
    work: Session,
    view: EngineView,
    known: PruneInputs,
    decision: PruneDecision,
    policy: Policy,
    ask: CopyLookup,
) -> tuple[Policy, tuple[CacheRecord, ...]]:
    """Ask what else is to go.

    Args:
        work: the session.
        view: the engine.
        known: what is known of its images.
        decision: what goes in any case.
        policy: the rules that made it so.
        ask: asks registries.

    Returns:
        The rules with what was chosen, and the records of the build cache that go.
    """
    from manager.prune.ask_registries import decide_with_registries

    safe = [one.image.id for one in decision.going if one.whole]
    everything = decide_prune(known, replace(policy, include_local=True))
    local = [one for one in everything.going if one.whole and one.image.id not in safe]
    taken = list(safe)
    if local and _ask_yes_no(
        f"{len(local)} untagged image{'s' * (len(local) != 1)} that no registry has "
        f"({everything.frees.subtract(decision.frees)}) cannot be brought back. Delete anyway?"
    ):
        taken += [one.image.id for one in local]
    anything = Rule(RuleConditions(images=("*",), untagged=False), CHOSEN_RULE_NAME)
    _, idle = decide_with_registries(
        known, replace(policy, delete=(anything,), include_local=True), ask
    )
    taken += _choose_idle_images(work, view, [one for one in idle.going if one.whole])
    rules = (Rule(RuleConditions(ids=tuple(taken)), CHOSEN_RULE_NAME),) if taken else ()
    unused = tuple(it for it in view.snapshot.build_cache if not it.in_use)
    size = sum(it.size for it in unused if not it.shared)
    clear = bool(unused) and _ask_yes_no(
        f"{len(unused)} records of the build cache are in no use: {format_size(size)}. Clear them?"
    )
    return replace(policy, delete=rules, include_local=True), unused if clear else ()


def _ask_yes_no(question: str) -> bool:
    return typer.confirm(question, default=False, err=True)


def _choose_idle_images(
    work: Session, view: EngineView, idle: Sequence[PlannedRemoval]
) -> list[str]:
    """The largest idle images that somebody picks from a list."""
    from manager.cli.prune.views import recovery_source

    largest = sorted(idle, key=lambda one: (-one.alone.high, one.image.label))[:MAX_IDLE_IMAGES]
    if not largest:
        return []
    columns = (
        Column("   IDLE IMAGE"),
        Column("FREES", right=True),
        Column("LAST USE"),
        Column("BACK FROM"),
    )
    rows = [
        (
            f"{number:2} {one.image.label}",
            one.alone.format_short(),
            one.last_use.age(view.now),
            recovery_source(one),
        )
        for number, one in enumerate(largest, 1)
    ]
    work.out.print_part(Table(columns, rows), data=False)
    while True:
        answer = typer.prompt(
            "Which of them are to go? (numbers such as 1,3-5; all; nothing for none)",
            default="",
            show_default=False,
            err=True,
        )
        chosen = parse_numbers(answer, len(largest))
        if chosen or not answer.strip():
            return [largest[number - 1].image.id for number in chosen]
        work.out.note(f"{answer.strip()!r} names none of them: they have the numbers before them")


def parse_numbers(text: str, most: int) -> list[int]:
    """The numbers in a list such as ``1,3-5``, if all were offered; else none of them."""
    if text.strip().lower() == "all":
        return list(range(1, most + 1))
    found: list[int] = []
    for part in text.replace(",", " ").split():
        span = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
        first, last = (int(span[1]), int(span[2] or span[1])) if span else (0, 0)
        if not 1 <= first <= last <= most:
            return []
        found += range(first, last + 1)
    return list(dict.fromkeys(found))
