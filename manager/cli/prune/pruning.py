"""The road of prune and apply: observe, decide, show, ask, carry out, report."""

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
    finish_interrupted_prunes,
    report_prune_result,
)
from manager.engine import disk_usage
from manager.errors import ManagerError
from manager.model.plan import Plan
from manager.system import folders

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from manager.cli.prune.options import PruneOptions
    from manager.cli.session import Session
    from manager.prune.core import planning
    from manager.prune.core.decision import PruneDecision
    from manager.prune.core.policy import Policy
    from manager.prune.core.protection import PruneInputs


@dataclass(frozen=True, slots=True)
class NonImageOptions:
    """What options name other than images."""

    containers: bool
    stopped_for: timedelta
    cache: bool
    volumes: bool
    named_volumes: bool
    networks: bool

    def __bool__(self) -> bool:
        """Whether there is anything."""
        volumes = self.volumes or self.named_volumes
        return self.containers or self.cache or volumes or self.networks


@dataclass(frozen=True, slots=True)
class _PlannedPrune:
    """A decision, and the plan for it."""

    decision: PruneDecision
    plan: Plan
    warnings: tuple[str, ...]
    recently_stopped: tuple[planning.RecentlyStoppedContainer, ...] = ()
    why_empty: str = ""
    """Why there is nothing to do, where there is nothing: ``: nothing was chosen``."""

    def data(self) -> dict[str, Any]:
        """The plan as JSON."""
        return prune_views.prune_data(
            self.decision, self.plan, self.warnings, self.recently_stopped
        )


@dataclass
class PruneJob:
    """One prune."""

    session: Session
    asked: PruneOptions
    non_image_options: NonImageOptions
    archive: Path | None
    why: bool
    json: bool
    explain: bool = False

    def run(self, out: Path | None, *, yes: bool, dry_run: bool) -> None:
        """Plan it, and carry it out if that is wanted.

        Args:
            out: a file to write the plan to, instead of carrying it out.
            yes: whether to go on without a question.
            dry_run: whether to show the plan only.
        """
        policy = self.asked.policy(
            self.session.settings.prune, lambda: engine_disk_space(self.session, self.view)
        )
        if out is not None or dry_run:
            self._plan_and_run(policy, out, yes=yes, dry_run=dry_run)
            return
        with exclusive_prune_lock(self.session):
            finish_interrupted_prunes(self.session, self.view.engine_id)
            self._plan_and_run(policy, out, yes=yes, dry_run=dry_run)

    @property
    def view(self) -> EngineView:
        """The engine, observed once."""
        if self._view is None:
            kinds = [disk_usage.IMAGES, disk_usage.BUILD_CACHE]
            kinds += (
                [disk_usage.VOLUMES]
                if self.non_image_options.volumes or self.non_image_options.named_volumes
                else []
            )
            self._view = load_engine_view(self.session, *kinds)
        return self._view

    _view: EngineView | None = None

    def _plan_and_run(self, policy: Policy, out: Path | None, *, yes: bool, dry_run: bool) -> None:
        only_shown = dry_run or out is not None
        found = self._decide(policy, may_ask=not (yes or only_shown or self.json))
        plan = found.plan
        if out is not None:
            self._write(out, plan)
        if self.explain:
            explain_plan(self.session, plan, self.archive, json=self.json, dry_run=dry_run)
        if self.json and (only_shown or not plan):
            self.session.out.json("prune", {"dry_run": True, **found.data(), "outcomes": []})
            return
        if dry_run and self.explain:
            for warning in found.warnings:
                self.session.out.warn(warning)
            self.session.out.show_docker(plan.notes)
            return
        if not (self.json and yes):
            # Nobody is asked about a plan that was not shown, with --json neither.
            self._show(found, as_data=not self.json and (only_shown or self.why))
        if dry_run and plan:
            self.session.out.hint("nothing was changed: this was a dry run")
        if only_shown or not plan:
            return
        check_archive_folder(self.archive)
        self.session.confirm(confirmation_question(plan), yes=yes)
        done = carry_out_and_report(
            self.session, self.view, plan, self.archive, {}, quiet=self.json
        )
        if self.json:
            row = {"dry_run": False, **found.data(), **prune_views.result_data(done)}
            self.session.out.json("prune", row)
        report_prune_result(self.session, self.view, plan, done, quiet=self.json)

    def _decide(self, policy: Policy, *, may_ask: bool) -> _PlannedPrune:
        """Decide what to remove; without any rule, by asking at a terminal."""
        from manager.cli.prune.offers import offer_removals
        from manager.cli.prune.options import is_bare, with_default_rule
        from manager.prune.ask_registries import decide_with_registries
        from manager.prune.core import advice, planning

        ask = copy_lookup(self.session, self.view)
        bare = is_bare(policy) and not self.non_image_options
        policy = with_default_rule(policy) if bare else policy
        removals = self._find_non_image_removals()
        known, decision = decide_with_registries(self._known(removals), policy, ask)
        offered = bare and may_ask and self.session.out.interactive
        if offered:
            policy, clear = offer_removals(self.session, self.view, known, decision, policy, ask)
            removals = replace(removals, cache=clear)
            known, decision = decide_with_registries(known, policy, ask)
        notes = (
            *planning.recently_stopped_notes(removals.recently_stopped),
            *advice.plan_notes(known, policy, decision),
        )
        plan = replace(planning.plan_prune(decision, removals, self.view.now), notes=notes)
        warnings = tuple(advice.plan_warnings(known, policy, decision))
        why_empty = ": nothing was chosen" if offered else self._explain_empty_plan(removals, bare)
        return _PlannedPrune(decision, plan, warnings, removals.recently_stopped, why_empty)

    def _known(self, found: planning.NonImageRemovals) -> PruneInputs:
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

    def _find_non_image_removals(self) -> planning.NonImageRemovals:
        from manager.engine import resources
        from manager.prune.core import planning

        view, wanted = self.view, self.non_image_options
        snapshot = view.snapshot
        containers = snapshot.containers if wanted.containers else ()
        stopped = planning.find_stopped_containers(containers, wanted.stopped_for, view.now)
        leaving = {it.name for it in stopped}
        networks = resources.list_networks(self.session.engine) if wanted.networks else ()
        return planning.NonImageRemovals(
            stopped,
            tuple(it for it in snapshot.build_cache if not it.in_use) if wanted.cache else (),
            planning.find_unused_volumes(
                view.usage.volumes or (), anonymous=wanted.volumes, named=wanted.named_volumes
            ),
            tuple(it for it in networks if leaving.issuperset(it.users)),
            planning.find_recently_stopped(containers, wanted.stopped_for, view.now),
        )

    def _show(self, found: _PlannedPrune, *, as_data: bool) -> None:
        """Show the plan: as data if it was asked for, else on stderr with the question."""
        out = self.session.out
        for warning in found.warnings:
            out.warn(warning)
        parts = [
            *prune_views.render_removals(found.decision, self.view.now),
            prune_views.render_non_image_steps(found.plan),
        ]
        if self.why:
            parts.append(prune_views.render_kept(found.decision.staying, found.recently_stopped))
        parts += prune_views.format_totals(found.decision, found.plan) if found.plan else []
        for part in parts:
            if part is not None:
                out.print_part(part, data=as_data)
        if not found.plan:
            out.note(f"nothing to do{found.why_empty}")
        for note in found.plan.notes:
            out.hint(note)

    def _explain_empty_plan(self, removals: planning.NonImageRemovals, bare: bool) -> str:
        if removals.recently_stopped:
            return ""  # a note says so
        if bare:
            return (
                ": no rules are set; choose images with options such as --all, "
                "or run this on a terminal to choose from a list"
            )
        more = "" if self.why else " (see --why)"
        return f": no rule or option matches an image that can be removed{more}"

    def _write(self, path: Path, plan: Plan) -> None:
        from json import dumps

        from manager.prune.core.plan_file import WrittenPlan, dump_plan

        folder = str(self.archive.absolute()) if self.archive else ""
        written = WrittenPlan(plan, self.view.engine_id, self.view.now, folder)
        try:
            path.write_text(dumps(dump_plan(written), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise ManagerError(
                f"cannot write the plan to {path}: {error.strerror}", "name another file"
            ) from error
        self.session.out.note(f"wrote the plan to {path}; carry it out with: dockmgr apply {path}")
