"""The commands on the settings: path, show, check, init."""

from typing import TYPE_CHECKING, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.output import Output, escape_controls
from manager.cli.session import Session, get_session
from manager.errors import ExitCode

if TYPE_CHECKING:
    from manager.config.settings import SettingsPath
    from manager.config.toml_file import TomlFileError

PANEL = "Settings"

app = typer.Typer(
    no_args_is_help=True,
    help="Find, show, check or create the settings file.",
    epilog=format_examples(
        "dockmgr config init     write a commented example",
        "dockmgr config check    find mistakes",
        "dockmgr config show     every value, and where it comes from",
    ),
)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="config", rich_help_panel=PANEL)


@app.command()
def path(ctx: typer.Context, json: options.Json = False) -> None:
    """Show where dockmgr looks for the settings file."""
    session = get_session(ctx)
    out, place = _prepare(session)
    exists = place.exists
    if json:
        data = {"path": str(place.path), "exists": exists, "source": place.source}
        out.json("config path", data)
        return
    out.line(str(place.path))
    if place.source != "default":
        out.note(f"named by {place.source}")
    if not exists:
        out.note("the file does not exist; create it with: dockmgr config init")


@app.command()
def show(ctx: typer.Context, json: options.Json = False) -> None:
    """Show every setting with its value and where it comes from."""
    from manager.cli.plain_table import Column, Table
    from manager.config.setting_values import list_setting_values
    from manager.config.toml_file import parse_toml
    from manager.config.toml_positions import format_toml_value

    session = get_session(ctx)
    out, place = _prepare(session)
    text = place.read() or ""
    if mistakes := _find_mistakes(place):
        raise mistakes[0]
    values = list_setting_values(parse_toml(place.path, text), text, session.env)
    if json:
        rows: list[dict[str, Any]] = [
            {"name": it.name, "value": it.value, "source": it.source, "line": it.line}
            for it in values
        ]
        out.json("config show", {"path": str(place.path), "settings": rows})
        return
    columns = (Column("SETTING"), Column("VALUE"), Column("FROM"))
    cells = [
        (it.name, format_toml_value(it.value), f"line {it.line}" if it.line else it.source)
        for it in values
    ]
    out.print_table(Table(columns, cells))
    if place.exists:
        out.note(f"line numbers refer to {place.path}")


@app.command()
def check(ctx: typer.Context, json: options.Json = False) -> None:
    """Report every mistake in the settings file, with its line.

    The exit code is 2 if there are mistakes. A mistake in a section stops only the commands that
    use the section.
    """
    out, place = _prepare(get_session(ctx))
    mistakes = _find_mistakes(place)
    if json:
        rows = [{"line": it.line, "problem": it.problem, "hint": it.hint} for it in mistakes]
        exists = place.exists
        out.json("config check", {"path": str(place.path), "exists": exists, "mistakes": rows})
    for mistake in () if json else mistakes:
        out.line(escape_controls(mistake.message))
        out.line(f"  hint: {mistake.hint}")
    if mistakes:
        raise typer.Exit(ExitCode.USAGE)
    if not json:
        exists = place.exists
        what = "no mistakes" if exists else "the file does not exist, so every default applies"
        out.line(f"{place.path}: {what}")


@app.command()
def init(ctx: typer.Context, yes: options.Yes = False) -> None:
    """Write a commented example of the settings file.

    dockmgr asks before it overwrites an existing file.
    """
    from manager.config.write_example import require_ordinary_file, write_example

    session = get_session(ctx)
    out, place = _prepare(session)
    if place.exists:
        require_ordinary_file(place.path)
        session.confirm(f"Overwrite {place.path}?", yes=yes, refused="nothing was written")
    write_example(place.path)
    out.line(f"wrote {place.path}")
    out.hint("remove the # before a setting to change it; then run: dockmgr config check")


def _prepare(session: Session) -> "tuple[Output, SettingsPath]":
    """Streams that do not depend on the settings, and where the settings file is."""
    from manager.config.settings import locate_settings

    session.out = Output(session.env)
    return session.out, locate_settings(session.config, session.env)


def _find_mistakes(place: "SettingsPath") -> "tuple[TomlFileError, ...]":
    """All mistakes in the file; a file that is not TOML is one."""
    from manager.config.settings import read_settings
    from manager.config.toml_file import TomlFileError

    try:
        text = place.read()
        return read_settings(place.path, text).mistakes if text is not None else ()
    except TomlFileError as error:
        return (error,)
