"""Images of every origin, sharing what images can share: what the accounting is tried on."""

import io
import json
import os
import random
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from manager.engine.client import Engine
from manager.lab.state import Lab
from manager.registry.protocol.upload import ImageFiles, upload_images
from tests import docker_client

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

IMAGE_MOUNTS = (1, 48)
"""From this API on an image can be mounted into a container."""

File = bytes | tarfile.TarInfo


def noise(name: str, size: int) -> bytes:
    """Bytes that nothing compresses and no other name has; the same each time."""
    return random.Random(name).randbytes(size)  # noqa: S311 - not for secrets


def archive(files: Mapping[str, File]) -> bytes:
    """A tar of files; a ready header (a link, a folder) goes in as it is."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
                continue
            row = tarfile.TarInfo(name)
            row.size, row.mode = len(content), 0o644
            tar.addfile(row, io.BytesIO(content))
    return packed.getvalue()


def link(target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """The header of a symbolic or hard link."""
    row = tarfile.TarInfo()
    row.type, row.linkname = kind, target
    return row


def links_and_holes() -> dict[str, File]:
    """200 files: plain ones, hard and symbolic links to them, and long runs of zeros."""
    files: dict[str, File] = {}
    for number in range(50):
        files[f"d/file{number}"] = noise(f"file{number}", 700 + 37 * number)
    for number in range(50):
        files[f"d/hard{number}"] = link(f"d/file{number}", tarfile.LNKTYPE)
        files[f"d/soft{number}"] = link(f"file{number}")
        files[f"d/zero{number}"] = bytes(5000 + number)
    return files


@dataclass
class Forest:
    """An engine being planted, and what has been: the tags."""

    engine: Engine
    lab: Lab
    tags: list[str] = field(default_factory=list)

    def build(self, tag: str, dockerfile: str, files: Mapping[str, File] | None = None) -> None:
        """Build as `docker build` did before BuildKit: an image for each line."""
        context = archive({"Dockerfile": dockerfile.encode(), **(files or {})})
        rows = self.engine.api.build(
            fileobj=io.BytesIO(context), custom_context=True, tag=tag, decode=True, rm=True
        )
        failed = [row["error"] for row in rows if "error" in row]
        assert not failed, failed
        self._planted(tag)

    def build_with_kit(
        self, tag: str, dockerfile: str, files: Mapping[str, bytes], *options: str
    ) -> None:
        """Build with BuildKit, as the docker command of today does."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in {"Dockerfile": dockerfile.encode(), **files}.items():
                Path(folder, name).write_bytes(content)
            docker(self.lab, "buildx", "build", "--quiet", "--tag", tag, *options, folder)
        self._planted(tag)

    def import_tar(self, tag: str, files: Mapping[str, File]) -> None:
        """Import a root file system: one layer, no history worth the name."""
        repository, _, version = tag.partition(":")
        self.engine.api.import_image_from_data(archive(files), repository=repository, tag=version)
        self._planted(tag)

    def commit(self, tag: str, image: str, size: int) -> None:
        """Keep what a container has written as a layer of a new image."""
        made = self.engine.api.create_container(image, ["sh"])
        self.engine.api.put_archive(made["Id"], "/", archive({f"of-{tag}": noise(tag, size)}))
        repository, _, version = tag.partition(":")
        self.engine.api.commit(made["Id"], repository, version)
        self.engine.api.remove_container(made["Id"])
        self._planted(tag)

    def load(self, tag: str, layers: list[bytes], history: list[dict[str, Any]] | None) -> None:
        """Load an archive of `docker save`, with whatever history."""
        config = image_config(layers, history, "amd64")
        rows = [{"Config": "config.json", "RepoTags": [tag]}]
        rows[0]["Layers"] = [f"{n}.tar" for n in range(len(layers))]
        files = {f"{n}.tar": layer for n, layer in enumerate(layers)}
        saved = archive({"config.json": config, "manifest.json": _json(rows), **files})
        for row in self.engine.api.load_image(saved):
            assert "error" not in row, row
        self._planted(tag)

    def tag(self, image: str, tag: str) -> None:
        """Give an image another name."""
        repository, _, version = tag.rpartition(":")
        self.engine.api.tag(image, repository, version)
        self._planted(tag)

    def pull(self, tag: str, platform: str | None = None) -> None:
        """Pull from the lab's registry."""
        repository, _, version = tag.partition(":")
        for row in self.engine.api.pull(
            repository, tag=version, platform=platform, stream=True, decode=True, auth_config={}
        ):
            assert "error" not in row, row
        self._planted(tag)

    def settle(self) -> None:
        """Let the engine collect what builds have left: the containerd store does so only then."""
        self.import_tar("settle:1", {"x": b"x"})
        self.tags.remove("settle:1")
        self.engine.images.remove("settle:1")

    def container(self, image: str, mounts: tuple[str, ...] = ()) -> str:
        """A container that never runs, but uses its image, and has others mounted."""
        rows = [{"Type": "image", "Source": it, "Target": f"/mnt/{it}"} for it in mounts]
        able = self.engine.api_version_tuple >= IMAGE_MOUNTS and not self.engine.is_podman
        config: dict[str, object] = {
            "Image": image,
            "Cmd": ["/none"],
            "HostConfig": {"Mounts": rows if able else []},
        }
        return self.engine.containers.create("user", config)

    def _planted(self, tag: str) -> None:
        if tag not in self.tags:
            self.tags.append(tag)


def plant(engine: Engine, lab: Lab) -> Forest:
    """Plant all of it. What is only for some engines is left out on the others."""
    forest = Forest(engine, lab)
    forest.pull("busybox:latest")
    for family in (classic, kit, moved, duplicates, odd, pulled):
        family(forest)
    forest.settle()
    return forest


def classic(forest: Forest) -> None:
    """Chains of parents, branches, and two and three names for one image."""
    low = "FROM busybox\nENV A=1\nCOPY a /a\nLABEL low=1\nRUN echo low >/low\n"
    files = {"a": noise("a", 100_003), "b": noise("b", 50_021), "c": noise("c", 7)}
    forest.build("app:1", f"{low}COPY b /b\nCMD sh\n", files)
    forest.build("app:2", f"{low}COPY c /c\nRUN true\nENV B=2\n", files)
    forest.build("child:1", "FROM app:1\nCOPY c /deep/c\nWORKDIR /deep\n", files)
    forest.build("child:2", "FROM app:1\nRUN rm /b\n", files)
    forest.build("grandchild:1", "FROM child:1\nCOPY a b /more/\n", files)
    forest.build("lonely:1", "FROM scratch\nCOPY b /\n", files)
    forest.build(
        "links:1", "FROM busybox\nADD links.tar /\n", {"links.tar": archive(links_and_holes())}
    )
    forest.tag("app:1", "alias:1")
    forest.tag("app:1", "localhost:5000/deep/alias:2")
    forest.commit("committed:1", "child:2", 12_345)
    forest.commit("committed:2", "committed:1", 999)


def kit(forest: Forest) -> None:
    """Builds by BuildKit, which keeps a cache of its own and makes no parents."""
    if forest.engine.is_podman:
        return
    low = "FROM busybox\nCOPY a /a\nWORKDIR /tmp\nRUN echo kit >/kit\n"
    files = {"a": noise("kit a", 40_000), "b": noise("kit b", 20_001)}
    forest.build_with_kit("kit:1", f"{low}COPY b /b\n", files)
    forest.build_with_kit("kit:2", f"{low}RUN mkdir /x && touch /x/y\nENV C=3\n", files)
    forest.build_with_kit(
        "kit:3", "FROM kit:1\nRUN rm -r /a\nCOPY b /c\n", files, "--provenance=false"
    )


def moved(forest: Forest) -> None:
    """Tags that have gone on to another image: the one before is left dangling."""
    for content in ("first", "second"):
        files = {"m": noise(content, 30_000)}
        forest.build("moved:1", "FROM busybox\nCOPY m /m\n", files)
        forest.build("moved:2", "FROM moved:1\nCOPY m /m2\n", files)


def duplicates(forest: Forest) -> None:
    """The same change on different parents: one blob, two layers."""
    same = {"same": noise("same", 60_000)}
    forest.build("twin:1", "FROM scratch\nCOPY same /\n", same)
    forest.build("twin:2", "FROM lonely:1\nCOPY same /\n", same)
    forest.build("twin:3", "FROM twin:1\nCOPY same /\n", same)


def odd(forest: Forest) -> None:
    """Images that say little or nothing of how they were made."""
    layers = [archive({f"layer{n}": noise(f"layer{n}", 9_000 + n)}) for n in range(4)]
    forest.import_tar("imported:1", {"etc/hello": noise("imported", 77_777)})
    forest.load("silent:1", layers[:3], None)
    forest.load("silent:2", [*layers[:2], layers[3]], None)
    rows: list[dict[str, Any]] = [
        {"created_by": "one"},
        {"created_by": "env", "empty_layer": True},
    ]
    forest.load("short:1", [layers[0], layers[3]], rows)
    forest.load("empty:1", [layers[0], archive({}), layers[2]], [{"created_by": "x"}] * 3)
    forest.build("from-silent:1", "FROM silent:1\nENV Z=1\nCOPY z /z\n", {"z": noise("z", 3_333)})


def pulled(forest: Forest) -> None:
    """An index of two platforms from a registry, and an image that shares one's layer."""
    publish(forest.lab.registry)
    containerd = dict(forest.engine.info().get("DriverStatus") or ()).get("driver-type")
    if containerd:
        forest.pull("two:1", "linux/arm64")
        forest.tags.remove("two:1")
    forest.pull("two:1", "linux/amd64")
    forest.pull("near:1")
    forest.pull("nginx:latest")
    forest.pull("nginx:stable")


def publish(registry: str) -> None:
    """Put the index and its neighbour into a registry."""
    layers = {name: archive({name: noise(name, size)}) for name, size in SIZES.items()}
    with tempfile.TemporaryDirectory() as folder:
        made = {
            "amd64": packed_image(Path(folder), [layers["common"], layers["for-amd64"]], "amd64"),
            "arm64": packed_image(Path(folder), [layers["common"], layers["for-arm64"]], "arm64"),
            "near": packed_image(Path(folder), [layers["common"], layers["near"]], "amd64"),
        }
        url = f"http://{registry}"
        for name in ("amd64", "arm64"):
            upload_images(url, [local_image("library/two", name, made[name])])
        upload_images(url, [local_image("library/near", "1", made["near"])])
        rows = [
            {
                "mediaType": MANIFEST,
                "digest": digest(made[name][0]),
                "size": len(made[name][0]),
                "platform": {"os": "linux", "architecture": name},
            }
            for name in ("amd64", "arm64")
        ]
        index = _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": rows})
        upload_images(url, [ImageFiles("library/two", ("1",), index, INDEX, {})])


SIZES = {"common": 81_000, "for-amd64": 42_000, "for-arm64": 43_000, "near": 5_000}


def digest(data: bytes) -> str:
    """As registries name it."""
    return f"sha256:{sha256(data).hexdigest()}"


def packed_image(
    folder: Path, layers: list[bytes], architecture: str
) -> tuple[bytes, dict[str, Path]]:
    """A manifest and the files of its blobs."""
    config = image_config(layers, None, architecture)
    blobs = {}
    for data in (config, *layers):
        path = folder / digest(data).removeprefix("sha256:")
        path.write_bytes(data)
        blobs[digest(data)] = path
    rows = [{"mediaType": LAYER, "digest": digest(it), "size": len(it)} for it in layers]
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
            "layers": rows,
        }
    ), blobs


def local_image(repository: str, tag: str, made: tuple[bytes, dict[str, Path]]) -> ImageFiles:
    return ImageFiles(repository, (tag,), made[0], MANIFEST, made[1])


def image_config(
    layers: list[bytes], history: list[dict[str, Any]] | None, architecture: str
) -> bytes:
    config: dict[str, Any] = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["/none"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
    }
    if history is not None:
        config["history"] = history
    return _json(config)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def docker(lab: Lab, *arguments: str) -> str:
    """Run the docker command of the newest lab engine, with BuildKit's plugin, on a lab."""
    with tempfile.TemporaryDirectory() as config:
        plugins = Path(config, "cli-plugins")
        plugins.mkdir()
        (plugins / "docker-buildx").symlink_to(docker_client.plugin("buildx"))
        env = {
            **os.environ,
            "DOCKER_CONFIG": config,
            "DOCKER_HOST": lab.host,
            "BUILDX_CONFIG": config,
        }
        command = [docker_client.docker(), *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
