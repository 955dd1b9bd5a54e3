"""When images were last used, from containers and from what was seen before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from manager.disk.core.last_use import Sighting, last_uses, parse_ended_ago
from manager.model.snapshot import Snapshot
from tests.unit.make import EPOCH, NGINX, REDIS, container, image

NOW = EPOCH + timedelta(days=30)
REDIS_IMAGE = image("redis:7", image_id=REDIS)


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        ("Exited (0) 2 weeks ago", 14 * 86_400),
        ("Exited (137) About a minute ago", 60),
        ("Exited (0) About an hour ago", 3600),
        ("Exited (0) Less than a second ago", 0),
        ("Exited (0) 1 second ago", 1),
        ("Exited (1) 3 months ago", 90 * 86_400),
        ("Up 3 hours", None),
        ("Created", None),
        ("", None),
    ],
)
def test_how_long_ago_a_container_ended(status: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert parse_ended_ago(status) == expected


def test_a_running_container_uses_its_image_now() -> None:
    snapshot = Snapshot((container("a"),), (image("nginx:1"),))
    use = last_uses(snapshot, {}, NOW)[NGINX]
    assert (use.at, use.age(NOW), use.how) == (NOW, "now", "a is running")


def test_an_ended_container_used_it_until_then_at_least() -> None:
    ended = replace(container("a", state="exited"), status="Exited (0) 3 days ago")
    use = last_uses(Snapshot((ended,), (image("nginx:1"),)), {}, NOW)[NGINX]
    assert (use.age(NOW), use.how) == ("3 days ago", "a ended")
    made = replace(ended, status="Created", state="created")
    use = last_uses(Snapshot((made,), (image("nginx:1"),)), {}, NOW)[NGINX]
    assert (use.at, use.how) == (EPOCH, "a was created")


def test_what_was_seen_before_counts_until_something_later_is_known() -> None:
    snapshot = Snapshot((), (image("nginx:1"), REDIS_IMAGE))
    seen = {
        NGINX: Sighting(EPOCH, EPOCH + timedelta(days=20)),
        REDIS: Sighting(EPOCH + timedelta(days=18)),
    }
    uses = last_uses(snapshot, seen, NOW)
    assert (uses[NGINX].age(NOW), uses[NGINX].known) == ("1 week ago", True)
    assert (uses[REDIS].age(NOW), uses[REDIS].known) == ("unused for 12d+", False)
    running = replace(snapshot, containers=(container("a"),))
    assert last_uses(running, seen, NOW)[NGINX].age(NOW) == "now"


def test_an_image_seen_for_the_first_time_is_unknown() -> None:
    use = last_uses(Snapshot((), (image("nginx:1"),)), {}, NOW)[NGINX]
    assert (use.age(NOW), use.known) == ("unknown", False)


def test_a_parent_is_used_with_its_child_and_a_mounted_image_with_its_container() -> None:
    child = replace(REDIS_IMAGE, parent=NGINX)
    snapshot = Snapshot((container("a", image_id=REDIS),), (image("nginx:1"), child))
    assert last_uses(snapshot, {}, NOW)[NGINX].age(NOW) == "now"
    mounting = replace(container("a", image_id=REDIS), mounted_images=("nginx:1",))
    apart = Snapshot((mounting,), (image("nginx:1"), REDIS_IMAGE))
    assert last_uses(apart, {}, NOW)[NGINX].age(NOW) == "now"


def test_a_circle_of_parents_ends() -> None:
    one, two = replace(image("a:1"), parent=REDIS), replace(REDIS_IMAGE, parent=NGINX)
    assert len(last_uses(Snapshot((container("a"),), (one, two)), {}, NOW)) == 2
