"""The command images: list the images of the engine."""

from typing import Annotated

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import get_session
from manager.disk.core.listing import ImageSort, ImageState


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr images",
            "dockmgr images --sort frees --state idle",
            "dockmgr images 'myorg/*' --larger-than 1GB",
            "dockmgr images --tree",
        )
    )(images)


def images(
    ctx: typer.Context,
    patterns: options.ImagePatterns = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Also list intermediate images of builds.")
    ] = False,
    quiet: options.Quiet = False,
    no_trunc: Annotated[bool, typer.Option("--no-trunc", help="Show whole ids.")] = False,
    sort: Annotated[
        ImageSort,
        typer.Option("--sort", metavar="COLUMN", help=f"Sort by: {', '.join(ImageSort)}."),
    ] = ImageSort.NAME,
    reverse: Annotated[bool, typer.Option("--reverse", help="Reverse the order.")] = False,
    state: Annotated[
        ImageState | None, typer.Option("--state", help="Only images in this state.")
    ] = None,
    larger_than: Annotated[
        str,
        typer.Option(
            "--larger-than", metavar="SIZE", help="Only images larger than this, such as 500MB."
        ),
    ] = "",
    tree: Annotated[bool, typer.Option("--tree", help="Draw a tree of the shared layers.")] = False,
    json: options.Json = False,
) -> None:
    """List images with the space that each takes, shares and would free, and its last use."""
    from manager.cli.images.observing import load_engine_view
    from manager.cli.images.views import image_json, render_image_table, render_layer_tree
    from manager.disk.core import listing
    from manager.model.units import parse_size

    work = get_session(ctx)
    least = parse_size(larger_than) if larger_than else None
    view = load_engine_view(work)
    found = listing.build_image_rows(
        view.snapshot, view.disk, view.last_uses, with_intermediate=everything
    )
    chosen = listing.filter_rows(found, patterns or (), state, least)
    ordered = listing.sort_rows(chosen, sort, backwards=reverse)
    if json:
        work.out.json("images", [image_json(row) for row in ordered])
    elif quiet:
        for row in ordered:
            work.out.line(row.image.id if no_trunc else row.image.short_id)
    elif not ordered:
        work.out.note("no images" if not found else "no image matches")
        work.out.hint(
            "get one with: dockmgr pull nginx" if not found else "see all: dockmgr images"
        )
    elif tree:
        work.out.show(render_layer_tree(view.disk, ordered))
    else:
        work.out.print_table(render_image_table(ordered, view.now, full_ids=no_trunc))
