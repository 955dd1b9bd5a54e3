"""Images as rows, where the bytes are, and plain tables."""

from dataclasses import replace

import pytest

from manager.cli.images.df import render_bar
from manager.cli.plain_table import Column, Table
from manager.disk.core import listing
from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.last_use import last_uses
from manager.disk.core.listing import ImageState
from manager.disk.core.overview import build_overview
from manager.model.byte_range import ByteRange, describe_freed
from manager.model.images import Image, ImageDetail
from manager.model.snapshot import CacheRecord, Snapshot, Volume
from manager.prune.core.matching import RuleSubject, matches_conditions
from manager.prune.core.policy import RuleConditions
from manager.references.patterns import NO_REFERENCE
from tests.unit.make import EPOCH, container

BASE, APP, OLD, PARENT = (f"sha256:{letter * 64}" for letter in "abcd")
LAYERS = {BASE: ("l1",), APP: ("l1", "l2"), OLD: ("l1", "l3"), PARENT: ("l1",)}
SIZES = {BASE: 1000, APP: 1300, OLD: 1050, PARENT: 1000}
TAGS = {BASE: ("base:1", "base:2"), APP: ("org/app:1",), OLD: (), PARENT: ()}
SHARED = {BASE: 1000, APP: 1000, OLD: 1000, PARENT: 1000}


def snapshot() -> Snapshot:
    images = tuple(
        Image(key, TAGS[key], EPOCH, SIZES[key], shared_size=SHARED[key]) for key in LAYERS
    )
    images = tuple(replace(it, parent=PARENT) if it.id == OLD else it for it in images)
    details = {key: ImageDetail(layers) for key, layers in LAYERS.items()}
    user = container("web1", image_id=BASE)
    ended = replace(container("job", image_id=BASE, state="exited"), id="ended")
    return Snapshot((user, ended), images, details=details, layers_size=1350)


def rows() -> tuple[listing.ImageRow, ...]:
    seen = snapshot()
    return listing.build_image_rows(seen, DiskAccounting(seen), last_uses(seen, {}, EPOCH))


def test_rows_tell_bytes_users_and_state_and_leave_out_hidden_parents() -> None:
    found = {row.image.id: row for row in rows()}
    assert set(found) == {BASE, APP, OLD}
    assert (found[BASE].state, found[BASE].containers) == (ImageState.IN_USE, ("job", "web1"))
    assert (found[APP].state, found[APP].frees.low, found[APP].shared.low) == (
        ImageState.IDLE,
        300,
        1000,
    )
    assert (found[OLD].state, found[OLD].frees.high) == (ImageState.DANGLING, 50)


@pytest.mark.parametrize(
    ("patterns", "state", "larger", "expected"),
    [
        ((), None, None, {BASE, APP, OLD}),
        (("base",), None, None, {BASE}),
        (("base:2", "org/*"), None, None, {BASE, APP}),
        (("*",), None, None, {BASE, APP}),
        (("cccc",), None, None, {OLD}),
        (("sha256:cc",), None, None, {OLD}),
        (("app",), None, None, set()),
        ((), ImageState.IDLE, None, {APP}),
        ((), None, 1050, {APP}),
    ],
)
def test_chosen(
    patterns: tuple[str, ...], state: ImageState | None, larger: int | None, expected: set[str]
) -> None:
    assert {
        row.image.id for row in listing.filter_rows(rows(), patterns, state, larger)
    } == expected


@pytest.mark.parametrize("by", listing.ImageSort)
def test_every_column_sorts_and_turns_round(by: listing.ImageSort) -> None:
    assert len(listing.sort_rows(rows(), by)) == 3
    assert len(listing.sort_rows(rows(), by, backwards=True)) == 3


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (listing.ImageSort.SIZE, [APP, OLD, BASE]),
        (listing.ImageSort.FREES, [APP, OLD, BASE]),
        (listing.ImageSort.NAME, [BASE, APP, OLD]),
    ],
)
def test_the_largest_first_and_the_nameless_last(
    by: listing.ImageSort, expected: list[str]
) -> None:
    assert [row.image.id for row in listing.sort_rows(rows(), by)] == expected


def test_images_add_up_to_the_total_and_each_kind_has_its_command() -> None:
    seen = replace(
        snapshot(),
        build_cache=(
            CacheRecord("r", 70),
            CacheRecord("s", 30, shared=True),
            CacheRecord("u", 5, in_use=True),
        ),
    )
    volumes = (Volume("a", 40, 0), Volume("b", 60, 1))
    sizes = {container("web1").id: 10, "ended": 25}
    kinds = {
        it.name: it for it in build_overview(seen, DiskAccounting(seen), rows(), sizes, volumes)
    }
    images = [kinds[name] for name in ("images in use", "idle images", "dangling images")]
    assert [kind.size.low for kind in images] == [1000, 300, 50]
    assert [kind.freeable.low for kind in images] == [0, 300, 50]
    assert images[1].command == "dockmgr rmi org/app:1"
    assert images[2].command == "dockmgr rmi cccccccccccc"
    stopped = kinds["containers"]
    assert (stopped.size.low, stopped.freeable.low, stopped.command) == (35, 25, "dockmgr rm job")
    assert (kinds["volumes"].size.low, kinds["volumes"].freeable.low) == (100, 40)
    assert (kinds["build cache"].size.low, kinds["build cache"].freeable.low) == (75, 70)


def test_what_has_only_a_digest_is_idle_and_only_what_has_neither_is_dangling() -> None:
    """The same words as of the rules of prune."""
    seen = snapshot()
    digest = f"org/app@sha256:{'e' * 64}"
    only = replace(
        seen,
        images=tuple(
            replace(it, digests=(digest,), tags=()) if it.id == APP else it for it in seen.images
        ),
    )
    found = listing.build_image_rows(only, DiskAccounting(only), last_uses(only, {}, EPOCH))
    kinds = {
        it.name: it.count for it in build_overview(only, DiskAccounting(only), found, None, None)
    }
    assert (kinds["idle images"], kinds["dangling images"]) == (1, 1)
    for row in found:
        if row.state is not ImageState.IN_USE:
            subject = RuleSubject(row.image, row.last_use, ByteRange(), (), EPOCH)
            dangling = matches_conditions(RuleConditions(dangling=True), subject, NO_REFERENCE)
            assert dangling is (row.state is ImageState.DANGLING)
            assert matches_conditions(RuleConditions(untagged=True), subject, NO_REFERENCE)


def test_what_the_engine_failed_to_tell_is_left_out() -> None:
    seen = snapshot()
    kinds = [it.name for it in build_overview(seen, DiskAccounting(seen), rows(), None, None)]
    assert kinds == ["images in use", "idle images", "dangling images", "build cache"]


def test_bytes_as_people_read_them() -> None:
    assert str(ByteRange(1000, 1000)) == "1kB"
    assert str(ByteRange(1000, 2000)) == "1kB to 2kB"
    assert ByteRange(1000, 2000).format_short() == "1kB+"
    assert ByteRange(1000, 1000).format_sentence() == "exactly 1,000 bytes (1kB)"
    assert ByteRange(1000, 1000, "it is odd").format_sentence() == "about 1kB (it is odd)"
    assert ByteRange(1000, 2000, "it is odd").format_sentence() == "1kB to 2kB (it is odd)"
    assert ByteRange().format_sentence() == "nothing"


def test_a_difference_is_told() -> None:
    predicted, cached = ByteRange(1000, 1000), ByteRange(300, 300)
    assert describe_freed(predicted, cached, 1000) == "freed 1,000 bytes (1kB), as predicted"
    assert describe_freed(predicted, cached, 700).endswith("the build cache still holds 300B more")
    assert describe_freed(predicted, cached, 500).endswith(
        "something failed, or others used the engine meanwhile"
    )
    assert describe_freed(predicted, cached, 1200).endswith(
        "the engine also removed earlier leftovers"
    )
    assert "does not report" in describe_freed(predicted, cached, None)


TABLE = Table(
    (Column("NAME"), Column("SIZE", right=True), Column("MORE", from_width=60)),
    (("short", "1kB", "x"), ("a-name-that-is-far-too-long-for-it", "10kB", "y")),
)


def test_columns_fit_and_the_first_one_is_folded() -> None:
    assert list(TABLE.lines(30)) == [
        "NAME                      SIZE",
        "short                      1kB",
        "a-name-that-is-far-too-l  10kB",
        "ong-for-it",
    ]
    assert next(iter(TABLE.lines(60))).endswith("MORE")


def test_bars() -> None:
    assert render_bar(0, 100, 4) == "░░░░"
    assert render_bar(1, 1000, 4) == "█░░░"
    assert render_bar(50, 100, 4) == "██░░"
    assert render_bar(200, 100, 4) == "████"
    assert render_bar(0, 0, 4) == "    "


@pytest.mark.parametrize("kept_by", ["digest", "container", "nothing"])
def test_a_nameless_parent_is_hidden_only_if_nobody_may_look_for_it(kept_by: str) -> None:
    found = snapshot()
    if kept_by == "digest":
        digests = (f"base@sha256:{'e' * 64}",)
        images = tuple(
            replace(it, digests=digests) if it.id == PARENT else it for it in found.images
        )
        found = replace(found, images=images)
    elif kept_by == "container":
        user = container("web2", image=PARENT, image_id=PARENT)
        found = replace(found, containers=(*found.containers, user))
    shown = listing.build_image_rows(found, DiskAccounting(found), last_uses(found, {}, EPOCH))
    assert (PARENT in {it.image.id for it in shown}) is (kept_by != "nothing")
    everything = listing.build_image_rows(
        found, DiskAccounting(found), last_uses(found, {}, EPOCH), with_intermediate=True
    )
    assert {it.image.id for it in everything} == {it.id for it in found.images}
    assert found.intermediate_image_ids == ({PARENT} if kept_by == "nothing" else frozenset())
    kinds = {
        it.name: it.count for it in build_overview(found, DiskAccounting(found), shown, None, None)
    }
    assert kinds["images in use"] == (2 if kept_by == "container" else 1)
