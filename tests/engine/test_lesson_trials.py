"""Lessons that learn check --run takes: the built-in ones, and one with every kind of problem."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from manager.errors import ExitCode
from manager.lab import inside, state
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.learn import lesson_files, trial
from tests.command import PROGRAM, Command

BAD = """title = "one"

[[step]]
say = "Fine, though it leaves something running."
docker = ["docker pull busybox", "sleep 300 &"]
image = {{ name = "busybox" }}

[[step]]
say = "Done before."
docker = ["docker ps"]
image = {{ name = "busybox" }}

[[step]]
say = "A line fails."
docker = ["docker start learn-none"]
dockmgr = ["dockmgr start learn-none"]
question = "Why?"
answer = ["none"]

[[step]]
say = "Foreign."
docker = ["docker run --name learn-a1 --mount type=volume,src=data,dst=/d busybox true"]
container = {{ name = "learn-a1", state = "exited" }}

[[step]]
say = "Never holds."
docker = ["docker create --name learn-b1 busybox"]
container = {{ name = "learn-b1", state = "running" }}

[[step]]
say = "Does not fail."
docker = ["docker ps"]
fails = true
question = "Why?"
answer = ["none"]

[[step]]
say = "Nothing of the machine is there."
docker = ["test -e {marker}", "test -e {folder}/pyproject.toml"]
question = "Why?"
answer = ["none"]
"""
FAILS = "the line fails with exit code 1: "
PROBLEMS = {
    2: ["its checks hold before anything is typed"],
    4: ["it changes volume data, which has no learn- in its name"],
    5: ["afterwards the engine does not show: a container learn-b1 (state running)"],
    6: ["the line is meant to fail, and does not: docker ps"],
}
LATE = 120
"""Seconds."""


@pytest.fixture
def run(host_tools: None, private_folders: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The program, in folders of the tests' own."""
    del host_tools, private_folders
    return Command(capsys, os.environ)


def test_the_built_in_lessons_run_without_a_problem(run: Command) -> None:
    done = run("learn", "check", str(lesson_files.BUILT_IN_FOLDER), "--run", "--yes", "--json")
    steps = [step for row in done.data for step in row["run"]]
    assert [(it["step"], it["problems"]) for it in steps if it["problems"]] == []
    assert done.code == 0
    lessons = lesson_files.load_lessons(lesson_files.BUILT_IN_FOLDER)
    assert len(steps) == 2 * sum(len(lesson.steps) for lesson in lessons)
    assert [lab for lab in state.list_running_labs() if lab.name.startswith("check-")] == []


def test_every_kind_of_problem_is_reported(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    # Not in the test's own folder: the line would be too long.
    with tempfile.NamedTemporaryFile() as file:
        marker = file.name
        path.write_text(BAD.format(marker=marker, folder=Path.cwd()), encoding="utf-8")
        done = run("learn", "check", str(path), "--run", "--yes", "--engine", DEFAULT_FLAVOUR)
    assert done.code == ExitCode.FAILED
    assert "the lessons ran with 14 problems" in done.err
    for program in ("docker", "dockmgr"):
        third = f"{FAILS}{program} start learn-none"
        seventh = [
            f"{FAILS}{it}" for it in (f"test -e {marker}", f"test -e {Path.cwd()}/pyproject.toml")
        ]
        for number, problems in {**PROBLEMS, 3: [third], 7: seventh}.items():
            for problem in problems:
                assert f"one step {number}, with {program}: {problem}\n" in done.out
        assert f"one step 1, with {program}" not in done.out
    assert "    $ docker start learn-none\n    Error" in done.out
    assert "one: ran with docker and dockmgr, 14 problems" in done.out


def test_without_a_terminal_the_lines_are_shown_and_not_run(run: Command, tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(BAD.format(marker="x", folder="y"), encoding="utf-8")
    refused = run("learn", "check", str(tmp_path), "--run")
    assert refused.code == ExitCode.FAILED
    assert "one:\n    docker pull busybox\n" in refused.err
    assert "run only the lines of an author whom you trust" in " ".join(refused.err.split())
    assert "nothing was run" in refused.err
    assert "starting engine" not in refused.err


def test_a_line_that_does_not_end_is_killed_with_what_it_started(
    host_tools: None, private_folders: Path, tmp_path: Path
) -> None:
    del host_tools, private_folders
    path = tmp_path / "one.toml"
    path.write_text(
        'title = "one"\n[[step]]\nsay = "do it"\ndocker = ["sleep 300 | cat", "pwd"]\n'
        'question = "why"\nanswer = ["so"]\n',
        encoding="utf-8",
    )
    lesson = lesson_files.load_lesson(path)
    with trial.start_trial_lab(DEFAULT_FLAVOUR, "", lambda _: None) as lab:
        (step,) = trial.try_lesson(lab, lesson, "docker", seconds=2)
        left = inside.run_inside_lab(lab, ["pgrep", "-x", "sleep"], 10)
    assert [it.exit_code for it in step.lines] == [None, 0]
    assert step.problems == ("the line does not end: sleep 300 | cat",)
    assert left.exit_code == 1
    assert state.find_running_lab(lab.name) is None


def test_an_interrupted_run_leaves_no_lab(
    host_tools: None, private_folders: Path, tmp_path: Path
) -> None:
    del host_tools, private_folders
    (tmp_path / "one.toml").write_text(BAD.format(marker="x", folder="y"), encoding="utf-8")
    command = [*PROGRAM, "learn", "check", str(tmp_path), "--run", "--yes"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        for line in program.stderr:
            if line.startswith("one with docker"):
                break
        program.send_signal(signal.SIGINT)
        program.stderr.read()
        assert program.wait(LATE) == ExitCode.INTERRUPTED
    assert f"check-{program.pid}" not in [lab.name for lab in state.list_running_labs()]
    assert not state.folder_for_lab(f"check-{program.pid}").exists()
