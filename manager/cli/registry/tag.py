"""The command tag: add names to an image."""

from typing import Annotated

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import get_session
from manager.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr tag app:latest ghcr.io/me/app:1.4 ghcr.io/me/app:latest",
            "dockmgr tag 3f29cd1b2a40 app:fixed --dry-run",
            "dockmgr tag app:latest app:stable --explain --dry-run",
        )
    )(tag)


def tag(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="An image reference or id.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ],
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="The names to add.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Add names to an image; ask before taking a name from another image."""
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
