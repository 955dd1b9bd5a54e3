"""A plan as data that can be written down and read again: what is applied is what was shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from manager.errors import ExitCode, ManagerError
from manager.model.byte_range import Bytes
from manager.model.plan import Plan, Step, Verb

KIND = "dockmgr plan"
SCHEMA = 1
ALLOWED = frozenset(
    {
        Verb.REMOVE,
        Verb.UNTAG,
        Verb.DELETE,
        Verb.REMOVE_VOLUME,
        Verb.REMOVE_NETWORK,
        Verb.CLEAR_CACHE,
    }
)
IMAGE_VERBS = frozenset({Verb.UNTAG, Verb.DELETE})


@dataclass(frozen=True, slots=True)
class Written:
    """A plan that was written down."""

    plan: Plan
    engine: str
    """The id of the engine that it was made for."""
    made: datetime
    archive: str = ""
    """The folder that images are saved to before they go; empty where none are."""


def to_data(written: Written) -> dict[str, Any]:
    """A plan as JSON."""
    plan = written.plan
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "engine": written.engine,
        "made": written.made.isoformat(),
        "archive": written.archive,
        "frees": _bytes(plan.frees),
        "cached": _bytes(plan.cached),
        "notes": list(plan.notes),
        "steps": [_step(step) for step in plan],
    }


def from_data(data: object) -> Written:
    """Read a plan.

    Raises:
        ManagerError: (usage) it is none, or one that this version cannot carry out.
    """
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise _refused("it is no plan of dockmgr")
    if data.get("schema") != SCHEMA:
        raise _refused(f"it is of version {data.get('schema')}, and this one knows {SCHEMA} only")
    try:
        plan = Plan(
            tuple(_read_step(row) for row in data["steps"]),
            tuple(map(_text, data["notes"])),
            _read_bytes(data["frees"]),
            _read_bytes(data["cached"]),
        )
        made = datetime.fromisoformat(data["made"])
        return Written(plan, _text(data["engine"]), made, _text(data["archive"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(f"something in it is missing or wrong: {error}") from error


def _refused(why: str) -> ManagerError:
    return ManagerError(
        f"this plan cannot be carried out: {why}",
        "write a new one with: dockmgr prune --out plan.json",
        ExitCode.USAGE,
    )


def _step(step: Step) -> dict[str, Any]:
    return {
        "verb": step.verb,
        "target": step.target,
        "id": step.object_id,
        "cause": step.cause,
        "others": step.others,
        "expects": None if step.expects is None else list(step.expects),
        "frees": _bytes(step.frees),
        "back": step.back,
    }


def _read_step(row: Mapping[str, Any]) -> Step:
    verb = Verb(row["verb"])
    if verb not in ALLOWED:
        raise ValueError(f"a step that no prune has: {verb}")
    expects = row["expects"]
    if expects is not None:
        expects = tuple(map(_text, expects))
    elif verb in IMAGE_VERBS:
        raise ValueError("a step on an image does not say which references it expects")
    identity = _text(row["id"])
    if not identity and verb in IMAGE_VERBS | {Verb.REMOVE, Verb.REMOVE_NETWORK}:
        raise ValueError("a step has no id")
    if type(row["others"]) is not bool:
        raise TypeError("`others` is neither true nor false")
    return Step(
        verb,
        _text(row["target"]),
        _text(row["cause"]),
        identity,
        others=row["others"],
        expects=expects,
        frees=_read_bytes(row["frees"]),
        back=_text(row["back"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _bytes(number: Bytes | None) -> dict[str, Any] | None:
    if number is None:
        return None
    return {"low": number.low, "high": number.high, "doubt": number.doubt}


def _read_bytes(row: Mapping[str, Any] | None) -> Bytes | None:
    if row is None:
        return None
    low, high = row["low"], row["high"]
    if type(low) is not int or type(high) is not int or not 0 <= low <= high:
        raise ValueError("a number of bytes is none")
    return Bytes(low, high, _text(row["doubt"]))
