"""Archives of images: put together from several, written whole or not at all, read back."""

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from manager.errors import ManagerError
from manager.prune import archive
from manager.prune.archive_contents import MAX_JSON_SIZE

Files = dict[str, bytes | str]
"""By name, the content; a text is the target of a symbolic link."""


def digits(data: bytes) -> str:
    return sha256(data).hexdigest()


def tar(files: Mapping[str, bytes | str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, content in files.items():
            row = tarfile.TarInfo(name)
            if isinstance(content, str):
                row.type, row.linkname = tarfile.SYMTYPE, content
                made.addfile(row)
            else:
                row.size = len(content)
                made.addfile(row, io.BytesIO(content))
    return packed.getvalue()


def config(*layers: bytes) -> bytes:
    diff_ids = [f"sha256:{digits(layer)}" for layer in layers]
    return json.dumps({"rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()


def old(*layers: bytes, tag: str = "app:1") -> tuple[str, Files]:
    """As engines before 25 save an image: its id, and the files."""
    made = config(*layers)
    names = [f"{digits(layer)[:8]}/layer.tar" for layer in layers]
    files: Files = dict(zip(names, layers, strict=True))
    files[f"{digits(made)}.json"] = made
    row = {"Config": f"{digits(made)}.json", "RepoTags": [tag], "Layers": names}
    files["manifest.json"] = json.dumps([row]).encode()
    files["repositories"] = b'{"app": {"1": "x"}}'
    return f"sha256:{digits(made)}", files


def blob(files: Files, content: bytes) -> dict[str, object]:
    files[f"blobs/sha256/{digits(content)}"] = content
    return {"digest": f"sha256:{digits(content)}", "size": len(content)}


def layout(*platforms: tuple[bytes, ...]) -> tuple[str, str, Files]:
    """As the containerd store saves it: ids of index and of the first configuration, the files."""
    files: Files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
    rows, legacy = [], []
    for layers in platforms:
        made = config(*layers)
        row = {"config": blob(files, made), "layers": [blob(files, it) for it in layers]}
        rows.append(blob(files, json.dumps(row).encode()))
        legacy.append(
            {
                "Config": f"blobs/sha256/{digits(made)}",
                "RepoTags": ["app:1"],
                "Layers": [f"blobs/sha256/{digits(it)}" for it in layers],
            }
        )
    index = json.dumps({"schemaVersion": 2, "manifests": rows}).encode()
    top = {**blob(files, index), "annotations": {"io.containerd.image.name": "docker.io/app:1"}}
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [top]}).encode()
    files["manifest.json"] = json.dumps(legacy).encode()
    return f"sha256:{digits(index)}", f"sha256:{digits(config(*platforms[0]))}", files


def pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    """As they come from an engine."""
    yield from (data[at : at + size] for at in range(0, len(data), size))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "images.tar.gz"


def written(path: Path, *images: Files) -> dict[str, bytes]:
    """Write an archive; the files in it."""
    archive.write_archive((pieces(tar(files)) for files in images), path)
    with tarfile.open(path) as made:
        found = [(it.name, made.extractfile(it)) for it in made.getmembers() if it.isfile()]
        return {name: file.read() for name, file in found if file}


def test_an_image_is_in_it_whole_and_without_its_name(path: Path) -> None:
    image_id, files = old(b"one" * 500, b"two" * 500)
    found = written(path, files)
    archive.verify_archive(path, [image_id])
    assert json.loads(found["manifest.json"])[0]["RepoTags"] is None
    assert "repositories" not in found
    assert path.stat().st_mode & 0o777 == 0o600
    assert [it.name for it in path.parent.iterdir()] == [path.name]


def test_what_several_images_share_is_in_it_once(path: Path) -> None:
    shared = os.urandom(50_000)
    first, one = old(shared, b"one")
    second, two = old(shared, b"two")
    written(path, one, two)
    archive.verify_archive(path, [first, second])
    assert path.stat().st_size < 60_000


def test_an_image_of_the_containerd_store_is_found_by_its_index(path: Path) -> None:
    index, configuration, files = layout((b"amd",), (b"arm",))
    found = written(path, files)
    archive.verify_archive(path, [index, configuration])
    (row,) = json.loads(found["index.json"])["manifests"]
    assert row["annotations"] == {}


def test_several_indexes_become_one(path: Path) -> None:
    first, _, one = layout((b"one",))
    second, _, two = layout((b"two",))
    found = written(path, one, two)
    archive.verify_archive(path, [first, second])
    assert len(json.loads(found["index.json"])["manifests"]) == 2
    assert len(json.loads(found["manifest.json"])) == 2


def test_one_whole_platform_is_enough(path: Path) -> None:
    index, _, files = layout((b"amd",), (b"arm",))
    names = {digits(b"arm"), digits(config(b"arm"))}
    written(path, {name: it for name, it in files.items() if name[-64:] not in names})
    archive.verify_archive(path, [index])


def test_a_layer_can_be_a_link_to_another(path: Path) -> None:
    layer = b"the same"
    image_id, files = old(layer, layer)
    del files["manifest.json"]
    made = config(layer, layer)
    name = f"{digits(layer)[:8]}/layer.tar"
    files["second/layer.tar"] = f"../{name}"
    rows = [{"Config": f"{digits(made)}.json", "Layers": [name, "second/layer.tar"]}]
    files["manifest.json"] = json.dumps(rows).encode()
    written(path, files)
    archive.verify_archive(path, [image_id])


Breaking = Callable[[Files], None]


def lose(ending: str) -> Breaking:
    def breaking(files: Files) -> None:
        (name,) = [it for it in files if it.endswith(ending)]
        del files[name]

    return breaking


def spoil(ending: str) -> Breaking:
    def breaking(files: Files) -> None:
        (name,) = [it for it in files if it.endswith(ending)]
        files[name] = b"spoilt"

    return breaking


@pytest.mark.parametrize(
    ("breaking", "says"),
    [
        (lose(f"{digits(b'two')[:8]}/layer.tar"), "a layer of"),
        (spoil(f"{digits(b'two')[:8]}/layer.tar"), "a layer of"),
        (lose(f"{digits(config(b'one', b'two'))}.json"), "the configuration of"),
        (spoil(f"{digits(config(b'one', b'two'))}.json"), "the configuration of"),
    ],
)
def test_what_is_missing_or_broken_is_found(path: Path, breaking: Breaking, says: str) -> None:
    image_id, files = old(b"one", b"two")
    breaking(files)
    written(path, files)
    with pytest.raises(ManagerError, match="is incomplete: " + says):
        archive.verify_archive(path, [image_id])


@pytest.mark.parametrize("what", ["layer", "config", "manifest"])
@pytest.mark.parametrize("breaking", [lose, spoil])
def test_a_missing_or_broken_blob_is_found(
    path: Path, breaking: Callable[[str], Breaking], what: str
) -> None:
    index, _, files = layout((b"one", b"two"))
    row = {
        "config": {"digest": f"sha256:{digits(config(b'one', b'two'))}"},
    }
    names = {"layer": digits(b"two"), "config": row["config"]["digest"][7:]}
    known = {digits(b"one"), *names.values(), index[7:]}
    (names["manifest"],) = {it[-64:] for it in files if it.startswith("blobs/")} - known
    breaking(names[what])(files)
    written(path, files)
    with pytest.raises(ManagerError, match=r"is incomplete: (blob|no platform)"):
        archive.verify_archive(path, [index])


def test_an_image_that_is_not_in_it_is_missed(path: Path) -> None:
    written(path, old(b"one")[1])
    with pytest.raises(ManagerError, match="image 000000000000 is missing"):
        archive.verify_archive(path, ["sha256:" + "0" * 64])


def test_a_file_that_is_cut_off_is_found(path: Path) -> None:
    image_id, files = old(os.urandom(100_000))
    written(path, files)
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(ManagerError, match="reading it back failed"):
        archive.verify_archive(path, [image_id])


def test_a_bit_that_has_flipped_is_found(path: Path) -> None:
    image_id, files = old(os.urandom(100_000))
    written(path, files)
    data = bytearray(path.read_bytes())
    data[60_000] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ManagerError, match=r"is incomplete|reading it back failed"):
        archive.verify_archive(path, [image_id])


def test_a_configuration_that_is_too_large_is_not_held_in_memory(path: Path) -> None:
    made = b"{" + b" " * MAX_JSON_SIZE + b"}"
    rows = [{"Config": f"{digits(made)}.json", "Layers": ["x"]}]
    files: Files = {f"{digits(made)}.json": made, "manifest.json": json.dumps(rows).encode()}
    written(path, files)
    with pytest.raises(ManagerError, match="a layer of"):
        archive.verify_archive(path, [f"sha256:{digits(made)}"])


def test_what_fails_in_the_middle_leaves_nothing(path: Path) -> None:
    def cut() -> Iterator[bytes]:
        yield tar(old(b"one")[1])[:700]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.write_archive([cut()], path)
    assert list(path.parent.iterdir()) == []


def test_an_engine_that_sends_no_tar_is_one_sentence(path: Path) -> None:
    with pytest.raises(ManagerError, match="cannot save"):
        archive.write_archive([pieces(b"no tar at all" * 100)], path)
    assert list(path.parent.iterdir()) == []


FULL = """
import resource, signal, sys
from pathlib import Path
from manager.prune import archive
from tests.unit.test_archive import old, pieces, tar
import os
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
archive.write_archive([pieces(tar(old(os.urandom(90_000))[1]))], Path(sys.argv[1]))
"""


def test_a_full_disk_leaves_nothing_and_is_one_sentence(path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "ManagerError: cannot save the images to" in done.stderr
    assert list(path.parent.iterdir()) == []


def test_reading_gives_back_what_an_engine_can_load(path: Path) -> None:
    _, files = old(b"one")
    written(path, files)
    assert b"".join(archive.read_archive(path)) == gzip.decompress(path.read_bytes())
    path.write_bytes(b"no archive")
    with pytest.raises(ManagerError, match="cannot read the archive"):
        list(archive.read_archive(path))


def test_how_much_has_come_is_told(path: Path) -> None:
    told: list[int] = []
    one, two = tar(old(b"one")[1]), tar(old(b"two")[1])
    archive.write_archive([pieces(one), pieces(two)], path, told.append)
    assert told[-1] == len(one) + len(two)
    assert told == sorted(told)
