"""The command spawn: many numbered containers from one image, as one transaction."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import complete, options
from manager.cli.groups.run_options import (
    collect_showable_options,
    read_run_options,
    with_run_options,
)
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from manager.groups.core.docker_run import ShowableOptions
    from manager.groups.core.group_spec import GroupSpec
    from manager.groups.spawn import SpawnRequest

NAMES_PANEL = "How many, and how they are called"
READINESS_PANEL = "When they are ready"
PULL_POLICIES = ("missing", "always", "never")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr spawn nginx --count 3",
            "dockmgr spawn nginx --count 3 --ensure            three in all, not three more",
            "dockmgr spawn nginx -n 3 --publish 8080:80        8080, 8081 and 8082",
            "dockmgr spawn nginx --name 'web-{n:02}' -n 12     web-01 to web-12",
            "dockmgr spawn redis -n 3 -e ID={n} --wait-log 'Ready to accept'",
            "dockmgr spawn busybox --name job -n 2 -- sleep 600",
            "dockmgr spawn -f groups.toml                      several groups at once",
            "dockmgr spawn nginx -n 2 --explain --dry-run      the docker commands for it",
        )
    )(with_run_options(spawn))


def spawn(
    ctx: typer.Context,
    image: Annotated[
        str | None,
        typer.Argument(
            metavar="IMAGE",
            help="The image's address.",
            autocompletion=complete.complete_images,
            show_default=False,
        ),
    ] = None,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="What to run instead of the image's own."),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", "-n", help="How many to make.", rich_help_panel=NAMES_PANEL)
    ] = 1,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="web for web1, web2…; or a template such as 'web-{n:02}'.",
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
            "--append", help="Go on after the highest number.", rich_help_panel=NAMES_PANEL
        ),
    ] = False,
    ensure: Annotated[
        bool,
        typer.Option(
            "--ensure",
            help="See that there are COUNT in all; more are left.",
            rich_help_panel=NAMES_PANEL,
        ),
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Each runs, and is healthy.", rich_help_panel=READINESS_PANEL),
    ] = False,
    wait_port: Annotated[
        list[int] | None,
        typer.Option("--wait-port", help="Its port answers.", rich_help_panel=READINESS_PANEL),
    ] = None,
    wait_http: Annotated[
        str,
        typer.Option(
            "--wait-http",
            metavar="[PORT]/PATH",
            help="It answers a GET without an error.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = "",
    wait_log: Annotated[
        str,
        typer.Option(
            "--wait-log",
            metavar="REGEX",
            help="It writes such a line.",
            rich_help_panel=READINESS_PANEL,
        ),
    ] = "",
    timeout: Annotated[
        str, typer.Option("--timeout", help="How long for that.", rich_help_panel=READINESS_PANEL)
    ] = "60s",
    keep: Annotated[
        bool, typer.Option("--keep", help="When it fails, keep what was made.")
    ] = False,
    pull: Annotated[str, typer.Option("--pull", help="missing, always or never.")] = "missing",
    platform: Annotated[
        str, typer.Option("--platform", metavar="OS/ARCH", help="Another platform's image.")
    ] = "",
    parallel: Annotated[
        int | None,
        typer.Option("--parallel", min=1, max=64, help="How many are made at once."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Make the groups that this file describes."),
    ] = None,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
    **run_options: Any,  # noqa: ANN401 - whatever the options hold
) -> None:
    """Make numbered containers from one image: all of them, or none.

    nginx gives nginx1, nginx2 and so on. Running it again makes more; gaps are filled. Whatever
    goes wrong, all that it made is removed again.
    """
    from manager.groups.spawn import SpawnRequest

    work = get_session(ctx)
    if pull not in PULL_POLICIES:
        raise ManagerError(
            f"--pull {pull!r} is no policy",
            f"choose one of: {', '.join(PULL_POLICIES)}",
            ExitCode.USAGE,
        )
    if file is not None:
        _refuse_options_with_file(ctx, image)
        request, shown = _read_groups_file(work, file, pull, keep=keep)
    elif image is None:
        raise ManagerError("missing argument 'IMAGE'", "see: dockmgr spawn --help", ExitCode.USAGE)
    else:
        spec = build_group_spec(
            image,
            name,
            options=read_run_options(work, run_options, command or []),
            count=count,
            start=start,
            append=append,
            ensure=ensure,
            platform=platform,
            ready=_build_readiness(timeout, wait, wait_port, wait_http, wait_log),
        )
        request = SpawnRequest((spec,), pull=pull, keep=keep)
        shown = (collect_showable_options(work, run_options),)
    _refuse_unreachable_ports(work, request)
    from manager.cli.groups import spawning

    said = shown if explain else None
    if dry_run:
        spawning.show_spawn_plan(work, request, said, json=json)
    else:
        spawning.make_groups(work, request, parallel, said, json=json)


def build_group_spec(image: str, name: str | None, **more: Any) -> "GroupSpec":  # noqa: ANN401 - its fields
    """A group from what was typed.

    Raises:
        ManagerError: (usage) something of it is not possible.
    """
    from manager.groups.core.group_spec import GroupSpec
    from manager.groups.core.spawn_plan import default_group
    from manager.model.naming import NameTemplate, has_placeholder
    from manager.references.reference import ImageReference

    reference = ImageReference.parse(image)
    template = NameTemplate.parse(default_group(reference) if name is None else name)
    named = name is not None and has_placeholder(name)
    return GroupSpec(reference, template, named=named, **more)


def _build_readiness(timeout: str, wait: bool, port: list[int] | None, http: str, log: str) -> Any:  # noqa: ANN401
    from manager.groups.core.readiness import Readiness
    from manager.model.units import parse_duration

    return Readiness(wait, tuple(port or ()), http, log, parse_duration(timeout).total_seconds())


def _read_groups_file(
    work: Session, file: Path, pull: str, *, keep: bool
) -> "tuple[SpawnRequest, tuple[ShowableOptions, ...]]":
    from manager.groups.core.spawn_plan import refuse_same_group_twice
    from manager.groups.groups_file import load_groups_file
    from manager.groups.spawn import SpawnRequest

    described = load_groups_file(file)
    groups, shown = [], []
    for one in described.groups:
        values = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in one.options.items()
        }
        run = read_run_options(work, values, list(one.command), file.parent)
        shown.append(collect_showable_options(work, values, file.parent, openly=False))
        groups.append(
            build_group_spec(
                one.image,
                one.name,
                options=run,
                count=one.count,
                start=one.start,
                ensure=True,
                platform=one.platform,
                ready=one.ready,
            )
        )
    refuse_same_group_twice(groups)
    return SpawnRequest(tuple(groups), described.networks, pull, keep), tuple(shown)


OPTIONS_ALLOWED_WITH_FILE = frozenset(
    {"file", "pull", "keep", "parallel", "dry_run", "explain", "json"}
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
            f"{what} and --file do not go together", "write it into the file", ExitCode.USAGE
        )


def _refuse_unreachable_ports(work: Session, request: "SpawnRequest") -> None:
    """A port that is waited for must be reachable from here."""
    from manager.groups.core.ports import PublishSpec

    for spec in request.groups:
        ready = spec.ready
        published = {
            port
            for text in spec.options.publish
            for one in (PublishSpec.parse(text, spec.first),)
            if one.protocol == "tcp"
            for port in range(one.container_port, one.container_port + one.width)
        }
        wanted = set(ready.ports)
        if ready.http and ready.http_port is not None:
            wanted.add(ready.http_port)
        if (
            ready.http
            and ready.http_port is None
            and not published
            and not spec.options.publish_all
        ):
            raise ManagerError(
                f"--wait-http {ready.http} does not say which port, and none is published",
                "publish one, or write it before the path: 8080/health",
                ExitCode.USAGE,
            )
        # On its machine's own network a container needs to publish nothing.
        hidden = wanted - published if spec.options.network != "host" else set()
        if hidden and not spec.options.publish_all and not work.sees_containers:
            raise ManagerError(
                f"port {min(hidden)} cannot be waited for: it is not published, and the engine's "
                "own networks cannot be reached from here",
                f"publish it: --publish {min(hidden)}",
                ExitCode.USAGE,
            )
