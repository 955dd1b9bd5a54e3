"""How prune and apply go: look, decide, show, ask, carry out, and say what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from manager.cli.images.observing import View, look
from manager.cli.prune import views as prune_views
from manager.cli.prune.carrying_out import (
    agree,
    asker,
    can_be_saved,
    carry_out,
    explain_plan,
    finish,
    lost,
    one_at_a_time,
    question,
    space_of,
)
from manager.engine import disk_usage as usage
from manager.errors import ExitCode, ManagerError
from manager.model.plan import Plan
from manager.system import folders

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from manager.cli.prune.options import Asked
    from manager.cli.session import Session
    from manager.prune.core import planning as tidying
    from manager.prune.core.decision import Decision
    from manager.prune.core.plan_file import Written
    from manager.prune.core.policy import Policy
    from manager.prune.core.protection import Known


@dataclass(frozen=True, slots=True)
class Beside:
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
class _Found:
    """What was decided."""

    decision: Decision
    plan: Plan
    warnings: tuple[str, ...]
    young: tuple[tidying.Young, ...] = ()

    def data(self) -> dict[str, Any]:
        """It as JSON."""
        return prune_views.data(self.decision, self.plan, self.warnings, self.young)


@dataclass
class Job:
    """One prune."""

    work: Session
    asked: Asked
    beside: Beside
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
        policy = self.asked.policy(self.work.settings.prune, lambda: space_of(self.work, self.view))
        if out is not None or dry_run:
            self._go(policy, out, yes=yes, dry_run=dry_run)
            return
        with one_at_a_time(self.work):
            agree(self.work, self.view.engine_id)
            self._go(policy, out, yes=yes, dry_run=dry_run)

    @property
    def view(self) -> View:
        """The engine, looked at once."""
        if self._view is None:
            kinds = [usage.IMAGES, usage.BUILD_CACHE]
            kinds += [usage.VOLUMES] if self.beside.volumes or self.beside.named_volumes else []
            self._view = look(self.work, *kinds)
        return self._view

    _view: View | None = None

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
        can_be_saved(self.archive)
        self.work.confirm(question(plan), yes=yes)
        done = carry_out(self.work, self.view, plan, self.archive, {}, quiet=self.json)
        if self.json:
            row = {"dry_run": False, **found.data(), **prune_views.done_data(done)}
            self.work.out.json("prune", row)
        finish(self.work, self.view, plan, done, quiet=self.json)

    def _decide(self, policy: Policy, *, may_ask: bool) -> _Found:
        """What goes; where nobody gave a rule, by asking at a terminal."""
        from manager.cli.prune.offers import offer
        from manager.cli.prune.options import is_bare, sensible
        from manager.prune.ask_registries import decided
        from manager.prune.core import advice
        from manager.prune.core import planning as tidying

        ask = asker(self.work, self.view)
        bare = is_bare(policy) and not self.beside
        policy = sensible(policy) if bare else policy
        beside = self._beside()
        known, decision = decided(self._known(beside), policy, ask)
        if bare and may_ask and self.work.out.interactive:
            policy, clear = offer(self.work, self.view, known, decision, policy, ask)
            beside = replace(beside, cache=clear)
            known, decision = decided(known, policy, ask)
        notes = (*tidying.notes(beside.young), *advice.notes(known, policy, decision))
        plan = replace(tidying.plan_prune(decision, beside, self.view.now), notes=notes)
        warnings = tuple(advice.warnings(known, policy, decision))
        return _Found(decision, plan, warnings, beside.young)

    def _known(self, found: tidying.Beside) -> Known:
        from manager.disk.sightings import Store
        from manager.prune.core.protection import Known

        return Known(
            self.view.snapshot,
            self.view.disk,
            self.view.last_uses,
            self.view.now,
            self.view.first_seen,
            Store(folders.state()).pins(self.view.engine_id),
            {},
            frozenset(container.id for container in found.containers),
        )

    def _beside(self) -> tidying.Beside:
        from manager.engine import resources as others
        from manager.prune.core import planning as tidying

        view, wanted = self.view, self.beside
        snapshot = view.snapshot
        containers = snapshot.containers if wanted.containers else ()
        stopped = tidying.stopped(containers, wanted.stopped_for, view.now)
        leaving = {it.name for it in stopped}
        networks = others.networks(self.work.engine) if wanted.networks else ()
        return tidying.Beside(
            stopped,
            tuple(it for it in snapshot.build_cache if not it.in_use) if wanted.cache else (),
            tidying.unused(
                view.usage.volumes or (), anonymous=wanted.volumes, named=wanted.named_volumes
            ),
            tuple(it for it in networks if leaving.issuperset(it.users)),
            tidying.young(containers, wanted.stopped_for, view.now),
        )

    def _show(self, found: _Found, *, as_data: bool) -> None:
        """The plan: data where it is what was asked for, else to stderr with the question."""
        out = self.work.out
        for warning in found.warnings:
            out.warn(warning)
        parts = [*prune_views.going(found.decision, self.view.now), prune_views.beside(found.plan)]
        if self.why:
            parts.append(prune_views.staying(found.decision.staying, found.young))
        parts += prune_views.totals(found.decision, found.plan) if found.plan else []
        for part in parts:
            if part is not None:
                out.part(part, data=as_data)
        if not found.plan:
            why = "" if found.young else ": no rule or option asks for anything that may go"
            out.note(f"nothing to do{why}")
        for note in found.plan.notes:
            out.hint(note)

    def _write(self, path: Path, plan: Plan) -> None:
        from json import dumps

        from manager.prune.core.plan_file import Written, to_data

        folder = str(self.archive.absolute()) if self.archive else ""
        written = Written(plan, self.view.engine_id, self.view.now, folder)
        try:
            path.write_text(dumps(to_data(written), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise ManagerError(
                f"the plan cannot be written to {path}: {error.strerror}", "name another file"
            ) from error
        self.work.out.note(f"the plan is in {path}; carry it out with: dockmgr apply {path}")


def apply_written(
    work: Session, written: Written, *, yes: bool, dry_run: bool, json: bool, explain: bool
) -> None:
    """Carry out a plan that was written down.

    Raises:
        ManagerError: (usage) it was made for another engine.
    """
    from pathlib import Path

    view = look(work, usage.IMAGES, usage.BUILD_CACHE)
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
        work.out.part(prune_views.steps_of(plan), data=dry_run)
    elif not json:
        work.out.note("nothing to do: there is no step in this plan")
    if dry_run or not plan:
        if json:
            from manager.cli.render import plan_rows

            work.out.json("apply", {"dry_run": True, **plan_rows(plan), "outcomes": []})
        return
    with one_at_a_time(work):
        agree(work, view.engine_id)
        archive = Path(written.archive) if written.archive else None
        can_be_saved(archive)
        work.confirm(question(plan), yes=yes)
        done = carry_out(work, view, plan, archive, lost(work, view, plan), quiet=json)
    if json:
        from manager.cli.render import plan_rows

        row = {"dry_run": False, **plan_rows(plan), **prune_views.done_data(done)}
        work.out.json("apply", row)
    finish(work, view, plan, done, quiet=json)
