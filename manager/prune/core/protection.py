"""Why images are kept, whatever rules match: in use, pinned, kept by a rule, too new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.last_use import LastUse
from manager.model.containers import Container
from manager.model.images import Image
from manager.model.snapshot import Snapshot
from manager.model.units import format_brief_duration, format_duration
from manager.prune.core.matching import RuleSubject, matches_conditions
from manager.prune.core.policy import Policy, Rule
from manager.references.patterns import NO_REFERENCE
from manager.references.reference import parse_reference
from manager.registry.core.availability import ImageAvailability

EARLIEST_REAL_BUILD_TIME = datetime(1980, 1, 2, tzinfo=UTC)
"""Reproducible builds write times before this."""
MAX_NAMED_CONTAINERS = 2
"""Up to this many containers are named; more are only counted."""


@dataclass(frozen=True, slots=True)
class PruneInputs:
    """Everything that a plan is decided from."""

    snapshot: Snapshot
    disk: DiskAccounting
    last_uses: Mapping[str, LastUse]
    """By image id."""
    now: datetime
    first_seen: Mapping[str, datetime]
    """By image id, when dockmgr first saw the image."""
    pins: tuple[str, ...] = ()
    """References, or ids of images."""
    copies: Mapping[str, ImageAvailability] | None = None
    """By image id, what registries said; None if none is to be asked."""
    leaving_container_ids: frozenset[str] = frozenset()
    """The ids of containers that the same plan removes."""

    @property
    def snapshot_after_removals(self) -> Snapshot:
        """The snapshot without those containers."""
        if not self.leaving_container_ids:
            return self.snapshot
        rest = tuple(c for c in self.snapshot.containers if c.id not in self.leaving_container_ids)
        return replace(self.snapshot, containers=rest)


def find_protection_reasons(
    known: PruneInputs, policy: Policy, subjects: Iterable[RuleSubject]
) -> dict[str, tuple[str, ...]]:
    """Why images are kept, by id: all reasons in words, the strongest first.

    That no registry has an image is not among them: only candidates are looked up.
    """
    subjects = tuple(subjects)
    users = known.snapshot_after_removals.containers_by_image()
    pinned = _pinned_image_ids(known.pins, [subject.image for subject in subjects])
    kept = _keep_rules_by_image(policy.keep, subjects)
    found = {}
    for subject in subjects:
        image = subject.image
        reasons = []
        if image.id in users:
            reasons.append(_describe_users(users[image.id]))
        if image.id in pinned:
            reasons.append("pinned")
        reasons += [f"kept by: {rule}" for rule in kept.get(image.id, ())]
        age = known.now - first_known_time(
            image, known.first_seen, users.get(image.id, ()), known.now
        )
        if age < policy.grace:
            grace = format_brief_duration(policy.grace)
            reasons.append(f"known for only {format_duration(age)} (grace period: {grace})")
        if reasons:
            found[image.id] = tuple(reasons)
    return found


def _describe_users(users: Sequence[Container]) -> str:
    names = sorted(user.name for user in users)
    if len(names) > MAX_NAMED_CONTAINERS:
        return f"used by {len(names)} containers"
    state = "" if any(user.is_running for user in users) else " (stopped)"
    return f"used by {' and '.join(names)}{state}"


def matches_pin(pin: str, image: Image) -> bool:
    """Whether a pin holds an image: by id, or by a reference that the image has now."""
    if pin == image.id:
        return True
    return pin in image.tags or pin in image.digests


def format_pin(name: str) -> str:
    """The form in which a reference is pinned: as the engine shows it."""
    parsed = parse_reference(name)
    return parsed.familiar if parsed is not None else name


def _pinned_image_ids(pins: Iterable[str], images: Iterable[Image]) -> set[str]:
    wanted = set(pins)
    return {it.id for it in images if not wanted.isdisjoint((it.id, *it.tags, *it.digests))}


def _keep_rules_by_image(
    rules: Iterable[Rule], subjects: Sequence[RuleSubject]
) -> dict[str, list[str]]:
    """By image id, the rules that keep the image: one matching name is enough."""
    found: dict[str, list[str]] = {}
    for rule in rules:
        for image_id in _image_ids_kept_by(rule, subjects):
            found.setdefault(image_id, []).append(str(rule))
    return found


def _image_ids_kept_by(rule: Rule, subjects: Sequence[RuleSubject]) -> Iterable[str]:
    groups: dict[str, dict[str, Image]] = {}
    for subject in subjects:
        for name in subject.names:
            if (rule.newest is None or name is not NO_REFERENCE) and matches_conditions(
                rule.conditions, subject, name
            ):
                group = groups.setdefault(name.repositories[-1], {})
                group[subject.image.id] = subject.image
    for group in groups.values():
        newest_first = sorted(group.values(), key=lambda it: (it.created, it.id), reverse=True)
        yield from (image.id for image in newest_first[: rule.newest])


def first_known_time(
    image: Image, first_seen: Mapping[str, datetime], users: Iterable[Container], now: datetime
) -> datetime:
    """Since when an image has certainly been on the engine.

    An image without a registry's digest was built here, at the time that it gives.
    """
    moments = [first_seen.get(image.id, now), *(user.created for user in users)]
    if not image.digests and image.created > EARLIEST_REAL_BUILD_TIME:
        moments.append(image.created)
    return min(moments)


def tracking_duration(known: PruneInputs) -> timedelta:
    """For how long dockmgr has tracked this engine's images."""
    return max((known.now - it for it in known.first_seen.values()), default=timedelta())
