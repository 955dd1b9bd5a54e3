"""The commands on containers that exist: ls, stop, start, restart, rm."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError
from manager.model.containers import Container, by_group_and_number
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from manager.engine.run_plan import StepOutcome
    from manager.model.plan import Plan

StopTimeout = Annotated[
    int | None,
    typer.Option("--timeout", "-t", min=0, help="Seconds each gets to end in order."),
]


@dataclass(frozen=True, slots=True)
class ChangeOptions:
    """How a command changes containers."""

    command: str
    timeout: int | None = None
    """Seconds each gets to end in order; None for the settings'."""
    volumes: bool = False
    """Whether anonymous volumes go with their container."""
    force: bool = False
    """Whether what runs is killed."""
    ask: bool = False
    """Whether a person is asked first."""
    dry_run: bool = False
    explain: bool = False
    """Whether the docker commands for it are shown."""
    rolling: bool = False
    json: bool = False


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=format_examples(
            "dockmgr ls", "dockmgr ls nginx", "dockmgr ls --json | jq '.data[].name'"
        )
    )(ls)
    app.command(epilog=format_examples("dockmgr stop nginx", "dockmgr stop nginx2 db"))(stop)
    app.command(epilog=format_examples("dockmgr start nginx"))(start)
    app.command(
        epilog=format_examples("dockmgr restart nginx --timeout 3", "dockmgr restart web --rolling")
    )(restart)
    app.command(
        epilog=format_examples(
            "dockmgr rm nginx2",
            "dockmgr rm nginx --yes",
            "dockmgr rm nginx --dry-run",
            "dockmgr rm nginx --explain --dry-run",
        )
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
    from manager.cli import json_rows, render
    from manager.cli.groups.sighting import SIGHTING_INTERVAL_SECONDS, record_sightings

    work = get_session(ctx)
    snapshot = Snapshot(work.engine.containers.list())
    record_sightings(work, snapshot.containers, SIGHTING_INTERVAL_SECONDS)
    if names:
        snapshot = Snapshot(_select_in_snapshot(snapshot, names))
    if running:
        snapshot = Snapshot(tuple(c for c in snapshot.containers if c.is_running))
    from manager.groups.core.tree import has_only_image_id, image_branches, with_current_image_names

    # A tag can have moved since: then Docker shows an id, and Podman what the tag was.
    lost = any(work.engine.is_podman or has_only_image_id(it) for it in snapshot.containers)
    images = work.engine.images.list(include_hidden=True) if lost else ()
    snapshot = Snapshot(with_current_image_names(Snapshot(snapshot.containers, images)), images)
    if json:
        ordered = sorted(snapshot.containers, key=lambda c: (c.image, by_group_and_number(c)))
        work.out.json("ls", [json_rows.container_row(c, work.engine_address) for c in ordered])
        return
    found = image_branches(snapshot)
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
    timeout: StopTimeout = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Stop containers, or all of a group."""
    from manager.groups.core.lifecycle import plan_stop

    work = get_session(ctx)
    chosen = _select_containers(work, names)
    how = ChangeOptions("stop", timeout, dry_run=dry_run, explain=explain, json=json)
    change_containers(work, chosen, plan_stop(chosen), how)


def start(
    ctx: typer.Context,
    names: options.Targets,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Start containers that are stopped, or all of a group."""
    from manager.groups.core.lifecycle import plan_start

    work = get_session(ctx)
    chosen = _select_containers(work, names)
    change_containers(
        work,
        chosen,
        plan_start(chosen),
        ChangeOptions("start", dry_run=dry_run, explain=explain, json=json),
    )


def restart(
    ctx: typer.Context,
    names: options.Targets,
    timeout: StopTimeout = None,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="One by one, each ready before the next.")
    ] = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Restart containers, or all of a group."""
    from manager.groups.core.lifecycle import plan_restart

    work = get_session(ctx)
    chosen = _select_containers(work, names)
    plan = plan_restart(chosen)
    how = ChangeOptions(
        "restart", timeout, dry_run=dry_run, explain=explain, rolling=rolling, json=json
    )
    if rolling and not dry_run:
        _restart_one_by_one(work, chosen, plan, how)
    else:
        change_containers(work, chosen, plan, how)


def _restart_one_by_one(
    work: Session, chosen: tuple[Container, ...], plan: "Plan", how: ChangeOptions
) -> None:
    from manager.cli.steps import report_outcome, show_outcomes
    from manager.groups.rolling import RollingRestartContext
    from manager.groups.rolling import restart_members as roll

    show_docker_commands(work, plan, how)
    timeout = work.stop_timeout if how.timeout is None else how.timeout
    outcomes = roll(
        RollingRestartContext(
            work.engine,
            timeout,
            work.engine_address,
            lambda outcome: report_outcome(work.out, outcome, quiet=how.json),
        ),
        plan,
        chosen,
    )
    left = [it.step.target for it in outcomes if it.skipped]
    if left:
        work.out.note(f"left as they were: {', '.join(left)}")
    code = show_outcomes(work.out, how.command, outcomes, json=how.json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def rm(
    ctx: typer.Context,
    names: options.Targets,
    timeout: StopTimeout = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", "-v", help="Remove their anonymous volumes too.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Kill what runs, instead of stopping it first.")
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Remove containers, or all of a group; what runs is stopped first."""
    from manager.groups.core.lifecycle import plan_remove

    if force and timeout is not None:
        raise ManagerError(
            "--force and --timeout do not go together: what is killed gets no time",
            "choose one of them",
            ExitCode.USAGE,
        )
    work = get_session(ctx)
    chosen = _select_containers(work, names)
    plan = plan_remove(chosen, volumes=volumes, force=force)
    how = ChangeOptions(
        "rm", timeout, volumes, force, ask=not yes, dry_run=dry_run, explain=explain, json=json
    )
    change_containers(work, chosen, plan, how)


def _select_containers(work: Session, names: list[str]) -> tuple[Container, ...]:
    return _select_in_snapshot(Snapshot(work.engine.containers.list()), names)


def _select_in_snapshot(snapshot: Snapshot, names: list[str]) -> tuple[Container, ...]:
    from manager.groups.core.selection import select_containers

    return select_containers(snapshot, tuple(names))


def show_docker_commands(work: Session, plan: "Plan", how: ChangeOptions) -> None:
    """Show the docker commands for a change, if they are asked for."""
    if not how.explain:
        return
    from manager.cli.docker_equivalents import explain_commands
    from manager.model.plan_equivalents import (
        DockerCommandOptions,
        translate_plan,
        translate_rolling_restart,
    )

    timeout = work.stop_timeout if how.timeout is None else how.timeout
    lines = (translate_rolling_restart if how.rolling else translate_plan)(
        plan, DockerCommandOptions(timeout, how.volumes, how.force)
    )
    explain_commands(work, lines, json=how.json, dry_run=how.dry_run or not plan)


def change_containers(
    work: Session, chosen: tuple[Container, ...], plan: "Plan", how: ChangeOptions
) -> None:
    """Ask, act, show: the way of every command that changes containers which exist.

    Args:
        work: the session.
        chosen: the containers.
        plan: what is done with them.
        how: how.

    Raises:
        ManagerError: nothing could be done, or the answer was no.
    """
    from collections import Counter

    from manager.cli.groups.sighting import record_sightings
    from manager.cli.progress import show_reminders
    from manager.cli.steps import format_remaining, report_outcome, show_outcomes, show_plan
    from manager.engine.run_plan import StepOptions, run_plan
    from manager.model.plan import Verb

    show_docker_commands(work, plan, how)
    if how.dry_run or not plan:
        show_plan(work.out, how.command, plan, json=how.json, dry_run=how.dry_run)
        return
    if how.ask:
        work.out.note(str(plan))
        count = sum(step.verb is Verb.REMOVE for step in plan)
        work.confirm(f"Remove {count} container{'s' * (count != 1)}?", yes=False)
    record_sightings(work, chosen)
    options_ = StepOptions(
        stop_timeout=work.stop_timeout if how.timeout is None else how.timeout,
        volumes=how.volumes,
        force=how.force,
        parallel=work.settings.spawn.parallel,
    )
    left = Counter(step.target for step in plan)

    def report(outcome: "StepOutcome") -> None:
        report_outcome(work.out, outcome, quiet=how.json)
        left[outcome.step.target] -= 1

    with show_reminders(work.out, lambda: format_remaining(left)):
        outcomes = run_plan(work.engine, plan, options_, report)
    code = show_outcomes(work.out, how.command, outcomes, json=how.json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)
