"""The commands on images that are here: images, rmi."""

from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.disk.core.listing import SORT_COLUMNS, ImageState
from manager.errors import ExitCode

if TYPE_CHECKING:
    from manager.cli.images.observing import EngineView
    from manager.disk.remove_images import UntagResult
    from manager.model.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=format_examples(
            "dockmgr images",
            "dockmgr images --sort frees --state idle",
            "dockmgr images 'myorg/*' --larger-than 1GB",
            "dockmgr images --tree",
        )
    )(images)
    app.command(
        epilog=format_examples(
            "dockmgr rmi nginx:1.22",
            "dockmgr rmi redis busybox --dry-run",
            "dockmgr rmi redis --explain --dry-run",
        )
    )(rmi)


def images(
    ctx: typer.Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATTERN]...",
            help="Only images whose reference fits, such as 'myorg/*'; or the beginning of an id.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="COLUMN", help=f"By {', '.join(SORT_COLUMNS)}.")
    ] = "name",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    state: Annotated[
        ImageState | None, typer.Option("--state", help="Only images in this state.")
    ] = None,
    larger_than: Annotated[
        str, typer.Option("--larger-than", metavar="SIZE", help="Only larger ones: 500MB.")
    ] = "",
    tree: Annotated[bool, typer.Option("--tree", help="Draw which layers images share.")] = False,
    json: options.Json = False,
) -> None:
    """List images: what each takes, shares, would free alone, and when it was last used."""
    from manager.cli.images.observing import load_engine_view
    from manager.cli.images.views import image_json, render_image_table, render_layer_tree
    from manager.disk.core import listing
    from manager.model.units import parse_size

    work = get_session(ctx)
    least = parse_size(larger_than) if larger_than else None
    listing.check_sort_column(sort)
    view = load_engine_view(work)
    found = listing.build_image_rows(view.snapshot, view.disk, view.last_uses)
    chosen = listing.filter_rows(found, patterns or (), state, least)
    ordered = listing.sort_rows(chosen, sort, backwards=reverse)
    if json:
        work.out.json("images", [image_json(row) for row in ordered])
    elif not ordered:
        work.out.note("no images" if not found else "no image fits")
        work.out.hint(
            "get one with: dockmgr pull nginx" if not found else "see all: dockmgr images"
        )
    elif tree:
        work.out.show(render_layer_tree(view.disk, ordered))
    else:
        work.out.print_table(render_image_table(ordered, view.now))


def rmi(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="References; or ids of images that have no reference.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Remove images by reference, saying beforehand what that frees; never one in use."""
    from manager.cli.images.observing import load_engine_view
    from manager.cli.steps import exit_code, report_outcome, show_plan
    from manager.disk.core.untagging import plan_untag
    from manager.disk.remove_images import untag_images
    from manager.engine.disk_usage import BUILD_CACHE, IMAGES

    work = get_session(ctx)
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
    """Say what was freed, and whether that is what was said before."""
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
