"""What commands that make members have in common: means, progress, and what is shown at the end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from manager.cli.session import Session
    from manager.groups.core.docker_run import Typed
    from manager.groups.members import Job
    from manager.groups.spawn import Means, Request
    from manager.model.docker_equivalents import DockerLine
    from manager.model.ports import Binding
    from manager.model.snapshot import Container

ANSWER_WITHIN = 5.0
"""Seconds for which published ports are tried before they are said not to answer."""
FEW = 5
"""So many addresses that do not answer are named."""


def busy(work: Session, bindings: Iterable[Binding]) -> set[Binding]:
    """Which ports other programs have on the engine's machine, as far as that can be seen."""
    from manager.engine.host_ports import busy as listening

    if work.lab is not None:
        return listening(bindings, work.lab.pid)
    return listening(bindings) if work.engine_is_here else set()


@contextmanager
def means(work: Session, parallel: int | None) -> Iterator[Means]:
    """What a spawn works with, with progress for as long as it goes on."""
    import time

    from manager.cli.progress import counted_phases
    from manager.cli.registry.pull import pull_for_spawn
    from manager.groups.spawn import Means

    with counted_phases(work.out) as report:
        yield Means(
            parallel=parallel or work.settings.spawn.parallel,
            pull=lambda spec: pull_for_spawn(work, spec.image, spec.platform),
            report=report,
            warn=work.out.warn,
            busy=lambda bindings: busy(work, bindings),
            address=work.engine_address,
            sleep=time.sleep,
        )


def docker_lines(
    work: Session, request: Request, jobs: Sequence[Job], typed: Sequence[Typed]
) -> Iterator[DockerLine]:
    """The docker commands that make the same."""
    from manager.engine import resources as others
    from manager.groups.core.docker_run import run_lines
    from manager.model.docker_equivalents import How, nothing_like_it, of_plan
    from manager.model.plan import Verb, joined

    there = others.networks(work.engine) if request.networks else ()
    how = How(networks=frozenset(network.name for network in there))
    yield from of_plan(joined([], request.networks), how)
    pulled: set[str] = set()
    for job, one in zip(jobs, typed, strict=True):
        made = run_lines(job.spec, job.steps, one)
        for told in of_plan(job.plan, How(platform=job.spec.platform, made=made)):
            if told.text not in pulled:
                yield told
            pulled |= {told.text} if told.words[1] == Verb.PULL else set()
        if job.spec.ready and made:
            yield nothing_like_it(f"no command that waits until {job.spec.group} is ready")


def show_plan(
    work: Session,
    request: Request,
    typed: Sequence[Typed] | None,
    *,
    json: bool,
    command: str = "spawn",
) -> None:
    """Show what would be made; with what was typed, the docker commands for it."""
    from manager.cli.docker_equivalents import explain
    from manager.cli.steps import show_plan as show
    from manager.groups.spawn import decide
    from manager.model.plan import joined

    jobs = decide(work.engine, request, lambda bindings: busy(work, bindings))
    if typed is not None:
        lines = docker_lines(work, request, jobs, typed)
        explain(work, lines, json=json, dry_run=True)
    show(
        work.out,
        command,
        joined([job.plan for job in jobs], request.networks),
        json=json,
        dry_run=True,
    )


def make(
    work: Session,
    request: Request,
    parallel: int | None,
    typed: Sequence[Typed] | None,
    *,
    json: bool,
    command: str = "spawn",
) -> None:
    """Make the groups, and show them; with what was typed, the docker commands for it too."""
    from manager.cli.docker_equivalents import explain
    from manager.groups.spawn import decide
    from manager.groups.spawn import spawn as act

    if typed is not None:
        jobs = decide(work.engine, request, lambda bindings: busy(work, bindings))
        explain(work, docker_lines(work, request, jobs, typed), json=json)
    with means(work, parallel) as with_what:
        made = act(work.engine, request, with_what)
    show(work, request, made.members, made.notes, json=json, command=command)


def show(
    work: Session,
    request: Request,
    members: Sequence[Container],
    notes: Sequence[str],
    *,
    json: bool,
    command: str,
) -> None:
    """Show what was made, and whether it answers."""
    from manager.cli import render
    from manager.engine.errors import EngineUnreachableError
    from manager.engine.port_probe import answering
    from manager.model.port_addresses import address

    ports = [port for member in members for port in member.published]
    answers = answering(ports, work.engine_address, ANSWER_WITHIN)
    if json:
        rows = [render.container_row(member, work.engine_address) for member in members]
        work.out.json(command, rows)
    elif members:
        work.out.show(render.containers_table(members, work.engine_address, with_image=False))
    for note in notes:
        work.out.note(f"note: {note}")
    mute = [port for port, answered in answers.items() if not answered]
    silent = [address(port, work.engine_address) for port in mute]
    if silent:
        more = f" and {len(silent) - FEW} more" if len(silent) > FEW else ""
        work.out.warn(f"not answering yet: {', '.join(silent[:FEW])}{more}")
        quiet = (it for it in members if not set(mute).isdisjoint(it.published))
        names = dict.fromkeys(it.group or it.name for it in quiet)
        work.out.hint(f"see what they say with: dockmgr logs {' '.join(names)}")
    try:
        _beside(work, request, members)
    except EngineUnreachableError as error:
        # All was made: that is what counts, and what the exit code says.
        work.out.warn(error.message)


def _beside(work: Session, request: Request, members: Sequence[Container]) -> None:
    """Remember that the images were used, and say which ports could be published."""
    from manager.cli.groups.sighting import sighted
    from manager.explain.core.pages import listed

    sighted(work, tuple(members))
    for spec in request.groups:
        ended = [it.name for it in members if it.group == spec.group and it.state == "exited"]
        if ended and not spec.options.command and spec.options.entrypoint is None:
            work.out.hint(
                f"{listed(tuple(ended))} ended at once: a container runs only as long as its "
                "command, and the image's own was done; give one that goes on"
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
