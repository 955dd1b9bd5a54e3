"""Options before and behind the name of a group, and a command whose own options are left alone."""

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from manager.cli.groups.before_dashes import OptionsAroundName


def parsed(*argv: str) -> list[str]:
    """The user, the flag, the name and the command as the program gets them."""
    app = typer.Typer()

    @app.command(cls=OptionsAroundName, context_settings={"allow_interspersed_args": False})
    def run(
        name: str,
        command: list[str],
        user: Annotated[str, typer.Option("--user", "-u")] = "",
        flag: Annotated[bool, typer.Option("--flag")] = False,  # noqa: FBT002 - as typer has it
    ) -> None:
        typer.echo("\n".join([user, str(flag), name, *command]))

    done = CliRunner().invoke(app, list(argv))
    return done.output.splitlines() if done.exit_code == 0 else [str(done.exit_code)]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ("web -- ls -l", ["", "False", "web", "--", "ls", "-l"]),
        ("web ls -l", ["", "False", "web", "ls", "-l"]),
        ("web sh -c x -- --flag", ["", "False", "web", "sh", "-c", "x", "--", "--flag"]),
        ("-u me web -- ls", ["me", "False", "web", "--", "ls"]),
        ("web -u me --flag -- ls -u you", ["me", "True", "web", "ls", "-u", "you"]),
        ("web --user=me ls --flag", ["me", "False", "web", "ls", "--flag"]),
        ("--flag web -ume -- --flag", ["me", "True", "web", "--flag"]),
        ("web --nosuch -- ls", ["2"]),
        ("web --flag", ["2"]),
        ("web --flag --", ["2"]),
        ("web", ["2"]),
        ("", ["2"]),
    ],
)
def test_options_around_the_name(argv: str, expected: list[str]) -> None:
    # Two dashes right behind the name are given on, as they always were.
    assert parsed(*argv.split()) == expected


@pytest.mark.parametrize(
    "argv",
    [
        "web touch --dry-run -- /x",
        "web other --dry-run -- ls",
        "web ls --explain",
        "--flag web ls --dry-run",
        "web --flag ls --dry-run",
    ],
)
def test_nothing_is_run_where_a_dry_run_may_have_been_meant(argv: str) -> None:
    assert parsed(*argv.split()) == ["1"]


@pytest.mark.parametrize(
    "argv",
    ["web -- apt-get --dry-run", "web sh -c x -- --dry-run", "web --flag -u me -- ls --dry-run"],
)
def test_behind_two_dashes_a_dry_run_is_the_commands(argv: str) -> None:
    assert parsed(*argv.split())[-1] == "--dry-run"
