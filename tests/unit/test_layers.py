"""The tree of layers, the sums along it, and histories laid onto it."""

from hashlib import sha256
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from manager.disk.core.layer_tree import ROOT_LAYER, LayerSums, LayerTree, place_history

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
UNKNOWN = (0, 1 << 62)


def test_a_layer_is_told_apart_by_all_beneath_it() -> None:
    tree = LayerTree()
    first, second = tree.path([A, B]), tree.path([A, C])
    assert first[0] == second[0]
    assert tree.path([C])[0] not in {*first, *second}
    assert tree.path([A, B]) == first
    assert len(tree) == 4
    assert [tree.parents[layer] for layer in first] == [ROOT_LAYER, first[0]]


def test_chain_ids_are_those_of_the_specification() -> None:
    second = "sha256:" + sha256(f"{A} {B}".encode()).hexdigest()
    third = "sha256:" + sha256(f"{second} {C}".encode()).hexdigest()
    tree = LayerTree()
    tree.path([A, B, C])
    other = tree.path([A, C])[1]
    assert tree.chain_ids()[:3] == (A, second, third)
    assert tree.chain_ids()[other] == "sha256:" + sha256(f"{A} {C}".encode()).hexdigest()


def test_what_is_known_of_one_sum_bounds_the_others() -> None:
    tree = LayerTree()
    low, middle, high = tree.path([A, B, C])
    sums = LayerSums(tree)
    sums.narrow(low, 10, 10)
    sums.narrow(high, 30, 30)
    sums.settle()
    assert (sums.low(middle), sums.high(middle)) == (10, 30)
    assert sums.between(low, high) == (20, 20)
    assert sums.between(low, middle) == (0, 20)
    assert sums.between(ROOT_LAYER, low) == (10, 10)
    assert not sums.contradictory


def test_figures_that_contradict_each_other_are_noticed_and_not_taken_in() -> None:
    tree = LayerTree()
    low, high = tree.path([A, B])
    sums = LayerSums(tree)
    sums.narrow(low, 30, 30)
    sums.narrow(high, 20, 20)
    sums.settle()
    assert sums.contradictory


def test_the_total_counts_what_is_shared_once() -> None:
    tree = LayerTree()
    base, left = tree.path([A, B])
    right = tree.path([A, C])[1]
    sums = LayerSums(tree)
    for layer, value in ((base, 100), (left, 130), (right, 105)):
        sums.narrow(layer, value, value)
    assert sums.total() == (135, 135)


def test_a_history_with_a_line_for_each_layer_is_laid_one_to_one() -> None:
    assert place_history([5, 0, 7], [UNKNOWN, UNKNOWN, (12, 12)]) == ((5, 5), (5, 5), (12, 12))


def test_lines_without_bytes_may_have_made_no_layer() -> None:
    assert place_history([5, 0, 7, 0], [UNKNOWN, (12, 12)]) == ((5, 5), (12, 12))


def test_where_an_empty_layer_lies_can_stay_open() -> None:
    # Three layers, two of them with bytes: the empty one is the first, the second or the last.
    bounds = [UNKNOWN, UNKNOWN, (12, 12)]
    assert place_history([0, 5, 0, 7, 0], bounds) == ((0, 5), (5, 12), (12, 12))


def test_what_is_known_of_a_sum_decides_where_an_empty_layer_lies() -> None:
    bounds = [UNKNOWN, (5, 5), (12, 12)]
    assert place_history([0, 5, 0, 7, 0], bounds) == ((0, 5), (5, 5), (12, 12))


def test_a_history_that_ends_early_tells_of_the_lowest_layers() -> None:
    assert place_history([9000], [UNKNOWN, (18003, 18003)]) == ((9000, 9000), (18003, 18003))


def test_a_history_that_fits_in_no_way() -> None:
    assert place_history([5, 7], [(5, 5)]) is None
    assert place_history([5], [(3, 4)]) is None
    assert place_history([5], []) == ()


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.booleans()).filter(lambda row: row[1] or row[0] == 0),
        max_size=12,
    ),
    st.data(),
)
def test_the_truth_always_lies_within(rows: list[tuple[int, bool]], data: st.DataObject) -> None:
    """Rows are sizes, and whether each made a layer; some of the true sums are known."""
    truth = list(accumulate(size for size, layer in rows if layer))
    known = [data.draw(st.booleans()) for _ in truth]
    bounds = [(s, s) if k else UNKNOWN for s, k in zip(truth, known, strict=True)]
    if bounds:
        bounds[-1] = (truth[-1], truth[-1])
    placed = place_history([size for size, _ in rows], bounds)
    assert placed is not None
    assert all(low <= s <= high for s, (low, high) in zip(truth, placed, strict=True))
