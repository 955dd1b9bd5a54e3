"""The bytes of any set of images, compared with stores whose every layer is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.layer_tree import LayerTree
from manager.model.images import HistoryRow, Image, ImageDetail, ImageManifest, ImageStore
from manager.model.snapshot import CacheRecord, Snapshot

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Paths = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Truth:
    """A store as it really is: which images hold which layers, and every size."""

    paths: Paths
    """By image, its diff ids."""
    sizes: Mapping[str, int]
    """By diff id, the bytes of the layer; the same change takes the same room on any parent."""
    told: frozenset[str] = frozenset()
    """The images that have a whole history."""
    extra_rows: int = 0
    """Lines of each history that made no layer."""

    def chains(self, images: set[str]) -> dict[tuple[str, ...], str]:
        """The chains that images hold, and the diff id at the top of each."""
        paths = [self.paths[image] for image in images]
        return {path[:end]: path[end - 1] for path in paths for end in range(1, len(path) + 1)}

    def freed(self, gone: set[str]) -> int:
        kept = self.chains(set(self.paths) - gone)
        return sum(
            self.sizes[diff] for chain, diff in self.chains(gone).items() if chain not in kept
        )

    def total(self) -> int:
        return sum(self.sizes[diff] for diff in self.chains(set(self.paths)).values())

    def detail(self, image: str) -> ImageDetail:
        path = self.paths[image]
        rows = [HistoryRow(self.sizes[diff]) for diff in path]
        if image not in self.told:
            rows = []
        return ImageDetail(path, tuple(rows + [HistoryRow(0)] * self.extra_rows * bool(rows)))

    def snapshot(self) -> Snapshot:
        """What a graph driver would tell of it."""
        images = []
        for name, path in self.paths.items():
            others = self.chains(set(self.paths) - {name})
            shared = sum(
                self.sizes[path[end - 1]] for end in range(1, len(path) + 1) if path[:end] in others
            )
            size = sum(self.sizes[diff] for diff in path)
            images.append(Image(name, (f"{name}:1",), NOW, size, shared_size=shared))
        details = {name: self.detail(name) for name in self.paths}
        return Snapshot(images=tuple(images), details=details, layers_size=self.total())


def layer(name: str) -> str:
    return "sha256:" + name * 64


A, B, C, D, E = (layer(name) for name in "abcde")
SIZES = {A: 1000, B: 200, C: 30, D: 4, E: 0}


def test_what_is_shared_stays_and_is_counted_once() -> None:
    truth = Truth({"one": (A, B), "two": (A, C), "three": (A, C, D)}, SIZES)
    disk = DiskAccounting(truth.snapshot())
    assert disk.doubt == ""
    assert (disk.bytes_freed_by(["one"]).low, disk.bytes_freed_by(["one"]).is_exact) == (200, True)
    assert disk.bytes_freed_by(["two"]).high == 0
    assert disk.bytes_freed_by(["two", "three"]).low == 34
    assert disk.total().low == 1234
    assert disk.total().is_exact
    stay = disk.bytes_still_shared(["two", "three"])
    assert (stay.bytes.low, stay.bytes.high, stay.images) == (1000, 1000, ("one",))


def test_the_engines_total_decides_whether_it_is_exact() -> None:
    truth = Truth({"one": (A, B), "two": (A, C)}, SIZES)
    off = DiskAccounting(replace(truth.snapshot(), layers_size=truth.total() + 1))
    assert off.bytes_freed_by(["one"]).low == 200
    assert not off.bytes_freed_by(["one"]).is_exact
    assert "total is 1231 bytes, but its layers add up to 1230" in off.bytes_freed_by(["one"]).doubt
    unasked = DiskAccounting(replace(truth.snapshot(), layers_size=None))
    assert "not asked for" in unasked.bytes_freed_by(["one"]).doubt


def test_an_image_that_nothing_is_known_of_is_said_to_be_unknown() -> None:
    snapshot = Truth({"one": (A, B), "two": (A, C)}, SIZES).snapshot()
    details = {"one": snapshot.details["one"]}
    disk = DiskAccounting(replace(snapshot, details=details))
    assert disk.doubt == "the engine did not report the layers of every image"
    assert not disk.bytes_freed_by(["one"]).is_exact


def test_sizes_that_make_no_sense_are_not_trusted() -> None:
    snapshot = Truth({"one": (A, B), "two": (A, B, C)}, SIZES).snapshot()
    one, two = snapshot.images
    odd = replace(
        snapshot, images=(replace(one, size=5000), replace(two, size=-1, shared_size=None))
    )
    freed = DiskAccounting(odd).bytes_freed_by(["one", "two"])
    assert not freed.is_exact
    assert freed.low <= freed.high
    broken = replace(snapshot, images=(one, replace(two, size=10)))
    assert DiskAccounting(broken).doubt == "the engine's figures contradict each other"


def test_images_that_are_not_there_free_nothing() -> None:
    disk = DiskAccounting(Truth({"one": (A,)}, SIZES).snapshot())
    assert disk.bytes_freed_by(["nobody"]) == disk.bytes_freed_by([])
    assert DiskAccounting(Snapshot(layers_size=0)).total().high == 0


def test_what_the_engine_says_it_deleted_is_summed_up() -> None:
    disk = DiskAccounting(Truth({"one": (A, B), "two": (A, C)}, SIZES).snapshot())
    tree = LayerTree()
    top = tree.path([A, B])[1]
    assert disk.bytes_of_deleted_layers([tree.chain_ids()[top], "sha256:of-an-image"]).low == 200
    assert disk.bytes_of_deleted_layers([]).is_exact


def test_layers_that_the_build_cache_has_are_told() -> None:
    truth = Truth({"one": (A, B)}, SIZES, frozenset({"one"}))
    snapshot = truth.snapshot()
    record = CacheRecord("r", 200, shared=True, kind="regular", description="[2/2] COPY b /")
    rows = (HistoryRow(1000, "ADD a /"), HistoryRow(200, "COPY b / # buildkit"))
    details = {"one": replace(snapshot.details["one"], history=rows)}
    built = replace(snapshot, details=details, build_cache=(record,))
    disk = DiskAccounting(built)
    assert disk.bytes_freed_by(["one"]).low == 1200
    assert disk.bytes_left_in_build_cache(["one"]).high == 1200
    other = replace(built, build_cache=(replace(record, description="[2/2] COPY x /"),))
    assert DiskAccounting(other).bytes_left_in_build_cache(["one"]).high == 0
    unshared = replace(built, build_cache=(replace(record, shared=False),))
    assert DiskAccounting(unshared).bytes_left_in_build_cache(["one"]).high == 0


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """Images that branch off each other anywhere, with empty layers among them."""
    names = [f"image{number}" for number in range(draw(st.integers(1, 6)))]
    paths: dict[str, tuple[str, ...]] = {}
    sizes: dict[str, int] = {}
    for name in names:
        below: tuple[str, ...] = ()
        branches = draw(st.booleans())
        if paths and branches:
            other = paths[draw(st.sampled_from(sorted(paths)))]
            below = other[: draw(st.integers(0, len(other)))]
        for _ in range(draw(st.integers(0 if below else 1, 3))):
            diff = draw(st.sampled_from([*sorted(sizes), ""]))
            if not diff:
                diff = f"sha256:{len(sizes):064x}"
                sizes[diff] = draw(st.sampled_from([0, 1, 1, 5, 70]))
            below += (diff,)
        paths[name] = below
    told = frozenset(name for name in names if draw(st.booleans()))
    return Truth(paths, sizes, told, draw(st.integers(0, 2)))


@settings(max_examples=300)
@given(truths(), st.data())
def test_the_truth_lies_within_and_exact_means_exact(truth: Truth, data: st.DataObject) -> None:
    disk = DiskAccounting(truth.snapshot())
    gone = data.draw(st.sets(st.sampled_from(sorted(truth.paths))))
    found = disk.bytes_freed_by(gone)
    assert found.low <= truth.freed(gone) <= found.high
    assert disk.total().low <= truth.total() <= disk.total().high


@given(truths())
def test_one_image_alone_is_exact_even_without_histories(truth: Truth) -> None:
    disk = DiskAccounting(replace(truth, told=frozenset()).snapshot())
    for name in truth.paths:
        found = disk.bytes_freed_by([name])
        assert (found.low, found.high) == (truth.freed({name}),) * 2


@given(truths(), st.data())
def test_more_images_never_free_less(truth: Truth, data: st.DataObject) -> None:
    disk = DiskAccounting(truth.snapshot())
    few = data.draw(st.sets(st.sampled_from(sorted(truth.paths))))
    more = few | data.draw(st.sets(st.sampled_from(sorted(truth.paths))))
    assert truth.freed(few) <= disk.bytes_freed_by(more).high
    assert disk.bytes_freed_by(more).high >= disk.bytes_freed_by(few).low


CONFIG, MANIFEST, INDEX = 700, 300, 90
CONFIG_SIZE = (500, 2000)


def containerd(truth: Truth) -> Snapshot:
    """What the containerd store would tell: each compressed layer takes a third, and 40 bytes."""
    images, details = [], {}
    for name, path in truth.paths.items():
        packed = sum(packed_size(truth, diff) for diff in dict.fromkeys(path))
        unpacked = sum(truth.sizes[diff] for diff in path)
        key = f"manifest of {name}"
        manifest = ImageManifest(key, MANIFEST, MANIFEST + CONFIG + packed, unpacked, "linux/amd64")
        images.append(
            Image(
                name,
                (f"{name}:1",),
                NOW,
                unpacked + manifest.content_size,
                manifests=(manifest,),
                index_size=INDEX,
            )
        )
        details[key] = replace(truth.detail(name), config_size=CONFIG_SIZE)
    return Snapshot(images=tuple(images), store=ImageStore.CONTAINERD, details=details)


def packed_size(truth: Truth, diff: str) -> int:
    return 40 + truth.sizes[diff] // 3


def content_freed(truth: Truth, gone: Sequence[str]) -> int:
    """Blobs are told apart by what they hold, not by what they stand on."""
    going = {diff for name in gone for diff in truth.paths[name]}
    kept = {diff for name in truth.paths if name not in gone for diff in truth.paths[name]}
    own = len(gone) * (MANIFEST + CONFIG + INDEX)
    return own + sum(packed_size(truth, diff) for diff in going - kept)


@settings(max_examples=300)
@given(truths(), st.data())
def test_the_truth_of_the_containerd_store_lies_within(truth: Truth, data: st.DataObject) -> None:
    disk = DiskAccounting(containerd(truth))
    gone = data.draw(st.sets(st.sampled_from(sorted(truth.paths))))
    found = disk.bytes_freed_by(gone)
    freed = truth.freed(gone) + content_freed(truth, sorted(gone))
    assert found.low <= freed <= found.high
    assert not found.is_exact


def test_what_is_not_shared_is_known_to_the_byte_on_the_containerd_store() -> None:
    truth = Truth({"one": (A, B), "two": (C,)}, SIZES)
    found = DiskAccounting(containerd(truth)).bytes_freed_by(["one"])
    freed = 1200 + content_freed(truth, ["one"])
    assert (found.low, found.high) == (freed, freed)


def test_a_manifest_of_two_images_goes_with_the_second() -> None:
    snapshot = containerd(Truth({"one": (A, B)}, SIZES))
    (image,) = snapshot.images
    twice = replace(snapshot, images=(image, replace(image, id="again", tags=("again:1",))))
    assert DiskAccounting(twice).bytes_freed_by(["one"]).high == INDEX
    assert DiskAccounting(twice).bytes_freed_by(["one", "again"]).low > 1200
