"""The plan of a prune: images to remove, and other objects that were named, as ordered steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from manager.disk.core.last_use import parse_ended_ago
from manager.model.byte_range import ByteRange
from manager.model.containers import Container
from manager.model.plan import Plan, PlanStep, Verb
from manager.model.snapshot import CacheRecord, Network, Volume
from manager.model.units import format_brief_duration, format_duration, format_size
from manager.prune.core.decision import PlannedRemoval, PruneDecision

ANONYMOUS_NAME_LENGTH = 64
"""Digits in the name that the engine gives an anonymous volume."""
ANONYMOUS_LABEL = "com.docker.volume.anonymous"
"""The label of an anonymous volume, from Docker 23 on."""
ZERO_BYTES = ByteRange()
STOPPED_STATES = frozenset({"exited", "dead", "created"})
"""The states of containers that stopped or never started."""


@dataclass(frozen=True, slots=True)
class NonImageRemovals:
    """What is removed other than images, if named or chosen."""

    containers: tuple[Container, ...] = ()
    cache: tuple[CacheRecord, ...] = ()
    volumes: tuple[Volume, ...] = ()
    networks: tuple[Network, ...] = ()
    recently_stopped: tuple["RecentlyStoppedContainer", ...] = ()
    """The stopped containers that are kept."""

    def __bool__(self) -> bool:
        """Whether anything is removed."""
        return bool(self.containers or self.cache or self.volumes or self.networks)


@dataclass(frozen=True, slots=True)
class RecentlyStoppedContainer:
    """A container that stopped too recently to be removed."""

    container: Container
    age: timedelta
    limit: timedelta
    """For how long a container has to be stopped."""

    @property
    def why(self) -> str:
        """Why the container is kept."""
        limit = format_brief_duration(self.limit)
        return f"{_describe_end(self.container, self.age)}, less than {limit} (see --stopped-for)"


def find_stopped_containers(
    containers: Iterable[Container], for_at_least: timedelta, now: datetime
) -> tuple[Container, ...]:
    """The containers that have been stopped, or created and never started, for long enough."""
    ended = (it for it in containers if it.state in STOPPED_STATES)
    return tuple(it for it in ended if _time_since_end(it, now) >= for_at_least)


def find_recently_stopped(
    containers: Iterable[Container], for_at_least: timedelta, now: datetime
) -> tuple[RecentlyStoppedContainer, ...]:
    """The stopped containers that are not, and why."""
    ended = ((it, _time_since_end(it, now)) for it in containers if it.state in STOPPED_STATES)
    return tuple(
        RecentlyStoppedContainer(it, age, for_at_least) for it, age in ended if age < for_at_least
    )


def recently_stopped_notes(found: Sequence[RecentlyStoppedContainer]) -> Iterable[str]:
    """A note on stopped containers that are kept."""
    if not found:
        return
    limit = format_brief_duration(found[0].limit)
    containers, were = ("containers", "were") if len(found) > 1 else ("container", "was")
    created = [it for it in found if it.container.state == "created"]
    what = ["stopped"] if len(created) < len(found) else []
    what += [f"{were} created"] if created else []
    yield (
        f"keeping {len(found)} {containers} that {' or '.join(what)} less than {limit} ago "
        "(see --stopped-for)"
    )


def _time_since_end(container: Container, now: datetime) -> timedelta:
    """How long ago a container stopped, or was created if that is not known."""
    ended = parse_ended_ago(container.status)
    return ended if ended is not None else now - container.created


def _describe_end(container: Container, age: timedelta) -> str:
    return f"{container.state} {format_duration(age)} ago"


def is_anonymous(volume: Volume) -> bool:
    """Whether a volume is anonymous: made for one container."""
    digits = set(volume.name) <= set("0123456789abcdef")
    return ANONYMOUS_LABEL in volume.labels or (
        len(volume.name) == ANONYMOUS_NAME_LENGTH and digits
    )


def find_unused_volumes(
    volumes: Iterable[Volume], *, anonymous: bool, named: bool
) -> tuple[Volume, ...]:
    """The volumes that no container uses, running or not; only if that is known."""
    wanted = {True: anonymous, False: named}
    return tuple(it for it in volumes if it.users == 0 and wanted[is_anonymous(it)])


def plan_prune(decision: PruneDecision, removals: NonImageRemovals, now: datetime) -> Plan:
    """Make the plan: containers first, since they hold images and networks.

    Args:
        decision: the images.
        removals: everything else.
        now: the time.
    """
    steps = [
        *(_container_step(it, now) for it in removals.containers),
        *(step for going in decision.going for step in _image_steps(going)),
        *(_cache_steps(removals.cache) if removals.cache else ()),
        *(_volume_step(it) for it in removals.volumes),
        *(_network_step(it) for it in removals.networks),
    ]
    return Plan(tuple(steps), frees=decision.frees, cached=decision.cached)


def _image_steps(going: PlannedRemoval) -> Iterable[PlanStep]:
    """A step for each reference; if the image is removed, the last step removes it."""
    image, cause = going.image, "; ".join(going.rules)
    if not going.references:
        yield PlanStep(
            Verb.DELETE,
            image.id,
            cause,
            image.id,
            expected_references=(),
            frees=going.frees_in_order,
            restore_from=going.copy.reference,
        )
    left = list(going.all_references)
    for reference in going.references:
        expects = tuple(left)
        left.remove(reference)
        last = going.removes_image and not left
        yield PlanStep(
            Verb.DELETE if last else Verb.UNTAG,
            reference,
            cause,
            image.id,
            has_other_references=not last,
            expected_references=expects,
            frees=going.frees_in_order if last else ZERO_BYTES,
            # While the image exists its names can be restored without a registry.
            restore_from=going.copy.reference,
        )


def _container_step(container: Container, now: datetime) -> PlanStep:
    cause = _describe_end(container, _time_since_end(container, now))
    return PlanStep(Verb.REMOVE, container.name, cause, container.id)


def _cache_steps(records: tuple[CacheRecord, ...]) -> Iterable[PlanStep]:
    size = sum(it.size for it in records if not it.shared)
    yield PlanStep(
        Verb.CLEAR_CACHE,
        "build cache",
        f"{len(records)} records, {format_size(size)}",
        expected_references=tuple(it.id for it in records),
        frees=ByteRange(size, size, "bytes that images share with the cache stay"),
    )


def _volume_step(volume: Volume) -> PlanStep:
    size = volume.size
    frees = ByteRange(size, size) if size is not None else None
    kind = "anonymous, unused" if is_anonymous(volume) else "unused"
    return PlanStep(Verb.REMOVE_VOLUME, volume.name, kind, frees=frees)


def _network_step(network: Network) -> PlanStep:
    return PlanStep(Verb.REMOVE_NETWORK, network.name, "unused", network.id)
