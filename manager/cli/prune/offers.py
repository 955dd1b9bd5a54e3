"""What a bare prune offers at a terminal: local images, unused images, the build cache.

Nothing is removed that was not chosen: an empty answer means no.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from manager.cli.plain_table import Column, Table
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

MAX_UNUSED_IMAGES = 10
"""How many unused images are offered, the largest first."""
CHOSEN_RULE_NAME = "chosen"


def offer_removals(
    session: Session,
    view: EngineView,
    known: PruneInputs,
    decision: PruneDecision,
    policy: Policy,
    ask: CopyLookup,
) -> tuple[Policy, tuple[CacheRecord, ...]]:
    """Ask what else to remove.

    Args:
        session: the session.
        view: the engine.
        known: what is known about its images.
        decision: what is removed in any case.
        policy: the rules behind that decision.
        ask: looks images up in registries.

    Returns:
        The rules with what was chosen, and the records of the build cache to clear.
    """
    from manager.prune.ask_registries import decide_with_registries

    safe = [one.image.id for one in decision.going if one.removes_image]
    everything = decide_prune(known, replace(policy, include_local=True))
    local = [one for one in everything.going if one.removes_image and one.image.id not in safe]
    taken = list(safe)
    if local and _ask_yes_no(
        f"{len(local)} untagged image{'s' * (len(local) != 1)} that no registry has "
        f"({everything.frees.subtract(decision.frees)}) cannot be recovered. Remove anyway?"
    ):
        taken += [one.image.id for one in local]
    anything = Rule(RuleConditions(images=("*",), untagged=False), CHOSEN_RULE_NAME)
    _, unused = decide_with_registries(
        known, replace(policy, delete=(anything,), include_local=True), ask
    )
    taken += _choose_unused_images(
        session, view, [one for one in unused.going if one.removes_image]
    )
    rules = (Rule(RuleConditions(ids=tuple(taken)), CHOSEN_RULE_NAME),) if taken else ()
    return replace(policy, delete=rules, include_local=True), _offer_build_cache(view)


def _offer_build_cache(view: EngineView) -> tuple[CacheRecord, ...]:
    """The unused records of the build cache, if a person wants them cleared."""
    records = tuple(it for it in view.snapshot.build_cache if not it.in_use)
    size = sum(it.size for it in records if not it.shared)
    question = f"{len(records)} unused build cache records ({format_size(size)}). Clear them?"
    return records if records and _ask_yes_no(question) else ()


def _ask_yes_no(question: str) -> bool:
    return typer.confirm(question, default=False, err=True)


def _choose_unused_images(
    session: Session, view: EngineView, unused: Sequence[PlannedRemoval]
) -> list[str]:
    """Let a person pick from a list of the largest unused images."""
    largest = sorted(unused, key=lambda one: (-one.frees_alone.high, one.image.label))[
        :MAX_UNUSED_IMAGES
    ]
    if not largest:
        return []
    session.out.print_part(_render_choices(largest, view), data=False)
    return [largest[number - 1].image.id for number in _ask_for_numbers(session, len(largest))]


def _render_choices(images: Sequence[PlannedRemoval], view: EngineView) -> Table:
    from manager.cli.prune.views import recovery_source

    columns = (
        Column("   UNUSED IMAGE"),
        Column("FREES", right=True),
        Column("LAST USE"),
        Column("RECOVER FROM"),
    )
    rows = [
        (
            f"{number:2} {one.image.label}",
            one.frees_alone.format_short(),
            one.last_use.age(view.now),
            recovery_source(one),
        )
        for number, one in enumerate(images, 1)
    ]
    return Table(columns, rows)


def _ask_for_numbers(session: Session, most: int) -> list[int]:
    while True:
        answer = typer.prompt(
            "Which should be removed? (numbers such as 1,3-5, all, or Enter for none)",
            default="",
            show_default=False,
            err=True,
        )
        chosen = parse_numbers(answer, most)
        if chosen or not answer.strip():
            return chosen
        session.out.note(f"{answer.strip()!r} is not a valid choice, for example 1,3-5")


def parse_numbers(text: str, most: int) -> list[int]:
    """The numbers in a list such as ``1,3-5``; none if any of them was not offered."""
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
