"""What the trial of a step shows, and what learn check --run refuses before it runs anything."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from manager.errors import ExitCode, ManagerError
from manager.lab import state
from manager.lab.processes import start_time
from manager.lab.state import Lab
from manager.learn.core.lessons import Lesson, LessonStep
from manager.learn.core.trial import StepTrial, TypedLine, list_foreign_changes
from manager.learn.trial import list_lines, list_programs, start_trial_lab
from manager.model.events import EngineEvent
from tests.command import Command

GOOD = """title = "one"
[[step]]
say = "do it"
docker = ["docker pull nginx"]
image = {name = "nginx"}
"""
STEP = LessonStep("do it", ("docker ps",), ("dockmgr ls",))
REFUSED = LessonStep("do it", ("docker ps", "docker rm learn-a"), expects_failure=True)
ASKING = LessonStep("do it", question="why", answers=("so",))
ENDED, FAILED, STUCK = (TypedLine("docker ps", code) for code in (0, 1, None))

NO_PROCESS = 99_999_999
"""Higher than the id of any process."""


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Command(capsys, {"DOCKER_HOST": "unix:///nowhere/engine.sock"})


@pytest.mark.parametrize(
    ("trial", "problems"),
    [
        (StepTrial(STEP, 1, (ENDED,)), ()),
        (StepTrial(STEP, 1, (FAILED,)), ("the line fails with exit code 1: docker ps",)),
        (StepTrial(STEP, 1, (STUCK,)), ("the line does not end: docker ps",)),
        (StepTrial(REFUSED, 1, (ENDED, FAILED)), ()),
        (
            StepTrial(REFUSED, 1, (FAILED, ENDED)),
            (
                "the line fails with exit code 1: docker ps",
                "the line is meant to fail, and does not: docker ps",
            ),
        ),
        (
            StepTrial(STEP, 1, (ENDED,), held_before=True),
            ("its checks hold before anything is typed",),
        ),
        (StepTrial(ASKING, 1, (), held_before=True), ()),
        (
            StepTrial(STEP, 1, (ENDED,), unmet=("a volume learn-a",)),
            ("afterwards the engine does not show: a volume learn-a",),
        ),
        (
            StepTrial(STEP, 1, (ENDED,), foreign=("volume data",)),
            ("it changes volume data, which has no learn- in its name",),
        ),
    ],
)
def test_each_problem_of_a_step_is_one_sentence(
    trial: StepTrial, problems: tuple[str, ...]
) -> None:
    assert trial.problems == problems


def test_what_lacks_the_prefix_is_foreign_unless_it_was_pulled() -> None:
    before = {"container web": "1", "image old:latest": "2", "volume data": "3", "network lan": "4"}
    now = {
        "container web": "other",
        "container learn-web": "5",
        "image nginx:latest": "6",
        "image app:1": "6",
        "image localhost:5000/learn-app:1": "6",
        f"volume {'0a' * 32}": "7",
        "network lan": "4",
    }
    pulled = (EngineEvent("image", "pull", "nginx"), EngineEvent("image", "tag", "app:1"))
    assert list_foreign_changes(before, now, pulled) == (
        "container web",
        "image app:1",
        "image old:latest",
        "volume data",
    )
    assert "image nginx:latest" in list_foreign_changes(before, now, ())


def test_a_pulled_image_that_is_removed_is_foreign() -> None:
    pulled = (EngineEvent("image", "pull", "nginx:latest"),)
    assert list_foreign_changes({"image nginx:latest": "1"}, {}, pulled) == ("image nginx:latest",)


def test_lines_of_the_other_program_stand_in_for_missing_ones() -> None:
    docker, dockmgr = LessonStep("", ("docker ps",)), LessonStep("", (), ("dockmgr ls",))
    assert list_lines(docker, "dockmgr") == ("docker ps",)
    assert list_lines(dockmgr, "docker") == ("dockmgr ls",)
    assert list_lines(STEP, "docker") == STEP.docker
    assert list_lines(STEP, "dockmgr") == STEP.dockmgr
    assert list_programs(Lesson("one", "one", (STEP,))) == ("docker", "dockmgr")
    alike = LessonStep("", ("docker ps",), ("docker ps",))
    assert list_programs(Lesson("one", "one", (alike,))) == ("docker",)


def test_with_mistakes_or_without_a_yes_nothing_is_run(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(GOOD.replace("say", "sya"), encoding="utf-8")
    refused = run("learn", "check", str(path), "--run", "--yes")
    assert refused.code == ExitCode.USAGE
    assert "sya is not a valid key" in refused.out
    path.write_text(GOOD, encoding="utf-8")
    podman = run("learn", "check", str(path), "--run", "--yes", "--engine", "podman")
    assert podman.code == ExitCode.USAGE
    assert "has no docker command" in podman.err


@pytest.mark.parametrize(
    "words", [["first", "--run"], ["--yes"], ["check", "x", "--engine", "28"], ["--engine", "28"]]
)
def test_options_of_a_run_go_with_a_run_only(run: Command, words: list[str]) -> None:
    assert run("learn", *words).code == ExitCode.USAGE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a lab")
@pytest.mark.parametrize("number", [NO_PROCESS, os.getpid()], ids=["nobody", "this process"])
def test_a_lab_that_only_has_the_name_of_a_trial_is_left_alone(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = state.folder_for_lab(f"check-{number}")
    folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            started = start_time(process.pid) or 0
            lab = Lab(folder.name, "28", folder, "", "", process.pid, started, datetime.now(UTC))
            state.save_lab(lab)
            with pytest.raises(ManagerError), start_trial_lab("nosuch", "", lambda _: None):
                pass
            assert state.find_running_lab(lab.name) == lab
        finally:
            process.kill()
