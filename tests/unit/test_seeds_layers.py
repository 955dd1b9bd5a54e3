"""Layers made of real folders: what is in them, and that equal folders give equal layers."""

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from manager.lab.layers import PackedLayer, pack_layer


@pytest.fixture
def below(tmp_path: Path) -> Path:
    """A tree to stand on."""
    tree = tmp_path / "below"
    for folder in ("etc/deep/deeper", "var/log", "gone/with"):
        (tree / folder).mkdir(parents=True)
    (tree / "etc/deep/same").write_text("same")
    (tree / "etc/deep/deeper/changed").write_text("old")
    (tree / "var/log/removed").write_text("removed")
    (tree / "gone/with/all").write_text("inside")
    (tree / "link").symlink_to("etc")
    return tree


@pytest.fixture
def above(tmp_path: Path, below: Path) -> Path:
    """The same tree, to be changed by the test."""
    return copied(below, tmp_path / "above")


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    """Where layers go."""
    (tmp_path / "blobs").mkdir()
    return tmp_path / "blobs"


def copied(tree: Path, target: Path) -> Path:
    """Copy as a second bootstrap would make it: at another time."""
    target.mkdir()
    for path in sorted(tree.rglob("*"), reverse=True):
        new = target / path.relative_to(tree)
        new.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            new.symlink_to(path.readlink())
        elif path.is_dir():
            new.mkdir(exist_ok=True)
        else:
            new.write_bytes(path.read_bytes())
            os.utime(new, (1, 1))
    return target


def opened(layer: PackedLayer, blobs: Path) -> tarfile.TarFile:
    data = (blobs / layer.digest.removeprefix("sha256:")).read_bytes()
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(data)))


def names(layer: PackedLayer, blobs: Path) -> list[str]:
    return opened(layer, blobs).getnames()


def test_the_lowest_layer_has_all_each_folder_before_what_is_in_it(
    below: Path, blobs: Path
) -> None:
    assert names(pack_layer(below, None, blobs), blobs) == [
        "etc",
        "etc/deep",
        "etc/deep/deeper",
        "etc/deep/deeper/changed",
        "etc/deep/same",
        "gone",
        "gone/with",
        "gone/with/all",
        "link",
        "var",
        "var/log",
        "var/log/removed",
    ]


def test_nothing_changed_is_an_empty_layer(above: Path, below: Path, blobs: Path) -> None:
    assert names(pack_layer(above, below, blobs), blobs) == []


def test_a_changed_file_comes_with_the_folders_above_it_and_nothing_else(
    above: Path, below: Path, blobs: Path
) -> None:
    (above / "etc/deep/deeper/changed").write_text("new")
    (above / "etc/deep").chmod(0o700)
    (below / "etc/deep").chmod(0o700)
    layer = pack_layer(above, below, blobs)
    with opened(layer, blobs) as archive:
        assert archive.getnames() == [
            *("etc", "etc/deep", "etc/deep/deeper", "etc/deep/deeper/changed")
        ]
        assert archive.getmember("etc/deep").mode == 0o700
        content = archive.extractfile("etc/deep/deeper/changed")
        assert content is not None
        assert content.read() == b"new"


def test_another_mode_alone_is_a_change(above: Path, below: Path, blobs: Path) -> None:
    (above / "etc/deep/same").chmod(0o4755)
    with opened(pack_layer(above, below, blobs), blobs) as archive:
        assert archive.getnames() == ["etc", "etc/deep", "etc/deep/same"]
        assert archive.getmember("etc/deep/same").mode == 0o4755


def test_another_target_of_a_link_is_a_change(above: Path, below: Path, blobs: Path) -> None:
    (above / "link").unlink()
    (above / "link").symlink_to("var")
    with opened(pack_layer(above, below, blobs), blobs) as archive:
        assert archive.getnames() == ["link"]
        assert archive.getmember("link").linkname == "var"


def test_what_is_gone_is_whited_out_once(above: Path, below: Path, blobs: Path) -> None:
    (above / "var/log/removed").unlink()
    (above / "gone/with/all").unlink()
    (above / "gone/with").rmdir()
    (above / "gone").rmdir()
    layer = pack_layer(above, below, blobs)
    assert names(layer, blobs) == [".wh.gone", "var", "var/log", "var/log/.wh.removed"]
    with opened(layer, blobs) as archive:
        assert all(it.size == 0 for it in archive if it.isreg())


def test_a_link_that_becomes_a_folder_is_not_looked_through(
    above: Path, below: Path, blobs: Path
) -> None:
    (above / "link").unlink()
    (above / "link/deep").mkdir(parents=True)
    (above / "link/deep/same").write_text("same")
    layer = pack_layer(above, below, blobs)
    assert names(layer, blobs) == ["link", "link/deep", "link/deep/same"]


def test_a_folder_that_becomes_a_link_needs_no_whiteouts(
    above: Path, below: Path, blobs: Path
) -> None:
    (above / "gone/with/all").unlink()
    (above / "gone/with").rmdir()
    (above / "gone").rmdir()
    (above / "gone").symlink_to("etc")
    with opened(pack_layer(above, below, blobs), blobs) as archive:
        assert archive.getnames() == ["gone"]
        assert archive.getmember("gone").issym()


def test_a_second_name_of_a_file_is_a_link_in_the_layer(tmp_path: Path, blobs: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "first").write_text("once")
    (tree / "second").hardlink_to(tree / "first")
    with opened(pack_layer(tree, None, blobs), blobs) as archive:
        second = archive.getmember("second")
        assert second.islnk()
        assert second.linkname == "first"
        assert second.size == 0


def test_a_second_name_whose_first_is_in_the_layer_below_has_its_content(
    above: Path, below: Path, blobs: Path
) -> None:
    (above / "var/another").hardlink_to(above / "etc/deep/same")
    with opened(pack_layer(above, below, blobs), blobs) as archive:
        assert archive.getnames() == ["var", "var/another"]
        content = archive.extractfile("var/another")
        assert content is not None
        assert content.read() == b"same"


def test_equal_trees_give_equal_layers(below: Path, above: Path, blobs: Path) -> None:
    assert pack_layer(below, None, blobs) == pack_layer(above, None, blobs)


def test_digests_and_size_are_those_of_the_file(below: Path, blobs: Path) -> None:
    layer = pack_layer(below, None, blobs)
    assert [path.name for path in blobs.iterdir()] == [layer.digest.removeprefix("sha256:")]
    data = next(blobs.iterdir()).read_bytes()
    assert layer.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert layer.diff_id == f"sha256:{hashlib.sha256(gzip.decompress(data)).hexdigest()}"
    assert layer.size == len(data)
