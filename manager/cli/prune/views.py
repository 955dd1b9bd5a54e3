"""A prune as people and programs read it: what goes and why, what stays and why, what became."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.cli.columns import Column, Table
from manager.cli.render import amount, plan_rows
from manager.model.plan import Plan, Step, Verb
from manager.model.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from manager.model.snapshot import Image
    from manager.prune.carry_out import Done, Result
    from manager.prune.core.decision import Decision, Going, Staying
    from manager.prune.core.planning import Young

COLUMNS = (
    Column("IMAGE"),
    Column("FREES", right=True),
    Column("ALONE", right=True, from_width=70),
    Column("LAST USE"),
    Column("HOW IT IS KNOWN", from_width=120),
    Column("BACK FROM"),
)
OTHERS = {
    Verb.REMOVE: "container",
    Verb.REMOVE_VOLUME: "volume",
    Verb.REMOVE_NETWORK: "network",
    Verb.CLEAR_CACHE: "build cache",
}
DONE = {
    Verb.REMOVE: "removed container",
    Verb.UNTAG: "untagged",
    Verb.DELETE: "removed",
    Verb.REMOVE_VOLUME: "removed volume",
    Verb.REMOVE_NETWORK: "removed network",
    Verb.CLEAR_CACHE: "cleared",
}


def going(decision: Decision, now: datetime) -> Iterator[str | Table]:
    """What goes, a table for each set of rules that asks for it, with a line above."""
    groups: dict[tuple[str, ...], list[Going]] = {}
    for one in decision.going:
        groups.setdefault(one.rules, []).append(one)
    for rules, members in groups.items():
        yield f"{'; '.join(rules)}:"
        yield Table(COLUMNS, [row for one in members for row in _rows(one, now)])


def _rows(one: Going, now: datetime) -> Iterator[tuple[str, ...]]:
    names = one.references or (f"<untagged> {one.image.short_id}",)
    if one.whole:
        frees, alone, back = one.here.short(), one.alone.short(), back_from(one)
    else:
        frees = alone = "0B"
        rest = [it for it in one.held if it not in one.references]
        back = f"it stays as {rest[0]}"
    yield (f"  {names[0]}", frees, alone, one.last_use.age(now), one.last_use.how, back)
    for name in names[1:]:
        yield (f"  {name}", "", "", "", "", "")


def back_from(one: Going) -> str:
    """From where an image can be had again, in a word."""
    if one.archived:
        return "archive"
    return "registry" if one.copy.reference else "nowhere"


def beside(plan: Plan) -> Table | None:
    """What goes beside images; None if nothing does."""
    steps = [step for step in plan if step.verb in OTHERS]
    if not steps:
        return None
    columns = (Column("BESIDE"), Column("WHAT"), Column("FREES", right=True), Column("WHY"))
    rows = [
        (
            f"  {step.target}",
            OTHERS[step.verb],
            step.frees.short() if step.frees is not None else "unknown",
            step.cause,
        )
        for step in steps
    ]
    return Table(columns, rows)


def totals(decision: Decision, plan: Plan) -> Iterator[str]:
    """What all of it comes to, in sentences."""
    whole = [one for one in decision.going if one.whole]
    parts = [_count(len(whole), "image")] if whole else []
    names = sum(len(one.references) for one in decision.going if not one.whole)
    if names:
        parts.append(_count(names, "name"))
    for kind, word in OTHERS.items():
        count = sum(step.verb is kind for step in plan)
        if count:
            parts.append(f"the {word}" if kind is Verb.CLEAR_CACHE else _count(count, word))
    if whole:
        yield f"{_listed(parts)}; the images free {decision.frees.sentence()}"
    else:
        yield f"goes: {_listed(parts)}"
    if decision.parents:
        verb = "goes" if decision.parents == 1 else "go"
        yield f"{_count(decision.parents, 'nameless parent')} of them {verb} too"
    if decision.cached.high and not any(step.verb is Verb.CLEAR_CACHE for step in plan):
        yield (
            f"up to {format_size(decision.cached.high)} of it can stay on the disk for the build "
            "cache: add --build-cache to clear that too"
        )
    lost = [one.image.label for one in whole if not one.copy.reference]
    if lost:
        yield f"cannot be brought back: {_listed(lost[:5], len(lost) - 5)}"
    if any(step.verb in OTHERS for step in plan):
        yield "what goes beside images cannot be brought back"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _listed(words: Sequence[str], more: int = 0) -> str:
    shown = [*words, *([f"{more} more"] if more > 0 else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def staying(found: Iterable[Staying], young: Iterable[Young] = ()) -> Table:
    """What stays, and what protects it: images, and containers that ended a short time ago."""
    rows = [(_name(one.image), "; ".join(one.why)) for one in found]
    rows += [(one.container.name, one.why) for one in young]
    return Table((Column("STAYS"), Column("WHY")), rows)


def _name(image: Image) -> str:
    return image.label if image.tags else f"<untagged> {image.short_id}"


def steps_of(plan: Plan) -> Table:
    """A plan that was written down: its steps in order."""
    columns = (Column("STEP"), Column("TARGET"), Column("FREES", right=True), Column("BACK FROM"))
    rows = [
        (
            str(step.verb),
            step.target,
            step.frees.short() if step.frees is not None else "unknown",
            _back_of(step),
        )
        for step in plan
    ]
    return Table(columns, rows)


def _back_of(step: Step) -> str:
    if step.verb in OTHERS or not step.back:
        return "nowhere"
    if step.verb is Verb.UNTAG:
        return "the image"
    return "archive" if step.back == "archive" else "registry"


def data(
    decision: Decision, plan: Plan, warnings: Sequence[str], young: Iterable[Young] = ()
) -> dict[str, Any]:
    """The plan as JSON."""
    return {
        **plan_rows(plan),
        "cached": amount(decision.cached),
        "warnings": list(warnings),
        "going": [_going_row(one) for one in decision.going],
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


def _going_row(one: Going) -> dict[str, Any]:
    return {
        "id": one.image.id,
        "references": list(one.references),
        "image_goes": one.whole,
        "rules": list(one.rules),
        "frees_alone": amount(one.alone),
        "frees_here": amount(one.here),
        "last_use": {
            "at": one.last_use.at.isoformat(),
            "known": one.last_use.known,
            "how": one.last_use.how,
        },
        "back_from": back_from(one) if one.whole else "image",
        "copy": one.copy.reference or None,
    }


def done_data(done: Done) -> dict[str, Any]:
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


def told(result: Result) -> str:
    """One line of what became of a step."""
    name = result.step.target
    if name == result.step.object_id:
        name = name.removeprefix("sha256:")[:12]
    if result.detail:
        return f"{result.status}: {name}: {result.detail}"
    freed = f", {format_size(result.freed)}" if result.freed is not None else ""
    return f"{DONE[result.step.verb]} {name}{freed}"
