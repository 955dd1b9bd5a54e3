"""The command apply: carry out a plan that prune wrote to a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import options
from manager.cli.images.observing import EngineView, load_engine_view
from manager.cli.options import format_examples
from manager.cli.prune import common, views
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from manager.prune.core.plan_file import WrittenPlan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples("dockmgr apply plan.json", "dockmgr apply plan.json --dry-run")
    )(apply)


def apply(
    ctx: typer.Context,
    plan: Annotated[
        Path,
        typer.Argument(metavar="PLAN", help="The file that prune --out wrote.", show_default=False),
    ],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Carry out a plan that prune wrote to a file; skip what has changed since."""
    session = get_session(ctx)
    written = _read_plan(plan)
    view = _observe_planned_engine(session, written)
    if explain:
        folder = _archive_folder(written)
        common.explain_plan(session, written.plan, folder, json=json, dry_run=dry_run)
    only_shown = dry_run or not written.plan
    if not json:
        if dry_run and session.out.show_docker():
            return
        _show_steps(session, written, as_data=dry_run)
    elif only_shown:
        _print_json(session, written, {"dry_run": True}, {"outcomes": []})
    if not only_shown:
        _carry_out(session, view, written, yes=yes, json=json)


def _observe_planned_engine(session: Session, written: "WrittenPlan") -> EngineView:
    """Observe the engine, which has to be the one that the plan was made for."""
    from manager.engine import disk_usage

    view = load_engine_view(session, disk_usage.IMAGES, disk_usage.BUILD_CACHE)
    if written.engine != view.engine_id:
        raise ManagerError(
            "this plan was made for another engine",
            "choose that engine with --host or --context",
            ExitCode.USAGE,
        )
    return view


def _archive_folder(written: "WrittenPlan") -> Path | None:
    return Path(written.archive) if written.archive else None


def _show_steps(session: Session, written: "WrittenPlan", *, as_data: bool) -> None:
    if written.plan:
        session.out.print_part(views.render_steps(written.plan), data=as_data)
    else:
        session.out.note("nothing to do: this plan has no steps")


def _print_json(
    session: Session, written: "WrittenPlan", before: dict[str, Any], after: dict[str, Any]
) -> None:
    from manager.cli.json_rows import plan_data

    session.out.json("apply", {**before, **plan_data(written.plan), **after})


def _carry_out(
    session: Session, view: EngineView, written: "WrittenPlan", *, yes: bool, json: bool
) -> None:
    """Ask, carry out the plan, and report the result."""
    plan, folder = written.plan, _archive_folder(written)
    with common.exclusive_prune_lock(session):
        common.finish_interrupted_prunes(session, view.engine_id)
        common.check_archive_folder(folder)
        session.confirm(common.confirmation_question(plan), yes=yes)
        lost = common.find_lost_copies(session, view, plan)
        done = common.carry_out_and_report(session, view, plan, folder, lost, quiet=json)
    if json:
        _print_json(session, written, {"dry_run": False}, views.result_data(done))
    common.report_prune_result(session, view, plan, done, quiet=json)


def _read_plan(path: Path) -> "WrittenPlan":
    from json import loads

    from manager.prune.core.plan_file import parse_plan

    try:
        data = loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManagerError(
            f"cannot read the plan {path}: {error.strerror}",
            "write one with: dockmgr prune --out plan.json",
        ) from error
    except ValueError as error:
        raise ManagerError(
            f"{path} is not a valid plan: it is not JSON",
            "write one with: dockmgr prune --out plan.json",
            ExitCode.USAGE,
        ) from error
    return parse_plan(data)
