"""Taking a lesson: show each step, watch the engine, and show what has changed."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from manager.cli.learn.begin import begin_lesson
from manager.cli.learn.dialogue import (
    ask_yes_or_no,
    format_resources,
    print_paragraph,
    remove_leftovers,
)
from manager.learn.core.screen import LESSON_WIDTH, render_step

if TYPE_CHECKING:
    from manager.cli.learn.course import Course
    from manager.cli.session import Session
    from manager.groups.core.tree import ImageBranch
    from manager.learn.core.lessons import Lesson, LessonStep
    from manager.learn.progress import LessonProgress
    from manager.learn.watch import LessonWatch

HINT_KEYS, SKIP_KEYS, QUIT_KEYS = ("h", "hint"), ("s", "skip"), ("q", "quit")
"""What a learner types at a step without answering it."""
KEYS_HELP = "h: hint   s: skip this step   q: quit   then Enter; Enter alone: check again"


class StepEnding(Enum):
    """How a step has ended."""

    DONE = "done"
    SKIPPED = "skipped"
    LEFT = "left"


def take_lesson(session: Session, course: Course, lesson: Lesson) -> None:
    """Take a lesson from the learner's progress on, until it ends or the learner leaves.

    Raises:
        ManagerError: the engine could not be asked, or was lost.
    """
    from manager.engine.errors import EngineUnreachableError
    from manager.learn.watch import LessonWatch

    watch = LessonWatch(session.engine)
    if sys.stdin is not None and hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    watch.read_lines(sys.stdin or ())
    command = course.format_command(lesson.name)
    try:
        progress = begin_lesson(session, watch, course, lesson)
        ended = _take_steps(session, watch, course, lesson, progress)
        if ended is None:
            session.out.note(f"to continue, run: {command}")
            return
        _print_lesson_end(session, course, lesson, ended)
        _offer_removal(session, watch, course, lesson, ended)
    except EngineUnreachableError:
        session.out.note(f"your progress is saved; to continue later, run: {command}")
        raise
    finally:
        watch.close()


def _take_steps(
    session: Session, watch: LessonWatch, course: Course, lesson: Lesson, progress: LessonProgress
) -> LessonProgress | None:
    """Take the steps that are left, and save the progress; None if the learner leaves."""
    for index in range(progress.step, len(lesson.steps)):
        progress = replace(progress, step=index)
        course.progress.save_progress(course.key(lesson), progress)
        ended = _take_step(session, watch, lesson, index)
        if ended is StepEnding.LEFT:
            return None
        if ended is StepEnding.SKIPPED:
            progress = replace(progress, skipped=(*progress.skipped, index + 1))
    left = _list_new_resources(session, lesson, progress)
    progress = replace(
        progress, step=0, is_done=True, is_under_way=False, is_open=False, leftovers=left
    )
    course.progress.save_progress(course.key(lesson), progress)
    return progress


def _list_new_resources(
    session: Session, lesson: Lesson, progress: LessonProgress
) -> dict[str, str]:
    """The lesson's own resources that are new since it began."""
    from manager.learn.leftovers import list_lesson_resources

    new = progress.find_own_resources(list_lesson_resources(session.engine))
    return lesson.find_own_resources(new)


def _take_step(session: Session, watch: LessonWatch, lesson: Lesson, index: int) -> StepEnding:
    """Take one step, until it is done or skipped, or the learner leaves."""
    from manager.learn.leftovers import list_lesson_branches

    step = lesson.steps[index]
    before = list_lesson_branches(session.engine, lesson)
    watch.begin_step(step)
    width = min(session.out.width, LESSON_WIDTH)
    session.out.line("\n" + "\n".join(render_step(lesson, index, width)))
    session.out.line(f"\n{KEYS_HELP}")
    sys.stdout.flush()
    done = bool(step.checks) and watch.is_step_done()
    if done:
        session.out.line("Already done.")
    ended = _wait_for_step(session, watch, step, done=done)
    if ended is not StepEnding.LEFT:
        _show_changes(session, before, list_lesson_branches(session.engine, lesson))
    return ended


def _wait_for_step(
    session: Session, watch: LessonWatch, step: LessonStep, *, done: bool
) -> StepEnding:
    """Wait until a step is done or skipped, or the learner leaves."""
    from manager.learn.watch import WatchSignal

    answered = not step.question
    done = done or watch.is_step_done()
    while not (done and answered):
        sys.stdout.flush()
        # Once the checks hold, only the answer is missing, whatever else happens.
        typed = watch.wait_for_line() if done else watch.wait_for_line_or_checks()
        if typed is None or (isinstance(typed, str) and typed.casefold() in QUIT_KEYS):
            return StepEnding.LEFT
        if isinstance(typed, str) and typed.casefold() in SKIP_KEYS:
            session.out.line("Skipped.")
            return StepEnding.SKIPPED
        if isinstance(typed, WatchSignal):
            done = True
            session.out.line("Done.")
            if not answered:
                _ask_question(session, step)
        else:
            answered = _reply_to_line(session, watch, step, typed, answered=answered)
            done = done or watch.is_step_done()
    return StepEnding.DONE


def _reply_to_line(
    session: Session, watch: LessonWatch, step: LessonStep, typed: str, *, answered: bool
) -> bool:
    """Reply to a line that does not end the step; whether the question is answered now."""
    if typed.casefold() in HINT_KEYS:
        print_paragraph(session, step.hint or "This step has no hint.")
    elif typed and not answered:
        answered = step.accepts_answer(typed)
        session.out.line("Correct." if answered else "No. Try again, or type h for a hint.")
    elif typed:
        print_paragraph(session, f"{typed!r} is not one of h, s and q.")
    if unmet := watch.list_unmet_checks():
        print_paragraph(session, f"Not yet. The engine does not show: {'; '.join(unmet)}.")
    if not answered:
        _ask_question(session, step)
    return answered


def _ask_question(session: Session, step: LessonStep) -> None:
    print_paragraph(session, f"Question: {step.question} Type the answer, then Enter.")


def _show_changes(
    session: Session, before: tuple[ImageBranch, ...], now: tuple[ImageBranch, ...]
) -> None:
    """Show the trees before and after a step, if it changed anything."""
    if _strip_times(before) == _strip_times(now):
        return
    for word, found in (("before:", before), ("after:", now)):
        session.out.line(word)
        _draw_branches(session, found)


def _draw_branches(session: Session, found: tuple[ImageBranch, ...]) -> None:
    """Draw the containers under their images, then the names of images without containers."""
    from manager.cli.groups.views import containers_tree
    from manager.model.units import SHORT_ID_DIGITS

    used = tuple(it for it in found if it.containers)
    if used:
        session.out.show(containers_tree(used, session.engine_address))
    for branch in found:
        if not branch.containers:
            identity = branch.image_id.removeprefix("sha256:")[:SHORT_ID_DIGITS]
            session.out.line(f"{branch.image}: a name of image {identity}")
    if not found:
        session.out.line("nothing from this lesson")


def _strip_times(
    found: tuple[ImageBranch, ...],
) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """What a tree shows, without the times, which change by themselves."""
    return [
        (one.image, one.image_id, [(it.id, it.name, it.state) for it in one.containers])
        for one in found
    ]


def _print_lesson_end(
    session: Session, course: Course, lesson: Lesson, progress: LessonProgress
) -> None:
    """Say that a lesson has ended, which steps were skipped, and which lesson is next."""
    session.out.line(f"\nEnd of the lesson: {lesson.title}.")
    if progress.skipped:
        steps = ", ".join(map(str, progress.skipped))
        session.out.line(f"Skipped: step{'s' * (len(progress.skipped) > 1)} {steps}.")
    following = course.lesson_after(lesson)
    if following is None:
        session.out.line("You have taken all lessons.")
    else:
        command = course.format_command(following.name)
        print_paragraph(session, f"Next: {following.title}. Run: {command}")


def _offer_removal(
    session: Session, watch: LessonWatch, course: Course, lesson: Lesson, progress: LessonProgress
) -> None:
    """Offer to remove what the lesson made."""
    left = progress.leftovers
    if not left:
        return
    print_paragraph(session, f"The lesson left: {format_resources(left, len(left))}.")
    if ask_yes_or_no(session, watch, "Remove these?"):
        remove_leftovers(session, course, progress.engine, left)
    else:
        again = course.format_command(lesson.name)
        print_paragraph(session, f"Kept. To be asked again, run: {again}")
