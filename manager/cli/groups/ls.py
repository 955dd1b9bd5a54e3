"""The command ls: containers under the image they come from."""

from typing import Annotated

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.model.containers import Container, by_group_and_number
from manager.model.snapshot import Snapshot
from manager.model.units import SHORT_ID_DIGITS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr ls",
            "dockmgr ls nginx --running",
            "dockmgr ls --quiet nginx",
            "dockmgr ls --json | jq '.data[].name'",
        )
    )(ls)


def ls(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Only these groups or containers."),
    ] = None,
    running: Annotated[
        bool, typer.Option("--running", "-r", help="Only running containers.")
    ] = False,
    show_all: Annotated[bool, typer.Option("--all", "-a", hidden=True)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print ids only.")] = False,
    tree: Annotated[
        bool | None,
        typer.Option("--tree/--table", help="Print a tree (default at a terminal) or a table."),
    ] = None,
    json: options.Json = False,
) -> None:
    """List containers under their image, in any state."""
    from manager.cli.groups.sighting import SIGHTING_INTERVAL_SECONDS, record_sightings
    from manager.groups.core.selection import select_containers

    del show_all  # every state is listed anyway
    work = get_session(ctx)
    snapshot = Snapshot(work.engine.containers.list())
    record_sightings(work, snapshot.containers, SIGHTING_INTERVAL_SECONDS)
    chosen = select_containers(snapshot, tuple(names)) if names else snapshot.containers
    chosen = tuple(one for one in chosen if one.is_running or not running)
    if quiet and not json:
        for one in sorted(chosen, key=by_group_and_number):
            work.out.line(one.id[:SHORT_ID_DIGITS])
    else:
        _show(work, _with_image_names(work, chosen), running=running, tree=tree, json=json)


def _with_image_names(work: Session, chosen: tuple[Container, ...]) -> Snapshot:
    """The containers, with the names that their images have now.

    A tag may have moved since: then Docker shows an id, and Podman what the tag was.
    """
    from manager.groups.core.tree import has_only_image_id, with_current_image_names

    lost = any(work.engine.is_podman or has_only_image_id(one) for one in chosen)
    images = work.engine.images.list(include_hidden=True) if lost else ()
    return Snapshot(with_current_image_names(Snapshot(chosen, images)), images)


def _show(
    work: Session, snapshot: Snapshot, *, running: bool, tree: bool | None, json: bool
) -> None:
    from manager.cli import json_rows
    from manager.cli.groups import views
    from manager.groups.core.tree import image_branches

    if json:
        ordered = sorted(snapshot.containers, key=lambda one: (one.image, by_group_and_number(one)))
        work.out.json("ls", [json_rows.container_row(one, work.engine_address) for one in ordered])
        return
    branches = image_branches(snapshot)
    if not branches:
        work.out.note("no containers" + (" are running" if running else ""))
        work.out.hint("make some with: dockmgr spawn nginx --count 3")
    elif work.out.is_terminal if tree is None else tree:
        work.out.show(views.containers_tree(branches, work.engine_address))
    else:
        rows = [container for branch in branches for container in branch.containers]
        work.out.show(views.containers_table(rows, work.engine_address, with_image=True))
