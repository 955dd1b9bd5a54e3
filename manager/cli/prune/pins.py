"""The commands pin and unpin: images that are never removed."""

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

NO_PIN_IN_DOCKER = "no pins: docker image prune --all removes every image that no container uses"

PinNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[IMAGE]...",
        help="Image names, which stay pinned whatever image they name later; or ids.",
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
    """Protect images from prune, whatever rules say; without names, list the pins.

    Pins are stored on this machine, for each engine.
    """
    session = get_session(ctx)
    if explain:
        # Without names this only lists what is pinned.
        explain_no_equivalent(session, NO_PIN_IN_DOCKER, json=json, dry_run=dry_run and bool(names))
    store, engine = SightingStore(folders.state_folder()), _engine_id(session)
    if names:
        wanted = [_resolve_pin(session, name) for name in names]
        if dry_run:
            _show_pin_plan(
                session,
                Verb.PIN,
                [it for it in wanted if it not in store.read_pins(engine)],
                json=json,
            )
            return
        store.pin(engine, wanted, datetime.now(UTC))
    pins = store.read_pins(engine)
    if json:
        session.out.json("pin", list(pins))
    elif names:
        for name in wanted:
            session.out.line(f"pinned {name}")
    elif not pins:
        session.out.note("nothing is pinned")
    else:
        for name in pins:
            session.out.line(name)


def unpin(
    ctx: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE...", help="Names or ids, as pinned.", show_default=False),
    ],
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Let prune remove these images again."""
    from manager.prune.core.protection import format_pin

    session = get_session(ctx)
    if explain:
        explain_no_equivalent(session, NO_PIN_IN_DOCKER, json=json, dry_run=dry_run)
    store, engine = SightingStore(folders.state_folder()), _engine_id(session)
    pins = store.read_pins(engine)
    found: list[str] = []
    for name in names:
        matching = [
            it
            for it in pins
            if it in {name, format_pin(name)} or it.removeprefix("sha256:").startswith(name)
        ]
        if not matching:
            raise ManagerError(f"{name} is not pinned", "list the pins with: dockmgr pin")
        found += matching
    if dry_run:
        _show_pin_plan(session, Verb.UNPIN, found, json=json)
        return
    store.unpin(engine, found)
    if json:
        session.out.json("unpin", list(store.read_pins(engine)))
        return
    for name in found:
        session.out.line(f"unpinned {name}")


def _show_pin_plan(session: Session, verb: Verb, names: Sequence[str], *, json: bool) -> None:
    """Show what would be pinned or unpinned."""
    from manager.cli.steps import show_plan

    plan = Plan(tuple(PlanStep(verb, name) for name in dict.fromkeys(names)))
    show_plan(session.out, verb.value, plan, json=json, dry_run=True)


def _engine_id(session: Session) -> str:
    from manager.disk.observe import engine_id

    return engine_id(session.engine, session.engine.info())


def _resolve_pin(session: Session, name: str) -> str:
    """A reference in the form in which engines show it; a part of an id as the whole id."""
    from manager.prune.core.protection import format_pin
    from manager.references.reference import ImageReference

    bare = name.removeprefix("sha256:")
    if not bare or not set(bare) <= set("0123456789abcdef"):
        ImageReference.parse(name)  # an invalid name is told as that, not as missing
    image = session.engine.images.find(name)
    if image is None:
        raise ManagerError(
            f"there is no image {name} on this engine", "list images with: dockmgr images"
        )
    held = {*image.tags, *image.digests}
    return format_pin(name) if format_pin(name) in held else image.id
