"""The command learn check: find mistakes in lessons, and try them in a lab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from manager.cli.session import Session
    from manager.learn.core.lessons import Lesson
    from manager.learn.core.trial import StepTrial
    from manager.learn.lesson_files import ExaminedLesson

RUN_NOTE = (
    "dockmgr will run these lines as root, in a fresh lab with engine {engine}. None of your "
    "folders is mounted there, the lab has no way to the internet, and it ends with the check. But "
    "a lab is not a sandbox against malicious code: run only the lines of an author whom you "
    "trust."
)

Trials = dict[tuple[str, str], "list[StepTrial]"]
"""The steps that were tried, by lesson and program."""


def check_lessons(session: Session, names: list[str], *, json: bool) -> None:
    """Check lessons and report all their mistakes.

    Args:
        session: the run of the program.
        names: one folder or one file.
        json: whether to print JSON.

    Raises:
        ManagerError: (usage) the lessons have mistakes, or the names are not one path.
    """
    from manager.explain.core.text_layout import format_count

    found = _examine_lessons(names)
    if json:
        session.out.json("learn", [_lesson_row(one) for one in found])
    _refuse_mistakes(session, found, json=json)
    for lesson in (one.lesson for one in found if one.lesson and not json):
        session.out.line(f"{lesson.name}: {format_count(len(lesson.steps), 'step')}, no mistakes")


def run_lessons(session: Session, names: list[str], engine: str, *, yes: bool, json: bool) -> None:
    """Check lessons, then type their lines in a fresh lab and report what goes wrong.

    Args:
        session: the run of the program.
        names: one folder or one file.
        engine: the lab's engine; empty for the one in the settings.
        yes: whether to run the lines without asking.
        json: whether to print JSON.

    Raises:
        ManagerError: there were problems, or the lab did not start; (usage) the lessons have
            mistakes, or a word of the command is not valid.
    """
    from manager.explain.core.text_layout import format_count, wrap_text
    from manager.lab import tools
    from manager.learn import trial
    from manager.learn.core.screen import LESSON_WIDTH

    found = _examine_lessons(names)
    if json and any(one.mistakes for one in found):
        session.out.json("learn", [_lesson_row(one) for one in found])
    _refuse_mistakes(session, found, json=json)
    engine = engine or session.settings.lab.engine
    trial.check_flavour(engine)
    tools.check_machine()
    tools.check_tools()
    lessons = [one.lesson for one in found if one.lesson]
    _show_lines(session, lessons)
    for line in wrap_text(RUN_NOTE.format(engine=engine), LESSON_WIDTH):
        session.out.note(line)
    session.confirm("Run them?", yes=yes, refused="nothing was run")
    trials = _try_lessons(session, lessons, engine)
    if json:
        session.out.json("learn", [_lesson_row(one, trials) for one in found])
    else:
        _print_trials(session, lessons, trials)
    problems = sum(len(step.problems) for steps in trials.values() for step in steps)
    if problems:
        raise ManagerError(
            f"the lessons ran with {format_count(problems, 'problem')}",
            "correct the lines or the checks, and run them again",
        )


def _examine_lessons(names: list[str]) -> tuple[ExaminedLesson, ...]:
    from manager.learn import lesson_files

    if len(names) != 1:
        raise ManagerError(
            "check needs one folder or one file",
            "write: dockmgr learn check FOLDER",
            ExitCode.USAGE,
        )
    return lesson_files.examine_lessons(lesson_files.list_lesson_files(Path(names[0])))


def _refuse_mistakes(session: Session, found: tuple[ExaminedLesson, ...], *, json: bool) -> None:
    from manager.explain.core.text_layout import format_count

    mistakes = [it for one in found for it in one.mistakes]
    for it in mistakes if not json else ():
        session.out.line(f"{it}\n  hint: {it.hint}")
    if mistakes:
        wrong = sum(bool(one.mistakes) for one in found)
        raise ManagerError(
            f"{format_count(len(mistakes), 'mistake')} in {format_count(wrong, 'lesson')}"
            f" of {len(found)}",
            "correct them and check again",
            ExitCode.USAGE,
        )


def _show_lines(session: Session, lessons: Sequence[Lesson]) -> None:
    """Show every line that is to be run, on stderr."""
    for lesson in lessons:
        session.out.note(f"{lesson.name}:")
        lines = (line for step in lesson.steps for line in (*step.docker, *step.dockmgr))
        for line in dict.fromkeys(lines):
            session.out.note(f"    {line}")


def _try_lessons(session: Session, lessons: Sequence[Lesson], engine: str) -> Trials:
    from manager.cli.progress import show_phases
    from manager.learn import trial

    trials: Trials = {}
    with (
        show_phases(session.out) as report,
        trial.start_trial_lab(engine, session.settings.lab.mirror or "", report) as lab,
    ):
        for lesson in lessons:
            for program in trial.list_programs(lesson):
                report(f"{lesson.name} with {program}")
                steps = trial.try_lesson(lab, lesson, program)
                trials[lesson.name, program] = list(_report_steps(steps, lesson, program, report))
    return trials


def _report_steps(
    steps: Iterator[StepTrial], lesson: Lesson, program: str, report: Callable[[str], None]
) -> Iterator[StepTrial]:
    for step in steps:
        if step.number < len(lesson.steps):
            report(f"{lesson.name} with {program}: step {step.number + 1} of {len(lesson.steps)}")
        yield step


def _print_trials(session: Session, lessons: Sequence[Lesson], trials: Trials) -> None:
    """Print the problems of each lesson, and what the lines of those steps wrote."""
    from manager.explain.core.text_layout import format_count

    for (name, program), steps in trials.items():
        for step in steps:
            for problem in step.problems:
                session.out.line(f"{name} step {step.number}, with {program}: {problem}")
            for line in step.lines if step.problems else ():
                for text in (f"$ {line.text}", *line.output):
                    session.out.line(f"    {text}")
    for lesson in lessons:
        steps = [it for (name, _), found in trials.items() if name == lesson.name for it in found]
        problems = sum(len(it.problems) for it in steps)
        programs = " and ".join(program for name, program in trials if name == lesson.name)
        told = format_count(problems, "problem") if problems else "no problems"
        session.out.line(f"{lesson.name}: ran with {programs}, {told}")


def _lesson_row(found: ExaminedLesson, trials: Trials | None = None) -> dict[str, object]:
    """A checked lesson; title and steps are null if it has mistakes."""
    row: dict[str, object] = {
        "name": found.name,
        "file": str(found.file),
        "title": found.lesson.title if found.lesson else None,
        "steps": len(found.lesson.steps) if found.lesson else None,
        "mistakes": [
            {"line": it.line, "problem": it.problem, "hint": it.hint} for it in found.mistakes
        ],
    }
    if trials is not None:
        row["run"] = [
            _step_row(program, step)
            for (name, program), steps in trials.items()
            for step in steps
            if name == found.name
        ]
    return row


def _step_row(program: str, trial: StepTrial) -> dict[str, object]:
    return {
        "program": program,
        "step": trial.number,
        "lines": [
            {"line": it.text, "exit_code": it.exit_code, "output": list(it.output)}
            for it in trial.lines
        ],
        "held_before": trial.held_before,
        "unmet_after": list(trial.unmet),
        "foreign_changes": list(trial.foreign),
        "problems": list(trial.problems),
    }
