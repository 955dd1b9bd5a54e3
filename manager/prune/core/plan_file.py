"""A plan as data in a file: what is applied is what was shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from manager.errors import ExitCode, ManagerError
from manager.model.byte_range import ByteRange
from manager.model.plan import IMAGE_VERBS, Plan, PlanStep, Verb

PLAN_KIND = "dockmgr plan"
PLAN_SCHEMA_VERSION = 1
PRUNE_VERBS = frozenset(
    {
        Verb.REMOVE,
        Verb.UNTAG,
        Verb.DELETE,
        Verb.REMOVE_VOLUME,
        Verb.REMOVE_NETWORK,
        Verb.CLEAR_CACHE,
    }
)


@dataclass(frozen=True, slots=True)
class WrittenPlan:
    """A plan in a file."""

    plan: Plan
    engine: str
    """The id of the engine that the plan was made for."""
    made: datetime
    archive: str = ""
    """The folder to save images to; empty if none are saved."""


def dump_plan(written: WrittenPlan) -> dict[str, Any]:
    """A plan as JSON."""
    plan = written.plan
    return {
        "kind": PLAN_KIND,
        "schema": PLAN_SCHEMA_VERSION,
        "engine": written.engine,
        "made": written.made.isoformat(),
        "archive": written.archive,
        "frees": _dump_bytes(plan.frees),
        "cached": _dump_bytes(plan.cached),
        "notes": list(plan.notes),
        "steps": [_dump_step(step) for step in plan],
    }


def parse_plan(data: object) -> WrittenPlan:
    """Read a plan.

    Raises:
        ManagerError: (usage) it is not a plan, or one that this version cannot carry out.
    """
    if not isinstance(data, dict) or data.get("kind") != PLAN_KIND:
        raise _invalid_plan_error("dockmgr did not write it")
    if data.get("schema") != PLAN_SCHEMA_VERSION:
        raise _invalid_plan_error(
            f"dockmgr reads version {PLAN_SCHEMA_VERSION}, not {data.get('schema')}"
        )
    try:
        plan = Plan(
            tuple(_parse_step(row) for row in data["steps"]),
            tuple(map(_require_text, data["notes"])),
            _parse_bytes(data["frees"]),
            _parse_bytes(data["cached"]),
        )
        made = datetime.fromisoformat(data["made"])
        return WrittenPlan(
            plan, _require_text(data["engine"]), made, _require_text(data["archive"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _invalid_plan_error(f"a field is missing or not valid: {error}") from error


def _invalid_plan_error(why: str) -> ManagerError:
    return ManagerError(
        f"cannot carry out this plan: {why}",
        "write a new one with: dockmgr prune --out plan.json",
        ExitCode.USAGE,
    )


def _dump_step(step: PlanStep) -> dict[str, Any]:
    return {
        "verb": step.verb,
        "target": step.target,
        "id": step.object_id,
        "cause": step.cause,
        "others": step.has_other_references,
        "expects": None if step.expected_references is None else list(step.expected_references),
        "frees": _dump_bytes(step.frees),
        "back": step.restore_from,
    }


def _parse_step(row: Mapping[str, Any]) -> PlanStep:
    verb = Verb(row["verb"])
    if verb not in PRUNE_VERBS:
        raise ValueError(f"a prune has no step {verb}")
    expects = row["expects"]
    if expects is not None:
        expects = tuple(map(_require_text, expects))
    elif verb in IMAGE_VERBS:
        raise ValueError("a step on an image does not say which references it expects")
    identity = _require_text(row["id"])
    if not identity and verb in IMAGE_VERBS | {Verb.REMOVE, Verb.REMOVE_NETWORK}:
        raise ValueError("a step has no id")
    if type(row["others"]) is not bool:
        raise TypeError("`others` is not true or false")
    return PlanStep(
        verb,
        _require_text(row["target"]),
        _require_text(row["cause"]),
        identity,
        has_other_references=row["others"],
        expected_references=expects,
        frees=_parse_bytes(row["frees"]),
        restore_from=_require_text(row["back"]),
    )


def _require_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value


def _dump_bytes(number: ByteRange | None) -> dict[str, Any] | None:
    if number is None:
        return None
    return {"low": number.low, "high": number.high, "doubt": number.doubt}


def _parse_bytes(row: Mapping[str, Any] | None) -> ByteRange | None:
    if row is None:
        return None
    low, high = row["low"], row["high"]
    if type(low) is not int or type(high) is not int or not 0 <= low <= high:
        raise ValueError("a number of bytes is not valid")
    return ByteRange(low, high, _require_text(row["doubt"]))
