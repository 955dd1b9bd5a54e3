"""Taking a lesson: a step is shown, the engine is watched, and what changed is shown."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from manager.cli.learn.begin import begin_lesson
from manager.cli.learn.changes import show_changes
from manager.cli.learn.leftovers import ask_yes_or_no, format_resources, remove_leftovers
from manager.cli.learn.talk import HINT_KEYS, QUIT_KEYS, SKIP_KEYS, print_paragraph
from manager.learn.core.screen import LESSON_WIDTH, render_step

if TYPE_CHECKING:
    from manager.cli.learn.course import Course
    from manager.cli.session import Session
    from manager.learn.core.lessons import Lesson, LessonStep
    from manager.learn.progress import LessonProgress
    from manager.learn.watch import LessonWatch

KEYS_HELP = "h: a hint   s: skip this step   q: leave   then Enter; Enter alone: look again"


class StepEnding(Enum):
    """How a step has ended."""

    DONE = "done"
    SKIPPED = "skipped"
    LEFT = "left"


def take_lesson(work: Session, course: Course, lesson: Lesson) -> None:
    """Take a lesson from where somebody was to its end, or until it is left.

    Raises:
        ManagerError: the engine could not be asked, or was lost.
    """
    from manager.engine.errors import EngineUnreachableError
    from manager.learn.watch import LessonWatch

    watch = LessonWatch(work.engine)
    if sys.stdin is not None and hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    watch.read_lines(sys.stdin or ())
    key = course.key(lesson)
    try:
        place = begin_lesson(work, watch, course, lesson)
        for index in range(place.step, len(lesson.steps)):
            place = replace(place, step=index)
            course.learned.keep(key, place)
            ended = _take_step(work, watch, lesson, index)
            if ended is StepEnding.LEFT:
                work.out.note(f"left; go on with: {course.command(lesson.name)}")
                return
            if ended is StepEnding.SKIPPED:
                place = replace(place, skipped=(*place.skipped, index + 1))
        left = _list_new_resources(work, lesson, place)
        place = replace(place, step=0, done=True, under_way=False, is_open=False, left=left)
        course.learned.keep(key, place)
        _print_lesson_end(work, course, lesson, place)
        _offer_removal(work, watch, course, lesson, place)
    except EngineUnreachableError:
        work.out.note(f"how far you are is kept; go on later with: {course.command(lesson.name)}")
        raise
    finally:
        watch.close()


def _list_new_resources(work: Session, lesson: Lesson, place: LessonProgress) -> dict[str, str]:
    """What there is of the lesson's own names that has come since it began."""
    from manager.learn.leftovers import list_lesson_resources

    return lesson.own(place.made(list_lesson_resources(work.engine)))


def _take_step(work: Session, watch: LessonWatch, lesson: Lesson, index: int) -> StepEnding:
    """One step, until it is done, skipped, or the lesson is left."""
    from manager.learn.leftovers import list_lesson_branches

    step = lesson.steps[index]
    before = list_lesson_branches(work.engine, lesson)
    watch.begin(step)
    work.out.line("\n" + "\n".join(render_step(lesson, index, min(work.out.width, LESSON_WIDTH))))
    work.out.line(f"\n{KEYS_HELP}")
    sys.stdout.flush()
    seen = bool(step.checks) and watch.done()
    if seen:
        work.out.line("That is so already.")
    ended = _wait_for_step(work, watch, step, seen=seen)
    if ended is not StepEnding.LEFT:
        show_changes(work, before, list_lesson_branches(work.engine, lesson))
    return ended


def _wait_for_step(
    work: Session, watch: LessonWatch, step: LessonStep, *, seen: bool
) -> StepEnding:
    """Wait until a step is done or skipped, or the lesson is left."""
    from manager.learn.watch import WatchSignal

    answered = not step.question
    seen = seen or watch.done()
    while not (seen and answered):
        sys.stdout.flush()
        # What happens matters only until the checks hold; then it is the answer that is waited for.
        typed = watch.line() if seen else watch.next_line()
        if typed is None or (isinstance(typed, str) and typed.casefold() in QUIT_KEYS):
            return StepEnding.LEFT
        if isinstance(typed, str) and typed.casefold() in SKIP_KEYS:
            work.out.line("Skipped.")
            return StepEnding.SKIPPED
        if isinstance(typed, WatchSignal):
            seen = True
            work.out.line("Done: the engine shows it.")
            if not answered:
                _ask_question(work, step)
        else:
            answered = _reply_to_line(work, watch, step, typed, answered=answered)
            seen = seen or watch.done()
    return StepEnding.DONE


def _reply_to_line(
    work: Session, watch: LessonWatch, step: LessonStep, typed: str, *, answered: bool
) -> bool:
    """Say something to what was typed, but for what ends the step; whether it is answered now."""
    if typed.casefold() in HINT_KEYS:
        print_paragraph(work, step.hint or "There is no hint for this step.")
    elif typed and not answered:
        answered = step.accepts(typed)
        work.out.line("That is right." if answered else "No. Try again, or h for a hint.")
    elif typed:
        print_paragraph(work, f"{typed!r} is none of h, s and q.")
    if missing := watch.missing():
        print_paragraph(work, f"Not yet. The engine does not show: {'; '.join(missing)}.")
    if not answered:
        _ask_question(work, step)
    return answered


def _ask_question(work: Session, step: LessonStep) -> None:
    print_paragraph(work, f"The question: {step.question} Type the answer, then Enter.")


def _print_lesson_end(work: Session, course: Course, lesson: Lesson, place: LessonProgress) -> None:
    """Say that a lesson is over, what of it was skipped, and which one is next."""
    work.out.line(f"\nThat was the lesson: {lesson.title}.")
    if place.skipped:
        steps = ", ".join(map(str, place.skipped))
        work.out.line(f"Skipped: step{'s' * (len(place.skipped) > 1)} {steps}.")
    following = course.after(lesson)
    if following is None:
        work.out.line("You have taken all lessons.")
    else:
        print_paragraph(work, f"Next is {following.title}: {course.command(following.name)}")


def _offer_removal(
    work: Session, watch: LessonWatch, course: Course, lesson: Lesson, place: LessonProgress
) -> None:
    """Offer to remove what has come with such a name while the lesson was taken."""
    if not place.left:
        return
    print_paragraph(work, f"Left of it: {format_resources(place.left, len(place.left))}.")
    if ask_yes_or_no(work, watch, "Remove that?"):
        remove_leftovers(work, course, place.engine, place.left)
    else:
        again = course.command(lesson.name)
        print_paragraph(work, f"It is left there. To be asked again: {again}")
