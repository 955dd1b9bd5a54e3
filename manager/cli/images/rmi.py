"""The command rmi: remove images by reference."""

from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode

if TYPE_CHECKING:
    from manager.cli.images.observing import EngineView
    from manager.disk.remove_images import UntagResult
    from manager.model.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr rmi nginx:1.22",
            "dockmgr rmi redis busybox --dry-run",
            "dockmgr rmi redis --explain --dry-run",
        )
    )(rmi)


def rmi(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="Image references, or ids of untagged images.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ],
    force: Annotated[
        bool,
        typer.Option("--force", "-f", help="No effect; accepted because docker has it."),
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Remove images by reference, after showing what that frees; never one in use."""
    from manager.cli.images.observing import load_engine_view
    from manager.cli.steps import exit_code, report_outcome, show_plan
    from manager.disk.core.untagging import plan_untag
    from manager.disk.remove_images import untag_images
    from manager.engine.disk_usage import BUILD_CACHE, IMAGES

    work = get_session(ctx)
    if force:
        work.out.note("--force has no effect: images in use are never removed")
    view = load_engine_view(work, IMAGES, BUILD_CACHE)
    plan = plan_untag(view.snapshot, tuple(names), view.disk)
    if explain:
        from manager.cli.docker_equivalents import explain_commands
        from manager.model.plan_equivalents import translate_plan

        explain_commands(work, translate_plan(plan), json=json, dry_run=dry_run)
    if dry_run:
        show_plan(work.out, "rmi", plan, json=json, dry_run=True)
        return
    if not json:
        work.out.note(str(plan))
    count = len(plan.steps)
    work.confirm(f"Remove {count} reference{'s' * (count != 1)}?", yes=yes)
    done = untag_images(
        work.engine,
        plan,
        view.snapshot,
        view.disk,
        lambda outcome: report_outcome(work.out, outcome, quiet=json),
    )
    _show_freed(work, view, plan, done, json=json)
    code = exit_code(done.outcomes)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _show_freed(
    work: Session, view: "EngineView", plan: "Plan", done: "UntagResult", *, json: bool
) -> None:
    """Say what was freed, and whether that is what was predicted."""
    from manager.cli.json_rows import outcome_row, plan_data
    from manager.engine.disk_space import shrink_hint
    from manager.model.byte_range import ByteRange, describe_freed

    if json:
        rows = [outcome_row(outcome) for outcome in done.outcomes]
        work.out.json(
            "rmi",
            {"dry_run": False, **plan_data(plan), "outcomes": rows, "freed": done.freed},
        )
        return
    if plan.frees is None or not any(outcome.error is None for outcome in done.outcomes):
        return
    work.out.note(describe_freed(plan.frees, plan.cached or ByteRange(), done.freed))
    hint = shrink_hint(view.info)
    if done.freed and hint:
        work.out.hint(hint)
