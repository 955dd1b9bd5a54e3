"""The commands prune and apply: show what goes, ask, and delete exactly that."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.prune.options import PruneOptions
from manager.cli.prune.pruning import NonImageOptions, PruneJob
from manager.cli.session import get_session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from manager.prune.core.plan_file import WrittenPlan

IMAGES_PANEL, GOALS_PANEL, NON_IMAGE_PANEL, HOW_PANEL = (
    "Which images",
    "How much",
    "Beside images",
    "How",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=format_examples(
            "dockmgr prune                                 by the rules of your settings",
            "dockmgr prune --larger-than 1GB --unused-for 30d",
            "dockmgr prune 'myorg/*' --keep 'myorg/app:v2*' --dry-run --why",
            "dockmgr prune --free 9GB                      least recently used first",
            "dockmgr prune --all --explain --dry-run       the docker commands for it",
            "dockmgr prune --out plan.json                 look at it, then: dockmgr apply",
        )
    )(prune)
    app.command(
        epilog=format_examples("dockmgr apply plan.json", "dockmgr apply plan.json --dry-run")
    )(apply)


def prune(
    ctx: typer.Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATTERN]...",
            help="Globs over addresses: 'myorg/*', 'nginx:1.2*'; without a tag, every tag.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ] = None,
    larger_than: Annotated[
        str,
        typer.Option(metavar="SIZE", help="Larger than this in all.", rich_help_panel=IMAGES_PANEL),
    ] = "",
    frees_more_than: Annotated[
        str, typer.Option(metavar="SIZE", help="Frees more alone.", rich_help_panel=IMAGES_PANEL)
    ] = "",
    unused_for: Annotated[
        str,
        typer.Option(
            metavar="AGE", help="Not used for so long: 30d.", rich_help_panel=IMAGES_PANEL
        ),
    ] = "",
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="Made so long ago.", rich_help_panel=IMAGES_PANEL)
    ] = "",
    untagged: Annotated[
        bool,
        typer.Option(
            "--untagged",
            help="No tag names it, as docker image prune.",
            rich_help_panel=IMAGES_PANEL,
        ),
    ] = False,
    dangling: Annotated[
        bool, typer.Option("--dangling", help="No tag and no digest.", rich_help_panel=IMAGES_PANEL)
    ] = False,
    regex: Annotated[
        list[str] | None,
        typer.Option(metavar="REGEX", help="In the full address.", rich_help_panel=IMAGES_PANEL),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Over the tag alone.", rich_help_panel=IMAGES_PANEL),
    ] = None,
    registry: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Over the registry.", rich_help_panel=IMAGES_PANEL),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=VALUE]", help="With this label.", rich_help_panel=IMAGES_PANEL),
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(metavar="OS/ARCH", help="For this platform.", rich_help_panel=IMAGES_PANEL),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="All that nothing protects.", rich_help_panel=IMAGES_PANEL),
    ] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Never these.", rich_help_panel=IMAGES_PANEL),
    ] = None,
    free: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="The least recently used, until so much.",
            rich_help_panel=GOALS_PANEL,
        ),
    ] = "",
    budget: Annotated[
        str,
        typer.Option(
            metavar="SIZE", help="Until all images take less.", rich_help_panel=GOALS_PANEL
        ),
    ] = "",
    min_free: Annotated[
        str,
        typer.Option(
            metavar="SHARE",
            help="Until so much of the disk is free: 15%.",
            rich_help_panel=GOALS_PANEL,
        ),
    ] = "",
    include_local: Annotated[
        bool,
        typer.Option(
            "--include-local", help="Also what no registry has.", rich_help_panel=HOW_PANEL
        ),
    ] = False,
    archive: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Save what no registry has there first.",
            rich_help_panel=HOW_PANEL,
        ),
    ] = None,
    stopped_containers: Annotated[
        bool,
        typer.Option("--stopped-containers", help="Those too.", rich_help_panel=NON_IMAGE_PANEL),
    ] = False,
    stopped_for: Annotated[
        str,
        typer.Option(
            metavar="AGE", help="Those that ended so long ago.", rich_help_panel=NON_IMAGE_PANEL
        ),
    ] = "1d",
    build_cache: Annotated[
        bool,
        typer.Option("--build-cache", help="What no build uses.", rich_help_panel=NON_IMAGE_PANEL),
    ] = False,
    volumes: Annotated[
        bool,
        typer.Option(
            "--volumes", help="Unused ones without a name.", rich_help_panel=NON_IMAGE_PANEL
        ),
    ] = False,
    named_volumes: Annotated[
        bool,
        typer.Option(
            "--named-volumes", help="Unused ones with a name.", rich_help_panel=NON_IMAGE_PANEL
        ),
    ] = False,
    networks: Annotated[
        bool,
        typer.Option(
            "--networks", help="Those no container is on.", rich_help_panel=NON_IMAGE_PANEL
        ),
    ] = False,
    why: Annotated[
        bool,
        typer.Option("--why", help="Show what stays too, and why.", rich_help_panel=HOW_PANEL),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the plan there, for apply.", rich_help_panel=HOW_PANEL
        ),
    ] = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Tidy up by rules: shown beforehand to the byte, and brought back by undo where possible.

    Never goes: the image of any container, what is pinned or kept, what is too new, and what
    could not be had again.
    """
    work = get_session(ctx)
    asked = PruneOptions(
        patterns=tuple(patterns or ()),
        regexes=tuple(regex or ()),
        tags=tuple(tag or ()),
        registries=tuple(registry or ()),
        labels=tuple(label or ()),
        platforms=tuple(platform or ()),
        larger_than=larger_than,
        frees_more_than=frees_more_than,
        older_than=older_than,
        unused_for=unused_for,
        dangling=dangling,
        untagged=untagged,
        everything=everything,
        free=free,
        budget=budget,
        min_free=min_free,
        keep=tuple(keep or ()),
        include_local=include_local,
        archive=archive is not None,
    )
    parts = NonImageOptions(
        stopped_containers,
        _parse_age(stopped_for),
        build_cache,
        volumes,
        named_volumes,
        networks,
    )
    job = PruneJob(work, asked, parts, archive, why=why, json=json, explain=explain)
    job.run(out, yes=yes, dry_run=dry_run)


def apply(
    ctx: typer.Context,
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN", help="What prune --out wrote.", show_default=False)
    ],
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Carry out a plan that was written down: what has changed meanwhile is left alone."""
    from manager.cli.prune.pruning import apply_written_plan

    work = get_session(ctx)
    apply_written_plan(work, _read_plan(plan), yes=yes, dry_run=dry_run, json=json, explain=explain)


def _parse_age(text: str) -> timedelta:
    from manager.model.units import parse_duration

    return parse_duration(text)


def _read_plan(path: Path) -> "WrittenPlan":
    from json import loads

    from manager.prune.core.plan_file import parse_plan

    try:
        data = loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManagerError(
            f"the plan {path} cannot be read: {error.strerror}",
            "write one with: dockmgr prune --out plan.json",
        ) from error
    except ValueError as error:
        raise ManagerError(
            f"{path} is no plan: it is not JSON",
            "write one with: dockmgr prune --out plan.json",
            ExitCode.USAGE,
        ) from error
    return parse_plan(data)
