"""Every screen of explain: kept as text at 80 columns, short, and in words alone."""

import os
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from manager.actions.explain import meanings, urls, whole_life
from manager.cli.explain import screen
from manager.core import explaining_address, explaining_concepts, explaining_containers
from manager.core import explaining_images as images
from manager.core.explaining import SEED_LABEL, Facts, Page, find_image
from manager.core.explaining_concepts import CONCEPTS, concept_of
from manager.core.explaining_containers import Change, Details, Event, Kind, telling
from manager.core.model import Network, Volume
from manager.core.reference import ImageReference
from tests.unit.make import members
from tests.unit.world import NOW, World

SCREENS = Path(__file__).parent / "data" / "screens"
MOST_WORDS = 150
HUB = ("https://registry-1.docker.io",)
LAB = ("http://127.0.0.1:5000",)


def engine() -> Facts:
    """An engine with images that share layers, a group, and a container with a common name."""
    world = World()
    labels = {SEED_LABEL: "true"}
    world.image("stem", "nginx:latest", "nginx:stable", layers="ab", size=43_900_000, labels=labels)
    world.image("leaf", "ghcr.io/org/app:v1", layers="abc", size=2_000_000)
    world.image("other", "redis:7", layers="d", size=78_300_000)
    world.image("lost", layers="ae", size=410)
    world.container("other", "exited", "cache")
    snapshot = world.known().snapshot
    stem = snapshot.images[0].id
    made = tuple(replace(it, status="Up 2 hours") for it in members("nginx", *range(1, 7)))
    made = tuple(replace(it, image_id=stem) for it in made)
    return Facts(
        replace(snapshot, containers=(*snapshot.containers, *made)),
        NOW,
        "Docker 28.1.1",
        "unix:///var/run/docker.sock",
        "the default socket",
        volumes=(Volume("data", 1_200_000, 1), Volume("old")),
        networks=(Network("n1", "lan", NOW, ("nginx1", "nginx2")),),
        contexts=("default", "work"),
        labs=("default",),
    )


def container() -> Page:
    facts = engine()
    found = next(it for it in facts.snapshot.containers if it.name == "nginx2")
    life = (
        Event(NOW - timedelta(hours=3), "created"),
        Event(NOW - timedelta(hours=3), "started"),
        Event(NOW - timedelta(minutes=5), "ended with exit code 137"),
    )
    changes = (
        Change(Kind.CHANGED, "/etc"),
        Change(Kind.CHANGED, "/etc/hosts"),
        Change(Kind.ADDED, "/note"),
        Change(Kind.DELETED, "/usr/share/doc/nginx"),
    )
    details = Details(1234, changes, life, ("data at /data",))
    return explaining_containers.page(facts, found, details)


def addresses() -> dict[str, Page]:
    digest = "sha256:" + "0123456789abcdef" * 4
    texts = {
        "short": "nginx",
        "user": "me/app:1.4",
        "elsewhere": "ghcr.io/org/team/app:v2",
        "digest": f"nginx@{digest}",
        "old": "index.docker.io/nginx:1",
    }
    found = {
        name: explaining_address.page(
            text, urls(ImageReference.parse(text), {}, ""), own_registry=False
        )
        for name, text in texts.items()
    }
    for name, text in {
        "capital": "Nginx:1",
        "url": "https://hub.docker.com/_/nginx",
        "empty_tag": "nginx:",
        "branch": "app:feature/x",
        "nothing": "",
    }.items():
        found[f"wrong_{name}"] = explaining_address.page(text, (), own_registry=False)
    found["lab"] = explaining_address.page("nginx", LAB, own_registry=True)
    mirrored = {"RegistryConfig": {"Mirrors": ["https://mirror.example/"]}}
    asked = urls(ImageReference.parse("nginx"), mirrored, "")
    found["mirror"] = explaining_address.page("nginx", asked, own_registry=False)
    return found


def pages() -> dict[str, Page]:
    facts, empty = engine(), Facts(engine="Docker 28.1.1", source="DOCKER_HOST")
    stem, leaf, other = (it for it in facts.snapshot.images if it.tags)
    found = {f"address_{name}": page for name, page in addresses().items()}
    found |= {f"concept_{it}": explaining_concepts.page(it, facts) for it in CONCEPTS}
    found |= {f"empty_{it}": explaining_concepts.page(it, empty) for it in CONCEPTS}
    found["no_engine"] = explaining_concepts.page("image", Facts())
    found["container"] = container()
    found["group"] = explaining_containers.group(facts, "nginx")
    found["image_of_lab"] = images.page(facts, stem, addresses()["lab"])
    found["image_idle"] = images.page(facts, leaf, None)
    found["two_shared"] = images.compare(facts, stem, leaf)
    found["two_apart"] = images.compare(facts, leaf, other)
    found["two_names"] = images.compare(facts, stem, stem)
    return found


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_screen_is_as_it_was(name: str) -> None:
    """Set DOCKMGR_KEEP_SCREENS to keep what there is now, after a look at it."""
    text = "\n".join([*screen(pages()[name], (), "localhost"), ""])
    file = SCREENS / f"{name}.txt"
    if os.environ.get("DOCKMGR_KEEP_SCREENS"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) < 80
    assert "\x1b" not in text


def test_no_screen_is_kept_that_is_not_shown() -> None:
    assert {file.stem for file in SCREENS.glob("*.txt")} == set(pages())


@pytest.mark.parametrize("word", sorted(CONCEPTS))
def test_a_concept_is_one_short_screen(word: str) -> None:
    for facts in (engine(), Facts(engine="Docker 28.1.1"), Facts()):
        lines = list(screen(explaining_concepts.page(word, facts), (), "localhost"))
        words = [it for it in " ".join(lines).split() if re.search(r"\w", it)]
        assert len(words) <= MOST_WORDS
        assert len(lines) <= 24


def test_words_in_the_plural_and_other_words_for_the_same() -> None:
    assert concept_of("images") == "image"
    assert concept_of("repositories") == "repository"
    assert concept_of("address") == "reference"
    assert concept_of("addresses") == ""
    assert concept_of("nginx") == ""


def test_what_a_word_can_mean_and_which_comes_first() -> None:
    snapshot = engine().snapshot
    assert meanings(snapshot, "nginx2", "") == ("container",)
    assert meanings(snapshot, "nginx", "") == ("image", "group")
    assert meanings(snapshot, "unknown", "") == ("address",)
    named = replace(snapshot.containers[0], name="image")
    snapshot = replace(snapshot, containers=(*snapshot.containers, named))
    assert meanings(snapshot, "image", concept_of("image")) == ("concept", "container")


def test_the_other_meanings_of_a_word_are_said_with_how_to_mean_them() -> None:
    page = explaining_concepts.page("image", engine())
    first = next(iter(screen(page, ("container",), "localhost")))
    assert first == "image is also a container of yours: dockmgr explain container:image"


def test_an_image_is_found_by_its_address_and_by_its_id_only_if_that_is_long_enough() -> None:
    snapshot = engine().snapshot
    stem = snapshot.images[0]
    assert find_image(snapshot, "docker.io/library/nginx") == stem
    assert find_image(snapshot, "nginx:1.22") is None
    assert find_image(snapshot, stem.short_id) == stem
    assert find_image(snapshot, stem.id) == stem
    assert find_image(snapshot, stem.digests[0]) == stem
    assert find_image(snapshot, "redis@" + stem.digests[0].partition("@")[2]) is None


def test_a_life_is_told_once_where_events_and_times_tell_the_same() -> None:
    def at(seconds: float) -> datetime:
        return NOW + timedelta(seconds=seconds)

    state = {
        "Status": "exited",
        "StartedAt": at(1.2).isoformat(),
        "FinishedAt": at(60).isoformat(),
        "ExitCode": 3,
    }
    created, started = Event(at(0.4), "created"), Event(at(1.3), "started")
    ended = Event(at(60), "ended with exit code 3")
    assert whole_life(NOW, state, (created, started, ended)) == (created, started, ended)
    assert whole_life(NOW, state, (created,)) == (created, Event(at(1.2), "started"), ended)
    forgotten = [it.what for it in whole_life(NOW, state, ())]
    assert forgotten == ["created", "started", "ended with exit code 3"]
    never = {"Status": "created", "StartedAt": "0001-01-01T00:00:00Z", "FinishedAt": ""}
    assert whole_life(NOW, never, ()) == (Event(NOW, "created"),)


def test_folders_that_changed_only_by_what_is_in_them_are_not_told() -> None:
    changes = (
        Change(Kind.CHANGED, "/"),
        Change(Kind.CHANGED, "/a"),
        Change(Kind.ADDED, "/a/b"),
        Change(Kind.ADDED, "/a/b/c"),
        Change(Kind.CHANGED, "/d"),
    )
    assert [it.path for it in telling(changes)] == ["/a/b", "/a/b/c", "/d"]


def test_a_wrong_address_says_where_and_what_would_be_right() -> None:
    facts = addresses()["wrong_capital"].facts
    assert facts["valid"] is False
    assert facts["remedy"] == "nginx:1"
    lines = list(screen(addresses()["wrong_capital"], (), ""))
    assert "  where: at letter 1 of it, 'N' should be 'n'" in lines


@pytest.mark.parametrize(
    "text",
    [
        "me:hunter2@ghcr.io/a",
        "https://me:hunter2@ghcr.io/a",
        "me:hunter2@localhost/a",
        "me:hun/hunter2@ghcr.io/A",
        "https://me:hunter2@ghcr.io/a@sha256:0",
    ],
)
def test_a_password_in_an_address_is_not_shown(text: str) -> None:
    page = explaining_address.page(text, (), own_registry=False)
    told = " ".join(screen(page, (), "")) + repr(page)
    assert "hunter2" not in told
    assert "ghcr.io" in told or "localhost" in told


def test_what_is_filled_in_of_an_address() -> None:
    found = {name: page.facts.get("filled_in") for name, page in addresses().items()}
    assert found["short"] == ["registry", "namespace", "tag"]
    assert found["user"] == ["registry"]
    assert found["elsewhere"] == []
    assert found["digest"] == ["registry", "namespace"]
    assert found["old"] == ["namespace"]


def test_what_two_images_share_is_what_the_disk_says() -> None:
    facts = engine()
    stem, leaf = facts.snapshot.images[:2]
    told = images.compare(facts, stem, leaf).facts
    assert told["shared"] == {"layers": 2, "low": 87_800_000, "high": 87_800_000, "exact": True}
    assert [it["adds"]["low"] for it in told["images"]] == [0, 2_000_000]
    assert told["images"][1]["frees"]["low"] == 2_000_000
    assert told["images"][0]["frees"]["low"] == 0
