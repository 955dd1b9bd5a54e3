"""Every screen of explain: kept as text at 80 columns, short, and in words alone."""

import os
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.cli.explain.render_page import render_page
from manager.explain.core import address, concepts, containers, images
from manager.explain.core.concepts import CONCEPTS, find_concept
from manager.explain.core.containers import ContainerDetails, drop_incidental_changes
from manager.explain.core.engine_facts import (
    LAB_IMAGE_NAMES,
    SEED_LABEL,
    EngineFacts,
    describe_lab_origin,
    find_image,
)
from manager.explain.core.missing_image import explain_missing_image
from manager.explain.core.pages import Page
from manager.explain.core.text_layout import wrap_text
from manager.explain.facts import complete_events, find_meanings, find_registry_urls
from manager.lab import recipes
from manager.model.events import ContainerEvent, FileChange, FileChangeKind
from manager.model.snapshot import Network, Volume
from manager.references.redaction import redact_login, redact_secrets
from manager.references.reference import ImageReference, InvalidReferenceError
from tests.unit.make import members
from tests.unit.world import NOW, World

SCREENS = Path(__file__).parent / "data" / "screens"
MOST_WORDS = 150
HUB = ("https://registry-1.docker.io",)
OWN = "127.0.0.1:5000"
LAB = (f"http://{OWN}",)


def engine() -> EngineFacts:
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
    return EngineFacts(
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
        ContainerEvent(NOW - timedelta(hours=3), "created"),
        ContainerEvent(NOW - timedelta(hours=3), "started"),
        ContainerEvent(NOW - timedelta(minutes=5), "ended with exit code 137"),
    )
    changes = (
        FileChange(FileChangeKind.CHANGED, "/etc"),
        FileChange(FileChangeKind.CHANGED, "/etc/hosts"),
        FileChange(FileChangeKind.ADDED, "/note"),
        FileChange(FileChangeKind.DELETED, "/usr/share/doc/nginx"),
    )
    details = ContainerDetails(1234, changes, life, ("data at /data",))
    return containers.explain_container(facts, found, details)


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
        name: address.explain_address(text, find_registry_urls(ImageReference.parse(text), {}, ""))
        for name, text in texts.items()
    }
    for name, text in {
        "capital": "Nginx:1",
        "url": "https://hub.docker.com/_/nginx",
        "empty_tag": "nginx:",
        "branch": "app:feature/x",
        "nothing": "",
        "word": "nginx latest",
        "at": "nginx@latest",
        "short_digest": "nginx@sha256:abc",
        "port": "registry.example:99999/app",
        "letter": "ngïnx",
        "many_colons": "ghcr.io/me:app:1",
        "login": "me:hunter2@ghcr.io/a",
    }.items():
        found[f"wrong_{name}"] = address.explain_address(text, ())
    found["lab"] = address.explain_address("nginx", LAB, OWN)
    found["lab_by_host"] = address.explain_address(f"{OWN}/nginx", LAB, OWN)
    asked = find_registry_urls(ImageReference.parse("localhost:15000/app"), {}, "")
    found["loopback"] = address.explain_address("localhost:15000/app", asked)
    found["like_registry"] = address.explain_address("ghcr.io", HUB)
    found["reserved"] = address.explain_address("scratch", HUB)
    found["id"] = address.explain_address("sha256:" + "a" * 64, HUB)
    mirrored = {"RegistryConfig": {"Mirrors": ["https://mirror.example/"]}}
    asked = find_registry_urls(ImageReference.parse("nginx"), mirrored, "")
    found["mirror"] = address.explain_address("nginx", asked)
    return found


def pages() -> dict[str, Page]:
    facts, empty = engine(), EngineFacts(engine="Docker 28.1.1", source="DOCKER_HOST")
    stem, leaf, other = (it for it in facts.snapshot.images if it.tags)
    found = {f"address_{name}": page for name, page in addresses().items()}
    found |= {f"concept_{it}": concepts.explain_concept(it, facts) for it in CONCEPTS}
    found |= {f"empty_{it}": concepts.explain_concept(it, empty) for it in CONCEPTS}
    found["no_engine"] = concepts.explain_concept("image", EngineFacts())
    found["container"] = container()
    found["group"] = containers.explain_group(facts, "nginx")
    found["image_of_lab"] = images.explain_image(facts, stem, addresses()["lab"])
    found["image_idle"] = images.explain_image(facts, leaf, None)
    found["absent"] = absent("nginx:1.22", facts)
    found["absent_wholly"] = absent("ghcr.io/org/other", facts)
    found["two_shared"] = images.compare_images(
        facts, ("nginx:stable", stem), ("ghcr.io/org/app:v1", leaf)
    )
    found["two_apart"] = images.compare_images(facts, (leaf.id, leaf), ("redis:7", other))
    found["two_names"] = images.compare_images(facts, ("nginx", stem), ("nginx:stable", stem))
    return found


def absent(text: str, facts: EngineFacts) -> Page:
    reference = ImageReference.parse(text)
    page = address.explain_address(text, find_registry_urls(reference, {}, ""))
    return replace(
        page, parts=(*page.parts, *explain_missing_image(facts, reference, tuple(CONCEPTS)))
    )


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_screen_is_as_it_was(name: str) -> None:
    """Set DOCKMGR_KEEP_SCREENS to keep what there is now, after a look at it."""
    text = "\n".join([*render_page(pages()[name], (), "localhost"), ""])
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
    for facts in (engine(), EngineFacts(engine="Docker 28.1.1"), EngineFacts()):
        lines = list(render_page(concepts.explain_concept(word, facts), (), "localhost"))
        words = [it for it in " ".join(lines).split() if re.search(r"\w", it)]
        assert len(words) <= MOST_WORDS
        assert len(lines) <= 24


def test_words_in_the_plural_and_other_words_for_the_same() -> None:
    assert find_concept("images") == "image"
    assert find_concept("repositories") == "repository"
    assert find_concept("address") == "reference"
    assert find_concept("addresses") == "reference"
    assert find_concept("nginx") == ""
    assert find_concept("IMAGE") == find_concept("Images") == "image"
    assert find_concept("member") == find_concept("members") == "group"


def test_what_a_word_can_mean_and_which_comes_first() -> None:
    snapshot = engine().snapshot
    assert find_meanings(snapshot, "nginx2", "") == ("container",)
    assert find_meanings(snapshot, "nginx", "") == ("image", "group")
    assert find_meanings(snapshot, "unknown", "") == ("address",)
    named = replace(snapshot.containers[0], name="image")
    snapshot = replace(snapshot, containers=(*snapshot.containers, named))
    assert find_meanings(snapshot, "image", find_concept("image")) == ("concept", "container")


def test_the_other_meanings_of_a_word_are_said_with_how_to_mean_them() -> None:
    page = concepts.explain_concept("image", engine())
    first = next(iter(render_page(page, ("container",), "localhost")))
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
    created, started = ContainerEvent(at(0.4), "created"), ContainerEvent(at(1.3), "started")
    ended = ContainerEvent(at(60), "ended with exit code 3")
    assert complete_events(NOW, state, (created, started, ended)) == (created, started, ended)
    assert complete_events(NOW, state, (created,)) == (
        created,
        ContainerEvent(at(1.2), "started"),
        ended,
    )
    forgotten = [it.description for it in complete_events(NOW, state, ())]
    assert forgotten == ["created", "started", "ended with exit code 3"]
    never = {"Status": "created", "StartedAt": "0001-01-01T00:00:00Z", "FinishedAt": ""}
    assert complete_events(NOW, never, ()) == (ContainerEvent(NOW, "created"),)


def test_folders_that_changed_only_by_what_is_in_them_are_not_told() -> None:
    changes = (
        FileChange(FileChangeKind.CHANGED, "/"),
        FileChange(FileChangeKind.CHANGED, "/a"),
        FileChange(FileChangeKind.ADDED, "/a/b"),
        FileChange(FileChangeKind.ADDED, "/a/b/c"),
        FileChange(FileChangeKind.CHANGED, "/d"),
    )
    assert [it.path for it in drop_incidental_changes(changes)] == ["/a/b", "/a/b/c", "/d"]


def test_a_wrong_address_says_where_and_what_would_be_right() -> None:
    facts = addresses()["wrong_capital"].facts
    assert facts["valid"] is False
    assert facts["remedy"] == "nginx:1"
    lines = list(render_page(addresses()["wrong_capital"], (), ""))
    assert "  where: at character 1: change 'N' to 'n'" in lines


@pytest.mark.parametrize(
    "text",
    [
        "me:hunter2@ghcr.io/a",
        "https://me:hunter2@ghcr.io/a",
        "me:hunter2@localhost/a",
        "me:hun/hunter2@ghcr.io/A",
        "https://me:hunter2@ghcr.io/a@sha256:0",
        "me:hunter2@10.0.0.1:5000/a",
        "me:hunter2@ghcr.io",
        "me:hunter2@localhost",
        "docker pull me:hunter2@ghcr.io/A",
        "https://me:pw://hunter2@ghcr.io/x",
        "me:pw://hunter2@ghcr.io/x",
        "me:v2.hunter2@localhost",
        "user:1.5hunter2@localhost",
        "u:hunter2@sha256-x.ghcr.io/app",
        "user:hunter2%40ghcr.io/x",
        "user:hunter2\uff20ghcr.io/x",
        "hunter2@localhost",
        "nginx:hunter2@ghcr.io@sha256:0",
    ],
)
def test_a_password_in_an_address_is_not_shown(text: str) -> None:
    page = address.explain_address(text, ())
    told = " ".join(render_page(page, (), "")) + repr(page)
    assert "hunter2" not in told
    assert any(it in told for it in ("ghcr.io", "localhost", "10.0.0.1"))


@pytest.mark.parametrize("text", ["nginx@latest", "nginx:latest@latest", "nginx@", "nginx@1.27"])
def test_what_is_no_login_is_shown_as_it_was_typed(text: str) -> None:
    assert redact_login(text) == text
    assert address.explain_address(text, ()).name == text


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
    told = images.compare_images(facts, ("nginx", stem), (leaf.id, leaf)).facts
    assert told["shared"] == {"layers": 2, "low": 87_800_000, "high": 87_800_000, "exact": True}
    assert [it["adds"]["low"] for it in told["images"]] == [0, 2_000_000]
    assert told["images"][1]["frees"]["low"] == 2_000_000
    assert told["images"][0]["frees"]["low"] == 0


def test_two_images_are_called_as_they_were_typed() -> None:
    facts = engine()
    stem, leaf = facts.snapshot.images[:2]
    page = images.compare_images(
        facts, ("docker.io/library/nginx:stable", stem), (leaf.short_id, leaf)
    )
    assert [it["name"] for it in page.facts["images"]] == ["nginx:stable", "ghcr.io/org/app:v1"]
    text = " ".join(" ".join(render_page(page, (), "")).split())
    assert "removing only nginx:stable frees: nothing, since it is also called nginx:latest" in text
    assert "removing it with all 2 names frees: nothing" in text
    assert "removing ghcr.io/org/app:v1 frees: exactly 2,000,000 bytes" in text


def test_an_untagged_image_is_dangling_only_without_a_digest() -> None:
    world = World()
    world.image("built", layers="a", size=1000)
    world.image("moved", layers="b", size=2000)
    snapshot = world.known().snapshot
    one, other = (replace(it, digests=()) for it in snapshot.images)
    other = replace(other, digests=("nginx@sha256:" + "1" * 64,))
    facts = EngineFacts(replace(snapshot, images=(one, other)), NOW, "Docker 28.1.1")
    page = concepts.explain_concept("dangling", facts)
    built, moved = (it.id for it in facts.snapshot.images)
    assert page.facts == {"untagged": [built, moved], "dangling": [built]}
    text = " ".join(render_page(page, (), ""))
    assert f"untagged images: {built[7:19]}, {moved[7:19]}" in text
    assert f"without a digest too: {built[7:19]}." in text


WRONG = [
    "nginx@",
    "nginx@latest",
    "nginx:1.27@latest",
    "nginx@md5:" + "a" * 32,
    "nginx@sha256:xyz",
    "host:abc/foo",
    "host:0/foo",
    "hub.docker.com/r/me/app",
    "my image",
    "a b c",
    "docker pull Nginx",
    "me\\app",
    "нгинкс",
    ":v1",
    "ghcr.io/",
    "<none>:<none>",
    "a" * 256,
    "a:" + "b" * 129,
    "[g::1]/a",
    "ex_ample:5000/a",
    "   ",
    ":",
    "<image>",
    "docker compose up",
    "docker login -u me -p geheim ghcr.io",
    "http://localhost:8080",
    "nginx:1 redis",
    "reg:5000:1",
    "docker run 'nginx",
]


@pytest.mark.parametrize("text", WRONG)
def test_every_wrong_address_has_where_and_what_would_be_right(text: str) -> None:
    facts = address.explain_address(text, ()).facts
    assert facts["valid"] is False
    assert facts["problem"]
    assert facts["where"]
    assert facts["right"]


@given(st.text(alphabet="aA1:/@.-_ é\\[]", max_size=14))
def test_a_text_that_is_no_address_is_explained_and_never_hides_its_fault(text: str) -> None:
    page = address.explain_address(text, ())
    if not page.facts["valid"]:
        assert page.facts["where"]
        assert page.facts["right"]
        assert max(map(len, render_page(page, (), ""))) < 80


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("nginx@latest", "nginx:latest"),
        ("nginx:latest@latest", "nginx:latest"),
        ("nginx@", "nginx"),
        ("nginx latest", "nginx:latest"),
        ("nginx:1.27 alpine", "nginx:1.27-alpine"),
        ("'nginx'", "nginx"),
        ('nginx:"1"', "nginx:1"),
        ("nginx:sha256:" + "a" * 64, "nginx@sha256:" + "a" * 64),
        ("hub.docker.com/r/bitnami/redis/tags", "bitnami/redis"),
        ("ghcr.io/me:app:1", "ghcr.io/me/app:1"),
        ("nginx:1.27:alpine", "nginx:1.27-alpine"),
        ("ngïnx", "nginx"),
        ("nginx\u200b", "nginx"),
        ("me\\app", "me/app"),
        ("https://hub.docker.com/_/nginx/tags", "nginx"),
        ("hub.docker.com/_/nginx", "nginx"),
        ("hub.docker.com/r/me/app", "me/app"),
        ("https://hub.docker.com/layers/library/nginx/1.27/images/sha256-0", "nginx:1.27"),
        ("https://quay.io/repository/org/app?tab=tags", "quay.io/org/app"),
        ("https://github.com/org/repo/pkgs/container/app", "ghcr.io/org/app"),
        ("https://gallery.ecr.aws/nginx/nginx", "public.ecr.aws/nginx/nginx"),
        (
            "https://mcr.microsoft.com/en-us/artifact/mar/dotnet/sdk/tags",
            "mcr.microsoft.com/dotnet/sdk",
        ),
    ],
)
def test_what_would_be_right_is_an_address(text: str, remedy: str) -> None:
    page = address.explain_address(text, ())
    assert page.facts["remedy"] == remedy
    assert page.name == redact_secrets(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (":", "a name, as in nginx"),
        ("http://localhost:8080", "localhost:8080/NAME: the registry, then an image in it"),
        ("nginx:1 redis", "only one address; or nginx:1-redis if redis belongs to the tag"),
        ("reg:5000:1", "reg:5000/NAME:1 if reg:5000 is a registry; else only one tag"),
        ("docker compose up", "only the address, for example nginx:1.27"),
    ],
)
def test_where_no_address_can_be_told_words_say_what_would_be_right(text: str, right: str) -> None:
    facts = address.explain_address(text, ()).facts
    assert (facts["remedy"], facts["right"]) == (None, right)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("docker pull nginx", "docker pull"),
        ("sudo docker run --rm -it nginx:1 sh", "sudo docker run"),
        ("FROM --platform=linux/arm64 nginx:1 AS base", "FROM"),
        ("image: nginx:1", "image:"),
        ("dockmgr spawn nginx --count 3", "dockmgr spawn"),
        ("docker run 'nginx", "docker run"),
    ],
)
def test_a_pasted_command_gets_one_plain_sentence(text: str, start: str) -> None:
    facts = address.explain_address(text, ()).facts
    assert facts["problem"] == (
        "this is a whole command: type only the image address, for example nginx:1.27"
    )
    assert facts["where"].endswith(repr(start))
    assert facts["remedy"] is None
    assert redact_secrets(text) == f"{start} …"


def test_of_a_whole_command_only_the_first_words_are_shown() -> None:
    page = address.explain_address("docker login -u me -p geheim ghcr.io", ())
    assert page.name == "docker login …"
    assert "geheim" not in repr(page)
    assert "geheim" not in refusal("docker login -u me -p geheim ghcr.io")


def refusal(text: str) -> str:
    with pytest.raises(InvalidReferenceError) as caught:
        ImageReference.parse(text)
    return caught.value.message


def test_a_digest_of_an_image_here_is_no_unknown_id() -> None:
    facts = engine()
    stem = facts.snapshot.images[0]
    digest = stem.digests[0].partition("@")[2]
    page = address.explain_address(digest, (), "", facts)
    assert page.facts["remedy"] == stem.digests[0]
    assert stem.label in " ".join(render_page(page, (), ""))
    assert "No image here has the id" in " ".join(
        render_page(address.explain_address(digest, ()), (), "")
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ngnix", "nginx:latest"),
        ("imge", "image"),
        ("gchr.io/a/b", "ghcr.io/a/b"),
        ("cache2", "cache"),
        ("unlike", ""),
        ("nginx:9", ""),
    ],
)
def test_what_may_have_been_meant_by_an_address_that_is_explain_missing_image(
    text: str, meant: str
) -> None:
    parts = explain_missing_image(engine(), ImageReference.parse(text), tuple(CONCEPTS))
    near = [it for it in parts if isinstance(it, str) and it.startswith("Did you mean")]
    assert near == ([f"Did you mean: dockmgr explain {meant}"] if meant else [])


def test_the_first_digits_of_an_id_are_known() -> None:
    facts = engine()
    stem = facts.snapshot.images[0]
    parts = explain_missing_image(facts, ImageReference.parse(stem.id.removeprefix("sha256:")[:5]))
    assert parts[0] == f"Did you mean: dockmgr explain {stem.short_id}"


def test_only_what_a_lab_made_is_said_to_be_so() -> None:
    world = World()
    labels = {SEED_LABEL: "true"}
    world.image("seed", "nginx:latest", layers="a", labels=labels)
    world.image("mine", "cc:1", "redis:9", layers="ab", labels=labels)
    world.image("other", "redis:7", layers="c")
    seed, mine, other = world.known().snapshot.images
    mine = replace(mine, digests=())  # it never came from a registry, whatever it is called
    assert describe_lab_origin(seed).startswith("dockmgr built it for its labs")
    assert describe_lab_origin(mine).startswith("It is based on an image that dockmgr built")
    assert describe_lab_origin(other) == ""
    assert set(LAB_IMAGE_NAMES) == {name.removeprefix("library/") for name in catalogue()}


def catalogue() -> set[str]:
    """The repositories that a lab's registry begins with."""
    return {recipe.repository for recipe in recipes.RECIPES}


def test_a_container_whose_image_lost_its_name_says_which_it_had() -> None:
    facts = engine()
    cache = next(it for it in facts.snapshot.containers if it.name == "cache")
    details = ContainerDetails(0, (), (), made_from="redis:7")
    told = containers.explain_container(facts, cache, details).parts[0]
    assert told == (
        "cache is a container, made from redis:7. It is stopped: its command has ended."
    )
    moved = containers.explain_container(facts, cache, replace(details, made_from="nginx")).parts[0]
    assert "redis:7, which was then called nginx:latest; that name is another image now" in str(
        moved
    )
    gone = containers.explain_container(facts, cache, replace(details, made_from="gone:1")).parts[0]
    assert "redis:7, which was then called gone:1." in str(gone)


def test_a_folder_that_only_leads_to_a_mount_was_not_written() -> None:
    changes = (
        FileChange(FileChangeKind.CHANGED, "/"),
        FileChange(FileChangeKind.ADDED, "/srv"),
        FileChange(FileChangeKind.ADDED, "/srv/data"),
        FileChange(FileChangeKind.ADDED, "/srv/note"),
    )
    assert [it.path for it in drop_incidental_changes(changes, ("/srv/data",))] == ["/srv/note"]
    assert drop_incidental_changes(changes[:3], ("/srv/data",)) == ()


@given(st.text(alphabet="ab/@: \n", max_size=60), st.integers(8, 30), st.sampled_from(["", "  "]))
def test_a_folded_text_fits_and_loses_nothing(text: str, width: int, later: str) -> None:
    lines = wrap_text(text, width, "", later)
    assert all(len(line) <= width for line in lines)
    assert all(line == line.rstrip() for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_command_is_on_one_line_and_a_long_word_ends_at_a_slash_or_an_at() -> None:
    assert wrap_text("Get it with: dockmgr pull a. So.", 20) == (
        "Get it with:",
        "dockmgr pull a. So.",
    )
    assert wrap_text("see registry.example/some/path@sha256:0", 16) == (
        "see",
        "registry.example",
        "/some/path",
        "@sha256:0",
    )


def test_every_word_has_a_summary_of_one_line() -> None:
    longest = max(map(len, CONCEPTS))
    assert all(0 < len(it.summary) <= 77 - longest for it in CONCEPTS.values())
