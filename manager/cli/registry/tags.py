"""The command tags: what tags a repository has at its registry."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError
from manager.registry.core.tag_list import TagOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manager.cli.plain_table import Table
    from manager.references.reference import ImageReference
    from manager.registry.core.freshness import LocalTag
    from manager.registry.tags import ListedTag, TagListing, TagQuery

DEFAULT_LIMIT = 20
"""How many tags are shown on a terminal, or looked up, without --limit."""
MAX_SHOWN_REASONS = 3
"""How many reasons why something is unknown are shown."""
UNKNOWN_CELL = "unknown"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr tags nginx",
            "dockmgr tags nginx:1.27                          tags that begin with 1.27",
            "dockmgr tags redis --filter '*-alpine' --newest 5 --long",
            "dockmgr tags ghcr.io/org/app --sort date --json",
        )
    )(tags)


def tags(
    ctx: typer.Context,
    repository: Annotated[
        str,
        typer.Argument(
            metavar="REPO",
            help="A repository; nginx:1.27 stands for its tags that begin with 1.27.",
            autocompletion=complete.complete_repositories,
            show_default=False,
        ),
    ],
    globs: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="GLOB", help="Only tags that match; repeatable."),
    ] = None,
    newest: Annotated[
        int,
        typer.Option(
            "--newest", metavar="N", min=0, help="Only the N newest versions.", show_default=False
        ),
    ] = 0,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=0, help="Show at most N tags; 0 shows all."),
    ] = None,
    sort: Annotated[
        TagOrder, typer.Option("--sort", help="Sort by this; versions and dates newest first.")
    ] = TagOrder.VERSION,
    sizes: Annotated[
        bool, typer.Option("--sizes", help="Show download sizes; takes a request for each tag.")
    ] = False,
    dates: Annotated[
        bool, typer.Option("--dates", help="Show creation dates; takes a request for each tag.")
    ] = False,
    long: Annotated[bool, typer.Option("--long", help="Show sizes, dates and digests.")] = False,
    platform: Annotated[
        str,
        typer.Option(
            "--platform", metavar="OS/ARCH", help="The platform whose sizes and dates are shown."
        ),
    ] = "",
    json: options.Json = False,
) -> None:
    """List the tags of a repository in its registry, and which of them you have.

    No engine is needed. Docker Hub counts the requests for sizes and dates as pulls.
    """
    from manager.cli.progress import show_count
    from manager.registry.core.tag_list import parse_repository
    from manager.registry.tags import TagQuery, list_repository_tags

    if newest and limit is not None:
        raise ManagerError(
            "--newest cannot be combined with --limit", "omit one of them", ExitCode.USAGE
        )
    reference, prefix = parse_repository(repository)
    work = get_session(ctx)
    everything = sizes or dates or long or sort is TagOrder.DATE
    few = DEFAULT_LIMIT if everything or (work.out.is_terminal and not json) else 0
    request = TagQuery(
        reference,
        prefix,
        tuple(globs or ()),
        newest,
        limit if limit is not None else 0 if newest else few,
        sort,
        with_details=everything,
    )
    lookup = replace(work.lookup(platform, sparing=True), reads_layer_lengths=False)
    with show_count(work.out, "reading tags") as report:
        found = list_repository_tags(lookup, request, _find_local_tags(work, reference), report)
    if json:
        work.out.json("tags", _listing_data(request, found))
        return
    dated = dates or long or sort is TagOrder.DATE
    _show_tags(work, request, found, ShownColumns(sizes=sizes or long, dates=dated, digests=long))


def _find_local_tags(work: Session, reference: "ImageReference") -> "dict[str, LocalTag]":
    """What the engine has of a repository, by tag; nothing where there is no engine."""
    from manager.disk.observe import detect_store
    from manager.registry.core.freshness import list_local_tags

    if not work.info:
        return {}
    here = list_local_tags(
        work.engine.images.list_with_manifests(), detect_store(work.engine, work.info)
    )
    same = (it for it in here if it.reference.repository == reference.repository)
    return {it.reference.tag or "": it for it in same}


@dataclass(frozen=True, slots=True)
class ShownColumns:
    """The columns that are shown besides."""

    sizes: bool
    dates: bool
    digests: bool


def _show_tags(
    work: Session, request: "TagQuery", found: "TagListing", shown: ShownColumns
) -> None:
    name = request.reference.familiar_name
    if request.prefix and not request.globs:
        work.out.note(f"tags of {name} that begin with {request.prefix}")
    if not found.tags:
        many = f"none of the {found.total} tags of {name} matches"
        what = many if found.total else f"{name} has no tags"
        work.out.note(what)
        return
    work.out.print_table(_build_table(found.tags, shown))
    reasons = dict.fromkeys(tag.why for tag in found.tags if tag.why)
    for reason in list(reasons)[:MAX_SHOWN_REASONS]:
        work.out.note(f"unknown: {reason}")
    if more := found.fitting - len(found.tags):
        work.out.note(f"and {more} more: --limit 0 shows all")


def _build_table(tags: "Sequence[ListedTag]", shown: ShownColumns) -> "Table":
    from manager.cli.plain_table import Column, Table

    columns, cells = [Column("TAG")], [[tag.name] for tag in tags]

    def add(column: Column, values: "Iterable[str]") -> None:
        columns.append(column)
        for row, value in zip(cells, values, strict=True):
            row.append(value)

    if any(tag.held for tag in tags):
        add(Column("LOCAL"), map(_format_local_state, tags))
    if shown.sizes:
        add(Column("DOWNLOAD", right=True), map(_format_download, tags))
    if shown.dates:
        now = datetime.now(UTC)
        add(Column("CREATED"), (_format_creation_age(tag, now) for tag in tags))
    if shown.digests:
        add(Column("DIGEST"), (tag.digest or UNKNOWN_CELL for tag in tags))
    return Table(columns, cells)


def _format_local_state(tag: "ListedTag") -> str:
    if tag.held is None:
        return ""
    return {True: "up to date", False: "different", None: "yes"}[tag.current]


def _format_download(tag: "ListedTag") -> str:
    from manager.model.units import format_size

    return format_size(tag.remote.manifest.download) if tag.remote else UNKNOWN_CELL


def _format_creation_age(tag: "ListedTag", now: datetime) -> str:
    from manager.cli.images.views import EARLIEST_BUILD_TIME
    from manager.model.units import format_age

    return (
        format_age(tag.created, now)
        if tag.created and tag.created > EARLIEST_BUILD_TIME
        else UNKNOWN_CELL
    )


def _listing_data(request: "TagQuery", found: "TagListing") -> dict[str, Any]:
    return {
        "repository": request.reference.repository,
        "total": found.total,
        "fitting": found.fitting,
        "tags": [_row(tag, everything=request.with_details) for tag in found.tags],
    }


def _row(tag: "ListedTag", *, everything: bool) -> dict[str, Any]:
    """A tag as JSON; what was not asked for is left out."""
    here = {"id": tag.held.image.id, "current": tag.current} if tag.held else None
    row: dict[str, Any] = {"tag": tag.name, "here": here, "digest": tag.digest or None}
    row["why"] = tag.why or None
    if everything:
        row["download"] = tag.remote.manifest.download if tag.remote else None
        row["created"] = tag.created.isoformat() if tag.created else None
    return row
