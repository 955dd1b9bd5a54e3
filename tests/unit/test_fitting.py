"""What a pull takes: layers counted once, what is here not at all, and lengths from files' ends."""

import gzip
import io
import random
import tarfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.model.images import ImageStore
from manager.registry.core.manifests import OCI_MANIFEST, Blob, RegistryManifest
from manager.registry.core.pull_estimate import (
    DiskFit,
    ImageToPull,
    LocalContent,
    PullEstimate,
    assess_disk_fit,
    bytes_to_free,
    chain_ids,
    estimate_pull,
)
from manager.registry.core.unpacked_size import (
    LENGTH_MODULUS,
    MAX_DEFLATE_RATIO,
    UnpackedSize,
    estimate_unpacked_size,
    has_length_trailer,
)

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
TAR = "application/vnd.oci.image.layer.v1.tar"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


def digest(name: str) -> str:
    return f"sha256:{name.encode().hex():0<64}"[:71]


def layer(name: str, size: int = 1000, kind: str = GZIP) -> Blob:
    return Blob(digest(name), size, kind)


def wanted(name: str, *layers: str, size: int = 1000) -> ImageToPull:
    """An image whose layers' diff ids follow their names; each takes twice its download."""
    return ImageToPull(
        digest(f"m{name}"),
        RegistryManifest(Blob(digest(f"c{name}"), 10), tuple(layer(it, size) for it in layers)),
        tuple(digest(f"d{it}") for it in layers),
        tuple(UnpackedSize(2 * size, 3 * size) for _ in layers),
        documents=5,
    )


def test_an_image_alone_on_each_store() -> None:
    image = wanted("a", "one", "two")
    found = estimate_pull([image], LocalContent(), ImageStore.GRAPH_DRIVER)
    assert found == PullEstimate(
        download=2015, required_bytes=1000, low_bytes=0, likely_bytes=4000, high_bytes=6000
    )
    # What came compressed stays on the containerd store.
    found = estimate_pull([image], LocalContent(), ImageStore.CONTAINERD)
    assert found == PullEstimate(
        download=2015, required_bytes=2010, low_bytes=2015, likely_bytes=6015, high_bytes=8015
    )
    assert estimate_pull([image], LocalContent(), ImageStore.PODMAN).required_bytes == 0


def test_the_index_can_be_new_where_the_image_is_not() -> None:
    image = replace(wanted("a", "one"), index_digest=digest("index"))
    here = LocalContent(manifests=frozenset({image.digest}))
    assert estimate_pull([image], here, ImageStore.GRAPH_DRIVER).download == image.documents
    both = LocalContent(manifests=frozenset({image.digest, digest("index")}))
    assert not estimate_pull([image], both, ImageStore.GRAPH_DRIVER)


def test_what_images_share_counts_once() -> None:
    images = [wanted("a", "base", "one"), wanted("b", "base", "two")]
    assert (
        estimate_pull(images, LocalContent(), ImageStore.GRAPH_DRIVER).download == 3 * 1000 + 2 * 15
    )
    assert estimate_pull(images, LocalContent(), ImageStore.GRAPH_DRIVER).likely_bytes == 6000


def test_the_same_blob_on_two_parents() -> None:
    images = [wanted("a", "base", "same"), wanted("b", "other", "same")]
    # A graph driver has it again, since it knows layers by all that is beneath them.
    assert (
        estimate_pull(images, LocalContent(), ImageStore.GRAPH_DRIVER).download == 4 * 1000 + 2 * 15
    )
    assert (
        estimate_pull(images, LocalContent(), ImageStore.CONTAINERD).download == 3 * 1000 + 2 * 15
    )


def test_the_same_blob_twice_in_one_image_comes_once() -> None:
    for store in (ImageStore.GRAPH_DRIVER, ImageStore.CONTAINERD):
        assert estimate_pull([wanted("a", "x", "x")], LocalContent(), store).download == 1015


def test_podman_has_everything_again_and_keeps_it_once() -> None:
    images = [wanted("a", "x", "x"), wanted("b", "x")]
    found = estimate_pull(images, LocalContent(), ImageStore.PODMAN)
    assert found.download == 3000 + 2 * 15
    assert found.likely_bytes == 4000  # the chains x and x on x


def test_what_is_here_does_not_count() -> None:
    image = wanted("a", "base", "one")
    (base, _) = image.chains()
    blobs = frozenset({digest("base")})
    here = LocalContent(blobs=blobs, chains=frozenset({base}))
    for store in (ImageStore.GRAPH_DRIVER, ImageStore.CONTAINERD):
        assert estimate_pull([image], here, store).download == 1015
    # Unpacked here, but nobody knows from which blob: it may come again.
    unknown = LocalContent(chains=frozenset({base}))
    assert estimate_pull([image], unknown, ImageStore.GRAPH_DRIVER).download == 2015
    assert estimate_pull([image], unknown, ImageStore.GRAPH_DRIVER).likely_bytes == 2000
    # Known as a blob, but on another parent.
    assert (
        estimate_pull([image], LocalContent(blobs=blobs), ImageStore.GRAPH_DRIVER).download == 2015
    )
    whole = LocalContent(manifests=frozenset({image.digest}))
    assert not estimate_pull([image], whole, ImageStore.GRAPH_DRIVER)


def test_where_diff_ids_are_not_told_blobs_stand_for_them() -> None:
    image = replace(wanted("a", "one", "two"), diff_ids=())
    assert len(set(image.chains())) == 2
    assert estimate_pull([image], LocalContent(), ImageStore.GRAPH_DRIVER).download == 2015


def test_a_blob_that_is_twice_in_an_image_comes_again_where_only_the_first_is_here() -> None:
    one, twice = wanted("a", "b"), wanted("c", "b", "b")
    had = LocalContent(frozenset({one.digest}), frozenset({digest("b")}), frozenset(one.chains()))
    assert (
        estimate_pull([one, twice], LocalContent(), ImageStore.GRAPH_DRIVER).download
        == 1000 + 2 * 15
    )
    assert estimate_pull([one, twice], had, ImageStore.GRAPH_DRIVER).download == 1000 + 15


names = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5).map(tuple)


@given(st.lists(names, max_size=5), st.sampled_from(ImageStore), st.integers(0, 5))
def test_more_images_never_need_less_and_what_is_here_never_more(
    images: list[tuple[str, ...]], store: ImageStore, here: int
) -> None:
    all_of_them = [wanted(str(n), *layers) for n, layers in enumerate(images)]
    whole, part = (
        estimate_pull(all_of_them, LocalContent(), store),
        estimate_pull(all_of_them[:here], LocalContent(), store),
    )
    assert part.download <= whole.download
    assert part.high_bytes <= whole.high_bytes
    had = LocalContent(
        frozenset(it.digest for it in all_of_them[:here]),
        frozenset(blob.digest for it in all_of_them[:here] for blob in it.manifest.layers),
        frozenset(chain for it in all_of_them[:here] for chain in it.chains()),
    )
    rest = estimate_pull(all_of_them, had, store)
    # A blob that is twice in one image comes once with it, and again where only the first is here.
    if all(len(set(layers)) == len(layers) for layers in images):
        assert rest.download <= whole.download
    assert rest.low_bytes <= rest.likely_bytes <= rest.high_bytes


def test_chains_are_those_of_the_specification() -> None:
    one, two = digest("one"), digest("two")
    assert list(chain_ids([one])) == [one]
    assert len(set(chain_ids([one, two, two]))) == 3


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (99, DiskFit.NO),
        (100, DiskFit.HARDLY),
        (299, DiskFit.HARDLY),
        (300, DiskFit.PERHAPS),
        (500, DiskFit.YES),
    ],
)
def test_whether_it_fits(free: int, expected: DiskFit) -> None:
    assert (
        assess_disk_fit(
            PullEstimate(download=150, required_bytes=100, likely_bytes=300, high_bytes=500), free
        )
        is expected
    )


def test_what_is_lacking() -> None:
    wants = PullEstimate(download=150, required_bytes=100, likely_bytes=300, high_bytes=500)
    assert bytes_to_free(wants, 250) == 150
    assert bytes_to_free(wants, 1000) == 0


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
    found = estimate_unpacked_size(
        layer("x", len(packed)), int.from_bytes(packed[-4:], "little"), ImageStore.GRAPH_DRIVER
    )
    assert found == UnpackedSize(len(whole), len(whole))
    assert sum(map(len, files)) <= found.high


@given(st.integers(10_000, 1 << 40), st.floats(0.9995, 1000))
def test_the_true_length_is_never_above_the_highest(size: int, ratio: float) -> None:
    true = int(size * ratio)
    found = estimate_unpacked_size(layer("x", size), true % LENGTH_MODULUS, ImageStore.GRAPH_DRIVER)
    # What has shrunk more than 64-fold and is longer than 4 GiB is told too; only what is a
    # mixture of both kinds can hide a whole 4 GiB.
    assert found.high >= true or true >= LENGTH_MODULUS
    assert found.likely <= found.high <= max(size * MAX_DEFLATE_RATIO, LENGTH_MODULUS)


def test_a_file_of_several_parts_is_no_longer_believed() -> None:
    parts = gzip.compress(bytes(1000)) * 3 + gzip.compress(b"z")
    found = estimate_unpacked_size(
        layer("x", 50_000_000), int.from_bytes(parts[-4:], "little"), ImageStore.PODMAN
    )
    assert found.high == 50_000_000 * MAX_DEFLATE_RATIO
    assert not has_length_trailer(
        Blob(digest("x"), 1, GZIP, {"containerd.io/snapshot/stargz/toc.digest": "sha256:0"})
    )


def test_other_kinds_of_layers() -> None:
    assert estimate_unpacked_size(
        layer("x", 100, TAR), None, ImageStore.GRAPH_DRIVER
    ) == UnpackedSize(100, 100)
    assert (
        estimate_unpacked_size(layer("x", 100, ZSTD), None, ImageStore.GRAPH_DRIVER).likely == 250
    )
    assert (
        estimate_unpacked_size(layer("x", 100), None, ImageStore.GRAPH_DRIVER).high
        == 100 * MAX_DEFLATE_RATIO
    )
    assert estimate_unpacked_size(
        layer("x", 100, TAR), None, ImageStore.CONTAINERD
    ) == UnpackedSize(110, 800)
    assert not has_length_trailer(layer("x", 100, OCI_MANIFEST))
