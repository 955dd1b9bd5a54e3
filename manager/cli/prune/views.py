"""A prune as people and programs read it: what is removed, what is kept and why, the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.cli.json_rows import bytes_data, plan_data
from manager.cli.plain_table import Column, Table
from manager.model.plan import Plan, PlanStep, Verb
from manager.model.units import SHORT_ID_DIGITS, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from manager.model.images import Image
    from manager.prune.carry_out import PruneResult, StepResult
    from manager.prune.core.decision import KeptImage, PlannedRemoval, PruneDecision
    from manager.prune.core.planning import RecentlyStoppedContainer
    from manager.prune.journal import StepStatus

REMOVAL_COLUMNS = (
    Column("IMAGE"),
    Column("FREES", right=True),
    Column("ALONE", right=True, from_width=70),
    Column("LAST USE"),
    Column("KNOWN FROM", from_width=120),
    Column("RECOVER FROM"),
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
    """What is removed: a table for each set of rules, with a line above."""
    groups: dict[tuple[str, ...], list[PlannedRemoval]] = {}
    for one in decision.going:
        groups.setdefault(one.rules, []).append(one)
    for rules, members in groups.items():
        yield f"{'; '.join(rules)}:"
        yield Table(REMOVAL_COLUMNS, [row for one in members for row in _removal_rows(one, now)])


def _removal_rows(one: PlannedRemoval, now: datetime) -> Iterator[tuple[str, ...]]:
    names = one.references or (f"<untagged> {one.image.short_id}",)
    if one.removes_image:
        frees, alone, back = (
            one.frees_in_order.format_short(),
            one.frees_alone.format_short(),
            recovery_source(one),
        )
    else:
        frees = alone = "0B"
        rest = [it for it in one.all_references if it not in one.references]
        back = f"stays as {rest[0]}"
    yield (f"  {names[0]}", frees, alone, one.last_use.age(now), one.last_use.how, back)
    for name in names[1:]:
        yield (f"  {name}", "", "", "", "", "")


def recovery_source(one: PlannedRemoval) -> str:
    """From where an image can be recovered, in a word."""
    if one.archived:
        return "archive"
    return "registry" if one.copy.reference else "nowhere"


def render_non_image_steps(plan: Plan) -> Table | None:
    """What is removed other than images; None if nothing is."""
    steps = [step for step in plan if step.verb in NON_IMAGE_KINDS]
    if not steps:
        return None
    columns = (Column("ALSO REMOVED"), Column("KIND"), Column("FREES", right=True), Column("WHY"))
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
    """The sums of a plan, in sentences."""
    what = describe_removals(plan)
    whole = [one for one in decision.going if one.removes_image]
    if whole:
        yield f"to remove: {what}; the images free {decision.frees.format_sentence()}"
    else:
        yield f"to remove: {what}"
    if decision.parents:
        yield f"including {_format_count(decision.parents, 'untagged parent')} of these images"
    if decision.cached.high and not any(step.verb is Verb.CLEAR_CACHE for step in plan):
        yield (
            f"up to {format_size(decision.cached.high)} of that can stay on the disk in the build "
            "cache; add --build-cache to clear the cache too"
        )
    lost = [one.image.label for one in whole if not one.copy.reference]
    if lost:
        yield f"cannot be recovered: {_join_words(lost[:5], len(lost) - 5)}"
    if any(step.verb in NON_IMAGE_KINDS for step in plan):
        yield "only images can be recovered"


def describe_removals(plan: Plan) -> str:
    """What a plan removes, counted by kind: ``3 images, 1 name and the build cache``."""
    images = {step.object_id for step in plan if step.verb is Verb.DELETE}
    names = [it for it in plan if it.verb is Verb.UNTAG and it.object_id not in images]
    counts = {"image": len(images), "name": len(names)}
    for verb, noun in NON_IMAGE_KINDS.items():
        counts[noun] = sum(step.verb is verb for step in plan)
    cache = NON_IMAGE_KINDS[Verb.CLEAR_CACHE]
    return _join_words(
        [
            f"the {noun}" if noun == cache else _format_count(number, noun)
            for noun, number in counts.items()
            if number
        ]
    )


def _format_count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _join_words(words: Sequence[str], more: int = 0) -> str:
    shown = [*words, *([f"{more} more"] if more > 0 else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def render_kept(
    found: Iterable[KeptImage], recently_stopped: Iterable[RecentlyStoppedContainer] = ()
) -> Table:
    """What is kept and why: images, and containers that stopped recently."""
    rows = [(_image_name(one.image), "; ".join(one.reasons)) for one in found]
    rows += [(one.container.name, one.why) for one in recently_stopped]
    return Table((Column("KEPT"), Column("WHY")), rows)


def _image_name(image: Image) -> str:
    return image.label if image.tags else f"<untagged> {image.short_id}"


def render_steps(plan: Plan) -> Table:
    """The steps of a plan in order."""
    columns = (
        Column("STEP"),
        Column("TARGET"),
        Column("FREES", right=True),
        Column("RECOVER FROM"),
    )
    rows = [
        (
            str(step.verb),
            shorten_target(step.target),
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
    recently_stopped: Iterable[RecentlyStoppedContainer] = (),
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
                "why": list(one.reasons),
                "asked_for": one.matches_rule,
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
            for one in recently_stopped
        ],
    }


def _removal_row(one: PlannedRemoval) -> dict[str, Any]:
    return {
        "id": one.image.id,
        "references": list(one.references),
        "image_goes": one.removes_image,
        "rules": list(one.rules),
        "frees_alone": bytes_data(one.frees_alone),
        "frees_here": bytes_data(one.frees_in_order),
        "last_use": {
            "at": one.last_use.at.isoformat(),
            "known": one.last_use.known,
            "how": one.last_use.how,
        },
        "back_from": recovery_source(one) if one.removes_image else "image",
        "copy": one.copy.reference or None,
    }


def result_data(done: PruneResult) -> dict[str, Any]:
    """The result of a plan, as JSON."""
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


def format_status(status: StepStatus) -> str:
    """A status in the words of prune; the journal and JSON have words of their own."""
    return {"gone already": "already gone", "brought back": "recovered"}.get(status, status)


def shorten_target(target: str) -> str:
    """A reference as it is; an id without its end."""
    digits = target.removeprefix("sha256:")
    return target if digits == target else digits[:SHORT_ID_DIGITS]


def format_result(result: StepResult) -> str:
    """The result of a step, in one line."""
    name = shorten_target(result.step.target)
    if result.detail:
        return f"{format_status(result.status)}: {name}: {result.detail}"
    freed = f", {format_size(result.freed)}" if result.freed is not None else ""
    return f"{PRUNE_DONE_WORDS[result.step.verb]} {name}{freed}"
