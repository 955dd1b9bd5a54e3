"""A prune as people and programs read it: what goes and why, what stays and why, what became."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.cli.columns import Column, Table
from manager.cli.json_rows import bytes_data, plan_data
from manager.model.plan import Plan, PlanStep, Verb
from manager.model.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from manager.model.images import Image
    from manager.prune.carry_out import PruneResult, StepResult
    from manager.prune.core.decision import KeptImage, PlannedRemoval, PruneDecision
    from manager.prune.core.planning import RecentlyStoppedContainer

REMOVAL_COLUMNS = (
    Column("IMAGE"),
    Column("FREES", right=True),
    Column("ALONE", right=True, from_width=70),
    Column("LAST USE"),
    Column("HOW IT IS KNOWN", from_width=120),
    Column("BACK FROM"),
)
NON_IMAGE_KINDS = {
    Verb.REMOVE: "container",
    Verb.REMOVE_VOLUME: "volume",
    Verb.REMOVE_NETWORK: "network",
    Verb.CLEAR_CACHE: "build cache",
}
PRUNE_DONE_WORDS = {
    Verb.REMOVE: "removed container",
    Verb.UNTAG: "untagged",
    Verb.DELETE: "removed",
    Verb.REMOVE_VOLUME: "removed volume",
    Verb.REMOVE_NETWORK: "removed network",
    Verb.CLEAR_CACHE: "cleared",
}


def render_removals(decision: PruneDecision, now: datetime) -> Iterator[str | Table]:
    """What goes, a table for each set of rules that asks for it, with a line above."""
    groups: dict[tuple[str, ...], list[PlannedRemoval]] = {}
    for one in decision.going:
        groups.setdefault(one.rules, []).append(one)
    for rules, members in groups.items():
        yield f"{'; '.join(rules)}:"
        yield Table(REMOVAL_COLUMNS, [row for one in members for row in _removal_rows(one, now)])


def _removal_rows(one: PlannedRemoval, now: datetime) -> Iterator[tuple[str, ...]]:
    names = one.references or (f"<untagged> {one.image.short_id}",)
    if one.whole:
        frees, alone, back = one.here.format_short(), one.alone.format_short(), recovery_source(one)
    else:
        frees = alone = "0B"
        rest = [it for it in one.held if it not in one.references]
        back = f"it stays as {rest[0]}"
    yield (f"  {names[0]}", frees, alone, one.last_use.age(now), one.last_use.how, back)
    for name in names[1:]:
        yield (f"  {name}", "", "", "", "", "")


def recovery_source(one: PlannedRemoval) -> str:
    """From where an image can be had again, in a word."""
    if one.archived:
        return "archive"
    return "registry" if one.copy.reference else "nowhere"


def render_non_image_steps(plan: Plan) -> Table | None:
    """What goes beside images; None if nothing does."""
    steps = [step for step in plan if step.verb in NON_IMAGE_KINDS]
    if not steps:
        return None
    columns = (Column("BESIDE"), Column("WHAT"), Column("FREES", right=True), Column("WHY"))
    rows = [
        (
            f"  {step.target}",
            NON_IMAGE_KINDS[step.verb],
            step.frees.format_short() if step.frees is not None else "unknown",
            step.cause,
        )
        for step in steps
    ]
    return Table(columns, rows)


def format_totals(decision: PruneDecision, plan: Plan) -> Iterator[str]:
    """What all of it comes to, in sentences."""
    whole = [one for one in decision.going if one.whole]
    parts = [_format_count(len(whole), "image")] if whole else []
    names = sum(len(one.references) for one in decision.going if not one.whole)
    if names:
        parts.append(_format_count(names, "name"))
    for kind, word in NON_IMAGE_KINDS.items():
        count = sum(step.verb is kind for step in plan)
        if count:
            parts.append(f"the {word}" if kind is Verb.CLEAR_CACHE else _format_count(count, word))
    if whole:
        yield f"{_join_words(parts)}; the images free {decision.frees.format_sentence()}"
    else:
        yield f"goes: {_join_words(parts)}"
    if decision.parents:
        verb = "goes" if decision.parents == 1 else "go"
        yield f"{_format_count(decision.parents, 'nameless parent')} of them {verb} too"
    if decision.cached.high and not any(step.verb is Verb.CLEAR_CACHE for step in plan):
        yield (
            f"up to {format_size(decision.cached.high)} of it can stay on the disk for the build "
            "cache: add --build-cache to clear that too"
        )
    lost = [one.image.label for one in whole if not one.copy.reference]
    if lost:
        yield f"cannot be brought back: {_join_words(lost[:5], len(lost) - 5)}"
    if any(step.verb in NON_IMAGE_KINDS for step in plan):
        yield "what goes beside images cannot be brought back"


def _format_count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _join_words(words: Sequence[str], more: int = 0) -> str:
    shown = [*words, *([f"{more} more"] if more > 0 else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def render_kept(
    found: Iterable[KeptImage], young: Iterable[RecentlyStoppedContainer] = ()
) -> Table:
    """What stays, and what protects it: images, and containers that ended a short time ago."""
    rows = [(_image_name(one.image), "; ".join(one.why)) for one in found]
    rows += [(one.container.name, one.why) for one in young]
    return Table((Column("STAYS"), Column("WHY")), rows)


def _image_name(image: Image) -> str:
    return image.label if image.tags else f"<untagged> {image.short_id}"


def render_steps(plan: Plan) -> Table:
    """A plan that was written down: its steps in order."""
    columns = (Column("STEP"), Column("TARGET"), Column("FREES", right=True), Column("BACK FROM"))
    rows = [
        (
            str(step.verb),
            step.target,
            step.frees.format_short() if step.frees is not None else "unknown",
            _step_recovery_source(step),
        )
        for step in plan
    ]
    return Table(columns, rows)


def _step_recovery_source(step: PlanStep) -> str:
    if step.verb in NON_IMAGE_KINDS or not step.restore_from:
        return "nowhere"
    if step.verb is Verb.UNTAG:
        return "the image"
    return "archive" if step.restore_from == "archive" else "registry"


def prune_data(
    decision: PruneDecision,
    plan: Plan,
    warnings: Sequence[str],
    young: Iterable[RecentlyStoppedContainer] = (),
) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        **plan_data(plan),
        "cached": bytes_data(decision.cached),
        "warnings": list(warnings),
        "going": [_removal_row(one) for one in decision.going],
        "staying": [
            {
                "id": one.image.id,
                "tags": list(one.image.tags),
                "why": list(one.why),
                "asked_for": one.wanted,
            }
            for one in decision.staying
        ],
        "staying_containers": [
            {
                "id": one.container.id,
                "name": one.container.name,
                "state": one.container.state,
                "why": [one.why],
            }
            for one in young
        ],
    }


def _removal_row(one: PlannedRemoval) -> dict[str, Any]:
    return {
        "id": one.image.id,
        "references": list(one.references),
        "image_goes": one.whole,
        "rules": list(one.rules),
        "frees_alone": bytes_data(one.alone),
        "frees_here": bytes_data(one.here),
        "last_use": {
            "at": one.last_use.at.isoformat(),
            "known": one.last_use.known,
            "how": one.last_use.how,
        },
        "back_from": recovery_source(one) if one.whole else "image",
        "copy": one.copy.reference or None,
    }


def result_data(done: PruneResult) -> dict[str, Any]:
    """What became of a plan, as JSON."""
    return {
        "prune": done.prune,
        "freed": done.freed,
        "ended_by": done.ended_by.message if done.ended_by else None,
        "outcomes": [
            {
                "verb": result.step.verb,
                "target": result.step.target,
                "id": result.step.object_id,
                "status": result.status,
                "error": result.detail or None,
            }
            for result in done.results
        ],
    }


def format_result(result: StepResult) -> str:
    """One line of what became of a step."""
    name = result.step.target
    if name == result.step.object_id:
        name = name.removeprefix("sha256:")[:12]
    if result.detail:
        return f"{result.status}: {name}: {result.detail}"
    freed = f", {format_size(result.freed)}" if result.freed is not None else ""
    return f"{PRUNE_DONE_WORDS[result.step.verb]} {name}{freed}"
