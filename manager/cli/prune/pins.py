"""The commands pin and unpin: images that are never to be deleted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from manager.cli import complete, options
from manager.cli.docker_equivalents import without_docker
from manager.cli.options import examples
from manager.cli.session import Session, session
from manager.disk.sightings import Store
from manager.errors import ManagerError
from manager.model.plan import Plan, Step, Verb
from manager.system import folders

NOTHING_LIKE_IT = "nothing like a pin: docker image prune --all takes whatever no container uses"

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[IMAGE]...",
        help="References, which are pinned whatever image they name; or ids.",
        autocompletion=complete.images,
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=examples("dockmgr pin postgres:16 myorg/app", "dockmgr pin"))(pin)
    app.command(epilog=examples("dockmgr unpin postgres:16", "dockmgr unpin nginx --dry-run"))(
        unpin
    )


def pin(
    ctx: typer.Context,
    names: Names = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Never delete these images, whatever rules say; without names, list what is pinned.

    Pins are kept on this machine, for each engine.
    """
    work = session(ctx)
    if explain:
        # Without names this only lists what is pinned.
        without_docker(work, NOTHING_LIKE_IT, json=json, dry_run=dry_run and bool(names))
    store, engine = Store(folders.state()), _engine(work)
    if names:
        wanted = [_pinned_as(work, name) for name in names]
        if dry_run:
            _plan(work, Verb.PIN, [it for it in wanted if it not in store.pins(engine)], json=json)
            return
        store.pin(engine, wanted, datetime.now(UTC))
    pins = store.pins(engine)
    if json:
        work.out.json("pin", list(pins))
    elif names:
        for name in wanted:
            work.out.line(f"pinned {name}")
    elif not pins:
        work.out.note("nothing is pinned")
    else:
        for name in pins:
            work.out.line(name)


def unpin(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE...", help="As they were pinned.", show_default=False),
    ],
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Let rules delete these images again."""
    from manager.prune.core.protection import pin_of

    work = session(ctx)
    if explain:
        without_docker(work, NOTHING_LIKE_IT, json=json, dry_run=dry_run)
    store, engine = Store(folders.state()), _engine(work)
    pins = store.pins(engine)
    found: list[str] = []
    for name in names:
        matching = [
            it
            for it in pins
            if it in {name, pin_of(name)} or it.removeprefix("sha256:").startswith(name)
        ]
        if not matching:
            raise ManagerError(f"{name} is not pinned", "see what is with: dockmgr pin")
        found += matching
    if dry_run:
        _plan(work, Verb.UNPIN, found, json=json)
        return
    store.unpin(engine, found)
    if json:
        work.out.json("unpin", list(store.pins(engine)))
        return
    for name in found:
        work.out.line(f"unpinned {name}")


def _plan(work: Session, verb: Verb, names: Sequence[str], *, json: bool) -> None:
    """Show what would be pinned or unpinned, each once."""
    from manager.cli.steps import show_plan

    plan = Plan(tuple(Step(verb, name) for name in dict.fromkeys(names)))
    show_plan(work.out, verb.value, plan, json=json, dry_run=True)


def _engine(work: Session) -> str:
    from manager.disk.observe import engine_id

    return engine_id(work.engine, work.engine.info())


def _pinned_as(work: Session, name: str) -> str:
    """A reference in the form in which engines show it; of an id, the whole of it."""
    from manager.prune.core.protection import pin_of
    from manager.references.reference import ImageReference

    bare = name.removeprefix("sha256:")
    if not bare or not set(bare) <= set("0123456789abcdef"):
        ImageReference.parse(name)  # what is no address is told so, and not that it is not here
    image = work.engine.images.find(name)
    if image is None:
        raise ManagerError(
            f"there is no image {name} on this engine", "see what there is with: dockmgr images"
        )
    held = {*image.tags, *image.digests}
    return pin_of(name) if pin_of(name) in held else image.id
