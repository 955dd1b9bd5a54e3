"""Plans of giving names, as literal texts."""

import pytest

from manager.errors import ExitCode, ManagerError
from manager.registry.core.tag_plan import plan_tag
from tests.unit.make import NGINX, REDIS, image

SHA = "sha256:" + "c" * 64
IMAGES = (
    image("nginx:latest", "web:1", digests=(f"nginx@{SHA}",)),
    image("redis:latest", "odd__Name", "cache:1", image_id=REDIS),
)


def test_new_names_are_given_in_order_and_each_once() -> None:
    tagging = plan_tag(IMAGES, "nginx", ["b:2", "a.io/x", "docker.io/library/b:2"])
    assert (
        str(tagging.plan) == "tag b:2 (image aaaaaaaaaaaa)\ntag a.io/x:latest (image aaaaaaaaaaaa)"
    )
    assert (tagging.image.id, tagging.moves) == (NGINX, ())


@pytest.mark.parametrize("source", [NGINX, "a" * 12, f"nginx@{SHA}", "docker.io/library/web:1"])
def test_an_image_is_found_by_any_of_its_names(source: str) -> None:
    assert plan_tag(IMAGES, source, ["x"]).image.id == NGINX


def test_who_loses_a_name_is_said() -> None:
    tagging = plan_tag(IMAGES, "nginx", ["redis"])
    assert str(tagging.plan) == (
        "tag redis:latest (image aaaaaaaaaaaa; image bbbbbbbbbbbb loses it "
        "and keeps cache:1, odd__Name)"
    )
    assert tagging.moves == ("redis:latest",)
    both = plan_tag(IMAGES, "redis", ["nginx", "web:1"])
    assert str(both.plan).count("and is left untagged") == 2


def test_a_name_that_it_has_is_left_alone() -> None:
    tagging = plan_tag(IMAGES, "nginx", ["web:1"])
    assert str(tagging.plan) == "nothing to do\nnote: web:1 already names this image"


@pytest.mark.parametrize(
    ("source", "target", "message", "code"),
    [
        ("nginx", f"x@{SHA}", "has a digest, which cannot be chosen", ExitCode.USAGE),
        ("nginx", "Bad Name", "cannot contain ' '", ExitCode.USAGE),
        ("nosuch", "x", "there is no image nosuch", ExitCode.FAILED),
        ("f" * 64, "x", "there is no image ffff", ExitCode.FAILED),
        ("Bad Name", "x", "cannot contain ' '", ExitCode.USAGE),
    ],
)
def test_what_cannot_be_done(source: str, target: str, message: str, code: ExitCode) -> None:
    with pytest.raises(ManagerError, match=message) as caught:
        plan_tag(IMAGES, source, ["good", target])
    assert caught.value.exit_code is code
