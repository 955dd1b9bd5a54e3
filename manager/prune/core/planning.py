"""The plan of a prune: the images that go, and what else was named, as steps in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from manager.disk.core.last_use import ended_ago
from manager.model.byte_range import Bytes
from manager.model.plan import Plan, Step, Verb
from manager.model.snapshot import CacheRecord, Container, Network, Volume
from manager.model.units import brief_duration, format_duration, format_size
from manager.prune.core.decision import Decision, Going

NAME_LENGTH = 64
"""Digits of the name that the engine gives a volume nobody named."""
ANONYMOUS = "com.docker.volume.anonymous"
"""The label of such a volume, from Docker 23 on."""
NO_SIZE = Bytes()
ENDED = frozenset({"exited", "dead", "created"})
"""The states of containers that ended, or never began."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes beside images, if it was named or chosen."""

    containers: tuple[Container, ...] = ()
    cache: tuple[CacheRecord, ...] = ()
    volumes: tuple[Volume, ...] = ()
    networks: tuple[Network, ...] = ()
    young: tuple["Young", ...] = ()
    """The stopped containers that were named and stay."""

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.containers or self.cache or self.volumes or self.networks)


@dataclass(frozen=True, slots=True)
class Young:
    """A stopped container that ended too short a time ago to go."""

    container: Container
    age: timedelta
    limit: timedelta
    """So long ago it has to have ended."""

    @property
    def why(self) -> str:
        """Why it stays."""
        limit = brief_duration(self.limit)
        return f"{_ending(self.container, self.age)}, less than {limit} (see --stopped-for)"


def stopped(
    containers: Iterable[Container], for_at_least: timedelta, now: datetime
) -> tuple[Container, ...]:
    """The containers that ended, or were made and never started, so long ago."""
    ended = (it for it in containers if it.state in ENDED)
    return tuple(it for it in ended if _age(it, now) >= for_at_least)


def young(
    containers: Iterable[Container], for_at_least: timedelta, now: datetime
) -> tuple[Young, ...]:
    """The stopped containers that are not among these, and why."""
    ended = ((it, _age(it, now)) for it in containers if it.state in ENDED)
    return tuple(Young(it, age, for_at_least) for it, age in ended if age < for_at_least)


def notes(found: Sequence[Young]) -> Iterable[str]:
    """What is said of stopped containers that stay, a sentence for all of them."""
    if not found:
        return
    limit = brief_duration(found[0].limit)
    made = [it for it in found if it.container.state == "created"]
    one = len(found) == 1
    what = [] if len(made) == len(found) else ["ended"]
    what += [("was made" if one else "were made")] if made else []
    yield (
        f"{len(found)} stopped container{'' if one else 's'} stay{'s' if one else ''}: "
        f"{'it' if one else 'they'} {' or '.join(what)} less than {limit} ago (see --stopped-for)"
    )


def _age(container: Container, now: datetime) -> timedelta:
    """How long ago it ended, or was made if that is not known."""
    ended = ended_ago(container.status)
    return ended if ended is not None else now - container.created


def _ending(container: Container, age: timedelta) -> str:
    return f"{container.state} {format_duration(age)} ago"


def is_anonymous(volume: Volume) -> bool:
    """Whether nobody gave it a name: it was made for one container."""
    digits = set(volume.name) <= set("0123456789abcdef")
    return ANONYMOUS in volume.labels or (len(volume.name) == NAME_LENGTH and digits)


def unused(volumes: Iterable[Volume], *, anonymous: bool, named: bool) -> tuple[Volume, ...]:
    """The volumes that no container, running or not, has; only those known not to be used."""
    wanted = {True: anonymous, False: named}
    return tuple(it for it in volumes if it.users == 0 and wanted[is_anonymous(it)])


def plan_prune(decision: Decision, beside: Beside, now: datetime) -> Plan:
    """The plan: containers first, since images and networks wait for them.

    Args:
        decision: the images.
        beside: what else.
        now: the time.
    """
    steps = [
        *(_container(it, now) for it in beside.containers),
        *(step for going in decision.going for step in _image(going)),
        *(_cache(beside.cache) if beside.cache else ()),
        *(_volume(it) for it in beside.volumes),
        *(_network(it) for it in beside.networks),
    ]
    return Plan(tuple(steps), frees=decision.frees, cached=decision.cached)


def _image(going: Going) -> Iterable[Step]:
    """A step for each reference; the last one takes the image along, if it goes."""
    image, cause = going.image, "; ".join(going.rules)
    if not going.references:
        yield Step(
            Verb.DELETE,
            image.id,
            cause,
            image.id,
            expects=(),
            frees=going.here,
            back=going.copy.reference,
        )
    left = list(going.held)
    for reference in going.references:
        expects = tuple(left)
        left.remove(reference)
        last = going.whole and not left
        yield Step(
            Verb.DELETE if last else Verb.UNTAG,
            reference,
            cause,
            image.id,
            others=not last,
            expects=expects,
            frees=going.here if last else NO_SIZE,
            # As long as the image is there its names can be given back without a registry.
            back=going.copy.reference,
        )


def _container(container: Container, now: datetime) -> Step:
    cause = _ending(container, _age(container, now))
    return Step(Verb.REMOVE, container.name, cause, container.id)


def _cache(records: tuple[CacheRecord, ...]) -> Iterable[Step]:
    size = sum(it.size for it in records if not it.shared)
    yield Step(
        Verb.CLEAR_CACHE,
        "build cache",
        f"{len(records)} records, {format_size(size)}",
        expects=tuple(it.id for it in records),
        frees=Bytes(size, size, "what images hold too stays"),
    )


def _volume(volume: Volume) -> Step:
    size = volume.size
    frees = Bytes(size, size) if size is not None else None
    kind = "made for a container that is gone" if is_anonymous(volume) else "no container has it"
    return Step(Verb.REMOVE_VOLUME, volume.name, kind, frees=frees)


def _network(network: Network) -> Step:
    return Step(Verb.REMOVE_NETWORK, network.name, "no container is on it", network.id)
