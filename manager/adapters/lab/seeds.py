"""The images that a lab's registry starts with: built from Debian packages, kept in the cache."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from manager.adapters.lab import debian, layers
from manager.adapters.lab.recipes import BASE, RECIPES, SUITE, VERSION, Recipe
from manager.adapters.registries.push import LocalImage
from manager.adapters.registries.push import push as push_image
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from manager.adapters.lab.layers import Layer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
"""Docker's own types: every engine from 20.10 on and Podman take them."""
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
EPOCH = "2026-01-01T00:00:00Z"
"""Written as the time of making, so that the same packages give the same digests."""
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")


def ensure(cache: Path, site: str | None, report: Callable[[str], None]) -> Sequence[LocalImage]:
    """The images, built if they are not in the cache yet.

    Args:
        cache: the folder of what is kept.
        site: Debian mirror; None for the machine's own.
        report: told what takes long.

    Raises:
        ManagerError: a package could not be had.
    """
    folder = cache / f"images-{_recipe()}"
    if not (folder / "index.json").is_file():
        report("building the images of the registry from Debian packages (once)")
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        index = _build(partial, site)
        (partial / "index.json").write_text(json.dumps(index), encoding="utf-8")
        partial.rename(folder)
    rows = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [_load(folder, row) for row in rows]


def push(url: str, images: Sequence[LocalImage]) -> None:
    """Put the images into a registry.

    Raises:
        ManagerError: the registry could not be reached, or refused.
    """
    for image in images:
        push_image(url, image)


def answers(url: str) -> bool:
    """Whether a registry is there."""
    import requests

    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"{url}/v2/", timeout=5).ok
        except requests.RequestException:
            return False


def catalogue(url: str) -> tuple[str, ...]:
    """The images of a registry: ``library/nginx:latest`` and so on.

    Source: Docker Registry HTTP API V2, ``GET /v2/_catalog``.

    Raises:
        ManagerError: (registry) it could not be asked.
    """
    import requests

    found: list[str] = []
    with requests.Session() as session:
        session.trust_env = False
        try:
            names = session.get(f"{url}/v2/_catalog?n=1000", timeout=5).json()["repositories"]
            for name in names:
                tags = session.get(f"{url}/v2/{name}/tags/list", timeout=5).json().get("tags")
                found += [f"{name}:{tag}" for tag in sorted(tags or ())]
        except (requests.RequestException, KeyError) as error:
            raise ManagerError(
                f"the registry at {url} did not tell what it has: {error}",
                "is the lab still up?",
                ExitCode.REGISTRY,
            ) from error
    return tuple(found)


def _recipe() -> str:
    """What the images are made of, in short: other recipes are other images."""
    words = repr((VERSION, SUITE, BASE, RECIPES, sorted(layers.LEFT_OUT), sorted(layers.EMPTY)))
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def _load(folder: Path, row: dict[str, Any]) -> LocalImage:
    manifest = (folder / row["manifest"]).read_bytes()
    told = json.loads(manifest)
    digests = [told["config"]["digest"], *(layer["digest"] for layer in told["layers"])]
    return LocalImage(
        repository=row["repository"],
        tags=tuple(row["tags"]),
        manifest=manifest,
        media_type=MANIFEST,
        blobs={digest: folder / digest.removeprefix("sha256:") for digest in digests},
    )


def _build(blobs: Path, site: str | None) -> list[dict[str, Any]]:
    """Build every recipe; a root file system is made once for all that share its packages."""
    trees: dict[tuple[str, ...], Path] = {}

    def tree(packages: tuple[str, ...]) -> Path:
        if packages not in trees:
            trees[packages] = blobs / f"tree-{len(trees)}"
            debian.bootstrap(
                trees[packages], suite=SUITE, packages=packages, variant="extract", site=site
            )
            _complete(trees[packages])
        return trees[packages]

    base = tree(BASE)
    base_layer = layers.pack(base, None, blobs)
    rows = []
    for recipe in RECIPES:
        if recipe.based:
            rows.append(_image(recipe, tree(BASE + recipe.packages), base, [base_layer], blobs))
        else:
            small = blobs / "small"
            _only_busybox(tree(recipe.packages), small)
            rows.append(_image(recipe, small, None, [], blobs))
            shutil.rmtree(small)
    for made in trees.values():
        shutil.rmtree(made)
    return rows


def _complete(tree: Path) -> None:
    """Packages are only unpacked: what their scripts would have done is done here."""
    for name in ("passwd", "group"):
        master = tree / "usr/share/base-passwd" / f"{name}.master"
        if master.is_file():
            shutil.copyfile(master, tree / "etc" / name)


def _only_busybox(tree: Path, target: Path) -> None:
    (target / "bin").mkdir(parents=True)
    shutil.copy2(tree / "bin/busybox", target / "bin/busybox")


def _image(
    recipe: Recipe, tree: Path, below: Path | None, lower: list[Layer], blobs: Path
) -> dict[str, Any]:
    """Build one image on the layers below it: its row in the index."""
    version = _version(recipe, tree)
    own = [] if below is not None and tree == below else [_own_layer(recipe, tree, below, blobs)]
    stack = [*lower, *own]
    config = _write(blobs, _config(recipe, version, stack, has_base=bool(lower)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, **config},
        "layers": [{"mediaType": LAYER, "size": it.size, "digest": it.digest} for it in stack],
    }
    digest = _write(blobs, manifest)["digest"]
    versions = [version, version.rpartition(".")[0]] if version.count(".") > 1 else [version]
    return {
        "repository": recipe.repository,
        "tags": [*recipe.tags, *(tag for tag in versions if tag and recipe.version_command)],
        "manifest": digest.removeprefix("sha256:"),
    }


def _version(recipe: Recipe, tree: Path) -> str:
    """The version the program itself tells: Debian's own of the release where it tells none."""
    if not recipe.version_command:
        return (
            (tree / "etc/debian_version").read_text(encoding="utf-8").strip()
            if recipe.based
            else ""
        )
    answer = subprocess.run(
        ["chroot", str(tree), *recipe.version_command],
        capture_output=True,
        text=True,
        check=False,
    )
    found = _VERSION.search(answer.stdout + answer.stderr)
    return found.group() if found else ""


def _own_layer(recipe: Recipe, tree: Path, below: Path | None, blobs: Path) -> Layer:
    """Add the recipe's own files to the tree, pack them, and take them out again."""
    overlay = tree.with_name("overlay")
    # cp, since Python's own copying keeps neither owners nor hard links.
    subprocess.run(["cp", "--archive", str(tree), str(overlay)], check=True)
    for folder in recipe.folders:
        (overlay / folder).mkdir(parents=True, exist_ok=True)
    for path, content in recipe.files.items():
        (overlay / path).parent.mkdir(parents=True, exist_ok=True)
        (overlay / path).write_text(content, encoding="utf-8")
    for path, target in recipe.links.items():
        (overlay / path).parent.mkdir(parents=True, exist_ok=True)
        (overlay / path).unlink(missing_ok=True)
        (overlay / path).symlink_to(target)
    layer = layers.pack(overlay, below, blobs)
    shutil.rmtree(overlay)
    return layer


def _config(recipe: Recipe, version: str, stack: list[Layer], *, has_base: bool) -> dict[str, Any]:
    """Source: Docker image specification 1.2, "Image JSON Description"."""
    architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
    added = ", ".join(recipe.packages) or "nothing"
    history: list[dict[str, Any]] = []
    if has_base:
        history.append({"created": EPOCH, "created_by": f"Debian packages: {', '.join(BASE)}"})
    if len(stack) > has_base:
        history.append({"created": EPOCH, "created_by": f"Debian packages: {added}"})
    history.append({"created": EPOCH, "created_by": "configuration", "empty_layer": True})
    return {
        "created": EPOCH,
        "architecture": architecture,
        **({"variant": "v8"} if architecture == "arm64" else {}),
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            **recipe.config,
            "Labels": {
                "dockmgr.lab.seed": "true",
                "org.opencontainers.image.vendor": "dockmgr lab",
                "org.opencontainers.image.title": recipe.title,
                "org.opencontainers.image.version": version,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in stack]},
        "history": history,
    }


def _write(blobs: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Store a JSON document under its digest: its size and digest."""
    data = json.dumps(document, sort_keys=True).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"size": len(data), "digest": f"sha256:{digest}"}
