"""The command spawn: many numbered containers from one image, as one transaction."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperOption

from manager.cli import complete, options
from manager.cli.command_group import ExamplesFirstCommand
from manager.cli.groups.run_options import read_typed_options, with_run_options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError
from manager.groups.core.group_spec import PullPolicy, build_group_spec

if TYPE_CHECKING:
    from typer._click.core import Context

    from manager.groups.core.docker_run import ShowableOptions
    from manager.groups.local_values import LocalSources
    from manager.groups.spawn_jobs import SpawnRequest

NAMES_PANEL = "Names and numbers"
READINESS_PANEL = "Readiness"
OTHER_PANEL = "Image, plan and output"
FIRST_PANELS = ("", NAMES_PANEL, "Ports", READINESS_PANEL, OTHER_PANEL)
"""The headings that come first in the help, after the arguments."""


class SpawnCommand(ExamplesFirstCommand):
    """A command all of whose options stand under headings, ``--help`` too."""

    def get_help_option(self, ctx: "Context") -> TyperOption | None:
        """The option ``--help``."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.rich_help_panel = OTHER_PANEL
        return option


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        cls=SpawnCommand,
        epilog=format_examples(
            "dockmgr spawn nginx --count 3",
            "dockmgr spawn nginx --count 3 --ensure          three in all, not three more",
            "dockmgr spawn nginx -n 3 --publish 8080:80      8080, 8081 and 8082",
            "dockmgr spawn nginx --name 'web-{n:02}' -n 12   web-01 to web-12",
            "dockmgr spawn redis -n 3 -e ID={n} --wait-log 'Ready to accept'",
            "dockmgr spawn busybox --name job -n 2 -- sleep 600",
            "dockmgr spawn -f groups.toml                    several groups at once",
            "dockmgr spawn nginx -n 2 --explain --dry-run    the same as docker commands",
        ),
    )(with_run_options(spawn, FIRST_PANELS, OTHER_PANEL))


def spawn(
    ctx: typer.Context,
    image: Annotated[
        str | None,
        typer.Argument(
            metavar="IMAGE",
            help="An image reference, such as nginx:1.27.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ] = None,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND...]", help="The command to run instead of the image's."
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", "-n", help="How many to make.", rich_help_panel=NAMES_PANEL)
    ] = 1,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="web gives web1, web2…; or a template such as 'web-{n:02}'.",
            rich_help_panel=NAMES_PANEL,
        ),
    ] = None,
    start: Annotated[
        int | None,
        typer.Option("--start", help="The first number.", rich_help_panel=NAMES_PANEL),
    ] = None,
    append: Annotated[
        bool,
        typer.Option(
            "--append", help="Continue after the highest number.", rich_help_panel=NAMES_PANEL
        ),
    ] = False,
    ensure: Annotated[
        bool,
        typer.Option(
            "--ensure", help="Make sure there are COUNT in all.", rich_help_panel=NAMES_PANEL
        ),
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Make the groups that this file describes.",
            rich_help_panel=NAMES_PANEL,
        ),
    ] = None,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait",
            help="Wait until each runs, and is healthy if it has a health check.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = False,
    wait_port: Annotated[
        list[int] | None,
        typer.Option(
            "--wait-port",
            metavar="PORT",
            help="Wait until this port answers.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = None,
    wait_http: Annotated[
        str,
        typer.Option(
            "--wait-http",
            metavar="[PORT]/PATH",
            help="Wait until this page answers without an error.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = "",
    wait_log: Annotated[
        str,
        typer.Option(
            "--wait-log",
            metavar="REGEX",
            help="Wait until a log line matches.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = "",
    timeout: Annotated[
        str,
        typer.Option(
            "--timeout",
            metavar="TIME",
            help="Give up and remove everything after this time.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = "60s",
    settle: Annotated[
        str,
        typer.Option(
            "--settle",
            metavar="TIME",
            help="Fail if a member fails this soon after its start.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = "200ms",
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Keep the containers if the spawn fails.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = False,
    pull: Annotated[PullPolicy, typer.Option("--pull", help="When to pull the image.")] = "missing",
    platform: Annotated[
        str, typer.Option("--platform", metavar="OS/ARCH", help="Use the image for this platform.")
    ] = "",
    parallel: Annotated[
        int | None,
        typer.Option("--parallel", min=1, max=64, metavar="N", help="Make at most N at a time."),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", hidden=True)] = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
    **run_options: Any,  # noqa: ANN401 - whatever the options hold
) -> None:
    """Make numbered containers from one image: all of them, or none.

    nginx becomes nginx1, nginx2 and so on. Running the command again makes more and fills gaps.
    If anything fails, dockmgr removes everything this spawn made. In every option, {n} stands for
    the number.
    """
    from manager.groups.core.readiness import Readiness
    from manager.groups.local_values import (
        LocalSources,
        collect_showable_options,
        resolve_options,
    )
    from manager.groups.spawn_jobs import SpawnRequest
    from manager.model.units import parse_duration

    del detach  # members always run in the background
    work = get_session(ctx)
    sources = LocalSources(work.env, work.lab)
    if file is not None:
        _refuse_options_with_file(ctx, image)
        request, shown = _read_groups_file(file, sources, pull, keep=keep)
    elif image is None:
        raise ManagerError("missing argument 'IMAGE'", "see: dockmgr spawn --help", ExitCode.USAGE)
    else:
        typed = read_typed_options(run_options, command or [])
        spec = build_group_spec(
            image,
            name,
            options=resolve_options(typed, sources),
            count=count,
            start=start,
            append=append,
            ensure=ensure,
            platform=platform,
            ready=Readiness(
                wait,
                tuple(wait_port or ()),
                wait_http,
                wait_log,
                parse_duration(timeout).total_seconds(),
                parse_duration(settle).total_seconds(),
            ),
        )
        request = SpawnRequest((spec,), pull=pull, keep=keep)
        shown = (collect_showable_options(typed, sources, openly=True),)
    _refuse_unreachable_ports(work, request)
    from manager.cli.groups import spawning

    showable = shown if explain else None
    if dry_run:
        spawning.show_spawn_plan(work, request, showable, json=json)
    else:
        spawning.make_groups(work, request, parallel, showable, json=json)


def _read_groups_file(
    file: Path, sources: "LocalSources", pull: PullPolicy, *, keep: bool
) -> "tuple[SpawnRequest, tuple[ShowableOptions, ...]]":
    from dataclasses import replace

    from manager.groups.core.spawn_plan import refuse_same_group_twice
    from manager.groups.groups_file import load_groups_file
    from manager.groups.local_values import collect_showable_options, resolve_options
    from manager.groups.spawn_jobs import SpawnRequest

    described = load_groups_file(file)
    sources = replace(sources, base=file.parent)
    groups = [
        build_group_spec(
            one.image,
            one.name,
            options=resolve_options(one.options, sources),
            count=one.count,
            start=one.start,
            ensure=True,
            platform=one.platform,
            ready=one.ready,
        )
        for one in described.groups
    ]
    refuse_same_group_twice(groups)
    shown = [collect_showable_options(it.options, sources, openly=False) for it in described.groups]
    return SpawnRequest(tuple(groups), described.networks, pull, keep), tuple(shown)


OPTIONS_ALLOWED_WITH_FILE = frozenset(
    {"file", "pull", "keep", "parallel", "dry_run", "explain", "json", "detach"}
)


def _refuse_options_with_file(ctx: typer.Context, image: str | None) -> None:
    """What is in the file is not said a second time beside it."""
    typed = [
        name
        for name in ctx.params
        if name not in OPTIONS_ALLOWED_WITH_FILE
        and getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    if image is not None or typed:
        what = "IMAGE" if image is not None else f"--{typed[0].replace('_', '-')}"
        raise ManagerError(
            f"{what} cannot be combined with --file", "write it in the file", ExitCode.USAGE
        )


def _refuse_unreachable_ports(work: Session, request: "SpawnRequest") -> None:
    from manager.groups.core.waiting_ports import refuse_unpublished_ports

    for spec in request.groups:
        if spec.ready.ports or spec.ready.http:
            refuse_unpublished_ports(spec, sees_containers=work.sees_containers)
