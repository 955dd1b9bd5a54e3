"""Pruning on real engines: what is said is what goes, and what went comes back."""

import json
import os
import pty
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from manager.engine.client import Engine
from manager.lab.state import Lab
from tests.command import PROGRAM, Command
from tests.engine.forest import Forest, noise
from tests.engine.orchard import Orchard, plant

FRUIT = ("apple*", "pear*", "cherry*")
Planting = Callable[..., Orchard]


@pytest.fixture
def planting(engine: Engine, lab: Lab) -> Iterator[Planting]:
    """Plants orchards, and removes what is left of them."""
    planted: list[Orchard] = []

    def made(pulled: int, local: int) -> Orchard:
        planted.append(plant(engine, lab, pulled, local))
        return planted[-1]

    yield made
    for container in engine.containers.list():
        engine.containers.remove(container.id, force=True)
    for orchard in planted:
        orchard.cut()


@pytest.fixture
def exact(lab: Lab) -> bool:
    """Whether this engine lets every byte be known."""
    return lab.flavour in {"20.10", "26", "28"}


def freed_as_predicted(data: dict[str, Any], *, exact: bool) -> bool:
    """Whether what was freed is what was said."""
    low, high, freed = data["frees"]["low"], data["frees"]["high"], data["freed"]
    if exact:
        return bool(low == high == freed)
    return bool(low - data["cached"]["high"] <= freed <= high)


def test_sixty_images_go_as_predicted_and_come_back(
    run: Command, planting: Planting, tmp_path: Path, exact: bool
) -> None:
    orchard = planting(40, 20)
    before = orchard.tags()
    assert len(set(before.values())) == 60
    data = run.ok("prune", *FRUIT, "--archive", str(tmp_path), "--yes", "--json").data
    assert freed_as_predicted(data, exact=exact), data["frees"] | {"freed": data["freed"]}
    assert data["freed"] > 60 * 3_000
    assert orchard.tags() == {}
    backs = [it["back_from"] for it in data["going"]]
    assert (backs.count("registry"), backs.count("archive")) == (40, 20)
    (saved,) = tmp_path.iterdir()
    assert saved.stat().st_mode & 0o077 == 0
    done = run.ok("undo", "--json").data
    assert all(it["back"] for it in done["outcomes"])
    assert orchard.tags() == before
    again = run("undo", str(done["prune"]))
    assert (again.code, "has no images left to recover" in again.err) == (
        0,
        True,
    ), again


def test_what_no_registry_has_stays_and_a_hint_says_what_would_take_it(
    run: Command, planting: Planting
) -> None:
    orchard = planting(2, 2)
    done = run.ok("prune", *FRUIT, "--yes")
    assert set(orchard.tags()) == {"pear0:1", "pear1:1", "cherry0:pale"}
    assert "2 more exist only locally" in done.err
    assert "recover images with: dockmgr undo" in done.err
    first, *_ = run.ok("history", "--json").data
    taken = run.ok("prune", *FRUIT, "--include-local", "--yes")
    assert "cannot be recovered: cherry0:pale and pear1:1" in taken.err
    assert orchard.tags() == {}
    lost = run("undo")
    assert (lost.code, lost.err.count(": no registry had it")) == (1, 3)
    run.ok("undo", str(first["id"]))
    assert set(orchard.tags()) == {"apple0:1", "apple1:1", "cherry0:red"}


def test_what_a_dry_run_shows_is_what_goes_and_nothing_goes_by_it(
    run: Command, planting: Planting
) -> None:
    orchard = planting(3, 0)
    before = orchard.tags()
    shown = run.ok("prune", "apple*", "--dry-run", "--json").data
    assert orchard.tags() == before
    assert shown["outcomes"] == []
    done = run.ok("prune", "apple*", "--yes", "--json").data
    assert [it["references"] for it in shown["going"]] == [it["references"] for it in done["going"]]
    assert shown["steps"] == done["steps"]
    removed = {it["target"] for it in done["outcomes"] if it["status"] == "done"}
    assert removed == {it["target"] for it in shown["steps"]}


def test_without_a_yes_nothing_goes(run: Command, planting: Planting) -> None:
    orchard = planting(1, 0)
    done = run("prune", "apple*")
    assert done.code == 1
    assert "add --yes" in done.err
    assert "apple0:1" in orchard.tags()


def test_a_container_started_after_the_plan_saves_its_image(
    run: Command, planting: Planting, engine: Engine, tmp_path: Path
) -> None:
    orchard = planting(3, 0)
    plan = tmp_path / "plan.json"
    run.ok("prune", "apple*", "--out", str(plan))
    assert len(orchard.tags()) == 4
    engine.containers.create("late", {"Image": "apple1:1", "Cmd": ["/none"]})
    done = run("apply", str(plan), "--yes")
    assert done.code == 5
    assert "skipped: apple1:1: late uses it now" in done.err, done.err
    assert set(orchard.tags()) == {"apple1:1", "cherry0:red"}


def test_what_has_changed_since_the_plan_is_left_alone(
    run: Command, planting: Planting, engine: Engine, lab: Lab, tmp_path: Path
) -> None:
    orchard = planting(5, 0)
    plan = tmp_path / "plan.json"
    run.ok("prune", "apple1", "apple2", "apple3", "apple4", "--out", str(plan))
    forest = Forest(engine, lab)
    run.ok("pin", "apple1:1")
    forest.tag("apple2:1", "cherry9:new")
    engine.images.remove("apple3:1")
    forest.tag("apple0:1", "apple3:1")
    done = run("apply", str(plan), "--yes", "--json")
    assert done.code == 5
    status = {it["target"]: (it["status"], it["error"]) for it in done.data["outcomes"]}
    assert status["apple1:1"] == ("skipped", "it is pinned now")
    assert status["apple2:1"][0] == "skipped"
    assert "cherry9:new" in status["apple2:1"][1]
    assert status["apple3:1"] == ("skipped", "apple3:1 is another image now")
    assert status["apple4:1"] == ("done", None)
    assert set(orchard.tags()) == {"apple0:1", "apple1:1", "apple2:1", "apple3:1", "cherry0:red"}
    run.ok("unpin", "apple1:1")
    engine.images.remove("cherry9:new")


def test_applying_twice_is_the_same_as_once(
    run: Command, planting: Planting, tmp_path: Path
) -> None:
    planting(2, 1)
    plan = tmp_path / "plan.json"
    run.ok("prune", *FRUIT, "--include-local", "--out", str(plan))
    run.ok("apply", str(plan), "--yes")
    again = run.ok("apply", str(plan), "--yes", "--json").data
    assert {it["status"] for it in again["outcomes"]} == {"gone already"}
    assert again["freed"] == 0


def test_a_plan_is_for_one_engine(run: Command, planting: Planting, tmp_path: Path) -> None:
    planting(1, 0)
    plan = tmp_path / "plan.json"
    run.ok("prune", "apple*", "--out", str(plan))
    data = json.loads(plan.read_text())
    plan.write_text(json.dumps({**data, "engine": "another"}))
    done = run("apply", str(plan), "--yes")
    assert (done.code, "another engine" in done.err) == (2, True)


def test_one_of_two_names_goes_and_comes_back(run: Command, planting: Planting) -> None:
    orchard = planting(1, 0)
    before = orchard.tags()
    done = run.ok("prune", "cherry0", "--yes", "--json").data
    assert done["freed"] == 0
    assert set(orchard.tags()) == {"apple0:1"}
    run.ok("undo")
    assert orchard.tags() == before


def test_a_name_that_has_moved_on_is_not_stolen_by_undo(
    run: Command, planting: Planting, engine: Engine, lab: Lab
) -> None:
    orchard = planting(3, 0)
    before = orchard.tags()
    run.ok("prune", "apple1", "--yes")
    Forest(engine, lab).tag("apple2:1", "apple1:1")
    done = run("undo")
    assert "another image has this name now" in done.err
    assert done.code == 1
    assert orchard.tags()["apple1:1"] == before["apple2:1"]
    assert engine.images.find(before["apple1:1"]) is not None
    engine.images.remove(before["apple1:1"])


def test_a_pinned_image_is_never_planned(run: Command, planting: Planting) -> None:
    orchard = planting(2, 0)
    assert run.ok("pin", "apple1:1", "--dry-run").out == "pin apple1:1\n"
    assert run.ok("pin").out == ""
    run.ok("pin", "apple1:1")
    assert run.ok("pin", "apple1:1", "--dry-run").out == "nothing to do\n"
    assert run.ok("unpin", "apple1:1", "--dry-run").out == "unpin apple1:1\n"
    beside = run.ok("pin", "--dry-run", "--explain")
    assert (beside.out, "docker has no pins" in beside.err) == ("apple1:1\n", True)
    instead = run.ok("pin", "apple0:1", "--dry-run", "--explain")
    assert instead.out.startswith("# docker has no pins")
    row = run.ok("unpin", "apple1:1", "--dry-run", "--json").data
    assert [(it["verb"], it["target"]) for it in row["steps"]] == [("unpin", "apple1:1")]
    assert run.ok("pin").out == "apple1:1\n"
    run.ok("prune", *FRUIT, "--free", "1TB", "--keep", "nginx", "--keep", "busybox", "--yes")
    assert set(orchard.tags()) == {"apple1:1"}
    run.ok("unpin", "apple1:1")
    assert run("unpin", "apple1:1").code == 1
    assert (run("pin", "nosuch").code, run("pin", "Bad Name").code) == (1, 2)
    run.ok("prune", *FRUIT, "--yes")
    assert orchard.tags() == {}


def test_stopped_containers_go_with_their_images(
    run: Command, planting: Planting, engine: Engine
) -> None:
    orchard = planting(2, 0)
    engine.containers.create("old", {"Image": "apple1:1", "Cmd": ["/none"]})
    done = run.ok("prune", *FRUIT, "--yes")
    assert set(orchard.tags()) == {"apple1:1"}
    assert sorted(line.split()[0] for line in done.out.splitlines()) == ["removed", "untagged"]
    run.ok("prune", "apple*", "--stopped-containers", "--stopped-for", "0s", "--yes")
    assert orchard.tags() == {}
    assert engine.containers.list() == ()


def test_a_stopped_container_that_stays_is_said_to_and_why(
    run: Command, planting: Planting, engine: Engine, tmp_path: Path
) -> None:
    planting(1, 0)
    young = engine.containers.create("young", {"Image": "apple0:1", "Cmd": ["/none"]})
    shown = run.ok("prune", "--stopped-containers", "--why", "--dry-run")
    stays = "keeping 1 container that was created less than 1d ago (see --stopped-for)"
    assert f"hint: {stays}\n" in shown.err
    assert "nothing to do\n" in shown.err
    (row,) = [line for line in shown.out.splitlines() if line.startswith("young ")]
    assert row.endswith(" ago, less than 1d (see --stopped-for)")
    told = run.ok("prune", "--stopped-containers", "--dry-run", "--json").data
    assert (told["steps"], told["notes"]) == ([], [stays])
    (stayed,) = told["staying_containers"]
    assert (stayed["id"], stayed["name"], stayed["state"]) == (young, "young", "created")
    script = run.ok("prune", "--stopped-containers", "--dry-run", "--explain")
    assert script.out == "# nothing to do, so there is no docker command\n"
    assert f"note: {stays}\n" in script.err
    plan = str(tmp_path / "plan.json")
    run.ok("prune", "--stopped-containers", "--out", plan)
    assert "nothing to do: this plan has no steps" in run.ok("apply", plan).err
    gone = run.ok("prune", "--stopped-containers", "--stopped-for", "0s", "--yes")
    assert (gone.out, "keeping" in gone.err) == ("removed container young\n", False)
    nothing = run.ok("prune", "nothing-is-called-this", "--why", "--keep", "x", "--dry-run")
    assert "young" not in nothing.out


def test_volumes_and_networks_go_only_if_named_and_unused(
    run: Command, engine: Engine, planting: Planting
) -> None:
    planting(1, 0)
    engine.api.create_volume("kept")
    engine.api.create_volume("idle")
    nameless = engine.api.create_volume()["Name"]
    engine.api.create_network("lonely")
    engine.api.create_network("used")
    engine.containers.create(
        "user",
        {
            "Image": "apple0:1",
            "Cmd": ["/none"],
            "HostConfig": {"Binds": ["kept:/data"], "NetworkMode": "used"},
        },
    )

    def there() -> tuple[set[str], set[str]]:
        volumes = {it["Name"] for it in engine.api.volumes()["Volumes"] or ()}
        networks = {it["Name"] for it in engine.api.networks()}
        return volumes & {"kept", "idle", nameless}, networks & {"lonely", "used"}

    everything = ({"kept", "idle", nameless}, {"lonely", "used"})
    run.ok("prune", "nothing-is-called-this", "--yes")
    assert there() == everything
    run.ok("prune", "--volumes", "--networks", "--yes")
    assert there() == ({"kept", "idle"}, {"used"})
    run.ok("prune", "--named-volumes", "--yes")
    assert there() == ({"kept"}, {"used"})
    engine.containers.remove(engine.containers.list()[0].id)
    run.ok("prune", "--named-volumes", "--networks", "--yes")
    assert there() == (set(), set())


def test_the_build_cache_goes_only_if_named(run: Command, engine: Engine, lab: Lab) -> None:
    if engine.is_podman:
        return  # it keeps none
    forest = Forest(engine, lab)
    forest.pull("busybox:latest")
    files = {"a": noise("cache a", 40_000)}
    forest.build_with_kit("kit:9", "FROM busybox\nCOPY a /a\nRUN echo x >/x\n", files)
    engine.images.remove("kit:9")
    shown = run.ok("prune", "--build-cache", "--dry-run", "--json").data
    (step,) = [it for it in shown["steps"] if it["verb"] == "clear"]
    assert step["target"] == "build cache"
    done = run.ok("prune", "--build-cache", "--yes")
    assert "cleared build cache, " in done.out
    left = run.ok("prune", "--build-cache", "--dry-run", "--json").data
    assert left["steps"] == []


def test_freeing_takes_the_least_recently_used_and_no_more_than_needed(
    run: Command, planting: Planting, engine: Engine, exact: bool
) -> None:
    orchard = planting(9, 0)
    run.ok("images")
    time.sleep(1.1)  # what is remembered is remembered to the second
    for number in (0, 3, 5):
        engine.containers.create(f"c{number}", {"Image": f"apple{number}:1", "Cmd": ["/none"]})
    run.ok("rm", "c0", "c3", "c5", "--yes")
    others = ("--keep", "nginx", "--keep", "busybox")
    done = run.ok("prune", "--free", "8kB", *others, "--yes", "--json").data
    left = {tag for tag in orchard.tags() if tag.startswith("apple")}
    assert {"apple0:1", "apple3:1", "apple5:1"} <= left
    if exact:
        # Each has 3600 bytes of its own: two are not enough, and four are not needed.
        assert (len(left), done["freed"]) == (6, 10_800)
    else:
        assert len(left) < 9


def test_the_history_tells_what_was_predicted_and_freed(run: Command, planting: Planting) -> None:
    planting(2, 0)
    done = run.ok("prune", "apple*", "--yes", "--json").data
    (row,) = [it for it in run.ok("history", "--json").data if it["id"] == done["prune"]]
    assert (row["freed"], row["state"]) == (done["freed"], "done")
    assert row["predicted"]["low"] == done["frees"]["low"]
    entries = run.ok("history", str(done["prune"]), "--json").data["entries"]
    assert {it["target"] for it in entries} == {"apple0:1", "apple1:1"}
    assert all(it["status"] == "done" and it["back"] for it in entries)
    run.ok("undo", str(done["prune"]))
    (row,) = [it for it in run.ok("history", "--json").data if it["id"] == done["prune"]]
    assert row["state"] == "undone"
    assert run("history", "99999").code == run("undo", "99999").code == 1


def answer(env: dict[str, str], answers: dict[str, str], *arguments: str) -> str:
    """Run the program at a terminal, and answer what it asks; all that the terminal showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments], env=env, stdin=theirs, stderr=theirs, stdout=theirs
    ) as program:
        os.close(theirs)
        shown, asked = "", 0
        while True:
            if not select.select([ours], [], [], 60)[0]:
                program.kill()
                raise AssertionError(shown)
            try:
                shown += os.read(ours, 4096).decode()
            except OSError:  # the other end is closed: the program has ended
                break
            for question, reply in answers.items():
                if question in shown[asked:]:
                    asked = len(shown)
                    os.write(ours, f"{reply}\n".encode())
    os.close(ours)
    return shown


def test_without_a_rule_it_offers_and_takes_only_what_was_chosen(
    run: Command, engine: Engine, lab: Lab, program_env: dict[str, str]
) -> None:
    forest = Forest(engine, lab)
    forest.pull("busybox:latest")
    for content in ("first", "second"):
        forest.build("mine:1", "FROM busybox\nCOPY m /m\n", {"m": noise(content, 3_000_000)})
    mine = engine.images.find("mine:1")
    assert mine is not None
    lost = [it.id for it in engine.images.list() if not it.tags and not it.digests]
    assert lost
    everything = len(engine.images.list())
    shown = answer(
        program_env,
        {
            "Remove anyway?": "n",
            "or Enter for none)": "",
            "Clear them?": "n",
            "image?": "n",
            "images?": "n",
        },
        "prune",
    )
    assert "nothing to do" in shown or "Cancelled." in shown
    assert len(engine.images.list()) == everything
    shown = answer(
        program_env,
        {
            "Remove anyway?": "y",
            "or Enter for none)": "",
            "Clear them?": "n",
            "image?": "y",
            "images?": "y",
        },
        "prune",
    )
    assert "cannot be recovered" in shown
    assert [engine.images.find(it) for it in lost] == [None] * len(lost)
    number = next(line.split()[0] for line in shown.splitlines() if "mine:1" in line)
    shown = answer(
        program_env,
        {"or Enter for none)": number, "Clear them?": "n", "image?": "y", "images?": "y"},
        "prune",
    )
    assert "removed mine:1" in shown
    assert engine.images.find(mine.id) is None
    assert engine.images.find("busybox:latest") is not None
    run.ok("images")


@pytest.fixture
def built(run: Command, planting: Planting, engine: Engine) -> Iterator[str]:
    """An image that was built on apple1 and exists nowhere else."""
    planting(2, 0)
    made = engine.api.create_container("apple1:1", ["/none"], name="builder")
    engine.api.commit(made["Id"], "pear9", "1")
    engine.containers.remove(made["Id"])
    yield "pear9:1"
    run("unpin", "pear9:1")
    engine.images.remove("pear9:1")


def test_nothing_goes_where_nothing_can_be_saved(run: Command, built: str, engine: Engine) -> None:
    refused = run("prune", "apple*", built, "--archive", "/proc/nowhere", "--yes")
    assert refused.code == 1
    assert "cannot save images to /proc/nowhere" in refused.err
    assert engine.images.find("apple1:1")


def test_what_another_was_built_on_stays_if_that_one_does(
    run: Command, built: str, engine: Engine, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    run.ok("prune", "apple1", built, "--include-local", "--out", str(plan))
    run.ok("pin", built)
    done = run("apply", str(plan), "--yes", "--json")
    assert done.code == 5
    found = engine.images.find("apple1:1")
    listed = next(it for it in engine.images.list_all() if built in it.tags)
    if listed.parent:
        # Else the engine does not know what it was built on, and nothing of it is lost.
        assert found is not None
        why = {it["target"]: it["error"] for it in done.data["outcomes"]}
        assert "an image that was built on it was not removed" in why["apple1:1"]
