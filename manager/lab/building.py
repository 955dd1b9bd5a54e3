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
from manager.lab.recipes import BASE_PACKAGES, DEBIAN_SUITE, RECIPES, ImageRecipe

if TYPE_CHECKING:
    from pathlib import Path

    from manager.lab.layers import PackedLayer

MANIFEST_MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_MEDIA_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_MEDIA_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
"""Docker's own types: every engine from 20.10 on and Podman take them."""
PLATFORMS_BY_DEBIAN_NAME = {
    "armel": {"architecture": "arm", "variant": "v5"},
    "armhf": {"architecture": "arm", "variant": "v7"},
    "arm64": {"architecture": "arm64", "variant": "v8"},
    "i386": {"architecture": "386"},
    "mips64el": {"architecture": "mips64le"},
    "ppc64el": {"architecture": "ppc64le"},
}
"""Debian's names of architectures that images, which use Go's names, call otherwise."""
IMAGE_CREATED_TIME = "2026-01-01T00:00:00Z"
"""Written as the time of making, so that the same packages give the same digests."""
MAX_HISTORY_FILES = 4
"""Own files that the history of an image names."""


def build_images(blobs: Path, mirror_url: str | None) -> list[dict[str, Any]]:
    """Build the image of every recipe.

    Args:
        blobs: an empty folder that gets manifests, configurations and layers by their digests.
        mirror_url: Debian mirror; None for the machine's own.

    Returns:
        for each image its ``repository``, ``tags``, and the file of its ``manifest``.

    Raises:
        ManagerError: a package could not be had.
    """
    lists = [BASE_PACKAGES, *(_tree_packages(recipe) for recipe in RECIPES)]
    made = trees.make_package_trees(lists, blobs, suite=DEBIAN_SUITE, mirror_url=mirror_url)
    base = made[BASE_PACKAGES].path
    shared = {
        BASE_PACKAGES: [
            (layers.pack_layer(base, None, blobs), f"Debian packages: {', '.join(BASE_PACKAGES)}")
        ]
    }
    rows = []
    for recipe in RECIPES:
        packages = _tree_packages(recipe)
        tree = made[packages]
        if packages not in shared and not recipe.only:
            told = f"Debian packages: {', '.join(recipe.packages)}"
            shared[packages] = [
                *shared[BASE_PACKAGES],
                (layers.pack_layer(tree.path, base, blobs), told),
            ]
        stack = [] if recipe.only else shared[packages]
        stack = [*stack, *_pack_own_files(recipe, tree.path, blobs)]
        rows.append(
            _write_image(recipe, tree.versions[(recipe.packages or BASE_PACKAGES)[0]], stack, blobs)
        )
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


def lay_out_files(recipe: ImageRecipe, tree: Path, target: Path) -> None:
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


def _tree_packages(recipe: ImageRecipe) -> tuple[str, ...]:
    """The packages of its root file system."""
    return recipe.packages if recipe.only else (*BASE_PACKAGES, *recipe.packages)


def _pack_own_files(recipe: ImageRecipe, tree: Path, blobs: Path) -> list[tuple[PackedLayer, str]]:
    """The layer of the recipe's own files, and what is in it; none if it has no such files."""
    names = [*recipe.only, *recipe.files, *recipe.links, *recipe.folders]
    if not names:
        return []
    own = blobs / "own"
    own.mkdir()
    lay_out_files(recipe, tree, own)
    layer = layers.pack_layer(own, None, blobs)
    shutil.rmtree(own)
    shown = ", ".join(f"/{name}" for name in names[:MAX_HISTORY_FILES])
    more = len(names) - MAX_HISTORY_FILES
    return [(layer, f"files: {shown}{f' and {more} more' if more > 0 else ''}")]


def _write_image(
    recipe: ImageRecipe, version: str, stack: list[tuple[PackedLayer, str]], blobs: Path
) -> dict[str, Any]:
    """Write manifest and configuration of an image: its row in the index."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_MEDIA_TYPE,
        "config": {
            "mediaType": CONFIG_MEDIA_TYPE,
            **_write_json_blob(blobs, _image_config(recipe, version, stack)),
        },
        "layers": [
            {"mediaType": LAYER_MEDIA_TYPE, "size": layer.size, "digest": layer.digest}
            for layer, _ in stack
        ],
    }
    return {
        "repository": recipe.repository,
        "tags": [*recipe.tags, *(version_tags(version) if recipe.version_tags else ())],
        "manifest": _write_json_blob(blobs, manifest)["digest"].removeprefix("sha256:"),
    }


def _image_config(
    recipe: ImageRecipe, version: str, stack: list[tuple[PackedLayer, str]]
) -> dict[str, Any]:
    """Source: Docker image specification 1.2, "Image JSON Description"."""
    files = [{"created": IMAGE_CREATED_TIME, "created_by": told} for _, told in stack]
    settings = [
        {
            "created": IMAGE_CREATED_TIME,
            "created_by": f"{name}: {json.dumps(value)}",
            "empty_layer": True,
        }
        for name, value in recipe.config.items()
    ]
    return {
        "created": IMAGE_CREATED_TIME,
        **_machine_platform(),
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


def _machine_platform() -> dict[str, str]:
    """The machine's own, as images name it."""
    answer = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    )
    name = answer.stdout.strip()
    return PLATFORMS_BY_DEBIAN_NAME.get(name, {"architecture": name})


def _write_json_blob(blobs: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Store a JSON document under its digest: its size and digest."""
    data = json.dumps(document, sort_keys=True).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"size": len(data), "digest": f"sha256:{digest}"}
