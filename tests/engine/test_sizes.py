"""What a pull is said to take, against what a registry really sends and an engine really keeps."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manager.engine.client import Engine
from manager.lab.state import Lab
from manager.registry.protocol.upload import ImageFiles, upload_images
from tests.command import Command
from tests.engine.forest import CONFIG, MANIFEST, archive, digest, image_config, noise
from tests.troubled_registry import Trouble, troubled

PACKED = "application/vnd.oci.image.layer.v1.tar+gzip"
BASE = archive({"base": noise("base", 40_000), "words": b"again and again\n" * 5_000})
CONTENTS = {
    "random": [BASE, archive({"r": noise("r", 60_000)})],
    "zeros": [BASE, archive({"z": bytes(2_000_000)})],
    "empty": [archive({f"e{n}": b"" for n in range(400)})],
    "tiny": [BASE, archive({f"t{n}": b"x" for n in range(400)})],
    "twice": [archive({"a": b"same"}), BASE, archive({"a": b"same"})],
    "first": [archive({"own": noise("own", 5_000)}), archive({"f": noise("f", 5_000)})],
    "second": [archive({"own": noise("own", 5_000)}), archive({"s": noise("s", 5_000)})],
    "more": [BASE, archive({"r": noise("r", 60_000)}), archive({"m": noise("m", 9_000)})],
}
"""Layers that shrink a lot and not at all, that are headers only, that stand on several parents."""


def packed(folder: Path, name: str, layers: list[bytes]) -> ImageFiles:
    """An image as BuildKit pushes it: each layer a gzip file."""
    config = image_config(layers, None, "amd64")
    blobs = {digest(config): config}
    rows = []
    for layer in layers:
        data = gzip.compress(layer, mtime=0)
        blobs[digest(data)] = data
        rows.append({"mediaType": PACKED, "digest": digest(data), "size": len(data)})
    files = {}
    for key, data in blobs.items():
        files[key] = folder / key.removeprefix("sha256:")
        files[key].write_bytes(data)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
        "layers": rows,
    }
    return ImageFiles(f"sizes/{name}", ("1",), json.dumps(manifest).encode(), MANIFEST, files)


@pytest.fixture(scope="module")
def trouble(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Trouble:
    """A way to a registry that has all of these images, which counts what it sends."""
    folder = tmp_path_factory.mktemp("images")
    upload_images(
        f"http://{lab.registry}", [packed(folder, name, it) for name, it in CONTENTS.items()]
    )
    return Trouble(lab.registry)


@pytest.fixture(scope="module")
def registry(lab: Lab, trouble: Trouble) -> Iterator[str]:
    with troubled(lab.gateway, trouble) as address:
        yield address


@pytest.fixture
def emptied(engine: Engine) -> Iterator[None]:
    """The engine has no image, before and after."""
    for _ in range(2):
        for image in engine.images.list():
            for name in image.tags or [image.id]:
                engine.images.remove(name)
        yield
        return


@pytest.fixture
def silent(tmp_path: Path) -> list[str]:
    """Options with which only the engine asks the registry."""
    config = tmp_path / "config.toml"
    config.write_text("[pull]\nsizes = false\n", encoding="utf-8")
    return ["--config", str(config)]


def sizes(run: Command, *names: str) -> Any:
    return run.ok("pull", "--dry-run", "--json", *names).data["sizes"]


def of_images(trouble: Trouble) -> int:
    """Bytes of images that were sent; not the two of the answer to a greeting."""
    return sum(size for kind, size in trouble.sent.items() if kind != "else")


def stored(engine: Engine) -> int:
    """Bytes in the engine's store of images, as it counts them itself."""
    found = engine.get_json("/system/df", {})
    if engine.is_podman or not found.get("LayersSize"):
        return sum(image.size for image in engine.images.list())
    return int(found["LayersSize"])


@pytest.mark.usefixtures("emptied")
@pytest.mark.parametrize("name", ["empty", "more", "random", "tiny", "twice", "zeros"])
def test_on_an_empty_store_the_download_is_known_to_the_byte(
    run: Command, engine: Engine, trouble: Trouble, registry: str, name: str, *, silent: list[str]
) -> None:
    before = stored(engine)
    address = f"{registry}/sizes/{name}:1"
    told = sizes(run, address)
    trouble.sent.clear()
    run.ok(*silent, "pull", address)
    assert of_images(trouble) == told["download"], trouble.sent
    assert told["disk"]["low"] <= stored(engine) - before <= told["disk"]["high"]
    # What has come does not come again.
    assert sizes(run, address)["download"] == 0


@pytest.mark.usefixtures("emptied")
def test_where_something_is_here_it_is_never_more(
    run: Command, registry: str, trouble: Trouble, silent: list[str]
) -> None:
    here: list[str] = []
    for name in ("random", "zeros", "more", "tiny", "twice"):
        address = f"{registry}/sizes/{name}:1"
        alone, together = sizes(run, address), sizes(run, address, *here)
        assert together["download"] == alone["download"]
        trouble.sent.clear()
        run.ok(*silent, "pull", address)
        assert of_images(trouble) <= alone["download"], (name, trouble.sent)
        if name == "more":
            # Two of its three layers are known to have come by the pull of another image.
            assert alone["download"] < 12_000
        here.append(address)


@pytest.mark.usefixtures("emptied")
def test_several_images_share_the_calculation(
    run: Command, engine: Engine, registry: str, trouble: Trouble, silent: list[str]
) -> None:
    addresses = [f"{registry}/sizes/{name}:1" for name in ("first", "second")]
    told = sizes(run, *addresses)
    alone = sum(image["download"] for image in told["images"])
    # Podman has what they share twice, if they come at the same time.
    assert told["download"] == alone if engine.is_podman else told["download"] < alone
    assert told["disk"]["likely"] < sum(image["disk"]["likely"] for image in told["images"])
    trouble.sent.clear()
    run.ok(*silent, "pull", *addresses)
    assert of_images(trouble) == told["download"]


def test_inspect_tells_what_a_registry_has_and_what_is_here(
    run: Command, engine: Engine, registry: str
) -> None:
    address = f"{registry}/sizes/more:1"
    if engine.images.find(address) is not None:
        engine.images.remove(address)  # another test has pulled it
    found = run.ok("inspect", address, "--json").data
    assert [row["download"] for row in found["layers"]] == [
        len(gzip.compress(layer, mtime=0)) for layer in CONTENTS["more"]
    ]
    assert found["local"] == {"id": None, "current": None}
    run.ok("pull", address)
    image = engine.images.find(address)
    assert image is not None
    assert run.ok("inspect", address, "--json").data["local"] == {"id": image.id, "current": True}
    engine.api.tag(f"{registry}/sizes/more:1", f"{registry}/sizes/random", "1")
    assert "local copy: a different image" in run.ok("inspect", f"{registry}/sizes/random:1").out
    run.ok("rmi", address, f"{registry}/sizes/random:1", "--yes")
    missing = run("inspect", f"{registry}/sizes/nosuch:1")
    assert missing.code == 4
    assert re.search(r"has no sizes/nosuch:1\nhint: ", missing.err)


def test_what_is_not_known_hinders_no_pull(run: Command, lab: Lab) -> None:
    with troubled(lab.gateway, Trouble(lab.registry, refuse=3, status=404)) as address:
        done = run("pull", f"{address}/library/busybox")
    assert "busybox:latest: size unknown: " in done.err
    run("rmi", f"{address}/library/busybox", "--yes")
