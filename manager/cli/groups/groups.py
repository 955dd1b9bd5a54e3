"""The commands on groups as a whole: scale and recover."""

from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError
from manager.model.containers import Container
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.groups.core.group_spec import GroupSpec
    from manager.groups.recover import InterruptedSpawn
    from manager.model.docker_commands import DockerCommand

GroupName = Annotated[
    str,
    typer.Argument(
        metavar="GROUP",
        help="The group's name.",
        autocompletion=complete.complete_containers_and_groups,
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=format_examples(
            "dockmgr scale web 5",
            "dockmgr scale web 2 --yes",
            "dockmgr scale web 0",
            "dockmgr scale web 5 --explain --dry-run",
        )
    )(scale)
    app.command(
        epilog=format_examples(
            "dockmgr recover                   show interrupted spawns, and ask what to do",
            "dockmgr recover --finish web",
            "dockmgr recover --remove --yes",
        )
    )(recover)


def scale(
    ctx: typer.Context,
    group: GroupName,
    count: Annotated[
        int, typer.Argument(metavar="NUMBER", help="How many members.", show_default=False)
    ],
    timeout: options.StopTimeout = None,
    parallel: Annotated[
        int | None,
        typer.Option("--parallel", min=1, max=64, metavar="N", help="Make at most N at a time."),
    ] = None,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Set how many members a group has: make more of the same, or remove some.

    New members fill the gaps first; the highest numbers are removed first.
    """
    from manager.groups.core.scaling import check_count, find_group_members

    check_count(count)
    work = get_session(ctx)
    members = find_group_members(Snapshot(work.engine.containers.list()), group, count)
    if count < len(members):
        from manager.cli.groups.containers import ChangeOptions, change_containers
        from manager.groups.core.scaling import plan_scale_down

        change = ChangeOptions(
            "scale", timeout, ask=not yes, dry_run=dry_run, explain=explain, json=json
        )
        change_containers(work, members, plan_scale_down(members, count), change)
        return
    from manager.cli.groups import spawning
    from manager.groups.core.docker_run import ShowableOptions
    from manager.groups.core.scaling import scale_up_spec
    from manager.groups.core.spec_label import with_lowest_start
    from manager.groups.spawn_jobs import SpawnRequest

    spec = with_lowest_start(_read_spec(work, members[-1]), members)
    request = SpawnRequest((scale_up_spec(spec, max(count, 1)),))
    showable = (ShowableOptions(),) if explain else None
    if dry_run:
        spawning.show_spawn_plan(work, request, showable, json=json, command="scale")
    else:
        spawning.make_groups(work, request, parallel, showable, json=json, command="scale")


def _read_spec(work: Session, member: Container) -> "GroupSpec":
    from manager.groups.core.spec_label import spec_from_member

    return spec_from_member(member, work.engine.containers.inspect(member.id))


def recover(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None,
        typer.Argument(metavar="[GROUP]...", help="Only the spawns of these groups."),
    ] = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Make the missing members, and start the others.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove what was made.")] = False,
    yes: options.Yes = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Finish or remove spawns that were interrupted because dockmgr was killed.

    At a terminal, dockmgr asks what to do; elsewhere it lists them, unless an option decides.
    """
    if finish and remove:
        raise ManagerError(
            "--finish cannot be combined with --remove", "choose one of them", ExitCode.USAGE
        )
    from manager.groups.recover import find_interrupted_spawns

    work = get_session(ctx)
    work.reminding = False
    found = [
        cut
        for cut in find_interrupted_spawns(work.engine)
        if not groups or set(groups) & set(cut.record.groups)
    ]
    if explain:
        from manager.cli.docker_equivalents import explain_commands

        lines = [it for cut in found for it in _docker_lines(cut, keep=finish or not remove)]
        explain_commands(work, lines, json=json)
    if json:
        work.out.json("recover", [_row(cut) for cut in found])
    if not found:
        work.out.note("no interrupted spawns" + (f" of {', '.join(groups)}" if groups else ""))
    for cut in found:
        if not json:
            work.out.line(str(cut))
        wish = "finish" if finish else "remove" if remove else _ask_what_to_do(work, quiet=json)
        if wish == "finish":
            _finish_spawn(work, cut, quiet=json)
        elif wish == "remove":
            _remove_spawn(work, cut, yes=yes, quiet=json)
    if found and not (finish or remove or work.out.interactive):
        work.out.hint("finish them with: dockmgr recover --finish; or remove them with --remove")


def _docker_lines(cut: "InterruptedSpawn", *, keep: bool) -> "Iterator[DockerCommand]":
    """The docker commands that finish or remove a spawn."""
    from manager.model.docker_commands import docker_command, no_docker_command

    if not keep:
        for member in cut.members:
            why = "remove what was made, with its anonymous volumes"
            yield docker_command(why, "container", "rm", "--force", "--volumes", member.name)
        for name in cut.networks:
            yield docker_command("remove the network that was made for it", "network", "rm", name)
        return
    for member in cut.members:
        if not member.is_running:
            yield docker_command(
                "start a member that was made and never started", "start", member.name
            )
    for group, numbers in cut.missing.items():
        if numbers:
            listed = ", ".join(map(str, numbers))
            yield no_docker_command(
                f"no record of spawns; {group} still needs the numbers {listed}"
            )


def _row(cut: "InterruptedSpawn") -> dict[str, object]:
    return {
        "spawn": cut.record.spawn_id,
        "groups": list(cut.record.groups),
        "wanted": cut.record.count,
        "members": [member.name for member in cut.members],
        "missing": {group: list(numbers) for group, numbers in cut.missing.items()},
        "networks": list(cut.networks),
        "running": cut.running,
    }


def _ask_what_to_do(work: Session, *, quiet: bool) -> str:
    if quiet or not work.out.interactive:
        return "later"
    answers = {"f": "finish", "r": "remove", "l": "later"}
    while True:
        answer = typer.prompt("[f]inish it, [r]emove it, or [l]ater", default="l", err=True)
        if answer[:1].lower() in answers:
            return answers[answer[:1].lower()]


def _finish_spawn(work: Session, cut: "InterruptedSpawn", *, quiet: bool) -> None:
    from manager.cli.groups import spawning
    from manager.groups.recover import finish_interrupted_spawn

    with spawning.spawn_context(work, None) as context:
        made = finish_interrupted_spawn(work.engine, cut, context)
    if not quiet:
        work.out.line(f"finished {cut.groups}: {', '.join(member.name for member in made)}")


def _remove_spawn(work: Session, cut: "InterruptedSpawn", *, yes: bool, quiet: bool) -> None:
    import time

    from manager.groups.recover import remove_interrupted_spawn

    names = ", ".join(member.name for member in cut.members)
    parts = [f"{names} with their anonymous volumes"] if names else []
    parts += [f"network {name}" for name in cut.networks]
    work.out.note(f"this removes {' and '.join(parts)}")
    kinds = (("container", len(cut.members)), ("network", len(cut.networks)))
    counted = [f"{count} {kind}{'s' * (count != 1)}" for kind, count in kinds if count]
    work.confirm(f"Remove {' and '.join(counted)}?", yes=yes)
    count = remove_interrupted_spawn(work.engine, cut, time.sleep)
    if not quiet:
        work.out.line(f"removed {count} container{'s' * (count != 1)} of {cut.groups}")
