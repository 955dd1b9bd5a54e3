"""Images built from recipes: the packages' root file systems and own files, packed in layers."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from manager.lab import layers, trees
from manager.lab.recipes import BASE, RECIPES, SUITE, Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from manager.lab.layers import Layer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
"""Docker's own types: every engine from 20.10 on and Podman take them."""
ARCHITECTURES = {
    "armel": {"architecture": "arm", "variant": "v5"},
    "armhf": {"architecture": "arm", "variant": "v7"},
    "arm64": {"architecture": "arm64", "variant": "v8"},
    "i386": {"architecture": "386"},
    "mips64el": {"architecture": "mips64le"},
    "ppc64el": {"architecture": "ppc64le"},
}
"""Debian's names of architectures that images, which use Go's names, call otherwise."""
EPOCH = "2026-01-01T00:00:00Z"
"""Written as the time of making, so that the same packages give the same digests."""
SHOWN = 4
"""Own files that the history of an image names."""


def build(blobs: Path, site: str | None) -> list[dict[str, Any]]:
    """Build the image of every recipe.

    Args:
        blobs: an empty folder that gets manifests, configurations and layers by their digests.
        site: Debian mirror; None for the machine's own.

    Returns:
        for each image its ``repository``, ``tags``, and the file of its ``manifest``.

    Raises:
        ManagerError: a package could not be had.
    """
    lists = [BASE, *(_packages(recipe) for recipe in RECIPES)]
    made = trees.make_all(lists, blobs, suite=SUITE, site=site)
    base = made[BASE].path
    shared = {BASE: [(layers.pack(base, None, blobs), f"Debian packages: {', '.join(BASE)}")]}
    rows = []
    for recipe in RECIPES:
        packages = _packages(recipe)
        tree = made[packages]
        if packages not in shared and not recipe.only:
            told = f"Debian packages: {', '.join(recipe.packages)}"
            shared[packages] = [*shared[BASE], (layers.pack(tree.path, base, blobs), told)]
        stack = [] if recipe.only else shared[packages]
        stack = [*stack, *_own_layer(recipe, tree.path, blobs)]
        rows.append(_image(recipe, tree.versions[(recipe.packages or BASE)[0]], stack, blobs))
    for tree in made.values():
        shutil.rmtree(tree.path)
    return rows


def version_tags(version: str) -> tuple[str, ...]:
    """The tags of a Debian version: ``5:7.0.15-1~deb12u1`` has 7.0.15, 7.0 and 7.

    Source: deb-version(7): epoch, upstream version, revision.
    """
    upstream = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", version)
    parts = upstream.group(1).split(".") if upstream else []
    return tuple(".".join(parts[:count]) for count in range(len(parts), 0, -1))


def lay_out(recipe: Recipe, tree: Path, target: Path) -> None:
    """Put the recipe's own files, links and folders into an empty folder.

    Args:
        recipe: of the image.
        tree: the root file system that they come upon: its folders' modes and owners are kept.
        target: gets them.
    """
    for path in recipe.folders:
        _make_folders(path, tree, target)
    for path in (*recipe.only, *recipe.files, *recipe.links):
        _make_folders(str(PurePosixPath(path).parent), tree, target)
    for path in recipe.only:
        shutil.copy2(tree / path, target / path)
    for path, content in recipe.files.items():
        (target / path).write_text(content, encoding="utf-8")
        # Whatever the user's umask: programs that are not root are to read it.
        (target / path).chmod(0o644)
    for path, pointed in recipe.links.items():
        (target / path).symlink_to(pointed)


def _make_folders(path: str, tree: Path, target: Path) -> None:
    for part in reversed((PurePosixPath(path), *PurePosixPath(path).parents)):
        folder, like = target / part, tree / part
        folder.mkdir(exist_ok=True)
        if like.is_dir():
            status = like.stat()
            os.chown(folder, status.st_uid, status.st_gid)
            folder.chmod(status.st_mode & 0o7777)
        else:
            folder.chmod(0o755)


def _packages(recipe: Recipe) -> tuple[str, ...]:
    """The packages of its root file system."""
    return recipe.packages if recipe.only else (*BASE, *recipe.packages)


def _own_layer(recipe: Recipe, tree: Path, blobs: Path) -> list[tuple[Layer, str]]:
    """The layer of the recipe's own files, and what is in it; none if it has no such files."""
    names = [*recipe.only, *recipe.files, *recipe.links, *recipe.folders]
    if not names:
        return []
    own = blobs / "own"
    own.mkdir()
    lay_out(recipe, tree, own)
    layer = layers.pack(own, None, blobs)
    shutil.rmtree(own)
    shown = ", ".join(f"/{name}" for name in names[:SHOWN])
    more = len(names) - SHOWN
    return [(layer, f"files: {shown}{f' and {more} more' if more > 0 else ''}")]


def _image(
    recipe: Recipe, version: str, stack: list[tuple[Layer, str]], blobs: Path
) -> dict[str, Any]:
    """Write manifest and configuration of an image: its row in the index."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, **_write(blobs, _config(recipe, version, stack))},
        "layers": [
            {"mediaType": LAYER, "size": layer.size, "digest": layer.digest} for layer, _ in stack
        ],
    }
    return {
        "repository": recipe.repository,
        "tags": [*recipe.tags, *(version_tags(version) if recipe.version_tags else ())],
        "manifest": _write(blobs, manifest)["digest"].removeprefix("sha256:"),
    }


def _config(recipe: Recipe, version: str, stack: list[tuple[Layer, str]]) -> dict[str, Any]:
    """Source: Docker image specification 1.2, "Image JSON Description"."""
    files = [{"created": EPOCH, "created_by": told} for _, told in stack]
    settings = [
        {"created": EPOCH, "created_by": f"{name}: {json.dumps(value)}", "empty_layer": True}
        for name, value in recipe.config.items()
    ]
    return {
        "created": EPOCH,
        **_architecture(),
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            **recipe.config,
            "Labels": {
                "dockmgr.lab.seed": "true",
                "org.opencontainers.image.vendor": "dockmgr lab",
                "org.opencontainers.image.title": recipe.title,
                "org.opencontainers.image.description": recipe.description,
                "org.opencontainers.image.version": version,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer, _ in stack]},
        "history": [*files, *settings],
    }


def _architecture() -> dict[str, str]:
    """The machine's own, as images name it."""
    answer = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    )
    name = answer.stdout.strip()
    return ARCHITECTURES.get(name, {"architecture": name})


def _write(blobs: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Store a JSON document under its digest: its size and digest."""
    data = json.dumps(document, sort_keys=True).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"size": len(data), "digest": f"sha256:{digest}"}
