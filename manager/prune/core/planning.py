"""The plan of a prune: the images that go, and what else was named, as steps in order."""

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
"""Digits of the name that the engine gives a volume nobody named."""
ANONYMOUS_LABEL = "com.docker.volume.anonymous"
"""The label of such a volume, from Docker 23 on."""
ZERO_BYTES = ByteRange()
STOPPED_STATES = frozenset({"exited", "dead", "created"})
"""The states of containers that ended, or never began."""


@dataclass(frozen=True, slots=True)
class NonImageRemovals:
    """What goes beside images, if it was named or chosen."""

    containers: tuple[Container, ...] = ()
    cache: tuple[CacheRecord, ...] = ()
    volumes: tuple[Volume, ...] = ()
    networks: tuple[Network, ...] = ()
    young: tuple["RecentlyStoppedContainer", ...] = ()
    """The stopped containers that were named and stay."""

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.containers or self.cache or self.volumes or self.networks)


@dataclass(frozen=True, slots=True)
class RecentlyStoppedContainer:
    """A stopped container that ended too short a time ago to go."""

    container: Container
    age: timedelta
    limit: timedelta
    """So long ago it has to have ended."""

    @property
    def why(self) -> str:
        """Why it stays."""
        limit = format_brief_duration(self.limit)
        return f"{_describe_end(self.container, self.age)}, less than {limit} (see --stopped-for)"


def find_stopped_containers(
    containers: Iterable[Container], for_at_least: timedelta, now: datetime
) -> tuple[Container, ...]:
    """The containers that ended, or were made and never started, so long ago."""
    ended = (it for it in containers if it.state in STOPPED_STATES)
    return tuple(it for it in ended if _time_since_end(it, now) >= for_at_least)


def find_recently_stopped(
    containers: Iterable[Container], for_at_least: timedelta, now: datetime
) -> tuple[RecentlyStoppedContainer, ...]:
    """The stopped containers that are not among these, and why."""
    ended = ((it, _time_since_end(it, now)) for it in containers if it.state in STOPPED_STATES)
    return tuple(
        RecentlyStoppedContainer(it, age, for_at_least) for it, age in ended if age < for_at_least
    )


def recently_stopped_notes(found: Sequence[RecentlyStoppedContainer]) -> Iterable[str]:
    """What is said of stopped containers that stay, a sentence for all of them."""
    if not found:
        return
    limit = format_brief_duration(found[0].limit)
    made = [it for it in found if it.container.state == "created"]
    one = len(found) == 1
    what = [] if len(made) == len(found) else ["ended"]
    what += [("was made" if one else "were made")] if made else []
    yield (
        f"{len(found)} stopped container{'' if one else 's'} stay{'s' if one else ''}: "
        f"{'it' if one else 'they'} {' or '.join(what)} less than {limit} ago (see --stopped-for)"
    )


def _time_since_end(container: Container, now: datetime) -> timedelta:
    """How long ago it ended, or was made if that is not known."""
    ended = parse_ended_ago(container.status)
    return ended if ended is not None else now - container.created


def _describe_end(container: Container, age: timedelta) -> str:
    return f"{container.state} {format_duration(age)} ago"


def is_anonymous(volume: Volume) -> bool:
    """Whether nobody gave it a name: it was made for one container."""
    digits = set(volume.name) <= set("0123456789abcdef")
    return ANONYMOUS_LABEL in volume.labels or (
        len(volume.name) == ANONYMOUS_NAME_LENGTH and digits
    )


def find_unused_volumes(
    volumes: Iterable[Volume], *, anonymous: bool, named: bool
) -> tuple[Volume, ...]:
    """The volumes that no container, running or not, has; only those known not to be used."""
    wanted = {True: anonymous, False: named}
    return tuple(it for it in volumes if it.users == 0 and wanted[is_anonymous(it)])


def plan_prune(decision: PruneDecision, beside: NonImageRemovals, now: datetime) -> Plan:
    """The plan: containers first, since images and networks wait for them.

    Args:
        decision: the images.
        beside: what else.
        now: the time.
    """
    steps = [
        *(_container_step(it, now) for it in beside.containers),
        *(step for going in decision.going for step in _image_steps(going)),
        *(_cache_steps(beside.cache) if beside.cache else ()),
        *(_volume_step(it) for it in beside.volumes),
        *(_network_step(it) for it in beside.networks),
    ]
    return Plan(tuple(steps), frees=decision.frees, cached=decision.cached)


def _image_steps(going: PlannedRemoval) -> Iterable[PlanStep]:
    """A step for each reference; the last one takes the image along, if it goes."""
    image, cause = going.image, "; ".join(going.rules)
    if not going.references:
        yield PlanStep(
            Verb.DELETE,
            image.id,
            cause,
            image.id,
            expected_references=(),
            frees=going.here,
            restore_from=going.copy.reference,
        )
    left = list(going.held)
    for reference in going.references:
        expects = tuple(left)
        left.remove(reference)
        last = going.whole and not left
        yield PlanStep(
            Verb.DELETE if last else Verb.UNTAG,
            reference,
            cause,
            image.id,
            has_other_references=not last,
            expected_references=expects,
            frees=going.here if last else ZERO_BYTES,
            # As long as the image is there its names can be given back without a registry.
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
        frees=ByteRange(size, size, "what images hold too stays"),
    )


def _volume_step(volume: Volume) -> PlanStep:
    size = volume.size
    frees = ByteRange(size, size) if size is not None else None
    kind = "made for a container that is gone" if is_anonymous(volume) else "no container has it"
    return PlanStep(Verb.REMOVE_VOLUME, volume.name, kind, frees=frees)


def _network_step(network: Network) -> PlanStep:
    return PlanStep(Verb.REMOVE_NETWORK, network.name, "no container is on it", network.id)
