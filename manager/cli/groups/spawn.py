"""The command spawn: many numbered containers from one image, as one transaction."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import complete, options
from manager.cli.groups.run_options import read, typed, with_run_options
from manager.cli.options import examples
from manager.cli.session import Session, session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from manager.groups.core.docker_run import Typed
    from manager.groups.core.group_spec import GroupSpec
    from manager.groups.spawn import Request

NAMES = "How many, and how they are called"
READY = "When they are ready"
PULL = ("missing", "always", "never")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
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
            autocompletion=complete.images,
            show_default=False,
        ),
    ] = None,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="What to run instead of the image's own."),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", "-n", help="How many to make.", rich_help_panel=NAMES)
    ] = 1,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="web for web1, web2…; or a template such as 'web-{n:02}'.",
            rich_help_panel=NAMES,
        ),
    ] = None,
    start: Annotated[
        int | None,
        typer.Option("--start", help="The first number.", rich_help_panel=NAMES),
    ] = None,
    append: Annotated[
        bool,
        typer.Option("--append", help="Go on after the highest number.", rich_help_panel=NAMES),
    ] = False,
    ensure: Annotated[
        bool,
        typer.Option(
            "--ensure",
            help="See that there are COUNT in all; more are left.",
            rich_help_panel=NAMES,
        ),
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Each runs, and is healthy.", rich_help_panel=READY),
    ] = False,
    wait_port: Annotated[
        list[int] | None,
        typer.Option("--wait-port", help="Its port answers.", rich_help_panel=READY),
    ] = None,
    wait_http: Annotated[
        str,
        typer.Option(
            "--wait-http",
            metavar="[PORT]/PATH",
            help="It answers a GET without an error.",
            rich_help_panel=READY,
        ),
    ] = "",
    wait_log: Annotated[
        str,
        typer.Option(
            "--wait-log", metavar="REGEX", help="It writes such a line.", rich_help_panel=READY
        ),
    ] = "",
    timeout: Annotated[
        str, typer.Option("--timeout", help="How long for that.", rich_help_panel=READY)
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
    from manager.groups.spawn import Request

    work = session(ctx)
    if pull not in PULL:
        raise ManagerError(
            f"--pull {pull!r} is no policy", f"choose one of: {', '.join(PULL)}", ExitCode.USAGE
        )
    if file is not None:
        _refuse_beside_file(ctx, image)
        request, shown = _of_file(work, file, pull, keep=keep)
    elif image is None:
        raise ManagerError("missing argument 'IMAGE'", "see: dockmgr spawn --help", ExitCode.USAGE)
    else:
        spec = group(
            image,
            name,
            options=read(work, run_options, command or []),
            count=count,
            start=start,
            append=append,
            ensure=ensure,
            platform=platform,
            ready=_readiness(timeout, wait, wait_port, wait_http, wait_log),
        )
        request = Request((spec,), pull=pull, keep=keep)
        shown = (typed(work, run_options),)
    _refuse_unreachable(work, request)
    from manager.cli.groups import spawning

    said = shown if explain else None
    if dry_run:
        spawning.show_plan(work, request, said, json=json)
    else:
        spawning.make(work, request, parallel, said, json=json)


def group(image: str, name: str | None, **more: Any) -> "GroupSpec":  # noqa: ANN401 - its fields
    """A group from what was typed.

    Raises:
        ManagerError: (usage) something of it is not possible.
    """
    from manager.groups.core.group_spec import GroupSpec
    from manager.groups.core.spawning import default_group
    from manager.model.naming import Template, has_place
    from manager.references.reference import ImageReference

    reference = ImageReference.parse(image)
    template = Template.parse(default_group(reference) if name is None else name)
    named = name is not None and has_place(name)
    return GroupSpec(reference, template, named=named, **more)


def _readiness(timeout: str, wait: bool, port: list[int] | None, http: str, log: str) -> Any:  # noqa: ANN401
    from manager.groups.core.readiness import Readiness
    from manager.model.units import parse_duration

    return Readiness(wait, tuple(port or ()), http, log, parse_duration(timeout).total_seconds())


def _of_file(
    work: Session, file: Path, pull: str, *, keep: bool
) -> "tuple[Request, tuple[Typed, ...]]":
    from manager.groups.core.spawning import refuse_same_group_twice
    from manager.groups.groups_file import load
    from manager.groups.spawn import Request

    described = load(file)
    groups, shown = [], []
    for one in described.groups:
        values = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in one.options.items()
        }
        run = read(work, values, list(one.command), file.parent)
        shown.append(typed(work, values, file.parent, openly=False))
        groups.append(
            group(
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
    return Request(tuple(groups), described.networks, pull, keep), tuple(shown)


BESIDE_FILE = frozenset({"file", "pull", "keep", "parallel", "dry_run", "explain", "json"})


def _refuse_beside_file(ctx: typer.Context, image: str | None) -> None:
    """What is in the file is not said a second time beside it."""
    typed = [
        name
        for name in ctx.params
        if name not in BESIDE_FILE
        and getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    if image is not None or typed:
        what = "IMAGE" if image is not None else f"--{typed[0].replace('_', '-')}"
        raise ManagerError(
            f"{what} and --file do not go together", "write it into the file", ExitCode.USAGE
        )


def _refuse_unreachable(work: Session, request: "Request") -> None:
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
