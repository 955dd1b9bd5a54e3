"""The command spawn: many numbered containers from one image, as one transaction."""

from pathlib import Path
from typing import Annotated

import typer

from manager.cli import complete, options
from manager.cli.context import Session, session
from manager.cli.options import examples
from manager.core.model import Container
from manager.core.spawning import GroupSpec
from manager.errors import ExitCode, ManagerError

ANSWER_WITHIN = 5.0
"""Seconds for which published ports are tried before they are said not to answer."""


MOST = 10_000
"""Containers of one spawn, at most."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "dockmgr spawn nginx --count 3",
            "dockmgr spawn nginx --count 3 --ensure            three in all, not three more",
            "dockmgr spawn nginx -n 3 --publish 8080:80        8080, 8081 and 8082",
            "dockmgr spawn busybox --name job -n 2 -- sleep 600",
        )
    )(spawn)


def spawn(
    ctx: typer.Context,
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE",
            help="The image's address.",
            autocompletion=complete.images,
            show_default=False,
        ),
    ],
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="What to run instead of the image's own."),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", max=MOST, help="How many to make.")] = 1,
    name: Annotated[
        str | None,
        typer.Option("--name", help="The group's name; members are called NAME1, NAME2…"),
    ] = None,
    ensure: Annotated[
        bool, typer.Option("--ensure", help="Make it COUNT in all, not COUNT more.")
    ] = False,
    publish: Annotated[
        list[str] | None,
        typer.Option(
            "--publish",
            "-p",
            metavar="[HOST:]PORT",
            help="8080:80 gives the first 8080, the second 8081…; 80 lets the engine choose.",
        ),
    ] = None,
    publish_all: Annotated[
        bool,
        typer.Option("--publish-all", "-P", help="Publish every port that the image exposes."),
    ] = False,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env", "-e", metavar="KEY[=VALUE]", help="Set a variable, or pass on your own."
        ),
    ] = None,
    volume: Annotated[
        list[str] | None,
        typer.Option("--volume", "-v", metavar="[SOURCE:]TARGET[:ro]", help="Mount a volume."),
    ] = None,
    network: Annotated[str, typer.Option("--network", help="Connect to this network.")] = "",
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="KEY[=VALUE]", help="Set a label."),
    ] = None,
    platform: Annotated[
        str, typer.Option("--platform", metavar="OS/ARCH", help="Another platform's image.")
    ] = "",
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Make numbered containers from one image: all of them, or none.

    nginx gives nginx1, nginx2 and so on. Running it again makes more; gaps are filled.
    """
    from manager.core.ports import PublishSpec
    from manager.core.reference import ImageReference
    from manager.core.spawning import default_group

    work = session(ctx)
    reference = ImageReference.parse(image)
    spec = GroupSpec(
        image=reference,
        group=default_group(reference) if name is None else name,
        count=count,
        ensure=ensure,
        publish=tuple(PublishSpec.parse(text) for text in publish or ()),
        publish_all=publish_all,
        env=tuple(_variable(work, text) for text in env or () if "=" in text or text in work.env),
        volumes=tuple(_volume(work, text) for text in volume or ()),
        network=network,
        labels=dict(_label(text) for text in label or ()),
        command=tuple(command or ()),
        platform=platform,
    )
    if dry_run:
        _show_plan(work, spec, json=json)
    else:
        _make(work, spec, json=json)


def _show_plan(work: Session, spec: GroupSpec, *, json: bool) -> None:
    from manager.actions.spawn import observe
    from manager.cli.steps import show_plan
    from manager.core.spawning import plan_spawn

    plan = plan_spawn(spec, *observe(work.engine, spec))
    show_plan(work.out, "spawn", plan, json=json, dry_run=True)


def _make(work: Session, spec: GroupSpec, *, json: bool) -> None:
    import time

    from manager.actions.spawn import Means
    from manager.actions.spawn import spawn as act
    from manager.cli.progress import counting
    from manager.cli.pull import pull_for_spawn
    from manager.cli.sighting import sighted

    with counting(work.out, f"making {spec.group}") as report:
        means = Means(
            parallel=work.settings.spawn.parallel,
            pull=lambda: pull_for_spawn(work, spec.image, spec.platform),
            report=report,
            sleep=time.sleep,
        )
        made = act(work.engine, spec, means)
    sighted(work, made.members)
    _show(work, spec, made.members, made.notes, json=json)


def _show(
    work: Session,
    spec: GroupSpec,
    members: tuple[Container, ...],
    notes: tuple[str, ...],
    *,
    json: bool,
) -> None:
    from manager.adapters.probe import answering
    from manager.cli import render
    from manager.core.addresses import address

    ports = [port for member in members for port in member.published]
    answers = answering(ports, work.engine_address, ANSWER_WITHIN)
    if json:
        rows = [render.container_row(member, work.engine_address) for member in members]
        work.out.json("spawn", rows)
    elif members:
        work.out.show(render.containers_table(members, work.engine_address, with_image=False))
    for note in notes:
        work.out.note(f"note: {note}")
    silent = [address(p, work.engine_address) for p, answered in answers.items() if not answered]
    if silent:
        work.out.warn(f"not answering yet: {', '.join(silent)}")
        work.out.hint(f"see what they say with: dockmgr logs {spec.group}")
    if members and not (spec.publish or spec.publish_all):
        exposed = work.engine.images.exposed_ports(spec.image.for_engine)
        if exposed:
            work.out.hint(
                f"the image listens on {', '.join(exposed)} and nothing is published: "
                f"add --publish-all, or for example --publish 8080:{exposed[0].partition('/')[0]}"
            )


def _variable(work: Session, text: str) -> str:
    """``KEY`` alone takes the value from the environment, as docker does."""
    key, equals, _ = text.partition("=")
    if not key:
        raise _refused("--env", text, "has no name before the equals sign", "--env KEY=VALUE")
    return text if equals else f"{key}={work.env[key]}"


def _volume(work: Session, text: str) -> str:
    """A source that begins with a dot is a folder beside the working folder, as docker has it.

    A lab sees only some folders of its host. Another source would silently be a new, empty one.
    """
    source, colon, rest = text.partition(":")
    if not text or (colon and not (source and rest)):
        raise _refused("--volume", text, "has an empty part", "--volume ./site:/srv:ro")
    if colon and source.startswith("."):
        source = str(Path(source).resolve())
    if source.startswith("/") and colon and work.lab and not work.lab.sees(Path(source)):
        raise ManagerError(
            f"lab {work.lab.name!r} does not see {source}",
            f"it sees {', '.join(work.lab.mounts)}; name further folders as lab.mounts in the "
            "settings, then: dockmgr lab reset",
        )
    return f"{source}{colon}{rest}"


def _label(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    if not key:
        raise _refused("--label", text, "has no key", "--label stage=test")
    return key, value


def _refused(option: str, text: str, why: str, example: str) -> ManagerError:
    return ManagerError(f"{option} {text!r} {why}", f"write it like {example}", ExitCode.USAGE)
