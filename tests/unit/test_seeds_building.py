"""From recipes to images: versions, the recipe's own files, the tree's tidying, the cache."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from manager.lab import seeds, trees
from manager.lab.building import lay_out_files, version_tags
from manager.lab.recipes import RECIPES, ImageRecipe


@pytest.mark.parametrize(
    ("version", "tags"),
    [
        ("1.22.1-9+deb12u11", ("1.22.1", "1.22", "1")),
        ("5:7.0.15-1~deb12u10", ("7.0.15", "7.0", "7")),
        ("2.8.2+ds1-1", ("2.8.2", "2.8", "2")),
        ("12.4+deb12u15", ("12.4", "12")),
        ("20230311", ("20230311",)),
        ("", ()),
    ],
)
def test_the_tags_of_a_debian_version(version: str, tags: tuple[str, ...]) -> None:
    assert version_tags(version) == tags


def test_no_two_recipes_share_a_tag() -> None:
    named = [f"{recipe.repository}:{tag}" for recipe in RECIPES for tag in recipe.tags]
    assert len(named) == len(set(named))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root file system of packages."""
    tree = tmp_path / "tree"
    for folder in ("etc/site", "tmp", "bin"):
        (tree / folder).mkdir(parents=True)
    (tree / "etc/site").chmod(0o750)
    (tree / "tmp").chmod(0o1777)
    (tree / "bin/tool").write_text("tool")
    (tree / "bin/tool").chmod(0o755)
    return tree


@pytest.fixture
def strict_umask() -> Iterator[None]:
    """New files are for their owner alone, unless said otherwise."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("strict_umask")
def test_own_files_are_readable_and_folders_are_as_in_the_tree(tree: Path, tmp_path: Path) -> None:
    recipe = ImageRecipe(
        *("library/x", ("latest",), "", "", {}),
        only=("bin/tool",),
        files={"etc/site/page/index.html": "page\n"},
        links={"bin/alias": "tool"},
        folders=("tmp/deep", "data"),
    )
    target = tmp_path / "own"
    target.mkdir(mode=0o755)
    lay_out_files(recipe, tree, target)
    modes = {
        str(path.relative_to(target)): f"{path.lstat().st_mode & 0o7777:o}"
        for path in target.rglob("*")
        if not path.is_symlink()
    }
    assert modes == {
        "bin": f"{(tree / 'bin').stat().st_mode & 0o7777:o}",
        "bin/tool": "755",
        "data": "755",
        "etc": f"{(tree / 'etc').stat().st_mode & 0o7777:o}",
        "etc/site": "750",
        "etc/site/page": "755",
        "etc/site/page/index.html": "644",
        "tmp": "1777",
        "tmp/deep": "755",
    }
    assert (target / "bin/alias").readlink() == Path("tool")
    assert (target / "etc/site/page/index.html").read_text() == "page\n"


def test_the_version_of_a_package_is_in_its_change_log(tmp_path: Path) -> None:
    for package, name in (("nginx", "changelog.Debian.gz"), ("base-files", "changelog.gz")):
        folder = tmp_path / "usr/share/doc" / package
        folder.mkdir(parents=True)
        with gzip.open(folder / name, "wt") as log:
            log.write(f"{package} (1:2.3-4) bookworm; urgency=high\n\n  * Change (really).\n")
    assert trees.read_package_version(tmp_path, "nginx") == "1:2.3-4"
    assert trees.read_package_version(tmp_path, "base-files") == "1:2.3-4"
    assert trees.read_package_version(tmp_path, "silent") == ""


@pytest.mark.usefixtures("strict_umask")
def test_a_tree_is_tidied(tree: Path) -> None:
    for folder in ("usr/share/base-passwd", "usr/share/doc/x", "usr/bin", "run/lock", "var/run"):
        (tree / folder).mkdir(parents=True)
    for path in ("usr/share/base-passwd/passwd.master", "etc/hostname", "usr/bin/mawk"):
        (tree / path).write_text("content")
    # A link out of the tree: what it points to is not ours to remove.
    (tree / "run/outside").symlink_to(tree / "bin")
    trees.tidy_package_tree(tree)
    assert (tree / "etc/passwd").read_text() == "content"
    assert (tree / "etc/passwd").stat().st_mode & 0o777 == 0o644
    assert not (tree / "usr/share/doc").exists()
    assert not (tree / "etc/hostname").exists()
    assert list((tree / "run").iterdir()) == []
    assert (tree / "bin/tool").exists()
    assert (tree / "var/run").readlink() == Path("/run")
    assert (tree / "usr/bin/awk").readlink() == Path("/usr/bin/mawk")
    assert not (tree / "usr/bin/which").is_symlink()


def test_what_is_in_the_cache_is_not_built_again(tmp_path: Path) -> None:
    folder = tmp_path / f"images-{seeds.recipes_key()}"
    folder.mkdir()
    manifest = {
        "mediaType": "application/example",
        "config": {"digest": "sha256:c0"},
        "layers": [{"digest": "sha256:a1"}, {"digest": "sha256:b2"}],
    }
    (folder / "m").write_text(json.dumps(manifest))
    row = {"repository": "library/x", "tags": ["latest", "1"], "manifest": "m"}
    (folder / "index.json").write_text(json.dumps([row]))
    (image,) = seeds.ensure_images(tmp_path, None, pytest.fail)
    assert (image.repository, image.tags) == ("library/x", ("latest", "1"))
    assert image.media_type == "application/example"
    assert image.blobs == {f"sha256:{name}": folder / name for name in ("c0", "a1", "b2")}


def test_images_that_another_version_uses_now_are_kept(tmp_path: Path) -> None:
    now = 10_000_000.0
    ages = {
        "wanted": 0.0,
        "wanted.partial": 0.0,
        "used": 60.0,
        "forgotten": seeds.UNUSED_SECONDS + 1.0,
    }
    for name, age in ages.items():
        folder = tmp_path / f"images-{name}"
        folder.mkdir()
        os.utime(folder, (now - age, now - age))
    seeds.remove_old_images(tmp_path, tmp_path / "images-wanted", now)
    assert [it.name for it in tmp_path.iterdir()] == ["images-used"]
