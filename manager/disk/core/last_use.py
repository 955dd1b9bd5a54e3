"""When images were last used, as far as anything tells: no engine records it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from manager.model.containers import Container
from manager.model.images import Image
from manager.model.snapshot import Snapshot
from manager.model.units import format_duration, format_rough_duration

MIN_OBSERVED_TIME = timedelta(minutes=1)
"""How long an image has to be known before it can be called unused."""
_SECONDS_PER_UNIT = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 30 * 86_400,
    "year": 365 * 86_400,
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """What dockmgr itself has seen of an image over time."""

    first_seen: datetime
    last_used: datetime | None = None
    """The last time at which a container was seen to use it."""


@dataclass(frozen=True, slots=True)
class LastUse:
    """The latest use of an image that is known of."""

    at: datetime
    """When it was used; where no use is known, since when it has been seen to be unused."""
    how: str
    """How that is known, in words."""
    known: bool = True
    """Whether a use is known at all."""

    def age(self, now: datetime) -> str:
        """As people read it: ``now``, ``3 days ago``, ``unused for 12d+``, ``unknown``."""
        if self.known:
            return "now" if self.at >= now else f"{format_duration(now - self.at)} ago"
        if now - self.at < MIN_OBSERVED_TIME:
            return "unknown"
        return f"unused for {format_rough_duration(now - self.at)}+"


def last_uses(
    snapshot: Snapshot, sightings: Mapping[str, Sighting], now: datetime
) -> dict[str, LastUse]:
    """The last use of each image: by its containers, or as seen before.

    A parent is used whenever an image built on it is.

    Args:
        snapshot: all images and all containers.
        sightings: what was seen before, by image id.
        now: the time.
    """
    found = {
        image.id: _last_use_from_sighting(sightings.get(image.id), now) for image in snapshot.images
    }
    for container in snapshot.containers:
        use = last_use_by_container(container, now)
        for image_id in _used_image_ids(container, snapshot):
            found[image_id] = _later_use(found.get(image_id), use)
    return _pass_on_to_parents(snapshot.images, found)


def _last_use_from_sighting(sighting: Sighting | None, now: datetime) -> LastUse:
    if sighting is None:
        return LastUse(now - timedelta(microseconds=1), "seen for the first time", known=False)
    if sighting.last_used is not None:
        return LastUse(sighting.last_used, "a container used it")
    return LastUse(sighting.first_seen, "no container seen since then", known=False)


def _used_image_ids(container: Container, snapshot: Snapshot) -> Iterable[str]:
    yield container.image_id
    if container.mounted_images:
        for image in snapshot.images:
            if not {image.id, *image.tags}.isdisjoint(container.mounted_images):
                yield image.id


def last_use_by_container(container: Container, now: datetime) -> LastUse:
    """The last use of an image that one of its containers shows."""
    if container.is_running:
        return LastUse(now, f"{container.name} is running")
    ended = parse_ended_ago(container.status)
    if ended is not None and now - ended > container.created:
        return LastUse(now - ended, f"{container.name} ended")
    return LastUse(container.created, f"{container.name} was created")


def parse_ended_ago(status: str) -> timedelta | None:
    """How long ago a container ended, at least, from the engine's words; None if they do not say.

    The list tells it only so: ``Exited (0) 2 weeks ago`` is between two weeks and three.

    Source: go-units, ``HumanDuration``.
    """
    found = re.search(r"(\d+|about an?|less than a) (\w+?)s? ago", status.lower())
    if found is None or found[2] not in _SECONDS_PER_UNIT:
        return None
    if found[1].startswith("less"):
        return timedelta(0)
    count = int(found[1]) if found[1].isdigit() else 1
    return timedelta(seconds=count * _SECONDS_PER_UNIT[found[2]])


def _later_use(one: LastUse | None, other: LastUse) -> LastUse:
    if one is None or (other.known, other.at) > (one.known, one.at):
        return other
    return one


def _pass_on_to_parents(images: Iterable[Image], found: dict[str, LastUse]) -> dict[str, LastUse]:
    parents = {image.id: image.parent for image in images}
    for image_id, own_parent in parents.items():
        use, parent = found[image_id], own_parent
        seen = {image_id}
        while parent in found and parent not in seen and use.known:
            seen.add(parent)
            found[parent] = _later_use(found[parent], use)
            parent = parents.get(parent, "")
    return found
