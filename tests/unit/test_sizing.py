"""Asking registries before a pull, against small ones on the loopback."""

import gzip
import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from manager.errors import ManagerError
from manager.model.images import Image, ImageManifest, ImageStore
from manager.references.reference import ImageReference
from manager.registry.document_cache import DocumentCache
from manager.registry.lookup import ImageLookup
from manager.registry.protocol.endpoints import RegistryEndpoint
from manager.registry.protocol.registries import RegistryPool
from manager.registry.survey_pull import find_local_content, survey_pull
from tests.registry_server import Handler, Request, served
from tests.unit.make import EPOCH, image

NGINX = ImageReference.parse("nginx")
LAYER = gzip.compress(bytes(50_000), mtime=0)


def digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


CONFIG = json.dumps(
    {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [digest(bytes(50_000))]},
    }
).encode()
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(CONFIG),
            "size": len(CONFIG),
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": digest(LAYER),
                "size": len(LAYER),
            }
        ],
    }
).encode()
PULLED = image("nginx:latest", image_id=digest(CONFIG), digests=(f"nginx@{digest(MANIFEST)}",))


def registry(request: Request, *, remaining: int = 100) -> None:
    """Has nginx, and counts."""
    _, _, what = request.path.partition("/v2/library/nginx/")
    quota = {"ratelimit_remaining": f"{remaining};w=21600"}
    bodies = {
        "manifests/latest": MANIFEST,
        f"manifests/{digest(MANIFEST)}": MANIFEST,
        f"blobs/{digest(CONFIG)}": CONFIG,
        f"blobs/{digest(LAYER)}": LAYER,
    }
    body = bodies.get(what)
    if body is None:
        request.reply(404)
    elif "Range" in request.headers:
        end = len(body)
        request.reply(206, body[-4:], Content_Range=f"bytes {end - 4}-{end - 1}/{end}")
    else:
        request.reply(200, body, Docker_Content_Digest=digest(body), **quota)


def lookup(url: str, folder: Path) -> ImageLookup:
    registries = RegistryPool(lambda _: None, lambda _: (RegistryEndpoint(url),))
    return ImageLookup(registries, DocumentCache(folder), "linux/amd64")


def test_all_that_is_known_of_an_image_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    with served(registry) as server:
        for _ in range(2):
            found = survey_pull(lookup(server.url, tmp_path), [NGINX], (), ImageStore.GRAPH_DRIVER)
            need = found.estimate()
            assert need.download == len(MANIFEST) + len(CONFIG) + len(LAYER)
            assert need.likely_bytes == need.high_bytes == 50_000
    # The second time only what the name stands for.
    assert [(it.method, it.path.rpartition("/")[2]) for it in server.seen] == [
        ("HEAD", "latest"),
        ("GET", digest(MANIFEST)),
        ("GET", digest(CONFIG)),
        ("GET", digest(LAYER)),
        ("HEAD", "latest"),
    ]
    remote = found.remotes[NGINX]
    assert remote.quota is not None
    assert remote.quota.remaining == 100


def test_the_last_of_a_quota_is_left_to_the_engine(tmp_path: Path) -> None:
    def answer(request: Request) -> None:
        registry(request, remaining=3)

    with served(answer) as server:
        sparing = replace(lookup(server.url, tmp_path), spares_quota=True)
        found = survey_pull(sparing, [NGINX], (), ImageStore.GRAPH_DRIVER)
        assert "allows only 3 more pulls" in found.unknown[NGINX].message
        assert [seen.method for seen in server.seen] == ["HEAD"]
        # Who asks for nothing else may have it.
        assert replace(sparing, spares_quota=False).fetch_image(NGINX).digest == digest(MANIFEST)


def test_who_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    over = threading.Event()

    def answer(request: Request) -> None:
        over.wait(timeout=30)
        registry(request)

    with served(answer) as server:
        hasty = replace(lookup(server.url, tmp_path), patience=0.2)
        found = survey_pull(hasty, [NGINX], (), ImageStore.GRAPH_DRIVER)
        assert found.unknown[NGINX].message == "no answer within 0.2 s"
        assert not over.is_set()
        over.set()


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda request: request.reply(200, b"[]", Docker_Content_Digest=digest(b"[]")),
        lambda request: request.reply(200, b"{}", Docker_Content_Digest="nonsense"),
        lambda request: request.reply(200, MANIFEST[:-1], Docker_Content_Digest=digest(MANIFEST)),
        lambda request: request.reply(404),
    ],
)
def test_odd_answers_are_errors_in_a_sentence(tmp_path: Path, spoilt: Handler) -> None:
    with served(spoilt) as server, pytest.raises(ManagerError) as caught:
        lookup(server.url, tmp_path).fetch_image(NGINX)
    assert caught.value.exit_code == 4
    assert caught.value.hint


def test_what_is_here_is_known_by_what_was_read(tmp_path: Path) -> None:
    documents = DocumentCache(tmp_path)
    assert not find_local_content([PULLED], documents, ImageStore.GRAPH_DRIVER).manifests
    documents.put(digest(MANIFEST), MANIFEST)
    documents.put(digest(CONFIG), CONFIG)
    here = find_local_content([PULLED], documents, ImageStore.GRAPH_DRIVER)
    assert here.manifests == {digest(MANIFEST)}
    assert here.blobs == {digest(CONFIG), digest(LAYER)}
    assert here.chains == {digest(bytes(50_000))}
    # Another image that only claims that digest: a build on the containerd store.
    other = replace(PULLED, id="sha256:" + "f" * 64)
    assert not find_local_content([other], documents, ImageStore.GRAPH_DRIVER).manifests


def test_on_the_containerd_store_only_what_is_present_and_unpacked(tmp_path: Path) -> None:
    documents = DocumentCache(tmp_path)
    documents.put(digest(MANIFEST), MANIFEST)
    for unpacked, there in ((0, False), (50_000, True)):
        manifest = ImageManifest(digest(MANIFEST), 1, 1, unpacked, "linux/amd64")
        one = Image("sha256:x", (), EPOCH, 1, PULLED.digests, manifests=(manifest,))
        assert bool(find_local_content([one], documents, ImageStore.CONTAINERD).manifests) is there


def test_documents_that_were_spoilt_are_not_believed(tmp_path: Path) -> None:
    documents = DocumentCache(tmp_path)
    documents.put(digest(CONFIG), CONFIG)
    documents.put_length(digest(LAYER), 50_000)
    assert documents.get(digest(CONFIG)) == CONFIG
    assert documents.length(digest(LAYER)) == 50_000
    for path in (tmp_path / "documents").iterdir():
        path.write_bytes(b"spoilt")
    assert documents.get(digest(CONFIG)) is None
    assert documents.length(digest(LAYER)) is None
    # Where nothing can be written there is no cache, and no error.
    (tmp_path / "file").touch()
    DocumentCache(tmp_path / "file").put(digest(CONFIG), CONFIG)
