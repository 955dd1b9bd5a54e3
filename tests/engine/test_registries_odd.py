"""Servers that are no registries, or behave like none: neither engine nor look-up is misled."""

import json
import time
from pathlib import Path

import pytest

from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from tests import odd_servers as odd
from tests.command import Command
from tests.engine.forest import archive, local_image, noise, packed_image
from tests.lab_fixtures import LabFactory
from tests.registry_server import Handler
from tests.registry_world import ELSEWHERE, ODD, World
from tests.troubled_registry import Trouble

NAME = f"{ODD}/odd/app:v1"
LONGEST = 20
"""Seconds: a look-up gives up after 15."""


@pytest.fixture(scope="module")
def lab(start_lab: LabFactory) -> Lab:
    """One engine is enough: what it says of a server is not of the program's making."""
    return start_lab(DEFAULT_FLAVOUR)


@pytest.fixture
def run(run: Command, tmp_path: Path) -> Command:
    """The program, which leaves the asking to the engine."""
    config = tmp_path / "config.toml"
    config.write_text('[pull]\nattempts = 2\nbackoff = "0.05s"\nsizes = false\n', encoding="utf-8")
    run.env["DOCKMGR_CONFIG"] = str(config)
    return run


@pytest.fixture(autouse=True)
def there(run: Command, world: World, tmp_path: Path) -> None:
    """The engine has an image of a registry that is about to become odd."""
    made = packed_image(tmp_path, [archive({"a": noise("odd", 1_000)})], "amd64")
    world.push(local_image("odd/app", "v1", made))
    with world.served(ODD, Trouble(world.plain)):
        run.ok("pull", NAME)


def why_it_stays(world: World) -> str:
    """What the registry said when it was asked whether it has the image."""
    begun = time.monotonic()
    found = world.run("prune", NAME, "--dry-run", "--why", "--json").data
    assert time.monotonic() - begun < LONGEST
    assert found["going"] == []
    ((why,),) = (it["why"] for it in found["staying"] if NAME in it["tags"])
    return str(why)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (odd.web_site, f"{ODD} is not a registry: it answers with a web page"),
        (odd.sending_to(f"https://{ELSEWHERE}"), f"{ODD} is not a registry"),
        (odd.round_and_round, "redirects in an endless loop"),
        (odd.nonsense, "sent something other than what was asked for"),
        (odd.endless, "sent an endless answer"),
        (odd.trickling(0.5), "does not answer in time"),
        (odd.noise, "cannot be reached"),
        (odd.saying(429, "TOOMANYREQUESTS", Retry_After="20"), "has had too many requests"),
        (odd.saying(500, "UNKNOWN"), "answers 500"),
    ],
    ids=["pages", "sends to pages", "round", "nonsense", "endless", "slow", "noise", "429", "500"],
)
def test_a_look_up_says_what_is_odd(world: World, answer: Handler, why: str) -> None:
    with world.served(ODD, answer), world.served(ELSEWHERE, odd.web_site):
        assert why in why_it_stays(world)


@pytest.mark.parametrize(
    "answer",
    [
        odd.web_site,
        odd.sending_to(f"https://{ELSEWHERE}"),
        odd.round_and_round,
        odd.nonsense,
        odd.noise,
        odd.saying(429, "TOOMANYREQUESTS", Retry_After="1"),
        odd.saying(500, "UNKNOWN"),
    ],
    ids=["pages", "sends to pages", "round", "nonsense", "noise", "429", "500"],
)
def test_a_pull_fails_in_one_sentence(run: Command, world: World, answer: Handler) -> None:
    with world.served(ODD, answer), world.served(ELSEWHERE, odd.web_site):
        refused = run("pull", NAME)
    assert refused.code == 4
    last = refused.err.splitlines()[-2:]
    assert last[0].startswith("error: ")
    assert last[1].startswith("hint: ")
    assert refused.err.count("error: ") == 1


def test_what_it_sends_is_counted_to_the_byte(run: Command, world: World, tmp_path: Path) -> None:
    made = packed_image(tmp_path, [archive({"a": noise("counted", 200_000)})], "amd64")
    world.push(local_image("odd/counted", "v1", made))
    with world.counting(ODD) as counted:
        run.ok("pull", f"{ODD}/odd/counted:v1")
        before = counted.sent.copy()
        run.ok("pull", f"{ODD}/odd/counted:v1")
    manifest = json.loads(made[0])
    assert before["configs"] == manifest["config"]["size"]
    assert before["layers"] == manifest["layers"][0]["size"]
    # The second time the engine asks for no more than the digest, and whether it is a registry.
    assert set(counted.sent - before) <= {"else"}
