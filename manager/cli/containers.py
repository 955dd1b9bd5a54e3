"""The commands on containers that exist: ls, stop, start, restart, rm."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import options
from manager.cli.context import Session, session
from manager.cli.options import examples
from manager.core.model import Container, Snapshot, by_group_and_number
from manager.errors import ExitCode

if TYPE_CHECKING:
    from manager.core.plan import Plan

Planner = Callable[[tuple[Container, ...]], "Plan"]

Timeout = Annotated[
    int | None,
    typer.Option("--timeout", "-t", min=0, help="Seconds each gets to end in order."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=examples("dockmgr ls", "dockmgr ls nginx", "dockmgr ls --json | jq '.data[].name'")
    )(ls)
    app.command(epilog=examples("dockmgr stop nginx", "dockmgr stop nginx2 db"))(stop)
    app.command(epilog=examples("dockmgr start nginx"))(start)
    app.command(epilog=examples("dockmgr restart nginx --timeout 3"))(restart)
    app.command(
        epilog=examples("dockmgr rm nginx2", "dockmgr rm nginx --yes", "dockmgr rm nginx --dry-run")
    )(rm)


def ls(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Only these groups or containers."),
    ] = None,
    running: Annotated[bool, typer.Option("--running", "-r", help="Only what runs.")] = False,
    tree: Annotated[
        bool | None,
        typer.Option("--tree/--table", help="As a tree (on a terminal) or a table (in a pipe)."),
    ] = None,
    json: options.Json = False,
) -> None:
    """List containers under the image they come from, in any state."""
    from manager.cli import render
    from manager.cli.sighting import NOW_AND_THEN, sighted

    work = session(ctx)
    snapshot = Snapshot(work.engine.containers.list())
    sighted(work, snapshot.containers, NOW_AND_THEN)
    if names:
        snapshot = Snapshot(_select(snapshot, names))
    if running:
        snapshot = Snapshot(tuple(c for c in snapshot.containers if c.running))
    if json:
        ordered = sorted(snapshot.containers, key=lambda c: (c.image, by_group_and_number(c)))
        work.out.json("ls", [render.container_row(c, work.engine_address) for c in ordered])
        return
    from manager.core.tree import branches

    found = branches(snapshot)
    if not found:
        work.out.note("no containers" + (" are running" if running else ""))
        work.out.hint("make some with: dockmgr spawn nginx --count 3")
    elif work.out.is_terminal if tree is None else tree:
        work.out.show(render.containers_tree(found, work.engine_address))
    else:
        rows = [container for branch in found for container in branch.containers]
        work.out.show(render.containers_table(rows, work.engine_address, with_image=True))


def stop(
    ctx: typer.Context,
    names: options.Targets,
    timeout: Timeout = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Stop containers, or all of a group."""
    from manager.core.lifecycle import plan_stop

    _change(session(ctx), "stop", names, plan_stop, timeout=timeout, dry_run=dry_run, json=json)


def start(
    ctx: typer.Context,
    names: options.Targets,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Start containers that are stopped, or all of a group."""
    from manager.core.lifecycle import plan_start

    _change(session(ctx), "start", names, plan_start, dry_run=dry_run, json=json)


def restart(
    ctx: typer.Context,
    names: options.Targets,
    timeout: Timeout = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Restart containers, or all of a group."""
    from manager.core.lifecycle import plan_restart

    work = session(ctx)
    _change(work, "restart", names, plan_restart, timeout=timeout, dry_run=dry_run, json=json)


def rm(
    ctx: typer.Context,
    names: options.Targets,
    timeout: Timeout = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", "-v", help="Remove their anonymous volumes too.")
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Remove containers, or all of a group; what runs is stopped first."""
    from manager.core.lifecycle import plan_remove

    _change(
        session(ctx),
        "rm",
        names,
        lambda containers: plan_remove(containers, volumes=volumes),
        timeout=timeout,
        volumes=volumes,
        dry_run=dry_run,
        json=json,
        ask=not yes,
    )


def _select(snapshot: Snapshot, names: list[str]) -> tuple[Container, ...]:
    from manager.core.groups import select

    return select(snapshot, tuple(names))


def _change(
    work: Session,
    command: str,
    names: list[str],
    planner: Planner,
    *,
    timeout: int | None = None,
    volumes: bool = False,
    dry_run: bool,
    json: bool,
    ask: bool = False,
) -> None:
    """Observe, decide, ask, act, show: the way of every command of this file."""
    from manager.actions.run import Options, run
    from manager.cli.sighting import sighted
    from manager.cli.steps import show_outcomes, show_plan, tell
    from manager.core.plan import Verb

    chosen_ones = _select(Snapshot(work.engine.containers.list()), names)
    plan = planner(chosen_ones)
    if dry_run or not plan:
        show_plan(work.out, command, plan, json=json, dry_run=dry_run)
        return
    if ask:
        work.out.note(str(plan))
        count = sum(step.verb is Verb.REMOVE for step in plan)
        work.confirm(f"Remove {count} container{'s' * (count != 1)}?", yes=False)
    sighted(work, chosen_ones)
    chosen = Options(
        stop_timeout=work.stop_timeout if timeout is None else timeout,
        volumes=volumes,
        parallel=work.settings.spawn.parallel,
    )
    outcomes = run(work.engine, plan, chosen, lambda outcome: tell(work.out, outcome, quiet=json))
    code = show_outcomes(work.out, command, outcomes, json=json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)
