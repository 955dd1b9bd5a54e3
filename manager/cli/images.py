"""The commands on images that are here: images, rmi."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from manager.cli import complete, options
from manager.cli.context import session
from manager.cli.options import examples
from manager.core.model import Image, Snapshot
from manager.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=examples("dockmgr images", "dockmgr images --json"))(images)
    app.command(epilog=examples("dockmgr rmi nginx:1.22", "dockmgr rmi redis busybox --dry-run"))(
        rmi
    )


def images(ctx: typer.Context, json: options.Json = False) -> None:
    """List images, and the containers made from each."""
    from manager.cli import render

    work = session(ctx)
    snapshot = Snapshot(work.engine.containers.list(), work.engine.images.list())
    ordered = sorted(snapshot.images, key=_by_name)
    used_by = {
        image.id: sorted(user.name for user in snapshot.users(image.id)) for image in ordered
    }
    if json:
        rows = [render.image_row(image, used_by[image.id]) for image in ordered]
        work.out.json("images", rows)
    elif not ordered:
        work.out.note("no images")
        work.out.hint("get one with: dockmgr pull nginx")
    else:
        work.out.show(render.images_table(ordered, used_by, datetime.now(UTC)))


def _by_name(image: Image) -> tuple[bool, str]:
    """Untagged images last."""
    return (not image.tags, image.label)


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
    json: options.Json = False,
) -> None:
    """Remove images by reference; one that a container uses is refused."""
    from manager.actions.untag import untag
    from manager.cli.steps import show_outcomes, show_plan, tell
    from manager.core.untagging import plan_untag

    work = session(ctx)
    snapshot = Snapshot(work.engine.containers.list(), work.engine.images.list())
    plan = plan_untag(snapshot, tuple(names))
    if dry_run:
        show_plan(work.out, "rmi", plan, json=json, dry_run=True)
        return
    if not yes:
        work.out.note(str(plan))
        count = len(plan.steps)
        work.confirm(f"Remove {count} reference{'s' * (count != 1)}?", yes=False)
    outcomes = untag(work.engine, plan, lambda outcome: tell(work.out, outcome, quiet=json))
    code = show_outcomes(work.out, "rmi", outcomes, json=json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)
