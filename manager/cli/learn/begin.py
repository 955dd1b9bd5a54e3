"""The beginning of a lesson: which engine it acts on, where somebody is, what is there already."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from manager.cli.learn.leftovers import ask_yes_or_no, format_resources, remove_leftovers
from manager.cli.learn.talk import print_paragraph
from manager.learn.progress import LessonProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manager.cli.learn.course import Course
    from manager.cli.session import Session
    from manager.learn.core.lessons import Lesson
    from manager.learn.watch import LessonWatch


def begin_lesson(
    work: Session, watch: LessonWatch, course: Course, lesson: Lesson
) -> LessonProgress:
    """Where somebody is in a lesson; says which engine it acts on.

    Raises:
        ManagerError: the engine could not be asked.
    """
    from manager.learn.leftovers import engine_identity

    engine = engine_identity(work.engine)
    place = course.learned.place(course.key(lesson))
    _print_introduction(work, course)
    if place.under_way and place.on(engine) and place.step < len(lesson.steps):
        return replace(place, engine=engine)
    if place.under_way:
        why = "the lesson has become shorter" if place.on(engine) else "this is another engine"
        work.out.note(f"{why} since you left it: it begins anew")
    return _start_at_first_step(work, watch, course, course.key(lesson), engine)


def _start_at_first_step(
    work: Session, watch: LessonWatch, course: Course, key: str, engine: str
) -> LessonProgress:
    """Begin with what is there: of this lesson, of others, of somebody."""
    from manager.learn.leftovers import list_lesson_resources

    there = list_lesson_resources(work.engine)
    places = course.learned.on(engine)
    lessons = {course.key(it): it for it in course.lessons}

    def of(at: str) -> dict[str, str]:
        found, lesson = places[at].made(there), lessons.get(at)
        # Of another course's, all with such names.
        return found if lesson is None else lesson.own(found)

    others = _merge_resources(of(at) for at, it in places.items() if it.under_way and at != key)
    left = _merge_resources(of(at) for at, it in places.items() if not it.under_way or at == key)
    own = {it: number for it, number in left.items() if it not in others}
    if own:
        print_paragraph(work, f"Left of lessons that you took: {format_resources(own, len(own))}.")
        if ask_yes_or_no(work, watch, "Remove that first?"):
            remove_leftovers(work, course, engine, own)
            there = list_lesson_resources(work.engine)
    _warn_of_existing_resources(
        work, {it: number for it, number in there.items() if it not in {*own, *others}}
    )
    # What the lesson itself left before is its own still.
    mine = of(key) if key in places else {}
    before = {it: number for it, number in there.items() if it not in mine}
    done = course.learned.place(key).done
    return LessonProgress(engine=engine, before=before, done=done, under_way=True, is_open=True)


def _merge_resources(found: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {thing: number for one in found for thing, number in one.items()}


def _print_introduction(work: Session, course: Course) -> None:
    """Which engine a lesson acts on, how to act on it, and what it makes."""
    endpoint = work.engine.endpoint
    print_paragraph(work, f"This lesson acts on the engine at {endpoint.host} ({endpoint.source}).")
    same = _same_engine_command(work)
    if same:
        print_paragraph(
            work, "Type this first in the other terminal, so that it acts on that one too:"
        )
        work.out.line(f"    {same}")
    if shutil.which("docker") is None:
        work.out.note("there is no docker command here: type the lines with dockmgr")
    if course.origin:
        print_paragraph(
            work,
            f"It comes from {course.origin}, not with dockmgr. Of what is there, dockmgr itself "
            "removes nothing but what has a name that begins with learn-, and asks before.",
        )
    else:
        print_paragraph(
            work,
            "What it makes has a name that begins with learn-. Beside that, it only pulls images, "
            "which stay. Nothing else is touched.",
        )


def _same_engine_command(work: Session) -> str:
    """What makes another shell's programs use the same engine; empty where they do anyway."""
    endpoint = work.engine.endpoint
    if work.lab is not None:
        return f'eval "$(dockmgr lab env --name {work.lab.name})"'
    if work.host is not None or endpoint.source == "DOCKER_HOST":
        return f"export DOCKER_HOST={shlex.quote(endpoint.host)}"
    if work.context or work.env.get("DOCKER_CONTEXT"):
        return f"export DOCKER_CONTEXT={shlex.quote(endpoint.context or 'default')}"
    return ""


def _warn_of_existing_resources(work: Session, things: Mapping[str, str]) -> None:
    """Say what has such a name and is no lesson's: it is left alone."""
    if things:
        work.out.warn(f"{format_resources(things)}: there before the lesson, and left alone by it")
        work.out.hint("the lesson may need such a name: remove yourself what you do not need")
