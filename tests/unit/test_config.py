"""Settings: defaults, values, and every way in which a file is refused."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from manager.config import settings as config
from manager.config.example import render_example
from manager.config.prune_section import KeepSettings, PruneSettings, RuleSettings
from manager.config.schema import walk_settings
from manager.config.toml_positions import find_line, format_key_path, format_toml_value
from manager.config.value_kinds import Share
from manager.errors import ExitCode, ManagerError
from manager.prune import policy_settings
from manager.prune.core.policy import RuleConditions

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"

SECTIONS = "spawn, containers, pull, images, registries, prune, lab, output"

EVERYTHING = """
spawn.parallel = 2

[containers]
stop_timeout = "2m"

[pull]
parallel = 1
attempts = 7
backoff = "30s"

[lab]
engine = "28-containerd"
mirror = "http://127.0.0.1:3142/debian"
mounts = [
    "/srv/a",
    "/srv/b",
]

[prune]
budget = "20GB"
min_free = "15%"
grace = "24h"

[[prune.keep]]
images = ["postgres", "myorg/*:v*"]

[[prune.keep]]
images = ["myapp"]
newest = 3

[[prune.delete]]
name = "big and idle"
images = ["*"]
larger_than = "1GB"
unused_for = "14d"

[[prune.delete]]
dangling = true

[output]
color = "never"
"""


def refusal(tmp_path: Path, text: str | bytes) -> tuple[str, str]:
    """The error's sentence, from the line on, and its hint."""
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ManagerError) as caught:
        config.load_settings(path, {}).require(config.SECTIONS)
    assert caught.value.exit_code == ExitCode.USAGE
    before, name, after = caught.value.message.partition(f"{path} ")
    assert (before, name) == ("", f"{path} ")
    return after, caught.value.hint


def values_by_section(settings: config.Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in config.SECTIONS}


DEFAULTS = values_by_section(config.Settings({}))


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.touch()
    settings = config.load_settings(path, {})
    assert values_by_section(settings) == DEFAULTS
    assert settings.spawn.parallel == 8
    assert settings.containers.stop_timeout == timedelta(seconds=10)
    assert (settings.pull.parallel, settings.pull.attempts) == (8, 5)
    assert settings.pull.backoff == timedelta(seconds=1)
    assert (settings.lab.engine, settings.lab.mirror, settings.lab.mounts) == ("28", None, ())
    assert settings.output.color == "auto"


def test_every_setting_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(EVERYTHING)
    expected = config.Settings(
        {},
        spawn=config.SpawnSettings(parallel=2),
        containers=config.ContainerSettings(stop_timeout=timedelta(minutes=2)),
        pull=config.PullSettings(parallel=1, attempts=7, backoff=timedelta(seconds=30)),
        lab=config.LabSettings(
            engine="28-containerd",
            mirror="http://127.0.0.1:3142/debian",
            mounts=(Path("/srv/a"), Path("/srv/b")),
        ),
        prune=PruneSettings(
            budget=20_000_000_000,
            min_free=Share(0.15),
            grace=timedelta(days=1),
            keep=(
                KeepSettings(images=("postgres", "myorg/*:v*")),
                KeepSettings(images=("myapp",), newest=3),
            ),
            delete=(
                RuleSettings(
                    name="big and idle",
                    images=("*",),
                    larger_than=1_000_000_000,
                    unused_for=timedelta(days=14),
                ),
                RuleSettings(dangling=True),
            ),
        ),
        output=config.DisplaySettings(color="never"),
    )
    assert values_by_section(config.load_settings(path, {})) == values_by_section(expected)


def test_rules_become_the_policy_that_they_stand_for(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(EVERYTHING)
    policy = policy_settings.build_policy(config.load_settings(path, {}).prune)
    assert [str(rule) for rule in policy.keep] == [
        "images postgres or myorg/*:v*",
        "images myapp, newest 3",
    ]
    assert [str(rule) for rule in policy.delete] == ["big and idle", "dangling"]
    assert policy.delete[0].conditions == RuleConditions(
        images=("*",), larger_than=1_000_000_000, unused_for=timedelta(days=14)
    )
    assert (policy.budget, policy.grace) == (20_000_000_000, timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[prune.delete]]\nname = 'x'", "line 1: prune.delete[0] has no conditions"),
        (
            "[[prune.keep]]\nnewest = 1\n[[prune.keep]]\nimage = ['x']",
            "line 4: prune.keep[1].image is not a setting; did you mean prune.keep[1].images?",
        ),
        (
            "[[prune.delete]]\nnewest = 1",
            "line 2: prune.delete[0].newest is not a setting",
        ),
        (
            "[[prune.delete]]\nregexes = ['(']",
            'line 2: prune.delete[0].regexes is ["("]; expected a list of regular expressions',
        ),
        (
            "[[prune.delete]]\nimages = ['']",
            'line 2: prune.delete[0].images is [""]; expected a list of strings, such as',
        ),
        (
            "[prune]\nmin_free = '115%'",
            'line 2: prune.min_free is "115%"; expected a share such as "15%", or a size such as',
        ),
        (
            "[prune]\nbudget = 'much'",
            'line 2: prune.budget is "much"; expected a size, such as "500MB" or "20GB"',
        ),
        ("[prune.keep]\nimages = ['x']", "line 1: [prune.keep] needs two brackets"),
        ("[prune]\nkeep = 'x'", 'line 2: prune.keep is "x"; expected any number of tables'),
        ("[prune]\nmin_free = 15", "line 2: prune.min_free is 15; expected a share such as"),
    ],
)
def test_rules_that_are_wrong_are_named_with_their_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert refusal(tmp_path, text)[0].startswith(sentence)


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"[spawn]\r\nparallel = 3\r\n")
    assert config.load_settings(path, {}).spawn == config.SpawnSettings(parallel=3)


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf[spawn]\nparallel = 3\n")
    assert config.load_settings(file, {}).spawn.parallel == 3


def test_settings_are_frozen_values() -> None:
    spawn = config.SpawnSettings(parallel=3)
    with pytest.raises(AttributeError, match="frozen"):
        spawn.parallel = 4
    with pytest.raises(TypeError, match="SpawnSettings has no paralel"):
        config.SpawnSettings(paralel=3)
    assert spawn != config.SpawnSettings()
    assert spawn != config.PullSettings(parallel=3)
    assert hash(spawn) == hash(config.SpawnSettings(parallel=3))
    assert repr(spawn) == "SpawnSettings(parallel=3)"


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        (
            "[pull]\n\n# three\nattempts = 3\n[spawn]\n# one\n\nparalel = 3\n",
            "line 8: spawn.paralel is not a setting; did you mean spawn.parallel?",
            "the settings are: spawn.parallel",
        ),
        (
            "[spwan]\nparallel = 3\n",
            "line 1: spwan is not a section; did you mean spawn?",
            f"the sections are: {SECTIONS}",
        ),
        (
            "[spawn]\nattempts = 3",
            "line 2: spawn.attempts is not a setting; did you mean pull.attempts?",
            "the settings are: spawn.parallel",
        ),
        (
            "[qqqq]",
            "line 1: qqqq is not a section",
            f"the sections are: {SECTIONS}",
        ),
        (
            "[spawn]\nparallel = true",
            "line 2: spawn.parallel is true; expected a whole number from 1 to 64",
            "the default is 8",
        ),
        (
            "[spawn]\nparallel = 65",
            "line 2: spawn.parallel is 65; expected a whole number from 1 to 64",
            "the default is 8",
        ),
        (
            "spawn = 3",
            "line 1: spawn is 3; expected a section of settings",
            "write [spawn] on a line of its own and its settings below",
        ),
        (
            "[[spawn]]\nparallel = 3",
            "line 1: spawn is [a section]; expected a section of settings",
            "write [spawn] on a line of its own and its settings below",
        ),
        (
            "output = { color = 'blue' }",
            'line 1: output.color is "blue"; expected one of "auto", "always", "never"',
            'the default is "auto"',
        ),
        (
            "[lab]\r\n\r\nengine = 28\r\n",
            (
                "line 3: lab.engine is 28; expected one of "
                '"20.10", "26", "28", "28-containerd", "podman"'
            ),
            'the default is "28"',
        ),
        (
            '[lab]\nmounts = [\n  "/a",\n  # not absolute\n  "b",\n]\n',
            (
                'line 2: lab.mounts is ["/a", "b"]; '
                'expected a list of absolute folders, such as ["/srv/site"]'
            ),
            "the default is []",
        ),
        (
            "[lab]\nmounts = [1]",
            'line 2: lab.mounts is [1]; expected a list of absolute folders, such as ["/srv/site"]',
            "the default is []",
        ),
        (
            '[lab]\nmirror = "ftp://x"',
            'line 2: lab.mirror is "ftp://x"; expected an http:// or https:// address, or ""',
            'the default is ""',
        ),
        (
            '[pull]\nbackoff = "11m"',
            (
                'line 2: pull.backoff is "11m"; '
                'expected a duration, such as "10s" or "2m", at most "10m"'
            ),
            'the default is "1s"',
        ),
        (
            '[containers]\nstop_timeout = "soon"',
            (
                'line 2: containers.stop_timeout is "soon"; '
                'expected a duration, such as "10s" or "2m", at most "1h"'
            ),
            'the default is "10s"',
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, text: str, sentence: str, hint: str
) -> None:
    assert refusal(tmp_path, text) == (sentence, hint)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[spawn]\nparallel = \n", 2),
        ("[spawn]\n\n[lab\n", 3),
        ("[spawn]\nparallel = 1\nparallel = 2\n", 3),
        ("[lab]\nmounts = [\n", 2),
        (b'[output]\n# colour\ncolor = "\xff"\n', 3),
    ],
)
def test_what_is_no_toml_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, line: int
) -> None:
    sentence, hint = refusal(tmp_path, text)
    assert re.match(rf"line {line}: not (valid TOML|UTF-8)", sentence)
    assert hint


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[lab]\nmounts = " + "[" * 5000 + "]" * 5000 + "\n", "line 2: nested too deeply"),
        (
            f"[spawn]\nparallel = {'9' * 5000}\n[lab]\n",
            "line 2: a number with too many digits",
        ),
    ],
)
def test_what_the_parser_cannot_take_is_refused_with_its_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert refusal(tmp_path, text)[0] == sentence


def test_a_number_longer_than_any_is_shown_by_its_beginning(tmp_path: Path) -> None:
    sentence, _ = refusal(tmp_path, f"[spawn]\nparallel = 0x{'f' * 5000}\n")
    assert sentence.startswith("line 2: spawn.parallel is 0xfff")
    assert sentence.endswith("…; expected a whole number from 1 to 64")


def test_a_key_is_quoted_where_toml_quotes_it(tmp_path: Path) -> None:
    assert refusal(tmp_path, '"" = 1\n')[0] == 'line 1: "" is not a setting'
    sentence, _ = refusal(tmp_path, '[spawn]\n"a.b" = 1\n')
    assert sentence.startswith('line 2: spawn."a.b" is not a setting')


def test_a_long_wrong_value_is_cut(tmp_path: Path) -> None:
    sentence, _ = refusal(tmp_path, f'[output]\ncolor = "{"x" * 500}"')
    assert f'"{"x" * 58}…; expected one of' in sentence


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("prune",), 2),
        (("prune", "keep"), 2),
        (("prune", "keep", 0, "tags"), 3),
        (("prune", "keep", 1), 8),
        (("prune", "keep", 1, "tags", 0), 9),
        (("other", "quoted key"), 12),
    ],
)
def test_the_line_of_any_value(path: tuple[str | int, ...], line: int) -> None:
    text = (
        "# rules\n[[prune.keep]]\ntags = [\n  'a',\n  'b',\n]\n\n"
        "[[prune.keep]]\ntags = ['c']\n\n[other]\n"
        '"quoted key" = """\nmany = 1\nlines"""\n'
    )
    assert find_line(text, path) == line


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    for path, env in ((missing, {}), (None, {"DOCKMGR_CONFIG": str(missing)})):
        with pytest.raises(ManagerError) as caught:
            config.load_settings(path, env)
        assert caught.value.message == f"there is no settings file {missing}"
        assert caught.value.exit_code == ExitCode.FAILED


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ManagerError, match="cannot read the settings file") as caught:
        config.load_settings(tmp_path, {})
    assert caught.value.exit_code == ExitCode.FAILED


def test_which_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    own = config.locate_settings(None, {}).path
    assert own.is_relative_to(tmp_path)
    assert own.parts[-2:] == ("dockmgr", "config.toml")
    assert values_by_section(config.load_settings(None, {})) == DEFAULTS

    own.parent.mkdir(parents=True)
    own.write_text("spawn.parallel = 1")
    named = tmp_path / "named.toml"
    named.write_text("spawn.parallel = 2")
    explicit = tmp_path / "explicit.toml"
    explicit.write_text("spawn.parallel = 3")
    env = {"DOCKMGR_CONFIG": str(named)}
    assert config.load_settings(None, {"DOCKMGR_CONFIG": ""}).spawn.parallel == 1
    assert config.load_settings(None, env).spawn.parallel == 2
    assert config.load_settings(explicit, env).spawn.parallel == 3


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 10), ('"10"', 10), ('"10s"', 10), ('"2m"', 120), ('"1h"', 3600), ("0", 0)],
)
def test_a_number_alone_is_seconds(tmp_path: Path, text: str, seconds: int) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[containers]\nstop_timeout = {text}")
    found = config.load_settings(path, {}).containers.stop_timeout
    assert found == timedelta(seconds=seconds)


def test_a_mistake_stops_only_what_needs_its_section(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[prune]\nbudget = 'much'\n[spawn]\nparallel = 2\n[lab]\nengine = 1\n")
    settings = config.load_settings(path, {})
    settings.require(["spawn", "output"])
    assert settings.spawn.parallel == 2
    with pytest.raises(ManagerError, match=r"line 2: prune\.budget"):
        settings.require(["spawn", "prune"])
    with pytest.raises(ManagerError, match=r"line 2: prune\.budget"):
        settings.prune.grace  # noqa: B018 - reading it is what is refused
    assert [it.line for it in settings.mistakes] == [2, 6]


def test_what_is_not_a_section_stops_everything(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[prnue]\nbudget = '1GB'\n")
    with pytest.raises(ManagerError, match=r"prnue is not a section; did you mean prune\?"):
        config.load_settings(path, {}).require([])


def test_all_mistakes_are_found_in_the_order_of_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        "[spawn]\nparalel = 3\nparallel = 0\n[[prune.keep]]\ntag = ['x']\nnewest = 0\n"
        "[[prune.keep]]\nname = 'x'\n[[prune.delete]]\nregexes = ['a', '(']\n"
    )
    assert [(it.line, it.problem) for it in config.load_settings(path, {}).mistakes] == [
        (2, "spawn.paralel is not a setting; did you mean spawn.parallel?"),
        (3, "spawn.parallel is 0; expected a whole number from 1 to 64"),
        (5, "prune.keep[0].tag is not a setting; did you mean prune.keep[0].tags?"),
        (6, 'prune.keep[0].newest is 0; expected a whole number from 1 to 10000, or ""'),
        (7, "prune.keep[1] has no conditions"),
        (
            10,
            (
                'prune.delete[0].regexes is ["a", "("]; '
                'expected a list of regular expressions, such as ["/app:v[0-9]+$"]'
            ),
        ),
    ]


def test_the_example_is_what_the_program_writes() -> None:
    assert EXAMPLE.read_text() == render_example()


def test_the_example_is_valid_and_changes_nothing() -> None:
    assert values_by_section(config.load_settings(EXAMPLE, {})) == DEFAULTS


def test_the_example_documents_every_setting_with_its_default() -> None:
    text = EXAMPLE.read_text()
    rows = list(walk_settings(config.SETTINGS))
    uncommented = re.sub(r"^#(?=\w)", "", text, flags=re.MULTILINE)
    document = tomllib.loads(uncommented)
    found = {(name, key): value for name, keys in document.items() for key, value in keys.items()}
    assert found == {path: row.default for path, row in rows if row.kind.settings is None}
    for path, row in rows:
        if row.kind.settings is None:
            default = format_toml_value(row.default)
            lines = f"# {row.about}\n# {row.kind.expected}\n#{path[-1]} = {default}\n"
            assert lines in text
        else:
            assert f"\n[{format_key_path(path)}]\n" in text


def test_the_example_is_valid_when_uncommented(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(re.sub(r"^#(?=\w)", "", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert values_by_section(config.load_settings(path, {})) == DEFAULTS
