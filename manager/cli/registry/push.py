"""The command push: bring images to their registries."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import get_session
from manager.errors import ExitCode

if TYPE_CHECKING:
    from manager.registry.push import PushResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr push ghcr.io/me/app:1.4",
            "dockmgr push registry.local:5000/app registry.local:5000/db --parallel 2",
        )
    )(push)


def push(
    ctx: typer.Context,
    images: options.Images,
    parallel: Annotated[
        int | None,
        typer.Option(
            "--parallel",
            metavar="N",
            min=1,
            max=16,
            help="How many to push in parallel.",
        ),
    ] = None,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Push images in parallel, each to the registry in its name.

    Nothing is pushed if one of them does not exist locally.
    """
    from manager.cli.docker_equivalents import explain_commands
    from manager.cli.progress import show_transfers
    from manager.cli.registry.pull import build_transfer_context
    from manager.cli.steps import report_failures, show_plan
    from manager.model.plan import Plan, PlanStep, Verb
    from manager.model.plan_equivalents import translate_plan
    from manager.references.reference import ImageReference
    from manager.registry.push import find_images_to_push, push_images

    work = get_session(ctx)
    references = list(dict.fromkeys(ImageReference.parse(image) for image in images))
    if explain:
        plan = Plan(tuple(PlanStep(Verb.PUSH, one.familiar) for one in references))
        explain_commands(work, translate_plan(plan), json=json, dry_run=dry_run)
    if dry_run:
        pairs = zip(
            references, find_images_to_push(work.engine.images.list(), references), strict=True
        )
        steps = tuple(
            PlanStep(
                Verb.PUSH, one.familiar, f"image {image.short_id}, to {one.registry}", image.id
            )
            for one, image in pairs
        )
        show_plan(work.out, "push", Plan(steps), json=json, dry_run=True)
        return
    with show_transfers(work.out, "pushing", quiet=quiet) as report:
        outcomes = push_images(
            work.engine,
            references,
            build_transfer_context(work, "", report),
            parallel or work.settings.pull.parallel,
        )
    if json:
        work.out.json("push", [_row(outcome) for outcome in outcomes])
    else:
        for outcome in outcomes:
            if outcome.error is None:
                name = outcome.reference.canonical
                work.out.line(name if quiet else _format_result(outcome))
            if outcome.progress.note:
                work.out.note(f"{outcome.reference.familiar}: {outcome.progress.note}")
    code = report_failures(work.out, [outcome.error for outcome in outcomes])
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _format_result(outcome: "PushResult") -> str:
    from manager.model.units import format_size

    progress = outcome.progress
    # Graph drivers count layers before they are packed: it is not what went over the wire.
    new = (
        f", {format_size(progress.sent)} of layers sent"
        if progress.sent
        else ", all layers already there"
    )
    sent = new if progress.sent is not None else ""
    size = f", manifest of {format_size(progress.manifest_size)}" if progress.manifest_size else ""
    return f"{outcome.reference.familiar}: pushed, {progress.digest}{size}{sent}"


def _row(outcome: "PushResult") -> dict[str, Any]:
    """What became of a tag, as JSON."""
    progress = outcome.progress
    return {
        "typed": outcome.reference.typed,
        "reference": outcome.reference.canonical,
        "id": outcome.image.id,
        "digest": progress.digest or None,
        "manifest_size": progress.manifest_size,
        "sent": progress.sent,
        "status": "failed" if outcome.error else "pushed",
        "note": progress.note or None,
        "error": outcome.error.message if outcome.error else None,
    }
