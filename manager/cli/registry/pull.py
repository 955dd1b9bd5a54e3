"""The command pull: get images from their registries."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import complete, options
from manager.cli.options import examples
from manager.cli.session import Session, session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.references.reference import ImageReference
    from manager.registry.pull import Pulled
    from manager.registry.transfer import Event, Means


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "dockmgr pull nginx",
            "dockmgr pull nginx redis busybox",
            "dockmgr pull --platform linux/arm64 nginx",
            "dockmgr pull --dry-run nginx         what it takes, and whether it fits",
            "dockmgr pull --explain nginx         and the docker commands for it",
            "dockmgr pull --make-room tensorflow/tensorflow",
        )
    )(pull)


def pull(
    ctx: typer.Context,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="The images' addresses.",
            autocompletion=complete.images,
            show_default=False,
        ),
    ],
    platform: Annotated[
        str, typer.Option("--platform", metavar="OS/ARCH", help="Another platform's image.")
    ] = "",
    make_room: Annotated[
        bool,
        typer.Option("--make-room", help="Tidy up first if they do not fit, as prune --free does."),
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Get images from their registries, several at once; what they take is said beforehand.

    What surely does not fit on the engine's disk is refused before it begins.
    """
    from manager.cli.docker_equivalents import explain as show_lines
    from manager.cli.progress import pulling
    from manager.cli.registry.estimate import Beforehand
    from manager.cli.steps import show_plan
    from manager.model.docker_equivalents import How, of_plan
    from manager.model.plan import Plan, Step, Verb
    from manager.references.reference import ImageReference
    from manager.registry.pull import pull as act

    work = session(ctx)
    if make_room and json:
        raise ManagerError(
            "--make-room and --json do not go together: what is removed has to be seen",
            "make room first with: dockmgr prune --free SIZE --json",
            ExitCode.USAGE,
        )
    references = list(dict.fromkeys(ImageReference.parse(image) for image in images))
    beforehand = Beforehand.ask(work, references, platform)
    steps = tuple(Step(Verb.PULL, one.familiar, f"from {one.registry}") for one in references)
    plan = Plan(steps, notes=beforehand.notes() if dry_run else ())
    if explain:
        show_lines(work, of_plan(plan, How(platform=platform)), json=json, dry_run=dry_run)
    if dry_run:
        show_plan(work.out, "pull", plan, json=json, dry_run=True, more=beforehand.data())
        return
    beforehand.tell(quiet=json)
    if make_room:
        beforehand = beforehand.with_room(yes=yes)
    beforehand.check()
    with pulling(work.out) as report:
        outcomes = act(
            work.engine, references, means(work, platform, report), work.settings.pull.parallel
        )
    if json:
        rows = [{**_row(it), "predicted": beforehand.row(it.reference)} for it in outcomes]
        work.out.json("pull", rows)
    code = _tell(work, outcomes, quiet=json)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def pull_for_spawn(work: Session, reference: "ImageReference", platform: str) -> None:
    """Get the image that a spawn lacks.

    Raises:
        ManagerError: it could not be had.
    """
    from manager.cli.progress import pulling
    from manager.cli.registry.estimate import Beforehand
    from manager.registry.pull import pull_one

    beforehand = Beforehand.ask(work, [reference], platform)
    beforehand.tell(quiet=False)
    beforehand.check()
    with pulling(work.out) as report:
        pull_one(work.engine, reference, means(work, platform, report))


def means(work: Session, platform: str, report: "Callable[[Event], None]") -> "Means":
    """What a pull works with, from the settings."""
    from manager.disk.observe import store_of
    from manager.model.snapshot import Store
    from manager.registry.transfer import Means, Retry

    settings = work.settings.pull
    return Means(
        retry=Retry(settings.attempts, settings.backoff.total_seconds()),
        report=report,
        platform=platform,
        lab=work.lab.name if work.lab else "",
        forgetful=store_of(work.engine, work.info) is Store.GRAPH_DRIVER,
        env=work.env,
    )


def _tell(work: Session, outcomes: "tuple[Pulled, ...]", *, quiet: bool) -> ExitCode:
    from manager.cli.steps import tell_failures

    for outcome in outcomes:
        if outcome.error is None and not quiet:
            state = "was current" if outcome.current else "pulled"
            size = f", {_size(outcome)}" if outcome.image else ""
            work.out.line(f"{outcome.reference.familiar}: {state}{size}")
    return tell_failures(work.out, [outcome.error for outcome in outcomes])


def _size(outcome: "Pulled") -> str:
    from manager.model.units import format_size

    return format_size(outcome.image.size) if outcome.image else ""


def _row(outcome: "Pulled") -> dict[str, Any]:
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
