"""Taking a lesson: a step is shown, the engine is watched, and what changed is shown."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from manager.cli.learn.begin import begun
from manager.cli.learn.changes import changed
from manager.cli.learn.leftovers import asks, remove, some
from manager.cli.learn.talk import HINT, LEAVE, SKIP, say
from manager.learn.core.screen import WIDTH, screen

if TYPE_CHECKING:
    from manager.cli.learn.course import Course
    from manager.cli.session import Session
    from manager.learn.core.lessons import Lesson, Step
    from manager.learn.progress import Place
    from manager.learn.watch import Watch

KEYS = "h: a hint   s: skip this step   q: leave   then Enter; Enter alone: look again"


class Ended(Enum):
    """How a step has ended."""

    DONE = "done"
    SKIPPED = "skipped"
    LEFT = "left"


def take(work: Session, course: Course, lesson: Lesson) -> None:
    """Take a lesson from where somebody was to its end, or until it is left.

    Raises:
        ManagerError: the engine could not be asked, or was lost.
    """
    from manager.engine.errors import EngineUnreachableError
    from manager.learn.watch import Watch

    watch = Watch(work.engine)
    if sys.stdin is not None and hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    watch.read_lines(sys.stdin or ())
    key = course.key(lesson)
    try:
        place = begun(work, watch, course, lesson)
        for index in range(place.step, len(lesson.steps)):
            place = replace(place, step=index)
            course.learned.keep(key, place)
            ended = _step(work, watch, lesson, index)
            if ended is Ended.LEFT:
                work.out.note(f"left; go on with: {course.command(lesson.name)}")
                return
            if ended is Ended.SKIPPED:
                place = replace(place, skipped=(*place.skipped, index + 1))
        left = _made(work, lesson, place)
        place = replace(place, step=0, done=True, under_way=False, is_open=False, left=left)
        course.learned.keep(key, place)
        _over(work, course, lesson, place)
        _tidy(work, watch, course, lesson, place)
    except EngineUnreachableError:
        work.out.note(f"how far you are is kept; go on later with: {course.command(lesson.name)}")
        raise
    finally:
        watch.close()


def _made(work: Session, lesson: Lesson, place: Place) -> dict[str, str]:
    """What there is of the lesson's own names that has come since it began."""
    from manager.learn.leftovers import made

    return lesson.own(place.made(made(work.engine)))


def _step(work: Session, watch: Watch, lesson: Lesson, index: int) -> Ended:
    """One step, until it is done, skipped, or the lesson is left."""
    from manager.learn.leftovers import picture

    step = lesson.steps[index]
    before = picture(work.engine, lesson)
    watch.begin(step)
    work.out.line("\n" + "\n".join(screen(lesson, index, min(work.out.width, WIDTH))))
    work.out.line(f"\n{KEYS}")
    sys.stdout.flush()
    seen = bool(step.checks) and watch.done()
    if seen:
        work.out.line("That is so already.")
    ended = _wait(work, watch, step, seen=seen)
    if ended is not Ended.LEFT:
        changed(work, before, picture(work.engine, lesson))
    return ended


def _wait(work: Session, watch: Watch, step: Step, *, seen: bool) -> Ended:
    """Wait until a step is done or skipped, or the lesson is left."""
    from manager.learn.watch import Came

    answered = not step.question
    seen = seen or watch.done()
    while not (seen and answered):
        sys.stdout.flush()
        # What happens matters only until the checks hold; then it is the answer that is waited for.
        typed = watch.line() if seen else watch.next_line()
        if typed is None or (isinstance(typed, str) and typed.casefold() in LEAVE):
            return Ended.LEFT
        if isinstance(typed, str) and typed.casefold() in SKIP:
            work.out.line("Skipped.")
            return Ended.SKIPPED
        if isinstance(typed, Came):
            seen = True
            work.out.line("Done: the engine shows it.")
            if not answered:
                _ask(work, step)
        else:
            answered = _reply(work, watch, step, typed, answered=answered)
            seen = seen or watch.done()
    return Ended.DONE


def _reply(work: Session, watch: Watch, step: Step, typed: str, *, answered: bool) -> bool:
    """Say something to what was typed, but for what ends the step; whether it is answered now."""
    if typed.casefold() in HINT:
        say(work, step.hint or "There is no hint for this step.")
    elif typed and not answered:
        answered = step.accepts(typed)
        work.out.line("That is right." if answered else "No. Try again, or h for a hint.")
    elif typed:
        say(work, f"{typed!r} is none of h, s and q.")
    if missing := watch.missing():
        say(work, f"Not yet. The engine does not show: {'; '.join(missing)}.")
    if not answered:
        _ask(work, step)
    return answered


def _ask(work: Session, step: Step) -> None:
    say(work, f"The question: {step.question} Type the answer, then Enter.")


def _over(work: Session, course: Course, lesson: Lesson, place: Place) -> None:
    """Say that a lesson is over, what of it was skipped, and which one is next."""
    work.out.line(f"\nThat was the lesson: {lesson.title}.")
    if place.skipped:
        steps = ", ".join(map(str, place.skipped))
        work.out.line(f"Skipped: step{'s' * (len(place.skipped) > 1)} {steps}.")
    following = course.after(lesson)
    if following is None:
        work.out.line("You have taken all lessons.")
    else:
        say(work, f"Next is {following.title}: {course.command(following.name)}")


def _tidy(work: Session, watch: Watch, course: Course, lesson: Lesson, place: Place) -> None:
    """Offer to remove what has come with such a name while the lesson was taken."""
    if not place.left:
        return
    say(work, f"Left of it: {some(place.left, len(place.left))}.")
    if asks(work, watch, "Remove that?"):
        remove(work, course, place.engine, place.left)
    else:
        again = course.command(lesson.name)
        say(work, f"It is left there. To be asked again: {again}")
