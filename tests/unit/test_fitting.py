"""What a pull takes: layers counted once, what is here not at all, and lengths from files' ends."""

import gzip
import io
import random
import tarfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.model.snapshot import Store
from manager.registry.core.manifests import OCI_MANIFEST, Blob, Manifest
from manager.registry.core.pull_estimate import (
    Fit,
    Here,
    Need,
    Wanted,
    chain_ids,
    fit,
    lacking,
    need,
)
from manager.registry.core.unpacked_size import MOST_SHRUNK, WRAP, Unpacked, has_tail, unpacked

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
TAR = "application/vnd.oci.image.layer.v1.tar"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


def digest(name: str) -> str:
    return f"sha256:{name.encode().hex():0<64}"[:71]


def layer(name: str, size: int = 1000, kind: str = GZIP) -> Blob:
    return Blob(digest(name), size, kind)


def wanted(name: str, *layers: str, size: int = 1000) -> Wanted:
    """An image whose layers' diff ids follow their names; each takes twice its download."""
    return Wanted(
        digest(f"m{name}"),
        Manifest(Blob(digest(f"c{name}"), 10), tuple(layer(it, size) for it in layers)),
        tuple(digest(f"d{it}") for it in layers),
        tuple(Unpacked(2 * size, 3 * size) for _ in layers),
        documents=5,
    )


def test_an_image_alone_on_each_store() -> None:
    image = wanted("a", "one", "two")
    found = need([image], Here(), Store.GRAPH_DRIVER)
    assert found == Need(download=2015, room=1000, low=0, likely=4000, high=6000)
    # What came compressed stays on the containerd store.
    found = need([image], Here(), Store.CONTAINERD)
    assert found == Need(download=2015, room=2010, low=2015, likely=6015, high=8015)
    assert need([image], Here(), Store.PODMAN).room == 0


def test_the_index_can_be_new_where_the_image_is_not() -> None:
    image = replace(wanted("a", "one"), named=digest("index"))
    here = Here(manifests=frozenset({image.digest}))
    assert need([image], here, Store.GRAPH_DRIVER).download == image.documents
    both = Here(manifests=frozenset({image.digest, digest("index")}))
    assert not need([image], both, Store.GRAPH_DRIVER)


def test_what_images_share_counts_once() -> None:
    images = [wanted("a", "base", "one"), wanted("b", "base", "two")]
    assert need(images, Here(), Store.GRAPH_DRIVER).download == 3 * 1000 + 2 * 15
    assert need(images, Here(), Store.GRAPH_DRIVER).likely == 6000


def test_the_same_blob_on_two_parents() -> None:
    images = [wanted("a", "base", "same"), wanted("b", "other", "same")]
    # A graph driver has it again, since it knows layers by all that is beneath them.
    assert need(images, Here(), Store.GRAPH_DRIVER).download == 4 * 1000 + 2 * 15
    assert need(images, Here(), Store.CONTAINERD).download == 3 * 1000 + 2 * 15


def test_the_same_blob_twice_in_one_image_comes_once() -> None:
    for store in (Store.GRAPH_DRIVER, Store.CONTAINERD):
        assert need([wanted("a", "x", "x")], Here(), store).download == 1015


def test_podman_has_everything_again_and_keeps_it_once() -> None:
    images = [wanted("a", "x", "x"), wanted("b", "x")]
    found = need(images, Here(), Store.PODMAN)
    assert found.download == 3000 + 2 * 15
    assert found.likely == 4000  # the chains x and x on x


def test_what_is_here_does_not_count() -> None:
    image = wanted("a", "base", "one")
    (base, _) = image.chains()
    blobs = frozenset({digest("base")})
    here = Here(blobs=blobs, chains=frozenset({base}))
    for store in (Store.GRAPH_DRIVER, Store.CONTAINERD):
        assert need([image], here, store).download == 1015
    # Unpacked here, but nobody knows from which blob: it may come again.
    unknown = Here(chains=frozenset({base}))
    assert need([image], unknown, Store.GRAPH_DRIVER).download == 2015
    assert need([image], unknown, Store.GRAPH_DRIVER).likely == 2000
    # Known as a blob, but on another parent.
    assert need([image], Here(blobs=blobs), Store.GRAPH_DRIVER).download == 2015
    whole = Here(manifests=frozenset({image.digest}))
    assert not need([image], whole, Store.GRAPH_DRIVER)


def test_where_diff_ids_are_not_told_blobs_stand_for_them() -> None:
    image = replace(wanted("a", "one", "two"), diff_ids=())
    assert len(set(image.chains())) == 2
    assert need([image], Here(), Store.GRAPH_DRIVER).download == 2015


def test_a_blob_that_is_twice_in_an_image_comes_again_where_only_the_first_is_here() -> None:
    one, twice = wanted("a", "b"), wanted("c", "b", "b")
    had = Here(frozenset({one.digest}), frozenset({digest("b")}), frozenset(one.chains()))
    assert need([one, twice], Here(), Store.GRAPH_DRIVER).download == 1000 + 2 * 15
    assert need([one, twice], had, Store.GRAPH_DRIVER).download == 1000 + 15


names = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5).map(tuple)


@given(st.lists(names, max_size=5), st.sampled_from(Store), st.integers(0, 5))
def test_more_images_never_need_less_and_what_is_here_never_more(
    images: list[tuple[str, ...]], store: Store, here: int
) -> None:
    all_of_them = [wanted(str(n), *layers) for n, layers in enumerate(images)]
    whole, part = need(all_of_them, Here(), store), need(all_of_them[:here], Here(), store)
    assert part.download <= whole.download
    assert part.high <= whole.high
    had = Here(
        frozenset(it.digest for it in all_of_them[:here]),
        frozenset(blob.digest for it in all_of_them[:here] for blob in it.manifest.layers),
        frozenset(chain for it in all_of_them[:here] for chain in it.chains()),
    )
    rest = need(all_of_them, had, store)
    # A blob that is twice in one image comes once with it, and again where only the first is here.
    if all(len(set(layers)) == len(layers) for layers in images):
        assert rest.download <= whole.download
    assert rest.low <= rest.likely <= rest.high


def test_chains_are_those_of_the_specification() -> None:
    one, two = digest("one"), digest("two")
    assert list(chain_ids([one])) == [one]
    assert len(set(chain_ids([one, two, two]))) == 3


@pytest.mark.parametrize(
    ("free", "expected"),
    [(99, Fit.NO), (100, Fit.HARDLY), (299, Fit.HARDLY), (300, Fit.PERHAPS), (500, Fit.YES)],
)
def test_whether_it_fits(free: int, expected: Fit) -> None:
    assert fit(Need(download=150, room=100, likely=300, high=500), free) is expected


def test_what_is_lacking() -> None:
    wants = Need(download=150, room=100, likely=300, high=500)
    assert lacking(wants, 250) == 150
    assert lacking(wants, 1000) == 0


def tar(*files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, content in enumerate(files):
            row = tarfile.TarInfo(f"file{number}")
            row.size = len(content)
            archive.addfile(row, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "files",
    [
        [random.Random(1).randbytes(300_000)],  # noqa: S311 - not for secrets
        [bytes(3_000_000)],
        [b"some words again and again\n" * 20_000],
        [b""] * 2_000,
        [b"x"] * 2_000,
        [],
    ],
    ids=["random", "zeros", "text", "empty files", "tiny files", "nothing"],
)
def test_the_end_of_a_real_file_tells_its_length(files: list[bytes]) -> None:
    whole = tar(*files)
    packed = gzip.compress(whole)
    found = unpacked(
        layer("x", len(packed)), int.from_bytes(packed[-4:], "little"), Store.GRAPH_DRIVER
    )
    assert found == Unpacked(len(whole), len(whole))
    assert sum(map(len, files)) <= found.high


@given(st.integers(10_000, 1 << 40), st.floats(0.9995, 1000))
def test_the_true_length_is_never_above_the_highest(size: int, ratio: float) -> None:
    true = int(size * ratio)
    found = unpacked(layer("x", size), true % WRAP, Store.GRAPH_DRIVER)
    # What has shrunk more than 64-fold and is longer than 4 GiB is told too; only what is a
    # mixture of both kinds can hide a whole 4 GiB.
    assert found.high >= true or true >= WRAP
    assert found.likely <= found.high <= max(size * MOST_SHRUNK, WRAP)


def test_a_file_of_several_parts_is_no_longer_believed() -> None:
    parts = gzip.compress(bytes(1000)) * 3 + gzip.compress(b"z")
    found = unpacked(layer("x", 50_000_000), int.from_bytes(parts[-4:], "little"), Store.PODMAN)
    assert found.high == 50_000_000 * MOST_SHRUNK
    assert not has_tail(
        Blob(digest("x"), 1, GZIP, {"containerd.io/snapshot/stargz/toc.digest": "sha256:0"})
    )


def test_other_kinds_of_layers() -> None:
    assert unpacked(layer("x", 100, TAR), None, Store.GRAPH_DRIVER) == Unpacked(100, 100)
    assert unpacked(layer("x", 100, ZSTD), None, Store.GRAPH_DRIVER).likely == 250
    assert unpacked(layer("x", 100), None, Store.GRAPH_DRIVER).high == 100 * MOST_SHRUNK
    assert unpacked(layer("x", 100, TAR), None, Store.CONTAINERD) == Unpacked(110, 800)
    assert not has_tail(layer("x", 100, OCI_MANIFEST))
