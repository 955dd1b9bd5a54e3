"""What is about to be done, as data: steps in order, each with its target and its cause."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from manager.model.byte_range import ByteRange
from manager.model.ports import PortBinding


class Verb(StrEnum):
    """What a step does to its target."""

    PULL = "pull"
    PUSH = "push"
    TAG = "tag"
    """Give an image a name; if another image has it, that one loses it."""
    CREATE = "create"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    EXEC = "exec"
    """Run a command alongside the main process."""
    REMOVE = "remove"
    UNTAG = "untag"
    """Take a reference from an image that stays."""
    DELETE = "delete"
    """Take the last reference from an image, which goes with it."""
    MAKE_NETWORK = "make network"
    REMOVE_VOLUME = "remove volume"
    REMOVE_NETWORK = "remove network"
    CLEAR_CACHE = "clear"
    PIN = "pin"
    UNPIN = "unpin"


IMAGE_VERBS = frozenset({Verb.UNTAG, Verb.DELETE})
"""What a step can do to an image of the engine."""


class OnConflict(StrEnum):
    """What a step may do when another process has taken its name meanwhile."""

    FAIL = "fail"
    NEXT_NUMBER = "next free number"
    SKIP_MEMBER = "skip if it is a member by then"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One change to one target."""

    verb: Verb
    target: str
    """The name a person would use: a container's name or an image reference."""
    cause: str = ""
    """Why, in words: ``from nginx:latest``."""
    object_id: str = ""
    """Condition: the target still has this id; empty for what does not exist yet."""
    has_other_references: bool = False
    """Condition: the image still has other references, so that this removal frees nothing."""
    expected_references: tuple[str, ...] | None = None
    """Condition: the image has exactly these references; None where any will do. Of the build
    cache, the ids of the records that go."""
    frees: ByteRange | None = None
    """What goes with it, after all steps before it."""
    restore_from: str = ""
    """What it can be restored from: a registry's ``repo@digest``, ``archive``, or the id of an
    image that stays; empty where it cannot."""
    number: int | None = None
    """The member's number, where the step makes a member of a group."""
    ports: tuple[PortBinding, ...] = ()
    """The ports that such a member publishes."""
    on_conflict: OnConflict = OnConflict.FAIL

    def __str__(self) -> str:
        """One line: verb, target, cause."""
        return f"{self.verb} {self.target}" + (f" ({self.cause})" if self.cause else "")


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are done, and what a person should know besides."""

    steps: tuple[PlanStep, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences to show with the plan: hints, and what stays as it is."""
    frees: ByteRange | None = None
    """What leaves the store when all steps are done; None where nothing is meant to."""
    cached: ByteRange | None = None
    """What of that the build cache may go on holding on the disk."""

    def __iter__(self) -> Iterator[PlanStep]:
        """The steps in order."""
        return iter(self.steps)

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.steps)

    def __str__(self) -> str:
        """The plan as text: a line a step, then a line a note."""
        lines = [str(step) for step in self.steps] or ["nothing to do"]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def join_plans(plans: "Sequence[Plan]", networks: Sequence[str] = ()) -> Plan:
    """Several plans as one, for showing; before them the networks that are made."""
    made = tuple(PlanStep(Verb.MAKE_NETWORK, name, "unless it exists") for name in networks)
    steps = (*made, *(step for plan in plans for step in plan))
    return Plan(steps, tuple(note for plan in plans for note in plan.notes))


ARCHIVED = "archive"
"""Stands for a copy that is saved before the image goes."""
