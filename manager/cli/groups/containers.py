"""The commands that change existing containers: stop, start, restart, rm."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError
from manager.model.containers import Container
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from manager.engine.run_plan import StepOutcome
    from manager.model.plan import Plan


@dataclass(frozen=True, slots=True)
class ChangeOptions:
    """How a command changes containers."""

    command: str
    timeout: int | None = None
    """Seconds until a container is killed; None for the settings'."""
    volumes: bool = False
    """Whether anonymous volumes are removed too."""
    force: bool = False
    """Whether running containers are killed."""
    ask: bool = False
    """Whether to ask a person first."""
    dry_run: bool = False
    explain: bool = False
    """Whether to show the docker commands for it."""
    rolling: bool = False
    json: bool = False


def register(app: typer.Typer) -> None:
    """Add the commands."""
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


def stop(
    ctx: typer.Context,
    names: options.Targets,
    timeout: options.StopTimeout = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Stop containers or groups."""
    from manager.groups.core.lifecycle import plan_stop

    work = get_session(ctx)
    chosen = _select_containers(work, names)
    change = ChangeOptions("stop", timeout, dry_run=dry_run, explain=explain, json=json)
    change_containers(work, chosen, plan_stop(chosen), change)


def start(
    ctx: typer.Context,
    names: options.Targets,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Start stopped containers or groups."""
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
    timeout: options.StopTimeout = None,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="Restart one by one, each ready before the next.")
    ] = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Restart containers or groups, in parallel or one by one."""
    from manager.groups.core.lifecycle import plan_restart

    work = get_session(ctx)
    chosen = _select_containers(work, names)
    plan = plan_restart(chosen)
    change = ChangeOptions(
        "restart", timeout, dry_run=dry_run, explain=explain, rolling=rolling, json=json
    )
    if rolling and not dry_run:
        _restart_one_by_one(work, chosen, plan, change)
    else:
        change_containers(work, chosen, plan, change)


def _restart_one_by_one(
    work: Session, chosen: tuple[Container, ...], plan: "Plan", change: ChangeOptions
) -> None:
    from manager.cli.steps import report_outcome, show_outcomes
    from manager.groups.rolling import RollingRestartContext, restart_members

    show_docker_commands(work, plan, change)
    timeout = work.stop_timeout if change.timeout is None else change.timeout
    outcomes = restart_members(
        RollingRestartContext(
            work.engine,
            timeout,
            work.engine_address,
            lambda outcome: report_outcome(work.out, outcome, quiet=change.json),
        ),
        plan,
        chosen,
    )
    left = [it.step.target for it in outcomes if it.skipped]
    if left:
        work.out.note(f"not restarted: {', '.join(left)}")
    code = show_outcomes(work.out, change.command, outcomes, json=change.json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def rm(
    ctx: typer.Context,
    names: options.Targets,
    timeout: options.StopTimeout = None,
    volumes: Annotated[
        bool, typer.Option("--volumes", "-v", help="Remove anonymous volumes too.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", "-f", help="Kill running containers instead of stopping them."),
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Remove containers or groups; running ones are stopped first."""
    from manager.groups.core.lifecycle import plan_remove

    if force and timeout is not None:
        raise ManagerError(
            "--force cannot be combined with --timeout: killing takes no time",
            "choose one of them",
            ExitCode.USAGE,
        )
    work = get_session(ctx)
    chosen = _select_containers(work, names)
    plan = plan_remove(chosen, volumes=volumes, force=force)
    change = ChangeOptions(
        "rm", timeout, volumes, force, ask=not yes, dry_run=dry_run, explain=explain, json=json
    )
    change_containers(work, chosen, plan, change)


def _select_containers(work: Session, names: list[str]) -> tuple[Container, ...]:
    from manager.groups.core.selection import select_containers

    return select_containers(Snapshot(work.engine.containers.list()), tuple(names))


def show_docker_commands(work: Session, plan: "Plan", change: ChangeOptions) -> None:
    """Show the docker commands for a change, if a person asked for them."""
    if not change.explain:
        return
    from manager.cli.docker_equivalents import explain_commands
    from manager.model.plan_equivalents import (
        DockerCommandOptions,
        translate_plan,
        translate_rolling_restart,
    )

    timeout = work.stop_timeout if change.timeout is None else change.timeout
    lines = (translate_rolling_restart if change.rolling else translate_plan)(
        plan, DockerCommandOptions(timeout, change.volumes, change.force)
    )
    explain_commands(work, lines, json=change.json, dry_run=change.dry_run or not plan)


def change_containers(
    work: Session, chosen: tuple[Container, ...], plan: "Plan", change: ChangeOptions
) -> None:
    """Ask, act and show: what every command does that changes existing containers.

    Args:
        work: the session.
        chosen: the containers.
        plan: the steps.
        change: change.

    Raises:
        ManagerError: nothing could be done, or the answer was no.
    """
    from collections import Counter

    from manager.cli.groups.sighting import record_sightings
    from manager.cli.progress import show_reminders
    from manager.cli.steps import format_remaining, report_outcome, show_outcomes, show_plan
    from manager.engine.run_plan import StepOptions, run_plan
    from manager.model.plan import Verb

    show_docker_commands(work, plan, change)
    if change.dry_run or not plan:
        show_plan(work.out, change.command, plan, json=change.json, dry_run=change.dry_run)
        return
    if change.ask:
        work.out.note(str(plan))
        count = sum(step.verb is Verb.REMOVE for step in plan)
        work.confirm(f"Remove {count} container{'s' * (count != 1)}?", yes=False)
    record_sightings(work, chosen)
    options_ = StepOptions(
        stop_timeout=work.stop_timeout if change.timeout is None else change.timeout,
        remove_volumes=change.volumes,
        force=change.force,
        parallel=work.settings.spawn.parallel,
    )
    left = Counter(step.target for step in plan)

    def report(outcome: "StepOutcome") -> None:
        report_outcome(work.out, outcome, quiet=change.json)
        left[outcome.step.target] -= 1

    with show_reminders(work.out, lambda: format_remaining(left)):
        outcomes = run_plan(work.engine, plan, options_, report)
    code = show_outcomes(work.out, change.command, outcomes, json=change.json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)
