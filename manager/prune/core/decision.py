"""Decide what to remove: rules and the state of an engine become a list of images, with reasons.

Rules are alternatives and their order does not matter: an image that any delete rule matches is
removed, unless anything protects the image. Keep rules always win. No registry is asked here: if
one has to be asked first, the decision says so, and is made again with the answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

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
from manager.prune.core.matching import RuleSubject, image_reference_forms, matches_conditions
from manager.prune.core.policy import Policy
from manager.prune.core.protection import PruneInputs, find_protection_reasons
from manager.registry.core.availability import ImageAvailability

LEAST_RECENTLY_USED = "least recently used"
"""The cause of images that are removed to free enough."""
NO_KNOWN_COPY = ImageAvailability(why="no registry is known to have it")


@dataclass(frozen=True, slots=True)
class PlannedRemoval:
    """An image that is removed, or loses some of its names."""

    image: Image
    references: tuple[str, ...]
    """Those that are removed, in order; empty for an image without any."""
    all_references: tuple[str, ...]
    """All references of the image."""
    removes_image: bool
    """Whether the image goes with its references."""
    rules: tuple[str, ...]
    """All that match the image."""
    last_use: LastUse
    frees_alone: ByteRange
    """Bytes freed if only this image is removed."""
    frees_in_order: ByteRange
    """Bytes that the image frees after the images before it."""
    copy: ImageAvailability
    """Where the image can be pulled again."""

    @property
    def archived(self) -> bool:
        """Whether the image is saved first."""
        return self.copy.reference == ARCHIVED


@dataclass(frozen=True, slots=True)
class KeptImage:
    """An image that is kept."""

    image: Image
    reasons: tuple[str, ...]
    matches_rule: bool
    """Whether a delete rule matches the image."""
    only_local: bool = False
    """Whether the only protection is that the image could not be recovered."""


@dataclass(frozen=True, slots=True)
class PruneDecision:
    """What is removed and what is kept."""

    going: tuple[PlannedRemoval, ...] = ()
    """In the order of removal."""
    staying: tuple[KeptImage, ...] = ()
    frees: ByteRange = field(default_factory=ByteRange)
    """Bytes that leave the store in all."""
    cached: ByteRange = field(default_factory=ByteRange)
    """Bytes of those that the build cache may keep on the disk."""
    parents: int = 0
    """How many untagged parents are removed too."""
    images_to_look_up: tuple[str, ...] = ()
    """The ids of images that registries have to be asked about first."""


def decide_prune(known: PruneInputs, policy: Policy) -> PruneDecision:
    """Decide what to remove.

    Args:
        known: the engine, and what is known about its images.
        policy: the rules.
    """
    return _DecisionBuilder(known, policy).decision()


class _DecisionBuilder:
    def __init__(self, known: PruneInputs, policy: Policy) -> None:
        self.known = known
        self.policy = policy
        self.snapshot: Snapshot = known.snapshot_after_removals
        self.single_removals = SingleRemovals(self.snapshot)
        self.images = {
            image.id: image
            # By name: engines list images in an order that can change from call to call.
            for image in sorted(self.snapshot.visible_images, key=lambda it: (it.label, it.id))
        }
        """The images that people see, without mere steps of a build."""
        self.reasons = {
            image_id: list(why)
            for image_id, why in find_protection_reasons(
                known, policy, self.subjects.values()
            ).items()
        }
        self.protected = frozenset(self.reasons)
        self.only_local: set[str] = set()

    @cached_property
    def subjects(self) -> Mapping[str, RuleSubject]:
        """By image id, the image as rules see it."""
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
        return self.known.disk.bytes_freed_by(self.single_removals.deleted(image_id))

    @cached_property
    def asked_for(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """By image id and reference, the delete rules that match."""
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
        """Whether nothing protects an image, as far as is known before registries are asked."""
        if image_id in self.reasons:
            return False
        copy = self.copy(image_id)
        if copy is None or copy.reference or self.policy.include_local:
            return True
        self.only_local.add(image_id)
        self.reasons[image_id] = [copy.why]
        return False

    def copy(self, image_id: str) -> ImageAvailability | None:
        """Where an image can be pulled again; None if a registry has to be asked first."""
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
        chosen = self.drop_blocked(whole)
        chosen = self.add_for_goals(chosen)
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

    def drop_blocked(self, chosen: Sequence[str]) -> tuple[str, ...]:
        """Only images that can be removed: the others would lose their names and stay."""
        ordered = order_children_first(chosen, self.snapshot.images)
        while True:
            kept = simulate_full_removal(self.snapshot, ordered).kept
            blocked = [it for it in ordered if kept.get(it) == HAS_CHILDREN_REASON]
            if not blocked:
                return ordered
            for image_id in blocked:
                self.reasons.setdefault(image_id, []).append(
                    "images that are kept were built on it"
                )
            ordered = tuple(it for it in ordered if it not in blocked)

    def add_for_goals(self, chosen: tuple[str, ...]) -> tuple[str, ...]:
        """Add what is needed to meet the budget and to free enough."""
        disk, policy = self.known.disk, self.policy
        goals = []
        if policy.budget is not None:
            goals.append(
                SpaceGoal(disk.total().high - policy.budget, spares_unneeded=policy.spares_unneeded)
            )
        if policy.free is not None:
            goals.append(
                SpaceGoal(policy.free, of_disk=True, spares_unneeded=policy.spares_unneeded)
            )
        for goal in goals:
            candidates = [it for it in self.images if it not in chosen and self.can_go(it)]
            order = self.drop_parents_of_kept(
                sort_by_last_use(candidates, self.snapshot.images, self.known.last_uses),
                chosen,
            )
            more = select_images_for_goal(goal, disk, self.snapshot, chosen, order)
            chosen = self.drop_blocked((*chosen, *more))
        return chosen

    def drop_parents_of_kept(self, order: Sequence[str], chosen: Sequence[str]) -> tuple[str, ...]:
        """Candidates that could be removed if all of them were."""
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
            why = tuple(self.reasons.get(image_id, ())) or ("no rule matches",)
            yield KeptImage(image, why, wanted, image_id in self.only_local)


def _image_platforms(snapshot: Snapshot, image: Image) -> tuple[str, ...]:
    found = tuple(it.platform for it in image.manifests if it.platform)
    detail = snapshot.details.get(image.id)
    return found or ((detail.platform,) if detail else ())
