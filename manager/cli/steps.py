"""A plan before it runs and its outcomes after, for every command that changes something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.model.plan import Plan, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.cli.output import Output
    from manager.engine.run_plan import StepOutcome

DONE_WORDS = {
    Verb.START: "started",
    Verb.STOP: "stopped",
    Verb.RESTART: "restarted",
    Verb.REMOVE: "removed",
    Verb.UNTAG: "untagged",
    Verb.DELETE: "removed",
    Verb.TAG: "tagged",
}


def show_plan(
    out: Output,
    command: str,
    plan: Plan,
    *,
    json: bool,
    dry_run: bool,
    more: Mapping[str, object] | None = None,
) -> None:
    """Show what would be done, as data."""
    if json:
        from manager.cli.json_rows import plan_data

        row = {"dry_run": dry_run, **plan_data(plan), **(more or {}), "outcomes": []}
        out.json(command, row)
        return
    if out.show_docker(plan.notes):
        return
    out.line(str(plan))
    if plan:
        out.hint("nothing was changed: this was a dry run")


def report_outcome(out: Output, outcome: StepOutcome, *, quiet: bool) -> None:
    """Print the outcome of a step: on stdout what was done, as docker does."""
    if outcome.error is not None:
        out.note(f"error: {outcome.step.target}: {outcome.error.message}")
        if outcome.error.hint:
            out.hint(outcome.error.hint)
    elif not quiet and not outcome.skipped:
        out.line(f"{DONE_WORDS[outcome.step.verb]} {outcome.step.target}")


def format_remaining(left: Mapping[str, int]) -> str:
    """What still has steps to run, in words; empty if nothing has.

    Args:
        left: how many steps each target has left.
    """
    from manager.explain.core.text_layout import format_names

    names = tuple(name for name, steps in left.items() if steps)
    return f"still under way: {format_names(names)}" if names else ""


def show_outcomes(
    out: Output, command: str, outcomes: Sequence[StepOutcome], *, json: bool
) -> ExitCode:
    """Print the outcomes as JSON if requested, and return their common exit code."""
    if json:
        from manager.cli.json_rows import outcome_row

        rows = [outcome_row(outcome) for outcome in outcomes]
        out.json(command, {"dry_run": False, "steps": [], "notes": [], "outcomes": rows})
    return exit_code(outcomes)


def exit_code(outcomes: Sequence[StepOutcome]) -> ExitCode:
    """The common exit code of some outcomes."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if not failed:
        return ExitCode.OK
    done = any(outcome.error is None and not outcome.skipped for outcome in outcomes)
    return ExitCode.PARTIAL if done else failed[0].error.exit_code  # type: ignore[union-attr]


def report_failures(out: Output, errors: Sequence[ManagerError | None]) -> ExitCode:
    """Print what failed among many things, and return their common exit code.

    Args:
        out: where.
        errors: for each thing, its error or None.
    """
    failed = [error for error in errors if error is not None]
    for error in failed:
        out.note(f"error: {error.message}")
        out.hint(error.hint)
    if not failed:
        return ExitCode.OK
    return ExitCode.PARTIAL if len(failed) < len(errors) else failed[0].exit_code
