"""Plans of removing images by reference, as literal texts."""

import pytest

from manager.disk.core.untagging import plan_untag
from manager.errors import ManagerError
from manager.model.images import Image
from manager.model.snapshot import Snapshot
from tests.unit.make import EPOCH, NGINX, REDIS, container, image

SHA = "sha256:" + "c" * 64


def plan(images: tuple[Image, ...], *names: str) -> str:
    return str(plan_untag(Snapshot((), images), names))


def test_the_last_reference_takes_the_image_with_it() -> None:
    assert plan((image("nginx:latest"),), "docker.io/library/nginx") == (
        "delete nginx:latest (image aaaaaaaaaaaa, 187MB including shared layers)"
    )


def test_one_of_two_references_frees_nothing_and_both_do() -> None:
    both = (image("nginx:latest", "web:v1"),)
    assert plan(both, "web:v1") == ("untag web:v1 (frees nothing: the image keeps nginx:latest)")
    assert plan(both, "web:v1", "nginx", "nginx") == (
        "untag web:v1 (frees nothing: the image is removed with nginx:latest)\n"
        "delete nginx:latest (image aaaaaaaaaaaa, 187MB including shared layers)"
    )


def test_an_image_pulled_by_digest_is_removed_by_digest() -> None:
    pulled = (image(digests=(f"nginx@{SHA}",)),)
    assert plan(pulled, f"nginx@{SHA}").startswith(f"delete nginx@{SHA} (image")


def test_an_id_removes_only_what_has_no_reference() -> None:
    assert plan((image(),), NGINX).startswith(f"delete {NGINX} (image")
    assert plan((image(),), "aaaaaaaaaaaa").startswith(f"delete {NGINX} (image")
    with pytest.raises(ManagerError, match="has references: nginx:latest"):
        plan((image("nginx:latest"),), "a" * 64)


@pytest.mark.parametrize("name", ["redis", "nginx:1.22", f"nginx@{SHA}", "f" * 64, "f" * 12])
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(ManagerError, match="there is no image"):
        plan((image("nginx:latest"),), name)


def test_an_image_in_use_is_refused_whatever_the_state_of_its_containers() -> None:
    users = (container("b", state="exited"), container("a"))
    with pytest.raises(ManagerError, match="nginx:latest is in use by a, b") as caught:
        plan_untag(Snapshot(users, (image("nginx:latest"),)), ("nginx",))
    assert caught.value.hint == "remove the containers first: dockmgr rm a b"


def test_a_second_tag_may_go_while_the_image_is_used_by_its_first() -> None:
    held = image("nginx:latest", "web:v1")
    snapshot = Snapshot((container("a", image="nginx"),), (held,))
    assert str(plan_untag(snapshot, ("web:v1",))).startswith("untag web:v1")
    with pytest.raises(ManagerError, match="in use by a"):
        plan_untag(snapshot, ("nginx",))
    with pytest.raises(ManagerError, match="in use by a"):
        plan_untag(snapshot, ("web:v1", "nginx"))


def test_other_images_users_do_not_count() -> None:
    snapshot = Snapshot((container("a", image_id=REDIS),), (image("nginx:latest"),))
    assert len(plan_untag(snapshot, ("nginx",)).steps) == 1


def test_what_goes_in_the_same_command_is_no_reason_to_stay() -> None:
    three = (image("app:1", "app:2", "app:latest"),)
    assert plan(three, "app:1", "app:2") == (
        "untag app:1 (frees nothing: the image keeps app:latest)\n"
        "untag app:2 (frees nothing: the image keeps app:latest)"
    )
    assert [line.partition(": ")[2] for line in plan(three, *three[0].tags).splitlines()[:2]] == [
        "the image is removed with app:latest)",
        "the image is removed with app:latest)",
    ]
    child = Image(REDIS, ("child:1",), EPOCH, 1, parent=NGINX)
    assert plan((*three, child), *three[0].tags).count("other images are built on it") == 3
