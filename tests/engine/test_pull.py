"""Pulling for real: from the lab's registry, from a private one, and through trouble."""

import json
import re
import signal
import subprocess
import time
from io import StringIO
from pathlib import Path

import pytest

from manager.engine.client import Engine
from manager.lab.flavours import FLAVOURS
from manager.lab.state import Lab
from manager.references.reference import ImageReference
from tests.command import PROGRAM, Command
from tests.confidential import PASSWORD, USER
from tests.troubled_registry import Trouble, troubled

LOGIN = {"username": USER, "password": PASSWORD}


@pytest.fixture
def quick(tmp_path: Path) -> list[str]:
    """Options that make tries few and short; only the engine asks the registry."""
    config = tmp_path / "config.toml"
    config.write_text('[pull]\nattempts = 3\nbackoff = "0.05s"\nsizes = false\n', encoding="utf-8")
    return ["--config", str(config)]


@pytest.fixture
def absent(engine: Engine) -> None:
    """Every image is gone from the engine, but those that containers use."""
    used = {container.image_id for container in engine.containers.list()}
    for image in engine.images.list():
        if image.id not in used:
            for name in image.tags or [image.id]:
                engine.images.remove(name)


@pytest.mark.usefixtures("absent")
def test_several_at_once_and_again(run: Command, engine: Engine) -> None:
    first = run.ok("pull", "nginx", "busybox", "docker.io/library/nginx:latest", "--json")
    assert [row["status"] for row in first.data] == ["pulled", "pulled"]
    assert [row["reference"] for row in first.data] == [
        "docker.io/library/nginx:latest",
        "docker.io/library/busybox:latest",
    ]
    for row in first.data:
        found = engine.images.find(row["reference"])
        assert found
        assert row["id"] == found.id
        assert row["digest"].startswith("sha256:")
    again = run.ok("pull", "nginx")
    assert again.out.startswith("nginx:latest: already up to date, ")


@pytest.mark.usefixtures("absent")
def test_quiet_says_only_what_was_pulled(run: Command) -> None:
    result = run.ok("pull", "-q", "nginx", "busybox")
    assert result.out.split() == [
        "docker.io/library/nginx:latest",
        "docker.io/library/busybox:latest",
    ]
    assert result.err == ""
    run.ok("rmi", "nginx", "busybox", "--yes")


def test_by_digest(run: Command, engine: Engine) -> None:
    (row,) = run.ok("pull", "busybox", "--json").data
    run.ok("rmi", "busybox", "--yes")
    name = f"busybox@{row['digest']}"
    run.ok("pull", name)
    run.ok("spawn", name, "--", "sleep", "600")
    assert run.ok("images", "--json").data[0]["containers"] == ["busybox1"]
    assert [container.state for container in engine.containers.list()] == ["running"]


@pytest.mark.usefixtures("absent")
def test_dry_run_pulls_nothing(run: Command) -> None:
    planned = run.ok("pull", "nginx", "--dry-run").out
    assert planned.startswith("pull nginx:latest (from docker.io)\nnote: nginx:latest: 17.9MB to ")
    assert re.search(r"note: [0-9.]+GB free on the engine's disk\n", planned)
    assert run.ok("images", "--json").data == []


def test_one_that_fails_does_not_stop_the_others(run: Command, lab: Lab) -> None:
    result = run("pull", "busybox", f"{lab.registry}/library/busybox:nosuch")
    assert result.code == 5
    assert "busybox:latest" in result.out
    assert f"error: {lab.registry} has no {lab.registry}/library/busybox:nosuch" in result.err
    assert "hint: list its tags: dockmgr tags" in result.err


def test_a_name_that_the_lab_does_not_have(run: Command, lab: Lab) -> None:
    result = run("pull", "nosuchimage")
    assert result.code == 4
    assert f"the registry of lab {lab.name!r} has no nosuchimage:latest" in result.err
    assert "labs have no internet access" in result.err
    assert "hint: see what it has: dockmgr lab status" in result.err


def test_a_private_registry_wants_a_login_and_takes_the_one_docker_keeps(
    run: Command, engine: Engine, private: str
) -> None:
    run.ok("pull", "busybox")
    engine.api.tag("busybox", f"{private}/team/busybox", "v1")
    for line in engine.api.push(
        f"{private}/team/busybox", "v1", auth_config=LOGIN, stream=True, decode=True
    ):
        assert "error" not in line, line
    run.ok("rmi", f"{private}/team/busybox:v1", "--yes")
    refused = run("pull", f"{private}/team/busybox:v1")
    assert refused.code == 4
    assert f"{private} requires a login" in refused.err
    assert f"hint: log in with: dockmgr login {private}" in refused.err
    run.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {private: LOGIN}})
    allowed = run.ok("pull", f"{private}/team/busybox:v1", "--json")
    assert allowed.data[0]["status"] == "pulled"
    missing = run("pull", f"{private}/team/busybox:v2")
    assert f"{private} has no {private}/team/busybox:v2" in missing.err
    run.ok("rmi", f"{private}/team/busybox:v1", "--yes")


def test_a_login_is_tried_and_pulls_find_it(
    run: Command,
    engine: Engine,
    private: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run.ok("pull", "busybox")
    name = f"{private}/team/busybox"
    engine.api.tag("busybox", name, "v3")
    for line in engine.api.push(name, "v3", auth_config=LOGIN, stream=True, decode=True):
        assert "error" not in line, line
    run.ok("rmi", f"{name}:v3", "--yes")
    run.env["DOCKER_CONFIG"] = str(tmp_path)
    # Podman does not tell which registries need no TLS.
    config = tmp_path / "config.toml"
    config.write_text(f'[registries]\ninsecure = ["{private}"]\n', encoding="utf-8")
    user = ("--username", USER, "--password-stdin")
    login = ("--config", str(config), "login", private, *user)
    monkeypatch.setattr("sys.stdin", StringIO("wrong"))
    refused = run(*login, "--insecure-plaintext")
    assert refused.code == 4
    assert not (tmp_path / "config.json").exists()
    monkeypatch.setattr("sys.stdin", StringIO(PASSWORD))
    done = run.ok(*login, "--insecure-plaintext")
    assert done.out.startswith(f"logged in to {private} as learner, saved in config.json")
    assert run.ok("pull", f"{name}:v3", "--json").data[0]["status"] == "pulled"
    rows = {row["registry"]: row for row in run.ok("registries", "--json").data}
    assert (rows[private]["username"], rows[private]["images"]) == ("learner", 1)
    run.ok("logout", private)
    run.ok("rmi", f"{name}:v3", "--yes")
    assert run("pull", f"{name}:v3").code == 4


@pytest.mark.usefixtures("absent")
def test_a_registry_that_is_unwell_for_a_moment(run: Command, lab: Lab, quick: list[str]) -> None:
    with troubled(lab.gateway, Trouble(lab.registry, refuse=4)) as address:
        done = run.ok(*quick, "pull", f"{address}/library/busybox")
    # An engine may have tried some of these again by itself.
    assert "temporary failure; trying again in 0.05 s (2 of 3)" in done.err
    run.ok("rmi", f"{address}/library/busybox", "--yes")


@pytest.mark.usefixtures("absent")
def test_downloads_that_are_cut_are_tried_again(run: Command, lab: Lab, quick: list[str]) -> None:
    with troubled(lab.gateway, Trouble(lab.registry, cut=3)) as address:
        run.ok(*quick, "pull", f"{address}/library/nginx")
    run.ok("rmi", f"{address}/library/nginx", "--yes")


def test_too_many_pulls(run: Command, lab: Lab, quick: list[str]) -> None:
    trouble = Trouble(lab.registry, refuse=1000, status=429)
    with troubled(lab.gateway, trouble) as address:
        refused = run(*quick, "pull", f"{address}/library/busybox")
    assert refused.code == 4
    assert f"{address} refuses {address}/library/busybox:latest: too many pulls" in refused.err


def test_a_registry_that_is_not_there(run: Command, lab: Lab, quick: list[str]) -> None:
    refused = run(*quick, "pull", f"{lab.gateway}:1/busybox")
    assert refused.code == 4
    assert "(3 of 3)" in refused.err
    assert f"pulling {lab.gateway}:1/busybox:latest from {lab.gateway}:1 failed" in refused.err


@pytest.mark.usefixtures("absent")
def test_a_missing_image_is_pulled_by_spawn_and_a_failure_makes_nothing(
    run: Command, engine: Engine
) -> None:
    failed = run("spawn", "nosuchimage", "-n", "2")
    assert failed.code == 4
    before = len(engine.containers.list())
    run.ok("spawn", "busybox", "--", "sleep", "600")
    assert len(engine.containers.list()) == before + 1


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("pause", [0.2, 20], ids=["slow", "stalled"])
def test_ctrl_c_ends_it_promptly(lab: Lab, program_env: dict[str, str], pause: float) -> None:
    with (
        troubled(lab.gateway, Trouble(lab.registry, trickle=pause)) as address,
        subprocess.Popen(
            [*PROGRAM, "pull", f"{address}/library/nginx"],
            env=program_env,
            stderr=subprocess.PIPE,
            text=True,
        ) as pull,
    ):
        assert pull.stderr
        while "pulling" not in pull.stderr.readline():
            assert pull.poll() is None
        pull.send_signal(signal.SIGINT)
        begun = time.monotonic()
        assert pull.wait(timeout=10) == 130
        assert time.monotonic() - begun < 5
        assert pull.stderr.read().endswith("interrupted\n")


# Podman pushes nowhere without TLS that it was not told of.
@pytest.mark.parametrize("lab", [it for it in FLAVOURS if it != "podman"], indirect=True)
def test_a_registry_of_ones_own_inside_the_lab_is_asked_for_sizes(
    run: Command, engine: Engine
) -> None:
    """It is published at the loopback of the engine's machine, which here is the lab."""
    name = "localhost:15001/box:1"
    run.ok("spawn", "registry", "--publish", "15001:5000", "--wait-http", "/v2/")
    run.ok("pull", "busybox")
    engine.images.tag("busybox:latest", ImageReference.parse(name))
    run.ok("push", name)
    engine.images.remove(name)
    try:
        asked = run.ok("pull", name, "--dry-run")
        assert "unknown" not in asked.err + asked.out
        assert run.ok("inspect", name, "--json").data
    finally:
        run.ok("rm", "registry", "--volumes", "--yes", "-t", "0")
