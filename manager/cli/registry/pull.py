"""The command pull: get images from their registries."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.references.reference import ImageReference
    from manager.registry.pull import PullResult
    from manager.registry.transfer import TransferContext, TransferEvent


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr pull nginx",
            "dockmgr pull nginx redis busybox",
            "dockmgr pull --platform linux/arm64 nginx",
            "dockmgr pull --dry-run nginx         show its size, and whether it fits",
            "dockmgr pull --explain nginx         show the docker commands too",
            "dockmgr pull --make-room tensorflow/tensorflow",
        )
    )(pull)


def pull(
    ctx: typer.Context,
    images: options.Images,
    platform: options.Platform = "",
    quiet: options.Quiet = False,
    make_room: Annotated[
        bool,
        typer.Option(
            "--make-room", help="If the disk is too full, free space first, as prune --free does."
        ),
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Pull images in parallel, after showing how much space they need.

    A pull that cannot fit on the engine's disk is refused before it begins.
    """
    from manager.cli.docker_equivalents import explain_commands
    from manager.cli.progress import show_transfers
    from manager.cli.registry.pull_preview import PullPreview
    from manager.cli.steps import show_plan
    from manager.model.plan import Plan, PlanStep, Verb
    from manager.model.plan_equivalents import DockerCommandOptions, translate_plan
    from manager.references.reference import ImageReference
    from manager.registry.pull import pull_images

    work = get_session(ctx)
    if make_room and json:
        raise ManagerError(
            "--make-room cannot be combined with --json: you have to see what is removed",
            "make room first with: dockmgr prune --free SIZE --json",
            ExitCode.USAGE,
        )
    references = list(dict.fromkeys(ImageReference.parse(image) for image in images))
    preview = PullPreview.ask(work, references, platform)
    steps = tuple(PlanStep(Verb.PULL, one.familiar, f"from {one.registry}") for one in references)
    plan = Plan(steps, notes=preview.notes() if dry_run else ())
    if explain:
        explain_commands(
            work,
            translate_plan(plan, DockerCommandOptions(platform=platform)),
            json=json,
            dry_run=dry_run,
        )
    if dry_run:
        show_plan(work.out, "pull", plan, json=json, dry_run=True, more=preview.to_json())
        return
    preview.show_notes(quiet=json or quiet)
    if make_room:
        preview = preview.make_room(yes=yes)
    preview.check_disk_space()
    with show_transfers(work.out, quiet=quiet) as report:
        outcomes = pull_images(
            work.engine,
            references,
            build_transfer_context(work, platform, report),
            work.settings.pull.parallel,
        )
    if json:
        rows = [{**_row(it), "predicted": preview.image_to_json(it.reference)} for it in outcomes]
        work.out.json("pull", rows)
    if quiet and not json:
        for outcome in outcomes:
            if outcome.error is None:
                work.out.line(outcome.reference.canonical)
    code = _show_results(work, outcomes, quiet=json or quiet)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def pull_image_for_spawn(work: Session, reference: "ImageReference", platform: str) -> None:
    """Get the image that a spawn lacks.

    Raises:
        ManagerError: it could not be had.
    """
    from manager.cli.progress import show_transfers
    from manager.cli.registry.pull_preview import PullPreview
    from manager.registry.pull import pull_image

    preview = PullPreview.ask(work, [reference], platform)
    preview.show_notes(quiet=False)
    preview.check_disk_space()
    with show_transfers(work.out) as report:
        pull_image(work.engine, reference, build_transfer_context(work, platform, report))


def build_transfer_context(
    work: Session, platform: str, report: "Callable[[TransferEvent], None]"
) -> "TransferContext":
    """What a pull works with, from the settings."""
    from manager.disk.observe import detect_store
    from manager.model.images import ImageStore
    from manager.registry.transfer import RetryPolicy, TransferContext

    settings = work.settings.pull
    return TransferContext(
        retry=RetryPolicy(settings.attempts, settings.backoff.total_seconds()),
        report=report,
        platform=platform,
        lab=work.lab.name if work.lab else "",
        discards_failed_layers=detect_store(work.engine, work.info) is ImageStore.GRAPH_DRIVER,
        env=work.env,
    )


def _show_results(work: Session, outcomes: "tuple[PullResult, ...]", *, quiet: bool) -> ExitCode:
    from manager.cli.steps import report_failures

    for outcome in outcomes:
        if outcome.error is None and not quiet:
            state = "already up to date" if outcome.current else "pulled"
            size = f", {_format_image_size(outcome)}" if outcome.image else ""
            work.out.line(f"{outcome.reference.familiar}: {state}{size}")
    return report_failures(work.out, [outcome.error for outcome in outcomes])


def _format_image_size(outcome: "PullResult") -> str:
    from manager.model.units import format_size

    return format_size(outcome.image.size) if outcome.image else ""


def _row(outcome: "PullResult") -> dict[str, Any]:
    """What became of an image, as JSON."""
    status = "failed" if outcome.error else "current" if outcome.current else "pulled"
    return {
        "typed": outcome.reference.typed,
        "reference": outcome.reference.canonical,
        "id": outcome.image.id if outcome.image else None,
        "digest": outcome.digest or None,
        "status": status,
        "error": outcome.error.message if outcome.error else None,
    }
