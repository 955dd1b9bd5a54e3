"""What really goes when references are removed, by the rules of each kind of store."""

from datetime import UTC, datetime

import pytest

from manager.disk.core.removal import (
    HAS_CHILDREN_REASON,
    IN_USE_REASON,
    OTHER_REFERENCES_REASON,
    order_children_first,
    simulate_removal,
)
from manager.model.containers import Container
from manager.model.images import Image, ImageStore
from manager.model.snapshot import Snapshot

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GRAPH, CONTAINERD, PODMAN = ImageStore.GRAPH_DRIVER, ImageStore.CONTAINERD, ImageStore.PODMAN
ALL = pytest.mark.parametrize("store", [GRAPH, CONTAINERD, PODMAN])


def image(name: str, *tags: str, parent: str = "") -> Image:
    return Image(name, tags, NOW, 1, parent=parent)


def container(of: str, *mounted: str) -> Container:
    return Container("c", "c", of, of, "exited", NOW, mounted_images=mounted)


@ALL
def test_an_image_goes_with_its_last_reference(store: ImageStore) -> None:
    snapshot = Snapshot(images=(image("i", "a:1", "b:1"),), store=store)
    first = simulate_removal(snapshot, ["i"])
    assert (first.deleted, first.kept) == ((), {"i": OTHER_REFERENCES_REASON})
    assert simulate_removal(snapshot, ["i", "i"]).deleted == ("i",)


@ALL
def test_an_image_that_a_container_uses_stays(store: ImageStore) -> None:
    snapshot = Snapshot((container("i"),), (image("i", "a:1"),), store=store)
    assert simulate_removal(snapshot, ["i"]).kept == {"i": IN_USE_REASON}


@ALL
def test_an_image_that_is_mounted_into_a_container_stays(store: ImageStore) -> None:
    images = (image("i", "a:1"), image("j", "b:1"))
    snapshot = Snapshot((container("j", "a:1"),), images, store=store)
    assert simulate_removal(snapshot, ["i"]).kept == {"i": IN_USE_REASON}


FAMILY = (
    image("base", "base:1"),
    image("hidden", parent="base"),
    image("child", "child:1", parent="hidden"),
)


@ALL
def test_nameless_parents_go_with_their_last_child(store: ImageStore) -> None:
    snapshot = Snapshot(images=FAMILY, store=store)
    assert simulate_removal(snapshot, ["child"]).deleted == ("child", "hidden")
    assert simulate_removal(snapshot, ["child", "base"]).deleted == ("child", "hidden", "base")


@pytest.mark.parametrize(("store", "deleted"), [(GRAPH, ()), (CONTAINERD, ()), (PODMAN, ("base",))])
def test_an_image_that_others_were_built_on(store: ImageStore, deleted: tuple[str, ...]) -> None:
    removal = simulate_removal(Snapshot(images=FAMILY, store=store), ["base"])
    assert removal.deleted == deleted
    assert removal.kept == ({} if deleted else {"base": HAS_CHILDREN_REASON})


@pytest.mark.parametrize(
    ("store", "deleted"),
    [(GRAPH, ("base", "child", "hidden")), (CONTAINERD, ("child", "hidden", "base"))],
)
def test_an_untagged_parent_goes_later(store: ImageStore, deleted: tuple[str, ...]) -> None:
    removal = simulate_removal(Snapshot(images=FAMILY, store=store), ["base", "child"])
    assert sorted(removal.deleted) == sorted(deleted)


@pytest.mark.parametrize(
    ("store", "deleted"),
    [(GRAPH, ("child",)), (CONTAINERD, ("child", "hidden")), (PODMAN, ("child",))],
)
def test_nameless_parents_with_other_children(store: ImageStore, deleted: tuple[str, ...]) -> None:
    images = (*FAMILY, image("sister", "sister:1", parent="hidden"))
    assert simulate_removal(Snapshot(images=images, store=store), ["child"]).deleted == deleted


@ALL
def test_a_used_parent_stays(store: ImageStore) -> None:
    snapshot = Snapshot((container("hidden"),), FAMILY, store=store)
    assert simulate_removal(snapshot, ["child"]).deleted == ("child",)


def test_containerd_removes_no_parent_where_one_of_them_is_gone() -> None:
    snapshot = Snapshot(images=FAMILY[1:], store=CONTAINERD)
    assert simulate_removal(snapshot, ["child"]).deleted == ("child",)


def test_containerd_removes_nameless_parents_of_what_stays() -> None:
    grown = (*FAMILY, image("grandchild", "g:1", parent="child"))
    removal = simulate_removal(Snapshot(images=grown, store=CONTAINERD), ["child"])
    assert (removal.deleted, removal.kept) == (("hidden",), {"child": HAS_CHILDREN_REASON})


def test_children_come_before_their_parents() -> None:
    assert order_children_first(["base", "hidden", "child"], FAMILY) == ("child", "hidden", "base")
    # Also where what lies between them is not chosen.
    assert order_children_first(["base", "child", "base"], FAMILY) == ("child", "base")
    circle = (image("a", parent="b"), image("b", parent="a"))
    assert set(order_children_first(["a", "b"], circle)) == {"a", "b"}
