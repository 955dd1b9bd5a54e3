"""The command logs: the logs of containers, each in a colour of its own."""

from typing import Annotated

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import get_session
from manager.model.snapshot import Snapshot


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr logs nginx", "dockmgr logs nginx -f --tail 5", "dockmgr logs nginx2 db"
        )
    )(logs)


def logs(
    ctx: typer.Context,
    names: options.Targets,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing until the containers end.")
    ] = False,
    tail: Annotated[
        int | None,
        typer.Option("--tail", "-n", metavar="N", min=0, help="Only the last N lines of each."),
    ] = None,
    timestamps: Annotated[
        bool, typer.Option("--timestamps", "-t", help="Put the time before each line.")
    ] = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Show the logs of containers or groups; with several, each line begins with a name.

    With --json, each line is an object with name, id and text.
    """
    from manager.cli.groups.prefixes import LinePrinter
    from manager.groups.core.selection import select_containers
    from manager.groups.logs import read_logs

    work = get_session(ctx)
    chosen = select_containers(Snapshot(work.engine.containers.list()), tuple(names))
    if explain:
        from manager.cli.docker_equivalents import explain_stream
        from manager.model.docker_equivalents import translate_logs

        lines = translate_logs(
            [one.name for one in chosen], follow=follow, tail=tail, timestamps=timestamps
        )
        explain_stream(work, lines, json=json)
    prefixes = LinePrinter(work.out, chosen)
    for line in read_logs(work.engine, chosen, follow=follow, tail=tail, timestamps=timestamps):
        if json:
            work.out.json_line(
                {"name": line.container.name, "id": line.container.id, "text": line.text}
            )
        else:
            prefixes.print(line.container, line.text)
