"""The command exec: run a command in all members of a group."""

from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import complete, options
from manager.cli.groups.before_dashes import OptionsAroundName
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError
from manager.model.containers import Container
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from manager.cli.groups.prefixes import LinePrinter
    from manager.groups.execute import ExecLine, ExecResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        name="exec",
        cls=OptionsAroundName,
        context_settings={"allow_interspersed_args": False},
        epilog=format_examples(
            "dockmgr exec web -- nginx -t",
            "dockmgr exec --user nobody web -- id",
            "dockmgr exec web2 -- cat /etc/hostname",
            "dockmgr exec web --explain -- ls           show the docker commands too",
            "dockmgr exec web --dry-run -- ls           only show what would run, and where",
        ),
    )(exec_)


def exec_(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="GROUP",
            help="A group, or one of its members.",
            autocompletion=complete.complete_containers_and_groups,
            show_default=False,
        ),
    ],
    command: Annotated[
        list[str],
        typer.Argument(metavar="-- COMMAND...", help="The command to run.", show_default=False),
    ],
    env: Annotated[
        list[str] | None,
        typer.Option("--env", "-e", metavar="KEY[=VALUE]", help="Set a variable."),
    ] = None,
    user: Annotated[
        str, typer.Option("--user", "-u", metavar="USER[:GROUP]", help="Run as this user.")
    ] = "",
    workdir: Annotated[
        str, typer.Option("--workdir", "-w", metavar="PATH", help="Run in this folder.")
    ] = "",
    privileged: Annotated[
        bool, typer.Option("--privileged", help="Full access to the host.")
    ] = False,
    parallel: Annotated[
        int | None,
        typer.Option(
            "--parallel", min=1, max=64, metavar="N", help="Run in at most N containers at a time."
        ),
    ] = None,
    interactive: Annotated[bool, typer.Option("--interactive", "-i", hidden=True)] = False,
    tty: Annotated[bool, typer.Option("--tty", "-t", hidden=True)] = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Run a command in all members of a group; each line begins with the member's name.

    The exit code is that of the first member in which the command failed, or 125 if dockmgr failed.
    Options go before the command. With --json, each line is an object.
    """
    from manager.groups.execute import DOCKMGR_FAILURE_CODE

    if interactive or tty:
        words = " ".join(it for it in command if it != "--")
        raise ManagerError(
            "exec runs a command in all members, and gives none of them a terminal",
            f"use docker for one container: docker exec -it NAME {words}",
            ExitCode.USAGE,
        )
    work = get_session(ctx)
    try:
        code = _execute_command(
            work,
            name,
            command,
            json=json,
            dry_run=dry_run,
            explain=explain,
            parallel=parallel,
            env=tuple(env or ()),
            user=user,
            workdir=workdir,
            privileged=privileged,
        )
    except ManagerError as error:
        raise ManagerError(
            error.message,
            error.hint,
            ExitCode.USAGE if error.exit_code is ExitCode.USAGE else DOCKMGR_FAILURE_CODE,  # type: ignore[arg-type]
            error.details,
        ) from error
    if code:
        raise typer.Exit(code)


def _execute_command(
    work: Session,
    name: str,
    command: list[str],
    *,
    json: bool,
    dry_run: bool,
    explain: bool,
    parallel: int | None,
    env: tuple[str, ...],
    user: str,
    workdir: str,
    privileged: bool,
) -> int:
    from manager.cli.groups.prefixes import LinePrinter
    from manager.cli.steps import show_plan
    from manager.engine.processes import ExecOptions
    from manager.groups.core.lifecycle import plan_exec
    from manager.groups.core.selection import select_containers
    from manager.groups.execute import ExecLine, run_in_containers
    from manager.groups.local_values import resolve_variables

    words = command[1:] if command[0] == "--" else command
    if not words or words[0].startswith("-"):
        raise ManagerError(
            f"{words[0]!r} is not a command" if words else "no command to run",
            "write it after two dashes, and options before them: dockmgr exec web --user me -- ls",
            ExitCode.USAGE,
        )
    chosen = select_containers(Snapshot(work.engine.containers.list()), (name,))
    _refuse_stopped(chosen)
    variables = resolve_variables(env, work.env)
    if explain:
        from manager.cli.docker_equivalents import explain_commands, explain_stream
        from manager.model.docker_equivalents import translate_exec

        flags = [it for text in env for it in ("--env", text)]
        flags += ["--user", user] if user else []
        flags += ["--workdir", workdir] if workdir else []
        flags += ["--privileged"] if privileged else []
        lines = translate_exec([one.name for one in chosen], flags, words)
        if dry_run:
            explain_commands(work, lines, json=json, dry_run=True)
        else:
            explain_stream(work, lines, json=json)
    if dry_run:
        show_plan(work.out, "exec", plan_exec(chosen, words), json=json, dry_run=True)
        return 0
    surroundings = ExecOptions(variables, user, workdir, privileged)
    prefixes = LinePrinter(work.out, chosen)
    codes: dict[str, int] = {}
    at_once = parallel or work.settings.spawn.parallel
    for item in run_in_containers(work.engine, chosen, words, surroundings, at_once):
        if isinstance(item, ExecLine):
            _show_line(work, item, prefixes, json=json)
        else:
            codes[item.container.id] = item.code
            _show_result(work, item, json=json)
    return next((codes[one.id] for one in chosen if codes[one.id]), 0)


def _refuse_stopped(chosen: tuple[Container, ...]) -> None:
    stopped = [one.name for one in chosen if one.state != "running"]
    if stopped:
        verb = "is" if len(stopped) == 1 else "are"
        raise ManagerError(
            f"{', '.join(stopped)} {verb} not running",
            f"start them with: dockmgr start {' '.join(stopped)}",
        )


def _show_line(work: Session, said: "ExecLine", prefixes: "LinePrinter", *, json: bool) -> None:
    if json:
        stream = "stderr" if said.is_error else "stdout"
        name = said.container.name
        work.out.json_line({"name": name, "stream": stream, "text": said.text})
    else:
        prefixes.print(said.container, said.text, stderr=said.is_error)


def _show_result(work: Session, ended: "ExecResult", *, json: bool) -> None:
    if json:
        error = ended.error.message if ended.error else None
        work.out.json_line({"name": ended.container.name, "code": ended.code, "error": error})
    elif ended.error is not None:
        work.out.note(f"error: {ended.container.name}: {ended.error.message}")
    elif ended.code:
        work.out.note(f"{ended.container.name}: exit code {ended.code}")
