"""The beginning of a lesson: its engine, the learner's progress, and leftovers of other lessons."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from manager.cli.learn.dialogue import (
    ask_yes_or_no,
    format_resources,
    print_paragraph,
    remove_leftovers,
)
from manager.learn.progress import LessonProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manager.cli.learn.course import Course
    from manager.cli.session import Session
    from manager.learn.core.lessons import Lesson
    from manager.learn.watch import LessonWatch


def begin_lesson(
    session: Session, watch: LessonWatch, course: Course, lesson: Lesson
) -> LessonProgress:
    """Introduce a lesson and its engine, and find the learner's progress in it.

    Raises:
        ManagerError: the engine could not be asked.
    """
    from manager.learn.leftovers import engine_identity

    engine = engine_identity(session.engine)
    progress = course.progress.get_progress(course.key(lesson))
    _print_introduction(session, course)
    if progress.is_under_way:
        same = progress.was_begun_on(engine)
        if same and progress.step < len(lesson.steps):
            return replace(progress, engine=engine)
        why = "the lesson has fewer steps" if same else "the engine is a different one"
        session.out.note(f"{why} than when you left: starting over")
    return _start_at_first_step(session, watch, course, course.key(lesson), engine)


def _start_at_first_step(
    session: Session, watch: LessonWatch, course: Course, key: str, engine: str
) -> LessonProgress:
    """Start a lesson: offer to remove what lessons left behind, and remember the rest."""
    from manager.learn.leftovers import list_lesson_resources

    existing = list_lesson_resources(session.engine)
    progress = course.progress.list_progress_on(engine)
    lessons = {course.key(it): it for it in course.lessons}

    def list_own(at: str) -> dict[str, str]:
        found, lesson = progress[at].find_own_resources(existing), lessons.get(at)
        # The names of another course's lesson are not known here.
        return found if lesson is None else lesson.find_own_resources(found)

    under_way = {at for at, it in progress.items() if it.is_under_way and at != key}
    others = _merge_resources(list_own(at) for at in under_way)
    left = _merge_resources(list_own(at) for at in progress.keys() - under_way)
    own = {it: identity for it, identity in left.items() if it not in others}
    if own:
        print_paragraph(session, f"Left over from lessons: {format_resources(own, len(own))}.")
        if ask_yes_or_no(session, watch, "Remove these first?"):
            remove_leftovers(session, course, engine, own)
            existing = list_lesson_resources(session.engine)
    _warn_of_existing_resources(
        session, {it: identity for it, identity in existing.items() if it not in {*own, *others}}
    )
    # What this lesson left before stays its own.
    mine = list_own(key) if key in progress else {}
    before = {it: identity for it, identity in existing.items() if it not in mine}
    return LessonProgress(
        engine=engine,
        resources_before=before,
        is_done=course.progress.get_progress(key).is_done,
        is_under_way=True,
        is_open=True,
    )


def _merge_resources(found: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {resource: identity for one in found for resource, identity in one.items()}


def _print_introduction(session: Session, course: Course) -> None:
    """Say which engine the lesson uses, how another terminal uses it too, and what it makes."""
    endpoint = session.engine.endpoint
    engine = f"{endpoint.host} ({endpoint.source})"
    print_paragraph(session, f"This lesson uses the engine at {engine}.")
    if command := _format_same_engine_command(session):
        print_paragraph(session, "To use the same engine, type this in your other terminal first:")
        session.out.line(f"    {command}")
    if shutil.which("docker") is None:
        session.out.note("the docker command is not installed: type the lines with dockmgr")
    if course.origin:
        print_paragraph(
            session,
            f"The lesson comes from {course.origin}, not with dockmgr: read its lines before you "
            "type them. dockmgr itself removes only things whose names begin with learn-, and "
            "asks first.",
        )
    else:
        print_paragraph(
            session,
            "Everything that the lesson makes has a name that begins with learn-. The lesson also "
            "pulls images, which stay, and touches nothing else.",
        )


def _format_same_engine_command(session: Session) -> str:
    """The command for another shell to use the same engine; empty where it does so anyway."""
    endpoint = session.engine.endpoint
    if session.lab is not None:
        return f'eval "$(dockmgr lab env --name {session.lab.name})"'
    if session.host is not None or endpoint.source == "DOCKER_HOST":
        return f"export DOCKER_HOST={shlex.quote(endpoint.host)}"
    if session.context or session.env.get("DOCKER_CONTEXT"):
        return f"export DOCKER_CONTEXT={shlex.quote(endpoint.context or 'default')}"
    return ""


def _warn_of_existing_resources(session: Session, resources: Mapping[str, str]) -> None:
    """Warn of resources that have such a name but are not a lesson's."""
    if resources:
        session.out.warn(
            f"{format_resources(resources)} existed before; the lesson leaves them alone"
        )
        session.out.hint("the lesson may need these names: remove what you do not need yourself")
