"""The commands on images that are here: images, rmi."""

from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import complete, options
from manager.cli.options import examples
from manager.cli.session import Session, session
from manager.disk.core.listing import SORTS, State
from manager.errors import ExitCode

if TYPE_CHECKING:
    from manager.cli.images.observing import View
    from manager.disk.remove_images import Untagged
    from manager.model.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=examples(
            "dockmgr images",
            "dockmgr images --sort frees --state idle",
            "dockmgr images 'myorg/*' --larger-than 1GB",
            "dockmgr images --tree",
        )
    )(images)
    app.command(
        epilog=examples(
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
            autocompletion=complete.images,
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="COLUMN", help=f"By {', '.join(SORTS)}.")
    ] = "name",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    state: Annotated[
        State | None, typer.Option("--state", help="Only images in this state.")
    ] = None,
    larger_than: Annotated[
        str, typer.Option("--larger-than", metavar="SIZE", help="Only larger ones: 500MB.")
    ] = "",
    tree: Annotated[bool, typer.Option("--tree", help="Draw which layers images share.")] = False,
    json: options.Json = False,
) -> None:
    """List images: what each takes, shares, would free alone, and when it was last used."""
    from manager.cli.images import views as image_views
    from manager.cli.images.observing import look
    from manager.disk.core import listing
    from manager.model.units import parse_size

    work = session(ctx)
    least = parse_size(larger_than) if larger_than else None
    listing.check_sort(sort)
    view = look(work)
    found = listing.rows(view.snapshot, view.disk, view.last_uses)
    chosen = listing.chosen(found, patterns or (), state, least)
    ordered = listing.ordered(chosen, sort, backwards=reverse)
    if json:
        work.out.json("images", [image_views.row(row) for row in ordered])
    elif not ordered:
        work.out.note("no images" if not found else "no image fits")
        work.out.hint(
            "get one with: dockmgr pull nginx" if not found else "see all: dockmgr images"
        )
    elif tree:
        work.out.show(image_views.tree(view.disk, ordered))
    else:
        work.out.columns(image_views.table(ordered, view.now))


def rmi(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="References; or ids of images that have no reference.",
            autocompletion=complete.images,
            show_default=False,
        ),
    ],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Remove images by reference, saying beforehand what that frees; never one in use."""
    from manager.cli.images.observing import look
    from manager.cli.steps import exit_code, show_plan, tell
    from manager.disk.core.untagging import plan_untag
    from manager.disk.remove_images import untag
    from manager.engine import disk_usage as usage

    work = session(ctx)
    view = look(work, usage.IMAGES, usage.BUILD_CACHE)
    plan = plan_untag(view.snapshot, tuple(names), view.disk)
    if explain:
        from manager.cli.docker_equivalents import explain as show_lines
        from manager.model.docker_equivalents import of_plan

        show_lines(work, of_plan(plan), json=json, dry_run=dry_run)
    if dry_run:
        show_plan(work.out, "rmi", plan, json=json, dry_run=True)
        return
    if not json:
        work.out.note(str(plan))
    count = len(plan.steps)
    work.confirm(f"Remove {count} reference{'s' * (count != 1)}?", yes=yes)
    done = untag(
        work.engine,
        plan,
        view.snapshot,
        view.disk,
        lambda outcome: tell(work.out, outcome, quiet=json),
    )
    _show_freed(work, view, plan, done, json=json)
    code = exit_code(done.outcomes)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _show_freed(work: Session, view: "View", plan: "Plan", done: "Untagged", *, json: bool) -> None:
    """Say what was freed, and whether that is what was said before."""
    from manager.cli import render
    from manager.engine.disk_space import shrink_hint
    from manager.model.byte_range import Bytes, difference

    if json:
        rows = [render.outcome_row(outcome) for outcome in done.outcomes]
        work.out.json(
            "rmi",
            {"dry_run": False, **render.plan_rows(plan), "outcomes": rows, "freed": done.freed},
        )
        return
    if plan.frees is None or not any(outcome.error is None for outcome in done.outcomes):
        return
    work.out.note(difference(plan.frees, plan.cached or Bytes(), done.freed))
    hint = shrink_hint(view.info)
    if done.freed and hint:
        work.out.hint(hint)
