"""The commands on labs, as a person types them; and the lab that is used where no engine is."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from manager.cli.session import Session
from manager.errors import ManagerError
from manager.lab import lifecycle, state
from tests import docker_client
from tests.command import Command

pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture
def run(
    host_tools: None,
    private_folders: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Command]:
    """The program, with no engine chosen and no lab up."""
    del host_tools, private_folders
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    yield Command(capsys, os.environ)
    for name in ("lab", "other"):
        lifecycle.end_lab(name)


def docker(*words: str) -> str:
    """The docker command itself, from the root file system of the lab."""
    return subprocess.run(
        [docker_client.docker(), *words], capture_output=True, text=True, check=True
    ).stdout


def test_a_labs_life(run: Command, tmp_path: Path) -> None:
    up = run.ok("lab", "up")
    assert up.out == ""
    assert "lab 'lab' is up: engine 28, registry 10.213." in up.err
    assert "access to its socket means root access to this machine" in up.err
    (status,) = run.ok("lab", "status", "--json").data
    assert (status["name"], status["engine"]) == ("lab", "28")
    assert status["version"].startswith("28.")
    assert "library/nginx:latest" in status["registry_images"]
    assert docker("--context", "dockmgr-lab", "ps", "--quiet") == ""
    run.env["DOCKER_HOST"] = status["host"]
    run.ok("spawn", "busybox", "--", "sleep", "600")
    assert run.ok("lab", "status", "--json").data[0]["containers"] == 1
    assert "is up" in run.ok("lab", "up").err
    assert run("lab", "reset").code == 1  # nobody to ask
    assert "reset lab" in run.ok("lab", "reset", "--yes").err
    assert run.ok("ls", "--json").data == []
    assert "removed lab" in run.ok("lab", "down").err
    assert "there was no lab" in run.ok("lab", "down").err
    assert run.ok("lab", "status", "--json").data == []
    assert not (tmp_path / "docker").exists()
    assert list((tmp_path / "s/dockmgr/labs").iterdir()) == []


def test_the_environment_is_for_a_shell(run: Command) -> None:
    assert run("lab", "env").code == 1
    lab = run.ok("lab", "up", "--json").data
    shown = run.ok("lab", "env").out
    script = shown + 'printf "%s" "$DOCKER_HOST"'
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == lab["host"] == run.ok("lab", "env", "--json").data["DOCKER_HOST"]
    assert shlex.split(shown)[0] == "export"


def test_what_is_said_of_labs_and_contexts_changes_with_them(run: Command) -> None:
    def said(word: str) -> str:
        return " ".join(run.ok("explain", word).out.split())

    assert "No lab is up" in said("lab")
    assert "Contexts here: default. This command used no context" in said("context")
    lab = run.ok("lab", "up", "--json").data
    run.env["DOCKER_HOST"] = lab["host"]
    assert "Labs that are up: lab. This command used lab" in said("lab")
    assert "This command used no context" in said("context")
    del run.env["DOCKER_HOST"]
    run.env["DOCKER_CONTEXT"] = "dockmgr-lab"
    assert "Contexts here: default, dockmgr-lab. This command used dockmgr-lab;" in (
        said("context")
    )
    assert f"itsengineisat{lab['host']}" in said("context").replace(" ", "")
    run.ok("lab", "down")
    del run.env["DOCKER_CONTEXT"]
    assert "No lab is up" in said("lab")
    assert "Contexts here: default. " in said("context")


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["lab", "up", "--engine", "19.03"], 2, "'19.03' is not a valid lab engine"),
        (["lab", "up", "--name", "Not/This"], 2, "is not a valid lab name"),
        (["lab", "down", "--name", ".."], 2, "is not a valid lab name"),
        (["lab", "reset", "--yes"], 1, "lab 'lab' is not up"),
        (["lab", "env", "--name", "none"], 1, "lab 'none' is not up"),
    ],
)
def test_what_cannot_be(run: Command, argv: list[str], code: int, message: str) -> None:
    refused = run(*argv)
    assert refused.code == code
    assert message in refused.err
    assert "hint: " in refused.err


def test_a_lab_is_used_only_where_nothing_is_named_and_no_engine_is(
    run: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent, present = tmp_path / "none.sock", tmp_path / "there.sock"
    present.touch()
    plain = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    assert Session(plain, default_socket=absent).endpoint.host == f"unix://{absent}"
    lab = run.ok("lab", "up", "--json").data
    assert Session(plain, default_socket=absent).endpoint.host == lab["host"]
    assert "using the lab 'lab': no engine is installed here" in capsys.readouterr().err
    assert Session(plain, default_socket=present).endpoint.host == f"unix://{present}"
    named = {**plain, "DOCKER_HOST": "tcp://127.0.0.1:1"}
    assert Session(named, default_socket=absent).endpoint.host == "tcp://127.0.0.1:1"
    run.ok("lab", "up", "--name", "other")
    with pytest.raises(ManagerError, match="several labs are up") as caught:
        _ = Session(plain, default_socket=absent).endpoint
    assert "dockmgr-lab, dockmgr-lab-other" in caught.value.hint


def test_a_lab_whose_engine_does_not_answer_is_still_shown(run: Command) -> None:
    run.ok("lab", "up")
    lab = state.find_running_lab("lab")
    assert lab
    lab.socket.unlink()
    assert "not answering" in run.ok("lab", "status").out


def test_a_context_of_somebody_elses_is_left_alone(run: Command, tmp_path: Path) -> None:
    docker("--config", str(tmp_path / "docker"), "context", "create", "dockmgr-lab")
    refused = run("lab", "up")
    assert refused.code == 1
    assert "that does not belong to this lab" in refused.err
    run.ok("lab", "down")
    listed = docker("--config", str(tmp_path / "docker"), "context", "ls", "--format", "json")
    names = [json.loads(line)["Name"] for line in listed.splitlines()]
    assert "dockmgr-lab" in names
