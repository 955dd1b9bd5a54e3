"""The boundary where errors become sentences and exit codes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer._click.core import Context

from manager import __version__
from manager.__main__ import main as entry
from manager.cli.app import build_root, main
from manager.cli.commands import COMMANDS, PANELS
from tests.command import Command

pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


LAB_COMMANDS = ("up", "down", "reset", "status", "env")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The program with no engine to talk to."""
    return Command(capsys, {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "HOME": str(tmp_path)})


class Broken(Mapping[str, str]):
    """An environment that cannot be read: stands for any bug of ours."""

    def __getitem__(self, key: str) -> str:
        raise ZeroDivisionError(key)

    def __iter__(self) -> Iterator[str]:
        raise ZeroDivisionError

    def __len__(self) -> int:
        return 1


def test_the_version_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["--version"]) == main(["--version", "ls"]) == 0
    assert capsys.readouterr().out == f"dockmgr {__version__}\n" * 2


def test_without_a_command_the_help_is_shown(run: Command) -> None:
    shown = run()
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == run.ok("--help").out == run.ok("help").out
    assert run.ok("lab").out.strip() == run.ok("lab", "--help").out.strip()


@pytest.mark.parametrize("command", [*COMMANDS, *(f"lab {name}" for name in LAB_COMMANDS)])
def test_every_help_begins_with_examples_and_fits(
    run: Command, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run.ok(*command.split(), "--help").out
    before, _, examples = shown.partition("Examples:")
    assert "╭" not in before
    assert f"dockmgr {command}" in examples.partition("╭")[0]
    assert max(map(len, shown.splitlines())) <= 80


def test_the_help_of_the_program_fits_a_screen(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run.ok("--help").out
    lines = shown.splitlines()
    assert len(lines) < 40  # a line is left for the prompt
    assert max(map(len, lines)) <= 80
    assert shown.index("dockmgr spawn nginx --count 3") < shown.index("Containers")
    assert [title for title in (*PANELS, "Options") if f"─ {title} ─" not in shown] == []
    for name, command in COMMANDS.items():
        assert re.search(rf"│ {name} +{command.summary} +│", shown)


def test_on_a_narrow_terminal_the_panels_stand_below_each_other(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert "││" not in run.ok("--help").out


def test_the_help_is_folded_at_the_width_of_the_terminal_only(run: Command) -> None:
    shown = run.ok("learn", "--help").out
    assert "notices when it is done." in shown
    lines = shown.partition("Examples:")[2].strip().splitlines()[:2]
    assert all(line.strip().startswith("dockmgr learn") for line in lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_says_where_each_is(name: str) -> None:
    group = build_root([])
    command = group.get_command(Context(group), name)
    assert command is not None
    assert command.name == name
    assert list(group.commands) == [name]


def test_no_module_registers_a_command_that_the_table_lacks() -> None:
    app = typer.Typer()
    for module in {command.module for command in COMMANDS.values()}:
        import_module(f"manager.cli.{module}").register(app)
    found = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    }
    assert found | {group.name for group in app.registered_groups} == set(COMMANDS)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nosuch"], "no such command 'nosuch'"),
        (["ls", "--nosuch"], "no such option: --nosuch"),
        (["rm"], "missing argument"),
        (["--host", "unix:///a", "--context", "b", "ls"], "cannot be used together"),
    ],
)
def test_mistakes_are_one_sentence_and_a_hint(run: Command, argv: list[str], message: str) -> None:
    told = run(*argv)
    assert told.code == 2
    assert told.out == ""
    error, hint = told.err.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert hint.startswith("hint: ")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--config", "/nowhere/config.toml", "images"], "there is no settings file /nowhere/"),
        (["--context", "nowhere", "ls"], 'context "nowhere" not found'),
        (["apply", "/nowhere/plan.json"], "cannot read the plan /nowhere/plan.json"),
        (["spawn", "-f", "/nowhere/groups.toml"], "there is no file /nowhere/groups.toml"),
        (["spawn", "x", "--env-file", "/nowhere/env"], "cannot read /nowhere/env: No such file"),
        (
            ["spawn", "x", "--security-opt", "seccomp=/nowhere/s.json"],
            "cannot read the seccomp profile /nowhere/s.json: No such file",
        ),
        (["history", "99999"], "there is no prune 99999"),
        (["lab", "env", "--name", "nowhere"], "lab 'nowhere' is not up"),
    ],
)
def test_what_does_not_exist_is_exit_code_1(
    run: Command, argv: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    told = run(*argv)
    assert (told.code, told.out) == (1, "")
    error, hint = told.err.splitlines()
    assert message in error
    assert hint.startswith("hint: ")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["apply", "FILE"], "it is not JSON"),
        (["--config", "FILE", "ls"], "not valid TOML"),
        (["spawn", "-f", "FILE"], "not valid TOML"),
        (["spawn", "x", "--env-file", "FILE"], "does not begin with a name"),
        (["spawn", "x", "--security-opt", "seccomp=FILE"], "it is not JSON"),
        (["lab", "env", "--name", "Bad Name"], "is not a valid lab name"),
    ],
)
def test_what_is_written_wrongly_is_exit_code_2(
    run: Command, argv: list[str], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "wrong"
    file.write_text("= nothing of the kind", encoding="utf-8")
    told = run(*(word.replace("FILE", str(file)) for word in argv))
    assert (told.code, told.out) == (2, "")
    assert message in told.err


@pytest.mark.parametrize("command", ["ls", "images", "pull x", "spawn x", "rm x", "logs x"])
def test_no_engine_is_exit_code_3(run: Command, command: str) -> None:
    told = run(*command.split())
    assert told.code == 3
    assert "DOCKER_HOST" in told.err


def test_a_bug_says_where_its_log_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["ls"], Broken()) == 70
    told = capsys.readouterr().err
    assert "this is a bug in dockmgr: ZeroDivisionError" in told
    log = tmp_path / "dockmgr" / "log" / "last-bug.txt"
    assert str(log) in told
    assert "Traceback" not in told
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_an_output_that_cannot_be_written_is_no_bug(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path)}
    for command in (["--help"], ["ls", "--help"]):
        with Path("/dev/full").open("w", encoding="utf-8") as full:
            done = subprocess.run(
                [sys.executable, "-m", "manager", *command],
                env=env,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert done.returncode == 1
        assert "error: cannot write the output: no space left" in done.stderr


def test_a_count_has_an_end(run: Command) -> None:
    refused = run("spawn", "nginx", "-n", "99999999")
    assert refused.code == 2
    assert "10000" in refused.err


def test_an_empty_name_is_refused_and_not_left_out(run: Command) -> None:
    refused = run("spawn", "nginx", "--name", "")
    assert (refused.code, "error: " in refused.err) == (2, True)
