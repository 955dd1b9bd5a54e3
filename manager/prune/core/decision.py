"""Decide what goes: rules and what is known of an engine become a list of images, with reasons.

Rules are alternatives and their order does not matter: what any rule that deletes asks for goes,
unless anything protects it. Keeping always wins. Nothing is asked of anybody here: where a
registry has to be asked first whether it has an image, the decision says so, and is made again
with the answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from manager.disk.core.intermediate import visible_images
from manager.disk.core.last_use import LastUse
from manager.disk.core.removal import (
    HAS_CHILDREN_REASON,
    SingleRemovals,
    order_children_first,
    removable_references,
    simulate_full_removal,
)
from manager.disk.core.tally import FreedTally
from manager.model.byte_range import ByteRange
from manager.model.images import Image
from manager.model.plan import ARCHIVED
from manager.model.snapshot import Snapshot
from manager.prune.core.choosing import SpaceGoal, select_images_for_goal, sort_by_last_use
from manager.prune.core.policy import Policy, RuleSubject, image_reference_forms, matches_conditions
from manager.prune.core.protection import PruneInputs, find_protection_reasons
from manager.registry.core.availability import ImageAvailability

LEAST_RECENTLY_USED = "least recently used"
"""The cause of what goes so that enough comes free."""
NO_KNOWN_COPY = ImageAvailability(why="no registry is known to have it")


@dataclass(frozen=True, slots=True)
class PlannedRemoval:
    """An image that goes, or loses some of its names."""

    image: Image
    references: tuple[str, ...]
    """Those that are taken away, in order; empty for an image that has none."""
    held: tuple[str, ...]
    """All that it has."""
    whole: bool
    """Whether the image goes with them."""
    rules: tuple[str, ...]
    """All that ask for it."""
    last_use: LastUse
    alone: ByteRange
    """What would go if it went alone."""
    here: ByteRange
    """What goes with it, after those that go before it."""
    copy: ImageAvailability
    """From where it can be had again."""

    @property
    def archived(self) -> bool:
        """Whether it is saved first."""
        return self.copy.reference == ARCHIVED


@dataclass(frozen=True, slots=True)
class KeptImage:
    """An image that stays."""

    image: Image
    why: tuple[str, ...]
    wanted: bool
    """Whether a rule asks for it."""
    local: bool = False
    """Whether nothing protects it but that it could not be got back."""


@dataclass(frozen=True, slots=True)
class PruneDecision:
    """What goes and what stays."""

    going: tuple[PlannedRemoval, ...] = ()
    """In the order in which it goes."""
    staying: tuple[KeptImage, ...] = ()
    frees: ByteRange = field(default_factory=ByteRange)
    """What leaves the store with all of it."""
    cached: ByteRange = field(default_factory=ByteRange)
    """What of that the build cache may go on holding on the disk."""
    parents: int = 0
    """How many nameless parents go too."""
    unasked: tuple[str, ...] = ()
    """The ids of images of which a registry has to be asked before anything is done."""


def decide_prune(known: PruneInputs, policy: Policy) -> PruneDecision:
    """Decide what goes.

    Args:
        known: the engine, and what is known of its images.
        policy: the rules.
    """
    return _DecisionBuilder(known, policy).decision()


class _DecisionBuilder:
    def __init__(self, known: PruneInputs, policy: Policy) -> None:
        self.known = known
        self.policy = policy
        self.snapshot: Snapshot = known.without_leaving
        self.alone = SingleRemovals(self.snapshot)
        self.images = {
            image.id: image
            # By name: engines list images in an order that can change from call to call.
            for image in sorted(visible_images(self.snapshot), key=lambda it: (it.label, it.id))
        }
        """Those that people see: what is only a step of a build is left out."""
        self.reasons = {
            image_id: list(why)
            for image_id, why in find_protection_reasons(
                known, policy, self.subjects.values()
            ).items()
        }
        self.protected = frozenset(self.reasons)
        self.local: set[str] = set()

    @cached_property
    def subjects(self) -> Mapping[str, RuleSubject]:
        """What rules look at, by image id."""
        rules = (*self.policy.keep, *self.policy.delete)
        frees = any(rule.conditions.frees_more_than is not None for rule in rules)
        platforms = any(rule.conditions.platforms for rule in rules)
        return {
            image.id: RuleSubject(
                image,
                self.known.last_uses[image.id],
                self.frees_alone(image.id) if frees else ByteRange(),
                _image_platforms(self.snapshot, image) if platforms else (),
                self.known.now,
                image_reference_forms(image),
            )
            for image in self.images.values()
        }

    def frees_alone(self, image_id: str) -> ByteRange:
        return self.known.disk.bytes_freed_by(self.alone.deleted(image_id))

    @cached_property
    def asked_for(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """By image id and reference, the rules that ask for it."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for image_id, subject in self.subjects.items():
            for name in subject.names:
                rules = tuple(
                    str(it)
                    for it in self.policy.delete
                    if matches_conditions(it.conditions, subject, name)
                )
                if rules:
                    found.setdefault(image_id, {})[name.reference] = rules
        return found

    def can_go(self, image_id: str) -> bool:
        """Whether nothing protects it, as far as is known before registries are asked."""
        if image_id in self.reasons:
            return False
        copy = self.copy(image_id)
        if copy is None or copy.reference or self.policy.include_local:
            return True
        self.local.add(image_id)
        self.reasons[image_id] = [copy.why]
        return False

    def copy(self, image_id: str) -> ImageAvailability | None:
        """From where it can be had again; None where a registry has to be asked first."""
        found = self.known.copies or {}
        if not self.images[image_id].digests:
            copy = NO_KNOWN_COPY
        elif image_id in found:
            copy = found[image_id]
        else:
            return None
        if not copy.reference and self.policy.archive:
            return ImageAvailability(ARCHIVED, copy.why)
        return copy

    def decision(self) -> PruneDecision:
        whole = [
            image_id
            for image_id, names in self.asked_for.items()
            if len(names) == len(self.subjects[image_id].names) and self.can_go(image_id)
        ]
        chosen = self.that_can(whole)
        chosen = self.with_goals(chosen)
        part = [
            image_id
            for image_id, names in self.asked_for.items()
            if image_id not in chosen
            and len(names) < len(self.subjects[image_id].names)
            and image_id not in self.protected
        ]
        removal = simulate_full_removal(self.snapshot, chosen)
        return PruneDecision(
            tuple(self.going(chosen, part)),
            tuple(self.staying({*chosen, *part})),
            self.known.disk.bytes_freed_by(removal.deleted),
            self.known.disk.bytes_left_in_build_cache(removal.deleted),
            len(set(removal.deleted) - set(chosen)),
            tuple(image_id for image_id in chosen if self.copy(image_id) is None),
        )

    def that_can(self, chosen: Sequence[str]) -> tuple[str, ...]:
        """Those that really go: the others would only lose their names, and stay."""
        ordered = order_children_first(chosen, self.snapshot.images)
        while True:
            kept = simulate_full_removal(self.snapshot, ordered).kept
            blocked = [it for it in ordered if kept.get(it) == HAS_CHILDREN_REASON]
            if not blocked:
                return ordered
            for image_id in blocked:
                self.reasons.setdefault(image_id, []).append(
                    "other images that stay were built on it: it would only lose its name"
                )
            ordered = tuple(it for it in ordered if it not in blocked)

    def with_goals(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """What goes so that the budget is kept and enough comes free."""
        disk, policy = self.known.disk, self.policy
        goals = []
        if policy.budget is not None:
            goals.append(SpaceGoal(disk.total().high - policy.budget, sparing=policy.sparing))
        if policy.free is not None:
            goals.append(SpaceGoal(policy.free, of_disk=True, sparing=policy.sparing))
        for goal in goals:
            candidates = [it for it in self.images if it not in chosen and self.can_go(it)]
            order = self.not_needed(
                sort_by_last_use(candidates, self.snapshot.images, self.known.last_uses),
                chosen,
            )
            more = select_images_for_goal(goal, disk, self.snapshot, chosen, order)
            chosen = self.that_can((*chosen, *more))
        return chosen

    def not_needed(self, order: Sequence[str], chosen: Sequence[str]) -> tuple[str, ...]:
        """Candidates without those that cannot go even if all of them did."""
        kept = simulate_full_removal(self.snapshot, (*chosen, *order)).kept
        return tuple(it for it in order if kept.get(it) != HAS_CHILDREN_REASON)

    def going(self, chosen: Sequence[str], part: Iterable[str]) -> Iterable[PlannedRemoval]:
        tally = FreedTally(self.known.disk, self.snapshot, frozenset())
        for image_id in chosen:
            names = tuple(name.reference for name in self.subjects[image_id].names)
            yield self._going(image_id, names, tally.take(image_id), whole=True)
        for image_id in part:
            names = tuple(self.asked_for[image_id])
            yield self._going(image_id, names, ByteRange(), whole=False)

    def _going(
        self, image_id: str, names: tuple[str, ...], here: ByteRange, *, whole: bool
    ) -> PlannedRemoval:
        asked = self.asked_for.get(image_id, {}).values()
        rules = tuple(sorted({rule for rules in asked for rule in rules}))
        return PlannedRemoval(
            self.images[image_id],
            tuple(it for it in names if it),
            removable_references(self.images[image_id]),
            whole,
            rules or (LEAST_RECENTLY_USED,),
            self.known.last_uses[image_id],
            self.frees_alone(image_id) if whole else ByteRange(),
            here,
            (self.copy(image_id) or ImageAvailability())
            if whole
            else ImageAvailability(self.images[image_id].id),
        )

    def staying(self, going: set[str]) -> Iterable[KeptImage]:
        for image_id, image in self.images.items():
            if image_id in going:
                continue
            wanted = image_id in self.asked_for
            why = tuple(self.reasons.get(image_id, ())) or ("no rule asks for it",)
            yield KeptImage(image, why, wanted, image_id in self.local)


def _image_platforms(snapshot: Snapshot, image: Image) -> tuple[str, ...]:
    found = tuple(it.platform for it in image.manifests if it.platform)
    detail = snapshot.details.get(image.id)
    return found or ((detail.platform,) if detail else ())
