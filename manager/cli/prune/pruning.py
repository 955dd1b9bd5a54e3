"""How prune and apply go: look, decide, show, ask, carry out, and say what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from manager.cli.images.observing import EngineView, load_engine_view
from manager.cli.prune import views as prune_views
from manager.cli.prune.common import (
    carry_out_and_report,
    check_archive_folder,
    confirmation_question,
    copy_lookup,
    engine_disk_space,
    exclusive_prune_lock,
    explain_plan,
    find_lost_copies,
    finish_interrupted_prunes,
    report_prune_result,
)
from manager.engine import disk_usage as usage
from manager.errors import ExitCode, ManagerError
from manager.model.plan import Plan
from manager.system import folders

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from manager.cli.prune.options import PruneOptions
    from manager.cli.session import Session
    from manager.prune.core import planning as tidying
    from manager.prune.core.decision import PruneDecision
    from manager.prune.core.plan_file import WrittenPlan
    from manager.prune.core.policy import Policy
    from manager.prune.core.protection import PruneInputs


@dataclass(frozen=True, slots=True)
class NonImageOptions:
    """What was named beside images."""

    containers: bool
    stopped_for: timedelta
    cache: bool
    volumes: bool
    named_volumes: bool
    networks: bool

    def __bool__(self) -> bool:
        """Whether anything was."""
        volumes = self.volumes or self.named_volumes
        return self.containers or self.cache or volumes or self.networks


@dataclass(frozen=True, slots=True)
class _PlannedPrune:
    """What was decided."""

    decision: PruneDecision
    plan: Plan
    warnings: tuple[str, ...]
    young: tuple[tidying.RecentlyStoppedContainer, ...] = ()

    def data(self) -> dict[str, Any]:
        """It as JSON."""
        return prune_views.prune_data(self.decision, self.plan, self.warnings, self.young)


@dataclass
class PruneJob:
    """One prune."""

    work: Session
    asked: PruneOptions
    beside: NonImageOptions
    archive: Path | None
    why: bool
    json: bool
    explain: bool = False

    def run(self, out: Path | None, *, yes: bool, dry_run: bool) -> None:
        """Go through it.

        Args:
            out: where the plan is written to, instead of being carried out.
            yes: whether nobody is to be asked.
            dry_run: whether it is only shown.
        """
        policy = self.asked.policy(
            self.work.settings.prune, lambda: engine_disk_space(self.work, self.view)
        )
        if out is not None or dry_run:
            self._go(policy, out, yes=yes, dry_run=dry_run)
            return
        with exclusive_prune_lock(self.work):
            finish_interrupted_prunes(self.work, self.view.engine_id)
            self._go(policy, out, yes=yes, dry_run=dry_run)

    @property
    def view(self) -> EngineView:
        """The engine, looked at once."""
        if self._view is None:
            kinds = [usage.IMAGES, usage.BUILD_CACHE]
            kinds += [usage.VOLUMES] if self.beside.volumes or self.beside.named_volumes else []
            self._view = load_engine_view(self.work, *kinds)
        return self._view

    _view: EngineView | None = None

    def _go(self, policy: Policy, out: Path | None, *, yes: bool, dry_run: bool) -> None:
        only_shown = dry_run or out is not None
        found = self._decide(policy, may_ask=not (yes or only_shown or self.json))
        plan = found.plan
        if out is not None:
            self._write(out, plan)
        if self.explain:
            explain_plan(self.work, plan, self.archive, json=self.json, dry_run=dry_run)
        if self.json and (only_shown or not plan):
            self.work.out.json("prune", {"dry_run": True, **found.data(), "outcomes": []})
            return
        if dry_run and self.explain:
            for warning in found.warnings:
                self.work.out.warn(warning)
            self.work.out.show_docker(plan.notes)
            return
        if not (self.json and yes):
            # With --json too nobody is asked about what was not shown.
            self._show(found, as_data=not self.json and (only_shown or self.why))
        if dry_run and plan:
            self.work.out.hint("nothing was changed: this was a dry run")
        if only_shown or not plan:
            return
        check_archive_folder(self.archive)
        self.work.confirm(confirmation_question(plan), yes=yes)
        done = carry_out_and_report(self.work, self.view, plan, self.archive, {}, quiet=self.json)
        if self.json:
            row = {"dry_run": False, **found.data(), **prune_views.result_data(done)}
            self.work.out.json("prune", row)
        report_prune_result(self.work, self.view, plan, done, quiet=self.json)

    def _decide(self, policy: Policy, *, may_ask: bool) -> _PlannedPrune:
        """What goes; where nobody gave a rule, by asking at a terminal."""
        from manager.cli.prune.offers import offer_removals
        from manager.cli.prune.options import is_bare, with_default_rule
        from manager.prune.ask_registries import decide_with_registries
        from manager.prune.core import advice
        from manager.prune.core import planning as tidying

        ask = copy_lookup(self.work, self.view)
        bare = is_bare(policy) and not self.beside
        policy = with_default_rule(policy) if bare else policy
        beside = self._beside()
        known, decision = decide_with_registries(self._known(beside), policy, ask)
        if bare and may_ask and self.work.out.interactive:
            policy, clear = offer_removals(self.work, self.view, known, decision, policy, ask)
            beside = replace(beside, cache=clear)
            known, decision = decide_with_registries(known, policy, ask)
        notes = (
            *tidying.recently_stopped_notes(beside.young),
            *advice.plan_notes(known, policy, decision),
        )
        plan = replace(tidying.plan_prune(decision, beside, self.view.now), notes=notes)
        warnings = tuple(advice.plan_warnings(known, policy, decision))
        return _PlannedPrune(decision, plan, warnings, beside.young)

    def _known(self, found: tidying.NonImageRemovals) -> PruneInputs:
        from manager.disk.sightings import SightingStore
        from manager.prune.core.protection import PruneInputs

        return PruneInputs(
            self.view.snapshot,
            self.view.disk,
            self.view.last_uses,
            self.view.now,
            self.view.first_seen,
            SightingStore(folders.state_folder()).read_pins(self.view.engine_id),
            {},
            frozenset(container.id for container in found.containers),
        )

    def _beside(self) -> tidying.NonImageRemovals:
        from manager.engine import resources as others
        from manager.prune.core import planning as tidying

        view, wanted = self.view, self.beside
        snapshot = view.snapshot
        containers = snapshot.containers if wanted.containers else ()
        stopped = tidying.find_stopped_containers(containers, wanted.stopped_for, view.now)
        leaving = {it.name for it in stopped}
        networks = others.list_networks(self.work.engine) if wanted.networks else ()
        return tidying.NonImageRemovals(
            stopped,
            tuple(it for it in snapshot.build_cache if not it.in_use) if wanted.cache else (),
            tidying.find_unused_volumes(
                view.usage.volumes or (), anonymous=wanted.volumes, named=wanted.named_volumes
            ),
            tuple(it for it in networks if leaving.issuperset(it.users)),
            tidying.find_recently_stopped(containers, wanted.stopped_for, view.now),
        )

    def _show(self, found: _PlannedPrune, *, as_data: bool) -> None:
        """The plan: data where it is what was asked for, else to stderr with the question."""
        out = self.work.out
        for warning in found.warnings:
            out.warn(warning)
        parts = [
            *prune_views.render_removals(found.decision, self.view.now),
            prune_views.render_non_image_steps(found.plan),
        ]
        if self.why:
            parts.append(prune_views.render_kept(found.decision.staying, found.young))
        parts += prune_views.format_totals(found.decision, found.plan) if found.plan else []
        for part in parts:
            if part is not None:
                out.print_part(part, data=as_data)
        if not found.plan:
            why = "" if found.young else ": no rule or option asks for anything that may go"
            out.note(f"nothing to do{why}")
        for note in found.plan.notes:
            out.hint(note)

    def _write(self, path: Path, plan: Plan) -> None:
        from json import dumps

        from manager.prune.core.plan_file import WrittenPlan, dump_plan

        folder = str(self.archive.absolute()) if self.archive else ""
        written = WrittenPlan(plan, self.view.engine_id, self.view.now, folder)
        try:
            path.write_text(dumps(dump_plan(written), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise ManagerError(
                f"the plan cannot be written to {path}: {error.strerror}", "name another file"
            ) from error
        self.work.out.note(f"the plan is in {path}; carry it out with: dockmgr apply {path}")


def apply_written_plan(
    work: Session, written: WrittenPlan, *, yes: bool, dry_run: bool, json: bool, explain: bool
) -> None:
    """Carry out a plan that was written down.

    Raises:
        ManagerError: (usage) it was made for another engine.
    """
    from pathlib import Path

    view = load_engine_view(work, usage.IMAGES, usage.BUILD_CACHE)
    if written.engine != view.engine_id:
        raise ManagerError(
            "this plan was made for another engine",
            "name that engine with --host or --context",
            ExitCode.USAGE,
        )
    plan = written.plan
    if explain:
        folder = Path(written.archive) if written.archive else None
        explain_plan(work, plan, folder, json=json, dry_run=dry_run)
    if not json and dry_run and work.out.show_docker():
        return
    if not json and plan:
        work.out.print_part(prune_views.render_steps(plan), data=dry_run)
    elif not json:
        work.out.note("nothing to do: there is no step in this plan")
    if dry_run or not plan:
        if json:
            from manager.cli.json_rows import plan_data

            work.out.json("apply", {"dry_run": True, **plan_data(plan), "outcomes": []})
        return
    with exclusive_prune_lock(work):
        finish_interrupted_prunes(work, view.engine_id)
        archive = Path(written.archive) if written.archive else None
        check_archive_folder(archive)
        work.confirm(confirmation_question(plan), yes=yes)
        done = carry_out_and_report(
            work, view, plan, archive, find_lost_copies(work, view, plan), quiet=json
        )
    if json:
        from manager.cli.json_rows import plan_data

        row = {"dry_run": False, **plan_data(plan), **prune_views.result_data(done)}
        work.out.json("apply", row)
    report_prune_result(work, view, plan, done, quiet=json)
