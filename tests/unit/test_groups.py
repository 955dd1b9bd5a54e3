"""Which containers a typed name stands for."""

from dataclasses import replace

import pytest

from manager.errors import ManagerError
from manager.groups.core.scaling import find_group_members
from manager.groups.core.selection import known_names, select_containers
from manager.model.containers import GROUP_LABEL, INDEX_LABEL
from manager.model.snapshot import Snapshot
from tests.unit.make import container, members


def names(snapshot: Snapshot, *typed: str) -> list[str]:
    return [found.name for found in select_containers(snapshot, typed)]


def test_a_group_stands_for_its_members_by_number() -> None:
    snapshot = Snapshot((*members("nginx", 10, 2, 1), container("db")))
    assert names(snapshot, "nginx") == ["nginx1", "nginx2", "nginx10"]


def test_a_member_and_a_foreign_container_are_named_exactly() -> None:
    snapshot = Snapshot((*members("nginx", 1, 2), container("database")))
    assert names(snapshot, "nginx2", "database") == ["database", "nginx2"]
    with pytest.raises(ManagerError, match="no container or group is called data"):
        select_containers(snapshot, ("data",))


def test_ids_of_12_and_64_digits_are_names_and_shorter_ones_are_not() -> None:
    only = container("nginx1")
    snapshot = Snapshot((only,))
    assert (
        select_containers(snapshot, (only.id,))
        == select_containers(snapshot, (only.id[:12],))
        == (only,)
    )
    with pytest.raises(ManagerError):
        select_containers(snapshot, (only.id[:6],))


def test_naming_one_twice_gives_it_once() -> None:
    snapshot = Snapshot(members("nginx", 1, 2))
    assert names(snapshot, "nginx", "nginx2") == ["nginx1", "nginx2"]


def test_group_and_container_of_one_name_must_be_told_apart() -> None:
    # web2 is a group, and also the second member of the group web
    snapshot = Snapshot((*members("web", 2), *members("web2", 1)))
    with pytest.raises(ManagerError, match="is both a group of") as caught:
        select_containers(snapshot, ("web2",))
    assert caught.value.hint == "write group:web2 or container:web2"
    assert names(snapshot, "group:web2") == ["web21"]
    assert names(snapshot, "container:web2") == ["web2"]


def test_a_group_is_its_label_and_not_its_name() -> None:
    # web2 + 1 and web + 21 have one name; the container belongs to the group it says
    snapshot = Snapshot((*members("web2", 1), container("web3")))
    with pytest.raises(ManagerError):
        select_containers(snapshot, ("web",))
    assert names(snapshot, "web2") == ["web21"]


def test_a_wrong_name_is_answered_with_the_nearest_real_one() -> None:
    with pytest.raises(ManagerError) as caught:
        select_containers(Snapshot(members("nginx", 1)), ("ngnix",))
    assert caught.value.hint == "did you mean nginx?"


def test_known_names_are_groups_and_containers() -> None:
    assert known_names(Snapshot((*members("web", 1), container("db")))) == {"web", "web1", "db"}


def test_all_that_is_not_there_is_named_at_once() -> None:
    with pytest.raises(ManagerError, match="no containers or groups are called a, group:b"):
        select_containers(Snapshot(members("nginx", 1)), ("a", "nginx", "group:b"))


def test_a_container_with_the_copied_labels_of_a_member_is_no_member() -> None:
    """As `docker commit nginx1 mine; docker run --name precious mine` makes it."""
    copied = replace(container("precious"), labels=members("nginx", 1)[0].labels)
    snapshot = Snapshot((*members("nginx", 1), copied))
    assert [c.name for c in select_containers(snapshot, ("nginx",))] == ["nginx1"]
    assert [c.name for c in select_containers(snapshot, ("precious",))] == ["precious"]


def test_a_label_that_is_no_number_of_a_member() -> None:
    odd = replace(container("web1"), labels={GROUP_LABEL: "web", INDEX_LABEL: "9" * 5000})
    assert (odd.index, odd.group) == (None, None)


def test_for_a_member_that_is_not_there_the_whole_group_is_not_suggested() -> None:
    with pytest.raises(ManagerError, match="called nginx7") as caught:
        select_containers(Snapshot(members("nginx", 1, 2)), ("nginx7",))
    assert caught.value.hint == "list the members of nginx with: dockmgr ls nginx"


def test_what_is_scaled_is_a_group() -> None:
    snapshot = Snapshot((*members("web", 1, 2), container("plain"), container("web")))
    both = [it.name for it in find_group_members(snapshot, "web", 3)]
    assert (
        both == [it.name for it in find_group_members(snapshot, "group:web", 3)] == ["web1", "web2"]
    )
    for typed in ("plain", "group:plain", "container:plain"):
        with pytest.raises(ManagerError, match=r"^plain is a container, not a group$") as caught:
            find_group_members(snapshot, typed, 3)
        hint = "make a group with: dockmgr spawn nginx:latest --name plain --count 3"
        assert (caught.value.hint, caught.value.exit_code) == (hint, 1)
    with pytest.raises(ManagerError, match="web2 is a member of the group web, not a gr") as caught:
        find_group_members(snapshot, "web2", 5)
    assert caught.value.hint == "name the group: dockmgr scale web 5"
    with pytest.raises(ManagerError, match=r"no container or group is called plian$") as caught:
        find_group_members(snapshot, "plian", 3)
    assert caught.value.hint == "did you mean plain?"
