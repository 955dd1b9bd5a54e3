"""What prune and apply have in common: one at a time, ask registries, carry out, say what came."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from manager.cli.prune import views as prune_views
from manager.errors import ExitCode
from manager.model.plan import Plan, Verb
from manager.prune.journal import Journal, Status
from manager.system import folders
from manager.system.locks import alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from manager.cli.images.observing import View
    from manager.cli.session import Session
    from manager.engine.disk_space import Space
    from manager.prune.ask_registries import Ask
    from manager.prune.carry_out import Done, Result
    from manager.registry.core.copies import Copy

BAD = frozenset({Status.SKIPPED, Status.FAILED})


def question(plan: Plan) -> str:
    """What is asked before anything goes."""
    count = len(plan.steps)
    return f"Do {'this' if count == 1 else f'these {count} steps'}?"


@contextmanager
def one_at_a_time(work: Session) -> Iterator[None]:
    """Wait until no other process prunes: what they delete must not be planned here too."""
    with alone(folders.state(), lambda: work.out.note("waiting for another prune to end")):
        yield


def agree(work: Session, engine_id: str) -> None:
    """Complete the journal of prunes that were cut off."""
    from manager.prune.reconcile import reconcile

    for prune in reconcile(work.engine, engine_id, Journal(folders.state())):
        work.out.note(f"prune {prune.id} was cut off; dockmgr history {prune.id} shows what it did")


def asker(work: Session, view: View) -> Ask:
    """How registries are asked, with progress."""

    def ask(wanted: Mapping[str, Sequence[str]]) -> Mapping[str, Copy]:
        from manager.cli.progress import counting

        with counting(work.out, "asking registries") as report:
            return work.registries(view.info).holds_any(wanted, report=report)

    return ask


def lost(work: Session, view: View, plan: Plan) -> dict[str, str]:
    """Why images cannot be brought back any more, though the plan says that they can."""
    from manager.model.plan import ARCHIVED

    wanted = {
        step.object_id: (step.back,)
        for step in plan
        if step.verb is Verb.DELETE and step.back not in {"", ARCHIVED}
    }
    found = asker(work, view)(wanted) if wanted else {}
    return {image_id: copy.why for image_id, copy in found.items() if not copy.reference}


def space_of(work: Session, view: View) -> Space | str:
    """The disk of the engine, or why it cannot be known."""
    from manager.engine import disk_space as space

    folder = work.lab.folder if work.lab is not None else None
    return space.of_engine(work.endpoint.host, view.info, folder)


def carry_out(
    work: Session,
    view: View,
    plan: Plan,
    folder: Path | None,
    lost_copies: Mapping[str, str],
    *,
    quiet: bool,
) -> Done:
    """Do it, and tell each step as it is done."""
    from manager.prune.carry_out import Means
    from manager.prune.carry_out import carry_out as do

    def report(result: Result) -> None:
        line = prune_views.told(result)
        if result.status in BAD:
            work.out.warn(line)
        elif not quiet:
            work.out.line(line)

    means = Means(
        work.engine,
        view.engine_id,
        Journal(folders.state()),
        view.snapshot,
        view.disk,
        report,
        _archive_file(folder, view) if folder else None,
        lost_copies,
    )
    return do(plan, means)


def explain_plan(
    work: Session, plan: Plan, folder: Path | None, *, json: bool, dry_run: bool
) -> None:
    """Show the docker commands of a prune; what is saved first goes into that folder."""
    from manager.cli.docker_equivalents import explain
    from manager.model.docker_equivalents import How, of_plan

    archive = str((folder / "images.tar").absolute()) if folder is not None else ""
    explain(work, of_plan(plan, How(archive=archive)), json=json, dry_run=dry_run)


def can_be_saved(folder: Path | None) -> None:
    """See beforehand that there is somewhere to save images to.

    Raises:
        ManagerError: the folder cannot be written to.
    """
    if folder is not None:
        from manager.prune import archive

        archive.check_folder(folder)


def _archive_file(folder: Path, view: View) -> Path:
    """A file that is not there yet."""
    stem = f"dockmgr-{view.now:%Y%m%dT%H%M%SZ}"
    path, number = folder / f"{stem}.tar.gz", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.tar.gz"
    return path.absolute()


def finish(work: Session, view: View, plan: Plan, done: Done, *, quiet: bool) -> None:
    """Say what was freed and how to undo it, and end with the exit code that fits."""
    from manager.engine.disk_space import shrink_hint
    from manager.model.byte_range import Bytes, difference

    images = [it for it in done.results if it.step.verb in {Verb.DELETE, Verb.UNTAG}]
    went = [it for it in images if it.status is Status.DONE]
    if not quiet and went:
        if plan.frees is not None:
            work.out.note(difference(plan.frees, plan.cached or Bytes(), done.freed))
        if any(it.step.back for it in went):
            work.out.hint(f"bring back what can be with: dockmgr undo {done.prune}")
        if done.freed and (hint := shrink_hint(view.info)):
            work.out.hint(hint)
    if done.ended_by is not None:
        rest = len(plan.steps) - len(done.results)
        work.out.warn(f"{rest} step{'s' * (rest != 1)} not done; run the same again to go on")
        raise done.ended_by
    if any(it.status in BAD for it in done.results):
        raise typer.Exit(ExitCode.PARTIAL)
