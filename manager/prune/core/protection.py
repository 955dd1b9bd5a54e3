"""Why images stay, whatever rules would have them go: in use, pinned, kept, too new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.last_use import LastUse
from manager.model.containers import Container
from manager.model.images import Image
from manager.model.snapshot import Snapshot
from manager.model.units import format_brief_duration, format_duration
from manager.prune.core.policy import Policy, Rule, RuleSubject, matches_conditions
from manager.references.patterns import NO_REFERENCE
from manager.references.reference import parse_reference
from manager.registry.core.availability import ImageAvailability

EARLIEST_REAL_BUILD_TIME = datetime(1980, 1, 2, tzinfo=UTC)
"""Builds that are to be the same each time write times before this."""
MAX_NAMED_CONTAINERS = 2
"""So many containers are named; of more, only how many there are."""


@dataclass(frozen=True, slots=True)
class PruneInputs:
    """All that a plan is decided from."""

    snapshot: Snapshot
    disk: DiskAccounting
    last_uses: Mapping[str, LastUse]
    """By image id."""
    now: datetime
    first_seen: Mapping[str, datetime]
    """By image id, when dockmgr saw it for the first time."""
    pins: tuple[str, ...] = ()
    """References, or ids of images."""
    copies: Mapping[str, ImageAvailability] | None = None
    """By image id, what registries said; None where none is to be asked."""
    leaving: frozenset[str] = frozenset()
    """The ids of containers that go in the same plan."""

    @property
    def without_leaving(self) -> Snapshot:
        """The snapshot as it is when those containers are gone."""
        if not self.leaving:
            return self.snapshot
        rest = tuple(c for c in self.snapshot.containers if c.id not in self.leaving)
        return replace(self.snapshot, containers=rest)


def find_protection_reasons(
    known: PruneInputs, policy: Policy, subjects: Iterable[RuleSubject]
) -> dict[str, tuple[str, ...]]:
    """Why images stay, by id, in words: all reasons there are, the strongest first.

    What no registry has is not among them: that is asked only of what would go.
    """
    subjects = tuple(subjects)
    users = known.without_leaving.containers_by_image()
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
            reasons.append(f"known for {format_duration(age)} only, and grace is {grace}")
        if reasons:
            found[image.id] = tuple(reasons)
    return found


def _describe_users(users: Sequence[Container]) -> str:
    names = sorted(user.name for user in users)
    if len(names) > MAX_NAMED_CONTAINERS:
        return f"{len(names)} containers use it"
    state = "" if any(user.is_running for user in users) else " (stopped)"
    verb = "uses" if len(names) == 1 else "use"
    return f"{' and '.join(names)}{state} {verb} it"


def matches_pin(pin: str, image: Image) -> bool:
    """Whether a pin holds an image: by its id, or by a reference it has now."""
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
    """By image id, the rules that keep it: one of its names is enough."""
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
    """Since when an image has been here for certain.

    What has no registry's digest was made here, when it says that it was made.
    """
    moments = [first_seen.get(image.id, now), *(user.created for user in users)]
    if not image.digests and image.created > EARLIEST_REAL_BUILD_TIME:
        moments.append(image.created)
    return min(moments)


def tracking_duration(known: PruneInputs) -> timedelta:
    """For how long dockmgr has watched this engine's images."""
    return max((known.now - it for it in known.first_seen.values()), default=timedelta())
