"""The root of the command line, and the one place where errors become exit codes."""

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, cast

import typer
from typer.core import TyperOption

from manager import __version__
from manager.cli import complete
from manager.cli.command_group import RootGroup
from manager.cli.commands import COMMANDS
from manager.cli.session import Session
from manager.errors import CancelledError, ExitCode, ManagerError

COMPLETION_HELP = {
    "install_completion": "Install completion for your shell.",
    "show_completion": "Print the completion script of your shell.",
}
GLOBAL_OPTIONS = ("--host", "-H", "--context", "-c", "--config")
"""Options that belong to the program, not to a command."""


def build_root(argv: Sequence[str]) -> RootGroup:
    """The program; its commands are loaded when they are asked for.

    Args:
        argv: the arguments: what completes them is built only where it can be needed.
    """
    app = typer.Typer(
        name="dockmgr",
        cls=RootGroup,
        add_completion=not argv or argv[0] not in COMMANDS,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        subcommand_metavar="COMMAND [ARGUMENTS]",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    group = typer.main.get_command(app)
    for param in group.params:
        if isinstance(param, TyperOption) and param.name in COMPLETION_HELP:
            param.help = COMPLETION_HELP[param.name]
    return cast(RootGroup, group)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"dockmgr {__version__}")
        raise typer.Exit


def root(
    ctx: typer.Context,
    host: Annotated[
        str | None,
        typer.Option("--host", "-H", metavar="ADDRESS", help="Use the engine at this address."),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            "-c",
            metavar="NAME",
            help="Use the engine of this docker context.",
            autocompletion=complete.complete_contexts,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Read the settings from this file."),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Handle Docker images and containers as sets.

    The engine is the one the docker command would use.
    """
    del version
    env = ctx.obj if isinstance(ctx.obj, Mapping) else os.environ
    session = ctx.obj = Session(env, host, context, config)
    ctx.call_on_close(session.close)


def main(argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments, without the program's name.
        env: the environment; None for that of the process.

    Returns:
        The exit code: see `ExitCode`.
    """
    if sys.stdout is None:  # closed by what started the program
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the end
    elif hasattr(sys.stdout, "reconfigure"):
        # A character that the terminal's encoding lacks is shown as a question mark.
        sys.stdout.reconfigure(errors="replace")
    try:
        result = build_root(argv).main(
            args=list(argv) or ["--help"],
            prog_name="dockmgr",
            standalone_mode=False,
            obj=env or os.environ,
        )
        sys.stdout.flush()  # what cannot be written is an error of this command
    except (typer.Abort, KeyboardInterrupt):
        return _report_interruption()
    except BrokenPipeError:
        return _discard_stdout()
    except Exception as error:  # noqa: BLE001 - the boundary: an unknown error is a bug
        return report_error(_to_manager_error(error))
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
        return ManagerError("cannot write the output: no space left", "free some space there")
    return _log_bug(error)


def report_error(error: ManagerError) -> int:
    """Print an error on stderr.

    Returns:
        Its exit code.
    """
    if isinstance(error, CancelledError):
        print(error.message, file=sys.stderr)  # noqa: T201 - the error boundary
        return error.exit_code
    if not error.message:
        return ExitCode.OK  # a group of commands alone: its help was shown
    from manager.cli.output import escape_controls

    lines = [f"error: {error.message}", *(f"  | {line}" for line in error.details)]
    if error.hint:
        lines.append(f"hint: {error.hint}")
    print(escape_controls("\n".join(lines)), file=sys.stderr)  # noqa: T201 - the error boundary
    return error.exit_code


def _usage_error(error: typer.TyperException) -> ManagerError:
    """A mistake in the arguments, in the form of all other errors."""
    message = error.message if hasattr(error, "possibilities") else error.format_message()
    message = message.rstrip(".")
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "dockmgr"
    hint = _suggest_option(error, path) or f"see: {path} --help"
    return ManagerError(message[:1].lower() + message[1:], hint, ExitCode.USAGE)


def _suggest_option(error: typer.TyperException, path: str) -> str:
    """What was meant by an option that does not exist; empty where that is not clear."""
    option = getattr(error, "option_name", "")
    if path != "dockmgr" and option in GLOBAL_OPTIONS:
        command = path.removeprefix("dockmgr ")
        return f"{option} goes before the command: dockmgr {option} VALUE {command}"
    near = getattr(error, "possibilities", None)
    return f"did you mean {' or '.join(sorted(near))}? see: {path} --help" if near else ""


def _discard_stdout() -> int:
    """Drop what is still to be written: its reader has gone, as `head` does."""
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
        where = f"please report it; it could not be written to a log ({second}):\n{text}"
    return ManagerError(f"this is a bug in dockmgr: {type(error).__name__}", where, ExitCode.BUG)
