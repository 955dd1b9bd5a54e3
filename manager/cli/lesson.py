"""Taking a lesson: a step is shown, the engine is watched, and what changed is shown."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from manager.adapters.learned import Place
from manager.cli.lesson_changes import changed
from manager.core.lesson_screen import WIDTH, screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.actions.learn import Watch
    from manager.cli.context import Session
    from manager.cli.course import Course
    from manager.core.lessons import Lesson, Step

HINT, SKIP, LEAVE = ("h", "hint"), ("s", "skip"), ("q", "quit")
YES, NO = ("y", "yes"), ("n", "no", "q")
KEYS = "h: a hint   s: skip this step   q: leave   then Enter; Enter alone: look again"
MOST_NAMED = 6
"""Things that are named in one sentence."""


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
    from manager.actions.learn import Watch
    from manager.adapters.engine.failures import EngineUnreachableError

    watch = Watch(work.engine)
    watch.read_lines(sys.stdin)
    key = course.key(lesson)
    try:
        place = _begun(work, watch, course, lesson)
        for index in range(place.step, len(lesson.steps)):
            place = replace(place, step=index)
            course.learned.keep(key, place)
            ended = _step(work, watch, lesson, index)
            if ended is Ended.LEFT:
                course.learned.keep(key, replace(place, left=_made(work, place)))
                work.out.note(f"left; go on with: {course.command()}")
                return
            if ended is Ended.SKIPPED:
                place = replace(place, skipped=(*place.skipped, index + 1))
        place = replace(place, step=0, done=True, left=_made(work, place))
        course.learned.keep(key, place)
        _over(work, course, lesson, place)
        _tidy(work, watch, course, lesson, place)
    except EngineUnreachableError:
        work.out.note(f"how far you are is kept; go on later with: {course.command(lesson.name)}")
        raise
    finally:
        watch.close()


def _made(work: Session, place: Place) -> dict[str, str]:
    """What there is that the lesson made."""
    from manager.actions.lesson_things import made

    return {k: v for k, v in made(work.engine).items() if place.before.get(k) != v}


def _begun(work: Session, watch: Watch, course: Course, lesson: Lesson) -> Place:
    """Where somebody is, and what was there before; says which engine is acted on."""
    from manager.actions.lesson_things import identity, made

    engine = identity(work.engine)
    place = course.learned.place(course.key(lesson))
    if place.step >= len(lesson.steps) or place.engine != engine:
        if place.step and place.engine:
            work.out.note("this is not the engine that the lesson was begun on: it begins anew")
        place = replace(place, step=0)
    _greet(work, course)
    if place.step:
        return place
    left = course.learned.left(engine)
    there = made(work.engine)
    own = {thing: number for thing, number in there.items() if left.get(thing) == number}
    if own:
        work.out.line(f"Left of lessons that you took: {_some(own)}.")
        if _asks(work, watch, "Remove that first?"):
            _remove(work, own)
            there = made(work.engine)
    _warn_of(work, {thing: number for thing, number in there.items() if thing not in own})
    return Place(engine=engine, before=there, done=place.done)


def _greet(work: Session, course: Course) -> None:
    """Which engine a lesson acts on, how to act on it, and what it makes."""
    endpoint = work.engine.endpoint
    work.out.line(f"This lesson acts on the engine at {endpoint.host} ({endpoint.source}).")
    same = _to_mean_it(work)
    if same:
        work.out.line("Type this first in the other terminal, so that it acts on that one too:")
        work.out.line(f"    {same}")
    if shutil.which("docker") is None:
        work.out.note("there is no docker command here: type the lines with dockmgr")
    if course.origin:
        work.out.line(
            f"It comes from {course.origin}, not with dockmgr. Of what is there, dockmgr itself "
            "removes nothing but what has a name that begins with learn-, and asks before."
        )
    else:
        work.out.line("What it makes has a name that begins with learn-. Beside that, it only")
        work.out.line("pulls images, which stay. Nothing else is touched.")


def _to_mean_it(work: Session) -> str:
    """What makes another shell's programs use the same engine; empty where they do anyway."""
    endpoint = work.engine.endpoint
    if work.lab is not None:
        return f'eval "$(dockmgr lab env --name {work.lab.name})"'
    if work.host is not None or endpoint.source == "DOCKER_HOST":
        return f"export DOCKER_HOST={shlex.quote(endpoint.host)}"
    if work.context or work.env.get("DOCKER_CONTEXT"):
        return f"export DOCKER_CONTEXT={shlex.quote(endpoint.context or 'default')}"
    return ""


def _warn_of(work: Session, things: Mapping[str, str]) -> None:
    """Say what has such a name and is nobody's: a lesson leaves it alone."""
    if things:
        work.out.warn(f"{_some(things)}: there before the lesson, and left alone by it")
        work.out.hint("the lesson may need such a name: remove yourself what you do not need")


def _some(things: Mapping[str, str]) -> str:
    from manager.core.explaining import listed

    return listed(tuple(things), MOST_NAMED)


def _asks(work: Session, watch: Watch, question: str) -> bool:
    """Ask until the answer is one; nobody to ask means no."""
    work.out.line(f"{question} y or n, then Enter")
    while True:
        sys.stdout.flush()
        typed = watch.line()
        if typed is None or typed.casefold() in NO:
            return False
        if typed.casefold() in YES:
            return True
        work.out.line("Please type y or n, then Enter.")


def _step(work: Session, watch: Watch, lesson: Lesson, index: int) -> Ended:
    """One step, until it is done, skipped, or the lesson is left."""
    from manager.actions.lesson_things import picture

    step = lesson.steps[index]
    before = picture(work.engine)
    watch.begin(step)
    work.out.line("\n" + "\n".join(screen(lesson, index, min(work.out.width, WIDTH))))
    work.out.line(f"\n{KEYS}")
    sys.stdout.flush()
    seen = bool(step.checks) and watch.done() is not None
    if seen:
        work.out.line("That is so already.")
    ended = _wait(work, watch, step, seen=seen)
    if ended is not Ended.LEFT:
        changed(work, before, picture(work.engine))
    return ended


def _wait(work: Session, watch: Watch, step: Step, *, seen: bool) -> Ended:
    """Wait until a step is done or skipped, or the lesson is left."""
    answered = not step.question
    while True:
        if not seen and watch.done():
            seen = True
            if step.checks:
                work.out.line("Done: the engine shows it.")
        if seen and answered:
            return Ended.DONE
        sys.stdout.flush()
        # What happens matters only until the checks hold; then it is the answer that is waited for.
        typed = watch.line() if seen else watch.next_line()
        if typed is None or typed.casefold() in LEAVE:
            return Ended.LEFT
        if typed.casefold() in SKIP:
            work.out.line("Skipped.")
            return Ended.SKIPPED
        if not typed and not seen and watch.done():
            continue
        if typed and not answered and typed.casefold() not in HINT:
            answered = step.accepts(typed)
        _reply(work, watch, step, typed, answered=answered)


def _reply(work: Session, watch: Watch, step: Step, typed: str, *, answered: bool) -> None:
    """Say something to what was typed, but for what ends the step."""
    if typed.casefold() in HINT:
        work.out.line(step.hint or "There is no hint for this step.")
    elif typed and step.question:
        work.out.line("That is right." if answered else "No. Try again, or h for a hint.")
    elif missing := watch.missing():
        work.out.line(f"Not yet. The engine does not show: {'; '.join(missing)}.")
    elif not answered:
        work.out.line("The question is still to be answered: type the answer, then Enter.")


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
        command = course.command(following.name)
        work.out.line(f"Next is {following.title}: {command}")


def _tidy(work: Session, watch: Watch, course: Course, lesson: Lesson, place: Place) -> None:
    """Offer to remove what the lesson made."""
    if not place.left:
        return
    work.out.line(f"Left of it: {_some(place.left)}.")
    if _asks(work, watch, "Remove that?"):
        _remove(work, place.left)
        course.learned.keep(course.key(lesson), replace(place, left={}))
    else:
        again = course.command(lesson.name)
        work.out.line(f"It is left there. To be asked again: {again}")


def _remove(work: Session, things: Mapping[str, str]) -> None:
    from manager.actions.lesson_things import tidy

    tidy(work.engine, dict(things), lambda thing: work.out.line(f"removed {thing}"))
