"""The commands on the settings: where the file is, what it says, its mistakes, and making one."""

import json
import stat
from pathlib import Path

import pytest

from manager.config.example import render_example
from manager.config.settings import SETTINGS
from tests.command import Command

MISTAKES = """\
[spawn]
parallel = "many"

[prune.delete]
images = ["x"]
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys, {})


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file, which does not exist."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "dockmgr" / "config.toml"


def test_path_tells_where_the_file_is_and_whether_it_exists(run: Command, file: Path) -> None:
    found = run.ok("config", "path")
    assert found.out == f"{file}\n"
    assert "does not exist; create it with: dockmgr config init" in found.err
    run.ok("config", "init")
    assert run.ok("config", "path").err == ""
    data = run.ok("config", "path", "--json").data
    assert data == {"path": str(file), "exists": True, "source": "default"}


def test_path_tells_what_names_the_file(run: Command, tmp_path: Path) -> None:
    named = tmp_path / "x.toml"
    run.env["DOCKMGR_CONFIG"] = str(named)
    assert "named by DOCKMGR_CONFIG" in run.ok("config", "path").err
    found = run.ok("--config", "y.toml", "config", "path", "--json").data
    assert found == {"path": "y.toml", "exists": False, "source": "--config"}


def test_init_writes_the_example_for_its_owner_alone(run: Command, file: Path) -> None:
    run.ok("config", "init")
    assert file.read_text() == render_example()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [it.name for it in file.parent.iterdir()] == [file.name]
    assert "no mistakes" in run.ok("config", "check").out


def test_init_overwrites_nothing_unasked(run: Command, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("[spawn]\nparallel = 3\n")
    refused = run("config", "init")
    assert refused.code == 1
    assert refused.err.startswith("error: nothing was written")
    assert file.read_text() == "[spawn]\nparallel = 3\n"
    run.ok("config", "init", "--yes")
    assert file.read_text() == render_example()


def test_init_writes_to_where_a_link_leads(run: Command, file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    file.symlink_to(tmp_path / "dotfiles.toml")
    run.ok("config", "init")
    assert file.is_symlink()
    assert (tmp_path / "dotfiles.toml").read_text() == render_example()


def test_init_replaces_neither_a_folder_nor_a_device(run: Command, tmp_path: Path) -> None:
    for place in (str(tmp_path), "/dev/null"):
        refused = run("--config", place, "config", "init", "--yes")
        assert (refused.code, refused.err.splitlines()[0]) == (1, f"error: {place} is not a file")
    assert Path("/dev/null").is_char_device()
    assert run.ok("--config", "/dev/null", "config", "check").out == "/dev/null: no mistakes\n"


def test_a_name_that_no_file_can_have(run: Command) -> None:
    for command in ("path", "check", "show", "init"):
        refused = run("--config", "a" * 300, "config", command)
        assert refused.code == 1
        assert "File name too long" in refused.err


def test_keys_do_not_command_the_terminal(run: Command, tmp_path: Path) -> None:
    named = tmp_path / "x.toml"
    named.write_text('"\\u001b[31mred" = 1\n')
    shown = (
        run("--config", str(named), "config", "check").out
        + run("--config", f"{tmp_path}/\x1b[31m", "config", "check").err
    )
    assert "\\x1b[31m" in shown or "\\u001b[31m" in shown
    assert "\x1b" not in shown


def test_init_says_why_it_cannot_write(run: Command, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    refused = run("--config", str(tmp_path / "a file" / "config.toml"), "config", "init")
    assert refused.code == 1
    assert "error: cannot write the settings file" in refused.err


def test_show_has_every_setting_with_where_it_comes_from(run: Command, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(
        "spawn.parallel = 3\n\n[[prune.keep]]\nimages = ['a']\n[[prune.keep]]\nnewest = 2\n"
    )
    rows = run.ok("config", "show", "--json").data["settings"]
    given = {it["name"]: (it["value"], it["line"]) for it in rows if it["source"] == "file"}
    assert given == {
        "spawn.parallel": (3, 1),
        "prune.keep[0].images": (["a"], 4),
        "prune.keep[1].newest": (2, 6),
    }
    defaults = {it["name"]: it["value"] for it in rows if it["source"] == "default"}
    assert (defaults["pull.backoff"], defaults["pull.sizes"]) == ("1s", True)
    names = {f"{name}.{key}" for name, row in SETTINGS.items() for key in row.kind.settings or {}}
    assert names == defaults.keys() | {"spawn.parallel", "prune.keep"}
    lines = run.ok("config", "show").out.splitlines()
    assert lines[0].split() == ["SETTING", "VALUE", "FROM"]
    assert lines[1].split() == ["spawn.parallel", "3", "line", "1"]


def test_show_tells_what_the_environment_decides(run: Command, file: Path) -> None:
    run.env["NO_COLOR"] = "1"
    rows = run.ok("config", "show", "--json").data["settings"]
    assert rows[-1] == {
        "name": "output.color",
        "value": "never",
        "source": "NO_COLOR",
        "line": None,
    }
    file.parent.mkdir()
    file.write_text("output.color = 'always'")
    rows = run.ok("config", "show", "--json").data["settings"]
    assert rows[-1] == {"name": "output.color", "value": "always", "source": "file", "line": 1}


def test_check_reports_every_mistake_with_its_line(run: Command, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(MISTAKES)
    found = run("config", "check")
    assert found.code == 2
    assert found.out.splitlines() == [
        f'{file} line 2: spawn.parallel is "many"; expected a whole number from 1 to 64',
        "  hint: the default is 8",
        f"{file} line 4: [prune.delete] needs two brackets",
        "  hint: write [[prune.delete]]: there can be several",
    ]
    as_json = run("config", "check", "--json")
    assert as_json.code == 2
    assert [it["line"] for it in as_json.data["mistakes"]] == [2, 4]
    assert run("config", "show").code == 2


def test_check_reports_what_is_not_toml(run: Command, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("[spawn\n")
    found = run("config", "check")
    assert found.code == 2
    assert found.out.startswith(f"{file} line 1: not valid TOML")


def test_check_without_a_file_finds_no_mistake(run: Command, file: Path) -> None:
    assert "every default applies" in run.ok("config", "check").out
    assert json.loads(run.ok("config", "check", "--json").out)["data"]["exists"] is False
    missing = run("--config", str(file), "config", "check")
    assert missing.code == 1
    assert "there is no settings file" in missing.err


@pytest.mark.parametrize(
    ("section", "stopped", "untouched"),
    [
        ("prune", ["prune"], ["ls", "lab", "spawn", "history"]),
        ("lab", ["lab"], ["ls", "prune", "spawn"]),
        ("spawn", ["spawn", "exec", "rm"], ["prune", "pull"]),
        ("output", ["ls", "prune", "lab", "spawn"], []),
    ],
)
def test_a_mistake_stops_only_the_commands_that_use_its_section(
    run: Command, file: Path, section: str, stopped: list[str], untouched: list[str]
) -> None:
    file.parent.mkdir()
    file.write_text(f"[{section}]\nnonsense = 1\n")
    arguments = {"exec": ["x", "--", "y"], "rm": ["x"], "lab": ["status"]}
    for name in (*stopped, *untouched):
        found = run("--host", "unix:///nowhere", name, *arguments.get(name, []))
        is_stopped = f"{section}.nonsense is not a setting" in found.err
        assert is_stopped is (name in stopped), (name, found)
        assert run.ok(name, "--help").err == ""
