"""The command prune: show a plan, ask, and remove exactly what it lists."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.prune.options import PruneOptions
from manager.cli.prune.pruning import NonImageOptions, PruneJob
from manager.cli.session import get_session

IMAGES, GOALS, NON_IMAGE, HOW = (
    "Which images",
    "Goals",
    "Other objects",
    "Recovery and output",
)


def _option(panel: str, about: str, *names: str, metavar: str | None = None) -> Any:  # noqa: ANN401
    """An option in a panel of the help."""
    return typer.Option(*names, help=about, metavar=metavar, rich_help_panel=panel)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr prune                                 apply the rules in your settings",
            "dockmgr prune --larger-than 1GB --unused-for 30d",
            "dockmgr prune 'myorg/*' --keep 'myorg/app:v2*' --dry-run --why",
            "dockmgr prune --free 9GB                      the least recently used first",
            "dockmgr prune --all --explain --dry-run       show the docker commands",
            "dockmgr prune --out plan.json                 review it, then: dockmgr apply",
        )
    )(prune)


def prune(
    ctx: typer.Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATTERN]...",
            help="Globs over image names: 'myorg/*', 'nginx:1.2*'; without a tag: every tag.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ] = None,
    larger_than: Annotated[
        str, _option(IMAGES, "Larger than this, such as 1GB.", metavar="SIZE")
    ] = "",
    frees_more_than: Annotated[
        str, _option(IMAGES, "Frees more than this on its own.", metavar="SIZE")
    ] = "",
    unused_for: Annotated[
        str, _option(IMAGES, "Unused for this long, such as 30d.", metavar="AGE")
    ] = "",
    older_than: Annotated[
        str, _option(IMAGES, "Built this long ago, such as 90d.", metavar="AGE")
    ] = "",
    untagged: Annotated[bool, _option(IMAGES, "Without a tag.", "--untagged")] = False,
    dangling: Annotated[
        bool, _option(IMAGES, "With neither a tag nor a digest.", "--dangling")
    ] = False,
    regex: Annotated[
        list[str] | None, _option(IMAGES, "Matches anywhere in the full name.", metavar="REGEX")
    ] = None,
    tag: Annotated[list[str] | None, _option(IMAGES, "The tag matches.", metavar="GLOB")] = None,
    registry: Annotated[
        list[str] | None, _option(IMAGES, "The registry matches.", metavar="GLOB")
    ] = None,
    label: Annotated[
        list[str] | None, _option(IMAGES, "With this label.", metavar="NAME[=VALUE]")
    ] = None,
    platform: Annotated[
        list[str] | None, _option(IMAGES, "For this platform.", metavar="OS/ARCH")
    ] = None,
    everything: Annotated[
        bool, _option(IMAGES, "Every image that nothing protects.", "--all")
    ] = False,
    keep: Annotated[
        list[str] | None, _option(IMAGES, "Never remove images that match.", metavar="GLOB")
    ] = None,
    free: Annotated[
        str, _option(GOALS, "Free this much; least recently used first.", metavar="SIZE")
    ] = "",
    budget: Annotated[str, _option(GOALS, "Limit for all images together.", metavar="SIZE")] = "",
    min_free: Annotated[
        str, _option(GOALS, "Keep this much of the disk free, such as 15%.", metavar="SHARE|SIZE")
    ] = "",
    include_local: Annotated[
        bool, _option(HOW, "Also remove images that no registry has.", "--include-local")
    ] = False,
    archive: Annotated[
        Path | None,
        _option(HOW, "Save local-only images there first.", metavar="FOLDER"),
    ] = None,
    stopped_containers: Annotated[
        bool, _option(NON_IMAGE, "Also remove stopped containers.", "--stopped-containers")
    ] = False,
    stopped_for: Annotated[
        str, _option(NON_IMAGE, "Only containers stopped for this long.", metavar="AGE")
    ] = "1d",
    build_cache: Annotated[
        bool, _option(NON_IMAGE, "Also clear the unused build cache.", "--build-cache")
    ] = False,
    volumes: Annotated[
        bool, _option(NON_IMAGE, "Also remove unused anonymous volumes.", "--volumes")
    ] = False,
    named_volumes: Annotated[
        bool, _option(NON_IMAGE, "Also remove unused named volumes.", "--named-volumes")
    ] = False,
    networks: Annotated[
        bool, _option(NON_IMAGE, "Also remove unused networks.", "--networks")
    ] = False,
    why: Annotated[bool, _option(HOW, "Also show what is kept, and why.", "--why")] = False,
    out: Annotated[
        Path | None, _option(HOW, "Write the plan to a file, for dockmgr apply.", metavar="FILE")
    ] = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Remove unused images by rules. Shows the exact plan first; undo recovers what it can.

    Images are never removed if a container uses them, if they are pinned, kept by a rule or too
    new, or if they could not be recovered.
    """
    session = get_session(ctx)
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
    job = PruneJob(session, asked, parts, archive, why=why, json=json, explain=explain)
    job.run(out, yes=yes, dry_run=dry_run)


def _parse_age(text: str) -> timedelta:
    from manager.model.units import parse_duration

    return parse_duration(text)
