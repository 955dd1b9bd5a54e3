"""The commands that give images names and bring them to registries: tag, push."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import get_session
from manager.errors import ExitCode

if TYPE_CHECKING:
    from manager.registry.push import PushResult


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=format_examples(
            "dockmgr tag app:latest ghcr.io/me/app:1.4 ghcr.io/me/app:latest",
            "dockmgr tag 3f29cd1b2a40 app:fixed --dry-run",
            "dockmgr tag app:latest app:stable --explain --dry-run",
        )
    )(tag)
    app.command(
        epilog=format_examples(
            "dockmgr push ghcr.io/me/app:1.4",
            "dockmgr push registry.local:5000/app registry.local:5000/db --parallel 2",
        )
    )(push)


def tag(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="The image: a reference, or its id.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ],
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="The names it is to get.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Give an image further names; asks before another image loses one.

    All names are read before anything is done.
    """
    from manager.cli.docker_equivalents import explain_commands
    from manager.cli.steps import report_outcome, show_outcomes, show_plan
    from manager.model.plan_equivalents import DockerCommandOptions, translate_plan
    from manager.registry.apply_tags import apply_tags
    from manager.registry.core.tag_plan import parse_target, plan_tag

    work = get_session(ctx)
    for text in targets:
        parse_target(text)
    tagging = plan_tag(work.engine.images.list(), source, targets)
    if explain:
        lines = translate_plan(tagging.plan, DockerCommandOptions(source=source))
        explain_commands(work, lines, json=json, dry_run=dry_run)
    if dry_run:
        show_plan(work.out, "tag", tagging.plan, json=json, dry_run=True)
        return
    if not json and (tagging.moves or tagging.plan.notes):
        work.out.note(str(tagging.plan))
    if count := len(tagging.moves):
        question = f"Move {count} name{'s' * (count != 1)} to this image?"
        work.confirm(question, yes=yes, refused="nothing was tagged")
    outcomes = apply_tags(work.engine, tagging, lambda it: report_outcome(work.out, it, quiet=json))
    code = show_outcomes(work.out, "tag", outcomes, json=json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def push(
    ctx: typer.Context,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="The tags to push; each says which registry it goes to.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ],
    parallel: Annotated[
        int | None,
        typer.Option(
            "--parallel",
            metavar="N",
            min=1,
            max=16,
            help="DockerCommandOptions many at the same time.",
        ),
    ] = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Bring images to the registries that their names say, several at once.

    Nothing is sent if one of them is not here.
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
    with show_transfers(work.out, "pushing") as report:
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
                work.out.line(_format_result(outcome))
            if outcome.progress.note:
                work.out.note(f"{outcome.reference.familiar}: {outcome.progress.note}")
    code = report_failures(work.out, [outcome.error for outcome in outcomes])
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _format_result(outcome: "PushResult") -> str:
    from manager.model.units import format_size

    progress = outcome.progress
    # Graph drivers count layers before they are packed: it is not what went over the wire.
    new = f", {format_size(progress.sent)} of layers sent" if progress.sent else ", no layer sent"
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
