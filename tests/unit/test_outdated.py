"""Which images are outdated: what engines keep of a digest against what a registry says."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from manager.cli.registry.outdated import group_unknown_tags
from manager.model.images import Image, ImageManifest, ImageStore
from manager.registry.core.freshness import (
    NO_REGISTRY_REASON,
    CheckedTag,
    Freshness,
    is_same_image,
    list_local_tags,
)
from manager.registry.core.manifests import CONFIG_MEDIA_TYPES, MANIFEST_MEDIA_TYPES, OCI_INDEX
from manager.registry.outdated import check_freshness
from manager.registry.protocol.endpoints import RegistryEndpoint
from manager.registry.protocol.registries import RegistryPool
from tests.registry_server import Handler, Request, Served, served
from tests.unit.make import NGINX, REDIS, image

OLD, NEW, LIST = ("sha256:" + digit * 64 for digit in "123")


def registry(tags: dict[str, str], known: Sequence[str] = ()) -> Handler:
    """A registry with one repository: its tags and their digests, and manifests without a tag."""

    def answer(request: Request) -> None:
        path = urlsplit(request.path).path
        last = path.rpartition("/")[2]
        if path == "/v2/a/b/tags/list":
            request.reply(200, {"tags": list(tags)})
        elif path == f"/v2/a/b/manifests/{last}" and (last in tags or last in known):
            digest = tags.get(last, last)
            request.reply(200, Docker_Content_Digest=digest, Content_Type=OCI_INDEX)
        else:
            request.reply(404)

    return answer


def ask(
    server: Served, images: Sequence[Image], store: ImageStore, *, versions: bool = True
) -> tuple[CheckedTag, ...]:
    with RegistryPool(lambda _: None, lambda _: [RegistryEndpoint(server.url)], 1.0) as registries:
        tags = list_local_tags(images, store)
        return check_freshness(registries, tags, lambda *_: None, versions=versions)


def one(*digests: str, tag: str = "r.io/a/b:1.2") -> Image:
    return image(tag, digests=tuple(f"r.io/a/b@{digest}" for digest in digests))


@pytest.mark.parametrize(
    ("digests", "config", "same"),
    [
        ({LIST}, "", True),  # it was pulled by this list
        ({NEW, OLD}, "", True),  # the list has moved; the platform's manifest in it has not
        ({NEW}, "", False),
        ({NEW}, NGINX, True),  # packed anew
        ({NGINX}, "", True),  # its own id
    ],
)
def test_what_makes_an_image_the_same(digests: set[str], config: str, same: bool) -> None:
    here = replace(one(LIST), manifests=(ImageManifest(OLD, 1, 1),))
    assert is_same_image(here, digests, config) is same


def test_one_question_a_tag_and_one_list_a_repository() -> None:
    tags = {"1.2": NEW, "1.3": OLD, "2.0": OLD, "2.0-alpine": OLD}
    images = [
        one(OLD),
        image("r.io/a/b:1.3", "r.io/a/b:latest", digests=(f"r.io/a/b@{OLD}",), image_id=REDIS),
    ]
    with served(registry(tags)) as server:
        first, second, third = ask(server, images, ImageStore.GRAPH_DRIVER)
    assert (first.freshness, first.digest) == (Freshness.OUTDATED, NEW)
    assert (first.newer.newest, first.newer.same_major) == ("2.0", "1.3")
    assert (second.freshness, second.newer.newest) == (Freshness.CURRENT, "2.0")
    assert second.outdated
    assert third.freshness is Freshness.LOCAL
    assert sorted((seen.method, seen.path) for seen in server.seen) == [
        ("GET", "/v2/a/b/tags/list?n=1000"),
        ("HEAD", "/v2/a/b/manifests/1.2"),
        ("HEAD", "/v2/a/b/manifests/1.3"),
        ("HEAD", "/v2/a/b/manifests/latest"),
    ]


def test_without_versions_no_list_is_asked_for() -> None:
    with served(registry({"1.2": OLD, "1.3": NEW})) as server:
        (found,) = ask(server, [one(OLD)], ImageStore.GRAPH_DRIVER, versions=False)
    assert (found.freshness, found.outdated) == (Freshness.CURRENT, False)
    assert [seen.method for seen in server.seen] == ["HEAD"]


def test_any_digest_of_the_repository_will_do() -> None:
    with served(registry({"1.2": LIST})) as server:
        (found,) = ask(server, [one(OLD, LIST)], ImageStore.PODMAN)
    assert found.freshness is Freshness.CURRENT


def test_where_only_one_platform_was_pushed_its_digest_will_do() -> None:
    pushed = replace(one(LIST), manifests=(ImageManifest(digest=NEW, size=1, content_size=2),))
    with served(registry({"1.2": NEW})) as server:
        (found,) = ask(server, [pushed], ImageStore.CONTAINERD)
    assert found.freshness is Freshness.CURRENT
    assert all(seen.method == "HEAD" for seen in server.seen if "/manifests/" in seen.path)


@pytest.mark.parametrize("tag", ["mine:1", "r.io/a/b:1.2"])
def test_what_has_no_digest_there_is_not_asked_about(tag: str) -> None:
    images = [image(tag, digests=(f"elsewhere@{OLD}",))]
    with served(registry({"1.2": NEW})) as server:
        (found,) = ask(server, images, ImageStore.GRAPH_DRIVER)
    assert (found.freshness, found.was_unanswered, server.seen) == (Freshness.LOCAL, False, [])
    assert found.why == "built or tagged locally: no registry is known for it"


def test_where_digests_are_made_up_a_build_is_told_from_an_old_image() -> None:
    tags = {"1.2": NEW, "9.0": NEW}
    with served(registry(tags)) as server:
        (built,) = ask(server, [one(OLD)], ImageStore.CONTAINERD)
    assert (built.freshness, built.outdated) == (Freshness.UNKNOWN, False)
    assert built.why.startswith("r.io has another image under this name, and does not have this")
    with served(registry(tags, known=[OLD])) as server:
        (old,) = ask(server, [one(OLD)], ImageStore.CONTAINERD)
    assert (old.freshness, old.newer.newest) == (Freshness.OUTDATED, "9.0")


def test_podman_packs_anew_what_it_pushes_and_keeps_no_digest_of_that() -> None:
    config = {"mediaType": CONFIG_MEDIA_TYPES[0], "digest": NGINX, "size": 2}
    row = {"schemaVersion": 2, "mediaType": MANIFEST_MEDIA_TYPES[0], "config": config, "layers": []}
    manifest = json.dumps(row).encode()
    pushed = f"sha256:{hashlib.sha256(manifest).hexdigest()}"

    def answer(request: Request) -> None:
        if request.path.endswith(OLD):
            request.reply(404)
        else:
            request.reply(
                200, manifest, Docker_Content_Digest=pushed, Content_Type=MANIFEST_MEDIA_TYPES[0]
            )

    with served(answer) as server:
        (found,) = ask(server, [one(OLD, tag="r.io/a/b:x")], ImageStore.PODMAN)
        assert (found.freshness, found.digest) == (Freshness.CURRENT, pushed)
        (other,) = ask(server, [one(OLD, tag="r.io/a/b:x")], ImageStore.CONTAINERD)
        assert other.freshness is Freshness.UNKNOWN
    assert [seen.method for seen in server.seen].count("GET") == 1


def test_a_name_that_is_podmans_own_is_nobodys() -> None:
    images = [image("localhost/a/b:1.2", digests=(f"localhost/a/b@{OLD}",))]
    with served(registry({"1.2": OLD})) as server:
        (found,) = ask(server, images, ImageStore.PODMAN)
        assert found.freshness is Freshness.LOCAL
        assert not server.seen
        (dockers,) = ask(server, images, ImageStore.CONTAINERD)
        assert dockers.freshness is Freshness.CURRENT


def test_what_a_registry_does_not_have_or_show_is_an_answer_and_silence_is_none() -> None:
    images = [one(OLD, tag="r.io/a/b:gone")]
    with served(registry({})) as server:
        (gone,) = ask(server, images, ImageStore.CONTAINERD)
    assert (gone.freshness, gone.was_unanswered) == (Freshness.LOCAL, False)
    assert gone.why.startswith("not on r.io")
    with served(lambda request: request.reply(403)) as server:
        (refused,) = ask(server, images, ImageStore.CONTAINERD)
    assert (refused.freshness, refused.was_unanswered) == (Freshness.UNKNOWN, False)
    with served(lambda request: request.reply(500)) as server:
        (silent,) = ask(server, images, ImageStore.CONTAINERD)
    assert (silent.freshness, silent.was_unanswered) == (Freshness.UNKNOWN, True)
    assert "answers 500" in silent.why


def test_a_registry_that_keeps_its_tags_to_itself() -> None:
    def answer(request: Request) -> None:
        if "/tags/" in request.path:
            request.reply(403)
        else:
            request.reply(200, Docker_Content_Digest=OLD)

    with served(answer) as server:
        (found,) = ask(server, [one(OLD)], ImageStore.GRAPH_DRIVER)
    assert (found.freshness, found.was_unanswered) == (Freshness.CURRENT, False)
    assert found.why.startswith("newer versions are unknown: registry 127.0.0.1")


def test_patterns_choose_tags_not_images() -> None:
    images = [image("nginx:1.2", "nginx:2", image_id=NGINX), image("myorg/x:1", image_id=REDIS)]
    names = [
        it.reference.familiar
        for it in list_local_tags(images, ImageStore.GRAPH_DRIVER, ["nginx:2", "myorg/*"])
    ]
    assert names == ["myorg/x:1", "nginx:2"]
    assert len(list_local_tags(images, ImageStore.GRAPH_DRIVER, ["nginx"])) == 2


def test_of_many_that_are_unknown_for_one_reason_a_few_are_named() -> None:
    images = [image(f"mine:{number}", digests=()) for number in range(8)]
    with served(registry({})) as server:
        found = ask(server, images, ImageStore.GRAPH_DRIVER)
    rows = group_unknown_tags(found)
    assert [name for name, _ in rows] == [*(f"mine:{n}" for n in range(5)), "and 3 more"]
    assert {why for _, why in rows} == {NO_REGISTRY_REASON}
