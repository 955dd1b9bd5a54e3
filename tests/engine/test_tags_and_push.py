"""Names, pushes, tags, and what is newer: real engines and registries, with a login and without."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from manager.engine.client import Engine
from manager.lab.state import Lab
from manager.registry.core.manifests import INDEX_MEDIA_TYPES, MANIFEST_MEDIA_TYPES, OCI_INDEX
from tests.command import PROGRAM, Command
from tests.confidential import PASSWORD, USER
from tests.engine.forest import Forest, digest, publish
from tests.troubled_registry import Trouble, troubled

LOGIN = {"username": USER, "password": PASSWORD}
ACCEPT = {"Accept": ",".join((*INDEX_MEDIA_TYPES, *MANIFEST_MEDIA_TYPES))}


@pytest.fixture(autouse=True)
def busybox(run: Command, engine: Engine) -> Iterator[None]:
    """The engine has busybox, and no other name when the test is done."""
    run.ok("pull", "busybox")
    before = {tag for image in engine.images.list() for tag in image.tags}
    yield
    for tag in [tag for image in engine.images.list() for tag in image.tags]:
        if tag not in before:
            engine.images.remove(tag)


@pytest.fixture
def quick(tmp_path: Path) -> list[str]:
    """Options that make tries few and short."""
    config = tmp_path / "config.toml"
    config.write_text('[pull]\nattempts = 2\nbackoff = "0.05s"\n', encoding="utf-8")
    return ["--config", str(config)]


def there(lab: Lab, path: str, tag: str) -> str:
    """The digest that the lab's registry has under a tag."""
    url = f"http://{lab.registry}/v2/{path}/manifests/{tag}"
    answer = requests.head(url, headers=ACCEPT, timeout=10)
    assert answer.ok, answer.status_code
    return answer.headers["Docker-Content-Digest"]


def put_index(lab: Lab, path: str, tag: str, note: str) -> str:
    """Put a list of platforms with one image of a repository under a tag of it; its digest."""
    base = f"http://{lab.registry}/v2/{path}/manifests"
    manifest = requests.get(f"{base}/base", headers=ACCEPT, timeout=10)
    row = {
        "mediaType": manifest.headers["Content-Type"],
        "digest": digest(manifest.content),
        "size": len(manifest.content),
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    index = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [row],
            "annotations": {"note": note},
        }
    ).encode()
    headers = {"Content-Type": OCI_INDEX}
    assert requests.put(f"{base}/{tag}", data=index, headers=headers, timeout=10).ok
    return digest(index)


def names(engine: Engine) -> dict[str, str]:
    """All tags on the engine and the ids of their images."""
    return {tag: image.id for image in engine.images.list() for tag in image.tags}


def test_several_names_at_once_and_a_name_that_moves(run: Command, engine: Engine) -> None:
    run.ok("pull", "hello-world")
    done = run.ok("tag", "busybox", "mine:1", "r.example:5000/a/b", "--json").data
    assert [(row["target"], row["status"]) for row in done["outcomes"]] == [
        ("mine:1", "done"),
        ("r.example:5000/a/b:latest", "done"),
    ]
    have = names(engine)
    assert have["mine:1"] == have["r.example:5000/a/b:latest"] == have["busybox:latest"]
    assert "mine:1 already names this image" in run.ok("tag", "mine:1", "mine:1").err
    short = have["hello-world:latest"].removeprefix("sha256:")[:12]
    refused = run("tag", short, "mine:1", "mine:2")
    assert refused.code == 1
    assert "loses it and keeps busybox:latest, r.example:5000/a/b:latest" in refused.err
    assert "error: nothing was tagged: a confirmation needs a terminal" in refused.err
    shown = run.ok("tag", short, "mine:1", "mine:2", "--dry-run")
    assert shown.out.startswith("tag mine:1 (image ")
    assert names(engine) == have
    assert run.ok("tag", short, "mine:1", "mine:2", "--yes").out == "tagged mine:1\ntagged mine:2\n"
    assert names(engine)["mine:1"] == have["hello-world:latest"]


def test_a_bad_name_is_refused_before_anything_is_done(run: Command, engine: Engine) -> None:
    before = names(engine)
    for bad in ("Upper/Case:1", "mine@sha256:" + "a" * 64, "mine:bad tag"):
        assert run("tag", "busybox", "good:1", bad).code == 2
    assert run("tag", "nosuch", "good:1").code == 1
    assert names(engine) == before


def test_a_push_tells_its_digest_and_the_second_sends_nothing(run: Command, lab: Lab) -> None:
    targets = [f"{lab.registry}/push/{name}:v1" for name in ("one", "two")]
    run.ok("tag", "busybox", *targets)
    shown = run.ok("push", *targets, "--dry-run")
    assert shown.out.count(f"to {lab.registry}") == 2
    first = run.ok("push", *targets, "--json").data
    for row, path in zip(first, ("push/one", "push/two"), strict=True):
        assert (row["status"], row["error"]) == ("pushed", None)
        assert row["digest"] == there(lab, path, "v1")
        assert row["manifest_size"] > 100
    assert run.ok("push", "-q", targets[1]).out == f"{targets[1]}\n"
    again = run.ok("push", targets[0])
    assert again.out.startswith(f"{targets[0]}: pushed, {first[0]['digest']}, manifest of ")
    if lab.flavour != "podman":
        assert again.out.endswith(", all layers already there\n")


def test_what_was_pushed_from_here_is_current_also_where_only_a_part_of_it_was(
    run: Command, lab: Lab
) -> None:
    publish(lab.registry)
    run.ok("pull", "two:1")
    target = f"{lab.registry}/push/two:1"
    run.ok("tag", "two:1", target)
    pushed = run.ok("push", target)
    assert ("only the platform that is here was pushed" in pushed.err) is (
        lab.flavour == "28-containerd"
    )
    (row,) = run.ok("outdated", target, "--json").data
    assert (row["status"], row["digest"]) == ("current", there(lab, "push/two", "1"))
    (tag,) = run.ok("tags", target, "--long", "--json").data["tags"]
    assert tag["here"]["current"]
    assert run.ok("inspect", target, "--json").data["local"]["current"]


def test_what_is_not_here_is_refused_before_anything_is_sent(run: Command, lab: Lab) -> None:
    target = f"{lab.registry}/never/sent:v1"
    run.ok("tag", "busybox", target)
    refused = run("push", target, f"{lab.registry}/no/such:v1")
    assert refused.code == 1
    assert "nothing was pushed" in refused.err
    assert "hint: tag one first: dockmgr tag IMAGE" in refused.err
    url = f"http://{lab.registry}/v2/never/sent/tags/list"
    assert requests.get(url, timeout=10).status_code == 404
    assert run("push", f"{target}@sha256:{'a' * 64}").code == 2


def test_a_private_registry_wants_a_login_and_takes_the_one_docker_keeps(
    run: Command, lab: Lab, private: str
) -> None:
    good, target = f"{lab.registry}/push/three:v1", f"{private}/team/pushed:v1"
    run.ok("tag", "busybox", good, target)
    refused = run("push", target, good)
    assert refused.code == 5
    assert f"error: {private} requires a login to push {target}" in refused.err
    assert f"hint: log in with: dockmgr login {private}" in refused.err
    assert f"{good}: pushed" in refused.out
    run.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {private: LOGIN}})
    run.ok("push", target)


def test_a_registry_that_is_not_there_is_tried_again(
    run: Command, lab: Lab, quick: list[str]
) -> None:
    target = f"{lab.gateway}:1/a"
    run.ok("tag", "busybox", target)
    refused = run(*quick, "push", target)
    assert refused.code == 4
    assert "trying again in 0.05 s (2 of 2)" in refused.err
    assert f"error: pushing {target}:latest to {lab.gateway}:1 failed: " in refused.err


def test_a_lab_has_no_way_to_docker_hub(run: Command, lab: Lab) -> None:
    refused = run("push", "busybox")
    assert refused.code == 4
    assert (
        f"busybox:latest cannot be pushed: lab {lab.name!r} cannot reach Docker Hub" in refused.err
    )


def test_the_digest_that_an_engine_keeps_is_what_its_registry_tells(
    run: Command, lab: Lab, engine: Engine
) -> None:
    path, name = "fresh/app", f"{lab.registry}/fresh/app"
    run.ok("tag", "busybox", f"{name}:base")
    run.ok("push", f"{name}:base")
    engine.images.remove(f"{name}:base")
    for tag in ("1.0", "1.0-alpine"):
        put_index(lab, path, tag, "first")
    run.ok("pull", f"{name}:1.0", f"{name}:base")

    def told(*options: str) -> dict[str, Any]:
        rows = run.ok("outdated", name, *options, "--json").data
        return {row["reference"].rpartition(":")[2]: row for row in rows}

    assert {tag: row["status"] for tag, row in told().items()} == {
        "1.0": "current",
        "base": "current",
    }
    moved = put_index(lab, path, "1.0", "second")
    put_index(lab, path, "1.1", "second")
    row = told()["1.0"]
    assert (row["status"], row["digest"]) == ("outdated", moved)
    assert (row["newer"], row["newer_same_major"]) == ("1.1", "1.1")
    assert told("--no-versions")["1.0"]["newer"] is None
    shown = run.ok("outdated", name)
    assert [line.split() for line in shown.out.splitlines()] == [
        ["IMAGE", "THIS", "TAG", "NEWEST", "TAG", "SAME", "MAJOR"],
        [f"{name}:1.0", "updated", "1.1"],
    ]
    assert "1 of 2 tags outdated, 1 up to date" in shown.err
    assert f"hint: update them with: dockmgr pull {name}:1.0" in shown.err
    run.ok("pull", f"{name}:1.0")
    assert told()["1.0"]["status"] == "current"
    tags = run.ok("tags", name, "--long", "--json").data
    assert [(it["tag"], it["here"] and it["here"]["current"]) for it in tags["tags"]] == [
        ("1.1", None),
        ("1.0", True),
        ("1.0-alpine", None),
        ("base", True),
    ]
    assert all(it["download"] > 1000 and it["digest"] and not it["why"] for it in tags["tags"])


def test_what_was_built_here_is_no_outdated_image(run: Command, engine: Engine, lab: Lab) -> None:
    forest = Forest(engine, lab)
    forest.build("made-here:1", "FROM busybox\nLABEL a=b\n")
    forest.build("nginx:stable", "FROM busybox\nLABEL a=c\n")
    ours, like_another = run.ok("outdated", "made-here", "nginx:stable", "--json").data
    assert (ours["status"], like_another["newer"]) == ("local", None)
    assert "built or tagged locally" in ours["why"]
    if lab.flavour in {"28-containerd", "podman"}:
        # These engines give digests to what they build; only the registry knows better.
        assert like_another["status"] == "unknown"
        assert like_another["why"].startswith("docker.io has another image under this name")
    else:
        assert like_another["status"] == "local"
    shown = run.ok("outdated", "made-here").out
    assert shown.splitlines()[0].split() == ["UNKNOWN", "WHY"]


def test_ctrl_c_ends_a_push_promptly(lab: Lab, program_env: dict[str, str], run: Command) -> None:
    target = f"{lab.gateway}:1/a"
    run.ok("tag", "busybox", target)
    with subprocess.Popen(
        [*PROGRAM, "push", target], env=program_env, stderr=subprocess.PIPE, text=True
    ) as push:
        assert push.stderr
        while "trying again" not in push.stderr.readline():
            assert push.poll() is None
        push.send_signal(signal.SIGINT)
        assert push.wait(timeout=5) == 130
        assert push.stderr.read().endswith("interrupted\n")


@pytest.mark.parametrize("lab", ["28"], indirect=True)
def test_a_registry_that_is_gone_leaves_its_images_unknown(
    run: Command, lab: Lab, engine: Engine
) -> None:
    with troubled(lab.gateway, Trouble(lab.registry)) as address:
        run.ok("pull", f"{address}/library/busybox")
    some = run("outdated", "busybox", f"{address}/library/busybox")
    assert some.code == 5
    assert f"registry {address} cannot be reached" in some.out
    assert "0 of 2 tags outdated, 1 up to date, 1 unknown" in some.err
    assert len(names(engine)) >= 2
