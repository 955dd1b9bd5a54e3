"""The commands pin and unpin: images that are never to be deleted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from manager.cli import complete, options
from manager.cli.docker_equivalents import explain_no_equivalent
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.disk.sightings import SightingStore
from manager.errors import ManagerError
from manager.model.plan import Plan, PlanStep, Verb
from manager.system import folders

NO_PIN_IN_DOCKER = "nothing like a pin: docker image prune --all takes whatever no container uses"

PinNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[IMAGE]...",
        help="References, which are pinned whatever image they name; or ids.",
        autocompletion=complete.complete_images,
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=format_examples("dockmgr pin postgres:16 myorg/app", "dockmgr pin"))(pin)
    app.command(
        epilog=format_examples("dockmgr unpin postgres:16", "dockmgr unpin nginx --dry-run")
    )(unpin)


def pin(
    ctx: typer.Context,
    names: PinNames = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Never delete these images, whatever rules say; without names, list what is pinned.

    Pins are kept on this machine, for each engine.
    """
    work = get_session(ctx)
    if explain:
        # Without names this only lists what is pinned.
        explain_no_equivalent(work, NO_PIN_IN_DOCKER, json=json, dry_run=dry_run and bool(names))
    store, engine = SightingStore(folders.state_folder()), _engine_id(work)
    if names:
        wanted = [_resolve_pin(work, name) for name in names]
        if dry_run:
            _show_pin_plan(
                work,
                Verb.PIN,
                [it for it in wanted if it not in store.read_pins(engine)],
                json=json,
            )
            return
        store.pin(engine, wanted, datetime.now(UTC))
    pins = store.read_pins(engine)
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
    from manager.prune.core.protection import format_pin

    work = get_session(ctx)
    if explain:
        explain_no_equivalent(work, NO_PIN_IN_DOCKER, json=json, dry_run=dry_run)
    store, engine = SightingStore(folders.state_folder()), _engine_id(work)
    pins = store.read_pins(engine)
    found: list[str] = []
    for name in names:
        matching = [
            it
            for it in pins
            if it in {name, format_pin(name)} or it.removeprefix("sha256:").startswith(name)
        ]
        if not matching:
            raise ManagerError(f"{name} is not pinned", "see what is with: dockmgr pin")
        found += matching
    if dry_run:
        _show_pin_plan(work, Verb.UNPIN, found, json=json)
        return
    store.unpin(engine, found)
    if json:
        work.out.json("unpin", list(store.read_pins(engine)))
        return
    for name in found:
        work.out.line(f"unpinned {name}")


def _show_pin_plan(work: Session, verb: Verb, names: Sequence[str], *, json: bool) -> None:
    """Show what would be pinned or unpinned, each once."""
    from manager.cli.steps import show_plan

    plan = Plan(tuple(PlanStep(verb, name) for name in dict.fromkeys(names)))
    show_plan(work.out, verb.value, plan, json=json, dry_run=True)


def _engine_id(work: Session) -> str:
    from manager.disk.observe import engine_id

    return engine_id(work.engine, work.engine.info())


def _resolve_pin(work: Session, name: str) -> str:
    """A reference in the form in which engines show it; of an id, the whole of it."""
    from manager.prune.core.protection import format_pin
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
    return format_pin(name) if format_pin(name) in held else image.id
