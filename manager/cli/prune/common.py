"""Shared by prune and apply: one at a time, ask registries, carry out, report the result."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from manager.cli.prune import views as prune_views
from manager.errors import ExitCode
from manager.model.plan import Plan, Verb
from manager.prune.journal import Journal, StepStatus
from manager.system import folders
from manager.system.locks import exclusive_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from manager.cli.images.observing import EngineView
    from manager.cli.session import Session
    from manager.engine.disk_space import DiskSpace
    from manager.prune.ask_registries import CopyLookup
    from manager.prune.carry_out import PruneResult, StepResult
    from manager.registry.core.availability import ImageAvailability

UNSUCCESSFUL_STATUSES = frozenset({StepStatus.SKIPPED, StepStatus.FAILED})


def confirmation_question(plan: Plan) -> str:
    """What is asked before anything is removed."""
    return f"Remove {prune_views.describe_removals(plan)}?"


@contextmanager
def exclusive_prune_lock(session: Session) -> Iterator[None]:
    """Wait until no other process prunes, so that nothing is planned twice."""
    with exclusive_lock(
        folders.state_folder(), lambda: session.out.note("waiting for another prune to finish")
    ):
        yield


def finish_interrupted_prunes(session: Session, engine_id: str) -> None:
    """Complete the journal of prunes that were interrupted."""
    from manager.prune.reconcile import reconcile_journal

    for prune in reconcile_journal(session.engine, engine_id, Journal(folders.state_folder())):
        session.out.note(
            f"prune {prune.id} was interrupted; dockmgr history {prune.id} shows what it did"
        )


def copy_lookup(session: Session, view: EngineView) -> CopyLookup:
    """How registries are asked, with progress."""

    def ask(wanted: Mapping[str, Sequence[str]]) -> Mapping[str, ImageAvailability]:
        from manager.cli.progress import show_count

        with show_count(session.out, "asking registries") as report:
            return session.registries(view.info).find_available_images(wanted, report=report)

    return ask


def find_lost_copies(session: Session, view: EngineView, plan: Plan) -> dict[str, str]:
    """Why images can no longer be recovered, though the plan says that they can."""
    from manager.model.plan import ARCHIVED

    wanted = {
        step.object_id: (step.restore_from,)
        for step in plan
        if step.verb is Verb.DELETE and step.restore_from not in {"", ARCHIVED}
    }
    found = copy_lookup(session, view)(wanted) if wanted else {}
    return {image_id: copy.why for image_id, copy in found.items() if not copy.reference}


def engine_disk_space(session: Session, view: EngineView) -> DiskSpace | str:
    """The disk of the engine, or why it is not known."""
    from manager.engine.disk_space import find_disk_space

    folder = session.lab.folder if session.lab is not None else None
    return find_disk_space(session.endpoint.host, view.info, folder)


def carry_out_and_report(
    session: Session,
    view: EngineView,
    plan: Plan,
    folder: Path | None,
    lost_copies: Mapping[str, str],
    *,
    quiet: bool,
) -> PruneResult:
    """Carry out a plan, and report each step as it is done."""
    from manager.prune.carry_out import PruneContext, carry_out_plan

    def report(result: StepResult) -> None:
        line = prune_views.format_result(result)
        if result.status in UNSUCCESSFUL_STATUSES:
            session.out.warn(line)
        elif not quiet:
            session.out.line(line)

    context = PruneContext(
        session.engine,
        view.engine_id,
        Journal(folders.state_folder()),
        view.snapshot,
        view.disk,
        report,
        _new_archive_path(folder, view) if folder else None,
        lost_copies,
    )
    return carry_out_plan(plan, context)


def explain_plan(
    session: Session, plan: Plan, folder: Path | None, *, json: bool, dry_run: bool
) -> None:
    """Show the docker commands of a prune; images to save go into that folder."""
    from manager.cli.docker_equivalents import explain_commands
    from manager.model.plan_equivalents import DockerCommandOptions, translate_plan

    archive = str((folder / "images.tar").absolute()) if folder is not None else ""
    explain_commands(
        session,
        translate_plan(plan, DockerCommandOptions(archive=archive)),
        json=json,
        dry_run=dry_run,
    )


def check_archive_folder(folder: Path | None) -> None:
    """Check that images can be saved to a folder.

    Raises:
        ManagerError: the folder cannot be written to.
    """
    if folder is not None:
        from manager.prune import archive

        archive.check_folder(folder)


def _new_archive_path(folder: Path, view: EngineView) -> Path:
    """A file that does not exist yet."""
    stem = f"dockmgr-{view.now:%Y%m%dT%H%M%SZ}"
    path, number = folder / f"{stem}.tar.gz", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.tar.gz"
    return path.absolute()


def report_prune_result(
    session: Session, view: EngineView, plan: Plan, done: PruneResult, *, quiet: bool
) -> None:
    """Report what was freed and how to undo it, and end with the right exit code."""
    from manager.engine.disk_space import shrink_hint
    from manager.model.byte_range import ByteRange, describe_freed

    images = [it for it in done.results if it.step.verb in {Verb.DELETE, Verb.UNTAG}]
    went = [it for it in images if it.status is StepStatus.DONE]
    if not quiet and went:
        if plan.frees is not None:
            session.out.note(describe_freed(plan.frees, plan.cached or ByteRange(), done.freed))
        if any(it.step.restore_from for it in went):
            session.out.hint(f"recover images with: dockmgr undo {done.prune}")
        if done.freed and (hint := shrink_hint(view.info)):
            session.out.hint(hint)
    if done.ended_by is not None:
        rest = len(plan.steps) - len(done.results)
        session.out.warn(
            f"{rest} step{'s' * (rest != 1)} not done; run the command again to continue"
        )
        raise done.ended_by
    if any(it.status in UNSUCCESSFUL_STATUSES for it in done.results):
        raise typer.Exit(ExitCode.PARTIAL)
