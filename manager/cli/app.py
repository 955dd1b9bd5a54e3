"""The root of the command line, and the one place where errors become exit codes."""

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Annotated

import typer

from manager import __version__
from manager.cli import complete
from manager.cli.options import format_examples
from manager.cli.session import Session
from manager.errors import ExitCode, ManagerError

COMMANDS_BY_MODULE = {
    "groups.spawn": ("spawn",),
    "groups.ls": ("ls",),
    "groups.containers": ("stop", "start", "restart", "rm"),
    "groups.groups": ("scale", "recover"),
    "groups.exec": ("exec",),
    "groups.logs": ("logs",),
    "registry.pull": ("pull",),
    "registry.inspect": ("inspect",),
    "explain.explain": ("explain",),
    "registry.login": ("login", "logout"),
    "registry.registries": ("registries",),
    "registry.push": ("tag", "push"),
    "images.images": ("images", "rmi"),
    "registry.outdated": ("outdated",),
    "registry.tags": ("tags",),
    "images.df": ("df",),
    "prune.prune": ("prune",),
    "prune.apply": ("apply",),
    "prune.history": ("history",),
    "prune.undo": ("undo",),
    "prune.pins": ("pin", "unpin"),
    "learn.learn": ("learn",),
    "lab.lab": ("lab",),
    "config": ("config",),
}
"""The modules of this package that hold commands, and the names of those commands."""
COMMANDS_BY_SECTION = {
    "spawn": {"spawn", "scale", "recover", "exec", "rm", "start", "stop", "restart"},
    "containers": {"spawn", "scale", "recover", "rm", "stop", "restart"},
    "pull": {"spawn", "scale", "recover", "pull", "push", "undo"},
    "prune": {"prune"},
    "lab": {"lab"},
}
"""The commands that use a section of the settings; sections that are not here concern all."""


def build_app(argv: Sequence[str], *, completing: bool = False) -> typer.Typer:
    """The command line, with the commands that these arguments can need; all if unsure.

    Building all of them takes as long as a call to the engine.

    Args:
        argv: the arguments.
        completing: whether a shell asks for completions.
    """
    words = set(argv)
    needed = [
        area for area, commands in COMMANDS_BY_MODULE.items() if not words.isdisjoint(commands)
    ]
    app = typer.Typer(
        name="dockmgr",
        add_completion=completing or not needed,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=format_examples(
            "dockmgr spawn nginx --count 3    make nginx1, nginx2 and nginx3",
            "dockmgr ls                       see them under their image",
            "dockmgr rm nginx                 remove the group again",
            "dockmgr lab up                   a private engine to practise on",
        ),
    )
    app.callback()(root)
    for area in needed or COMMANDS_BY_MODULE:
        import_module(f"manager.cli.{area}").register(app)
    _join_lines(app)
    if needed:
        app.registered_commands = [
            command
            for command in app.registered_commands
            if command.callback is not None and (command.name or command.callback.__name__) in words
        ]
    return app


def _join_lines(app: typer.Typer) -> None:
    """Make one line of each paragraph of the help: it is folded at the width of the terminal."""
    for command in app.registered_commands:
        paragraphs = cleandoc((command.callback and command.callback.__doc__) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(it.split()) for it in paragraphs)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _join_lines(group.typer_instance)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"dockmgr {__version__}")
        raise typer.Exit


def root(
    ctx: typer.Context,
    host: Annotated[
        str | None,
        typer.Option("--host", "-H", help="The engine's address, as docker takes it."),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context", "-c", help="A docker context.", autocompletion=complete.complete_contexts
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Another configuration file.")
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Handle Docker images and containers as sets.

    The engine is the one the docker command would use.
    """
    del version
    env = ctx.obj if isinstance(ctx.obj, Mapping) else os.environ
    work = ctx.obj = Session(env, host, context, config)
    ctx.call_on_close(work.close)
    from manager.config.settings import SECTIONS

    command = ctx.invoked_subcommand
    if command != "config":
        # Before anything is asked of an engine: a mistake in the settings is never half obeyed.
        work.settings.require(
            it for it in SECTIONS if command in COMMANDS_BY_SECTION.get(it, {command})
        )


def main(argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments, without the program's name.
        env: the environment; None for that of the process.

    Returns:
        The exit code: see `ExitCode`.
    """
    if sys.stdout is None:  # closed by whoever started the program
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - till the end
    elif hasattr(sys.stdout, "reconfigure"):
        # A letter that the terminal's encoding lacks is shown as a question mark.
        sys.stdout.reconfigure(errors="replace")
    try:
        finished = complete.list_finished_words(os.environ)
        result = build_app(argv or finished, completing=bool(finished))(
            args=list(argv), prog_name="dockmgr", standalone_mode=False, obj=env or os.environ
        )
        sys.stdout.flush()  # what cannot be written is an error of this command
    except (typer.Abort, KeyboardInterrupt):
        return _report_interruption()
    except BrokenPipeError:
        return _discard_stdout()
    except Exception as error:  # noqa: BLE001 - the boundary: what is no known error is a bug
        return _print_error(_to_manager_error(error))
    if result == ExitCode.INTERRUPTED:
        return _report_interruption()
    return result if isinstance(result, int) else ExitCode.OK


def _report_interruption() -> int:
    print("interrupted", file=sys.stderr)  # noqa: T201 - the error boundary
    return ExitCode.INTERRUPTED


def _to_manager_error(error: Exception) -> ManagerError:
    if isinstance(error, ManagerError):
        return error
    if isinstance(error, typer.TyperException):
        return _usage_error(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        _discard_stdout()
        return ManagerError("the output cannot be written: no space left", "make room there")
    return _log_bug(error)


def _print_error(error: ManagerError) -> int:
    if not error.message:
        return error.exit_code  # the help was shown: that says it all
    lines = [f"error: {error.message}", *(f"  | {line}" for line in error.details)]
    if error.hint:
        lines.append(f"hint: {error.hint}")
    print("\n".join(lines), file=sys.stderr)  # noqa: T201 - the error boundary
    return error.exit_code


def _usage_error(error: typer.TyperException) -> ManagerError:
    """A mistake in the arguments, in the form of all other errors."""
    message = getattr(error, "format_message", lambda: str(error))().rstrip(".")
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "dockmgr"
    return ManagerError(message[:1].lower() + message[1:], f"see: {path} --help", ExitCode.USAGE)


def _discard_stdout() -> int:
    """The reader of our output has gone: as `head` does. Nothing more can be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.FAILED


def _log_bug(error: Exception) -> ManagerError:
    import traceback

    from manager.system import folders

    text = "".join(traceback.format_exception(error))
    try:
        log = folders.log_folder() / "last-bug.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"dockmgr {__version__}\n{text}", encoding="utf-8")
        where = f"the details are in {log}; please report it"
    except OSError as second:
        where = f"it could not be written to a log ({second}):\n{text}"
    return ManagerError(f"this is a bug in dockmgr: {type(error).__name__}", where, ExitCode.BUG)
