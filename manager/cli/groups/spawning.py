"""What commands that make members share: progress, plans, and what they show at the end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from manager.cli.session import Session
    from manager.groups.core.docker_run import ShowableOptions
    from manager.groups.spawn import SpawnContext
    from manager.groups.spawn_jobs import GroupJob, SpawnRequest
    from manager.model.containers import Container
    from manager.model.docker_commands import DockerCommand
    from manager.model.ports import PortBinding

ANSWER_TIMEOUT_SECONDS = 5.0
"""Seconds for which published ports are tried."""
MAX_ADDRESSES_SHOWN = 5
"""How many addresses that do not answer are named."""


def find_busy_ports(work: Session, bindings: Iterable[PortBinding]) -> set[PortBinding]:
    """The ports that other programs have on the engine's machine, as far as can be seen."""
    from manager.engine.busy_ports import find_busy_bindings

    if work.lab is not None:
        return find_busy_bindings(bindings, work.lab.pid)
    return find_busy_bindings(bindings) if work.engine_is_here else set()


@contextmanager
def spawn_context(work: Session, parallel: int | None) -> Iterator[SpawnContext]:
    """What a spawn works with, with progress for as long as it goes on."""
    import time

    from manager.cli.progress import show_counted_phases
    from manager.cli.registry.pull import pull_image_for_spawn
    from manager.groups.spawn import SpawnContext

    with show_counted_phases(work.out) as report:
        yield SpawnContext(
            parallel=parallel or work.settings.spawn.parallel,
            pull_image=lambda spec: pull_image_for_spawn(work, spec.image, spec.platform),
            report_progress=report,
            warn=work.out.warn,
            find_busy_ports=lambda bindings: find_busy_ports(work, bindings),
            address=work.engine_address,
            sleep=time.sleep,
        )


def docker_lines(
    work: Session,
    request: SpawnRequest,
    jobs: Sequence[GroupJob],
    showable: Sequence[ShowableOptions],
) -> Iterator[DockerCommand]:
    """The docker commands that make the same."""
    from manager.engine import resources
    from manager.groups.core.docker_run import docker_run_lines
    from manager.model.docker_commands import no_docker_command
    from manager.model.plan import Verb, join_plans
    from manager.model.plan_equivalents import DockerCommandOptions, translate_plan

    there = resources.list_networks(work.engine) if request.networks else ()
    how = DockerCommandOptions(networks=frozenset(network.name for network in there))
    yield from translate_plan(join_plans([], request.networks), how)
    pulled: set[str] = set()
    for job, one in zip(jobs, showable, strict=True):
        made = docker_run_lines(job.spec, job.steps, one)
        for line in translate_plan(
            job.plan, DockerCommandOptions(platform=job.spec.platform, create_commands=made)
        ):
            if line.text not in pulled:
                yield line
            pulled |= {line.text} if line.words[1] == Verb.PULL else set()
        if job.spec.ready and made:
            yield no_docker_command(f"no command that waits until {job.spec.group} is ready")


def show_spawn_plan(
    work: Session,
    request: SpawnRequest,
    showable: Sequence[ShowableOptions] | None,
    *,
    json: bool,
    command: str = "spawn",
) -> None:
    """Show what would be made; with what may be shown, the docker commands for it."""
    from manager.cli.docker_equivalents import explain_commands
    from manager.cli.steps import show_plan
    from manager.groups.spawn_jobs import plan_group_jobs
    from manager.model.plan import join_plans

    jobs = plan_group_jobs(work.engine, request, lambda bindings: find_busy_ports(work, bindings))
    if showable is not None:
        lines = docker_lines(work, request, jobs, showable)
        explain_commands(work, lines, json=json, dry_run=True)
    show_plan(
        work.out,
        command,
        join_plans([job.plan for job in jobs], request.networks),
        json=json,
        dry_run=True,
    )


def make_groups(
    work: Session,
    request: SpawnRequest,
    parallel: int | None,
    showable: Sequence[ShowableOptions] | None,
    *,
    json: bool,
    command: str = "spawn",
) -> None:
    """Make the groups, and show them; with what may be shown, the docker commands for it too."""
    from manager.cli.docker_equivalents import explain_commands
    from manager.groups.spawn import spawn_groups
    from manager.groups.spawn_jobs import plan_group_jobs

    if showable is not None:
        jobs = plan_group_jobs(
            work.engine, request, lambda bindings: find_busy_ports(work, bindings)
        )
        explain_commands(work, docker_lines(work, request, jobs, showable), json=json)
    with spawn_context(work, parallel) as context:
        made = spawn_groups(work.engine, request, context)
    show_members(work, request, made.members, made.notes, json=json, command=command)


def show_members(
    work: Session,
    request: SpawnRequest,
    members: Sequence[Container],
    notes: Sequence[str],
    *,
    json: bool,
    command: str,
) -> None:
    """Show what was made, and whether it answers."""
    from manager.cli import json_rows
    from manager.cli.groups import views
    from manager.engine.errors import EngineUnreachableError
    from manager.engine.port_probe import probe_ports
    from manager.model.ports import published_address

    ports = [port for member in members for port in member.published_ports]
    answers = probe_ports(ports, work.engine_address, ANSWER_TIMEOUT_SECONDS)
    if json:
        rows = [json_rows.container_row(member, work.engine_address) for member in members]
        work.out.json(command, rows)
    elif members:
        work.out.show(views.containers_table(members, work.engine_address, with_image=False))
    for note in notes:
        work.out.note(f"note: {note}")
    mute = [port for port, answered in answers.items() if not answered]
    silent = [published_address(port, work.engine_address) for port in mute]
    if silent:
        more = (
            f" and {len(silent) - MAX_ADDRESSES_SHOWN} more"
            if len(silent) > MAX_ADDRESSES_SHOWN
            else ""
        )
        work.out.warn(f"not answering yet: {', '.join(silent[:MAX_ADDRESSES_SHOWN])}{more}")
        quiet = (it for it in members if not set(mute).isdisjoint(it.published_ports))
        names = dict.fromkeys(it.group or it.name for it in quiet)
        work.out.hint(f"read their logs with: dockmgr logs {' '.join(names)}")
    try:
        _record_uses_and_hint(work, request, members)
    except EngineUnreachableError as error:
        # Everything was made: that is what the exit code says.
        work.out.warn(error.message)


def _record_uses_and_hint(
    work: Session, request: SpawnRequest, members: Sequence[Container]
) -> None:
    """Remember that the images were used, and say which ports could be published."""
    from manager.cli.groups.sighting import record_sightings
    from manager.explain.core.text_layout import format_names

    record_sightings(work, tuple(members))
    for spec in request.groups:
        ended = [it.name for it in members if it.group == spec.group and it.state == "exited"]
        if ended and not spec.options.command and spec.options.entrypoint is None:
            work.out.hint(
                f"{format_names(tuple(ended))} ended right away: a container runs only as long as "
                "its command; see what it wrote with: "
                f"dockmgr logs {ended[0]}; or give a command that keeps running, such as: "
                "-- sleep 600"
            )
            continue
        if not members or spec.options.publish or spec.options.publish_all:
            continue
        exposed = work.engine.images.exposed_ports(spec.image.for_engine)
        if exposed:
            work.out.hint(
                f"the image listens on {', '.join(exposed)} and nothing is published: "
                f"add --publish-all, or for example --publish 8080:{exposed[0].partition('/')[0]}"
            )
