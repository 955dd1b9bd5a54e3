"""The images of a lab's registry: whole, shared where they can be, and working."""

import gzip
import hashlib
import json
import os
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.errors import ExitCode, ManagerError
from manager.lab import processes, roots, seeds
from manager.lab.flavours import FLAVOURS
from manager.lab.recipes import BUSYBOX_APPLETS, RECIPES
from manager.lab.state import Lab
from manager.registry.protocol.upload import ImageFiles, upload_images
from tests.lab_fixtures import LabFactory, clean

HUB = "docker.io/library"
UNREACHABLE = "http://127.0.0.1:1"


@pytest.fixture(scope="session")
def images(lab: Lab) -> Sequence[ImageFiles]:
    """What a lab that is up was filled with."""
    del lab
    return seeds.ensure_images(roots.cache_folder(), None, lambda _: None)


@pytest.fixture
def registry(lab: Lab) -> str:
    """The lab's real registry."""
    return f"http://{lab.registry}"


def fetch(url: str, accept: str = "*/*") -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(url, headers={"Accept": accept}, timeout=10)
    answer.raise_for_status()
    return answer


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_the_registry_has_every_image_whole(registry: str, images: Sequence[ImageFiles]) -> None:
    assert {image.repository for image in images} == {recipe.repository for recipe in RECIPES}
    for image in images:
        base = f"{registry}/v2/{image.repository}"
        for tag in image.tags:
            answer = fetch(f"{base}/manifests/{tag}", image.media_type)
            assert answer.headers["Content-Type"] == image.media_type
            assert answer.headers["Docker-Content-Digest"] == sha256(answer.content)
            assert answer.content == image.manifest
        check_blobs(base, json.loads(image.manifest))


def check_blobs(base: str, manifest: dict[str, Any]) -> None:
    wanted = manifest["config"]
    raw = fetch(f"{base}/blobs/{wanted['digest']}").content
    assert (len(raw), sha256(raw)) == (wanted["size"], wanted["digest"])
    config = json.loads(raw)
    diff_ids = []
    for wanted in manifest["layers"]:
        data = fetch(f"{base}/blobs/{wanted['digest']}").content
        assert (len(data), sha256(data)) == (wanted["size"], wanted["digest"])
        diff_ids.append(sha256(gzip.decompress(data)))
    assert config["rootfs"]["diff_ids"] == diff_ids
    assert len([row for row in config["history"] if not row.get("empty_layer")]) == len(diff_ids)
    assert config["os"] == "linux"
    labels = config["config"]["Labels"]
    assert labels["dockmgr.lab.seed"] == "true"
    assert labels["org.opencontainers.image.vendor"] == "dockmgr lab"
    assert labels["org.opencontainers.image.version"]


def layers(images: Sequence[ImageFiles], name: str) -> list[str]:
    repository, _, tag = name.partition(":")
    (image,) = (it for it in images if it.repository == f"library/{repository}" and tag in it.tags)
    return [layer["digest"] for layer in json.loads(image.manifest)["layers"]]


def test_images_share_layers(images: Sequence[ImageFiles]) -> None:
    debian = layers(images, "debian:latest")
    for name in ("nginx:latest", "redis:latest", "registry:latest"):
        assert layers(images, name)[:1] == debian
    latest, stable = layers(images, "nginx:latest"), layers(images, "nginx:stable")
    assert latest[:-1] == stable[:-1]
    assert latest[-1] != stable[-1]


def nowhere(image: ImageFiles, repository: str) -> ImageFiles:
    """The same image without its files: to send one of them is an error."""
    blobs = dict.fromkeys(image.blobs, Path("/nowhere"))
    return replace(image, repository=repository, blobs=blobs)


def elsewhere(images: Sequence[ImageFiles], name: str, repository: str) -> ImageFiles:
    (image,) = (it for it in images if it.repository == name and "latest" in it.tags)
    return replace(image, repository=repository)


def test_a_blob_of_several_images_is_sent_once(registry: str, images: Sequence[ImageFiles]) -> None:
    first = elsewhere(images, "library/busybox", "tests/shared/one")
    upload_images(registry, [first, nowhere(first, "tests/shared/two")])
    manifest = fetch(f"{registry}/v2/tests/shared/two/manifests/latest", first.media_type)
    assert manifest.content == first.manifest
    check_blobs(f"{registry}/v2/tests/shared/two", manifest.json())


def test_what_is_there_is_not_sent_again(registry: str, images: Sequence[ImageFiles]) -> None:
    image = elsewhere(images, "library/busybox", "tests/again")
    upload_images(registry, [image])
    upload_images(registry, [nowhere(image, image.repository)])
    # Another tag of it needs the manifest alone.
    upload_images(registry, [replace(nowhere(image, image.repository), tags=("newer",))])
    tags = fetch(f"{registry}/v2/tests/again/tags/list").json()["tags"]
    assert sorted(tags) == sorted([*image.tags, "newer"])


def test_a_tag_moves_to_another_image(registry: str, images: Sequence[ImageFiles]) -> None:
    for name in ("library/busybox", "library/hello-world"):
        image = replace(elsewhere(images, name, "tests/moved"), tags=("latest",))
        upload_images(registry, [image])
        found = fetch(f"{registry}/v2/tests/moved/manifests/latest", image.media_type)
        assert found.content == image.manifest


def test_a_damaged_file_is_refused_in_the_registrys_words(
    registry: str, images: Sequence[ImageFiles], tmp_path: Path
) -> None:
    image = elsewhere(images, "library/hello-world", "tests/damaged")
    damaged = tmp_path / "blob"
    damaged.write_bytes(b"not what the digest says")
    with pytest.raises(ManagerError, match="refused tests/damaged: provided digest") as caught:
        upload_images(registry, [replace(image, blobs=dict.fromkeys(image.blobs, damaged))])
    assert caught.value.exit_code == ExitCode.REGISTRY
    assert "files are complete" in caught.value.hint


def test_a_registry_that_is_not_there(images: Sequence[ImageFiles]) -> None:
    with pytest.raises(ManagerError, match="library/debian could not be uploaded to") as caught:
        upload_images(UNREACHABLE, images[:1])
    assert caught.value.exit_code == ExitCode.REGISTRY


@pytest.mark.usefixtures("host_tools")
def test_a_build_that_fails_leaves_nothing_and_mends_what_a_killed_one_left(
    tmp_path: Path,
) -> None:
    killed = tmp_path / f"images-{seeds.recipes_key()}.partial"
    (killed / "tree-0").mkdir(parents=True)
    (killed / "index.json").write_text("[]")
    (tmp_path / "images-of-earlier").mkdir()
    os.utime(tmp_path / "images-of-earlier", (0, 0))
    (tmp_path / "engine").mkdir()
    told: list[str] = []
    with pytest.raises(ManagerError, match="cannot create the root file system"):
        seeds.ensure_images(tmp_path, UNREACHABLE, told.append)
    assert told == ["building the images of the registry from Debian packages (once)"]
    assert [path.name for path in tmp_path.iterdir()] == ["engine"]


@pytest.fixture(params=FLAVOURS)
def engine_of_flavour(
    request: pytest.FixtureRequest, start_lab: LabFactory
) -> Iterator[tuple[Engine, Lab]]:
    """The engine of a lab of each flavour, empty at the end."""
    lab = start_lab(request.param)
    with Engine(Endpoint(lab.host, "test lab")) as engine:
        yield engine, lab
        clean(engine)


def started(engine: Engine, image: str, command: list[str] | None, **publish: int) -> str:
    """Pull an image and start a container of it, as the image is made to be."""
    repository, _, tag = image.partition(":")
    name = f"{HUB}/{repository}"
    engine.api.pull(name, tag=tag)
    ports = {f"{port}/tcp": [{"HostPort": ""}] for port in publish.values()}
    host = engine.api.create_host_config()
    host["PortBindings"] = ports
    made = engine.api.create_container(
        f"{name}:{tag}", command, host_config=host, ports=list(publish.values())
    )
    engine.api.start(made["Id"])
    return str(made["Id"])


def printed(engine: Engine, image: str, command: list[str] | None = None) -> str:
    """What a container printed; it ended well."""
    made = started(engine, image, command)
    status = engine.api.wait(made)["StatusCode"]
    text = engine.api.logs(made).decode()
    assert status == 0, text
    return str(text)


def answer(engine: Engine, lab: Lab, made: str, port: int, path: str) -> str:
    found = engine.api.inspect_container(made)["NetworkSettings"]["Ports"][f"{port}/tcp"]
    url = f"http://{lab.address}:{found[0]['HostPort']}{path}"
    told: list[str] = []

    def asked() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:
                told.append(reply.read().decode())
        except OSError:
            return False
        return True

    assert processes.wait_until(asked, 10), engine.api.logs(made)
    return told[0]


def test_every_image_does_what_it_is_for(engine_of_flavour: tuple[Engine, Lab]) -> None:
    engine, lab = engine_of_flavour
    assert printed(engine, "hello-world:latest").startswith("Hello from a dockmgr lab!\n")
    adds = ["bash", "-c", "echo 1 | awk '{print $1 + 1}'"]
    assert printed(engine, "debian:bookworm-slim", adds) == "2\n"
    listed = printed(engine, "busybox:latest", ["busybox", "--list"])
    assert set(BUSYBOX_APPLETS.split()) <= set(listed.split())
    echo = "echo served >/var/www/index.html; httpd -h /var/www; wget -qO- http://127.0.0.1/"
    assert printed(engine, "busybox:1", ["sh", "-c", echo]) == "served\n"

    registry = started(engine, "registry:2", None, port=5000)
    assert answer(engine, lab, registry, 5000, "/v2/_catalog") == '{"repositories":[]}\n'

    redis = started(engine, "redis:7", None)
    # By its address on the bridge, where other containers reach it: redis can refuse all of them.
    networks = engine.api.inspect_container(redis)["NetworkSettings"]["Networks"].values()
    ask = ["redis-cli", "-h", next(iter(networks))["IPAddress"], "ping"]

    def pongs() -> bool:
        return bool(engine.api.exec_start(engine.api.exec_create(redis, ask)) == b"PONG\n")

    assert processes.wait_until(pongs, 10), engine.api.logs(redis)


def test_nginx_serves_logs_and_ends_well(engine_of_flavour: tuple[Engine, Lab]) -> None:
    engine, lab = engine_of_flavour
    for edition in ("latest", "stable"):
        made = started(engine, f"nginx:{edition}", None, port=80)
        assert f"the edition called {edition}" in answer(engine, lab, made, 80, "/")

        def logged(container: str = made) -> bool:
            return b'"GET / HTTP/1.1" 200' in engine.api.logs(container, stderr=False)

        assert processes.wait_until(logged, 10)
        engine.api.stop(made, timeout=10)
        assert engine.api.inspect_container(made)["State"]["ExitCode"] == 0
