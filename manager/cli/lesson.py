"""Taking a lesson: a step is shown, the engine is watched, and what changed is shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from manager.adapters.learned import Learned, Place
from manager.core.lesson_screen import WIDTH, screen
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.actions.learn import Watch
    from manager.cli.context import Session
    from manager.core.lessons import Lesson, Step
    from manager.core.tree import Branch

HINT, SKIP, LEAVE = ("h", "hint"), ("s", "n", "skip", "next"), ("q", "quit")
KEYS = "h: a hint   s: skip this step   q: leave   Enter: look again"


@dataclass(frozen=True)
class Course:
    """Lessons that belong together, and how far somebody is in them."""

    lessons: tuple[Lesson, ...]
    learned: Learned
    origin: str = ""
    """The folder of a teacher's own; empty for those that come with the program."""

    def key(self, lesson: Lesson) -> str:
        """Under what its progress is kept."""
        return f"{self.origin}#{lesson.name}" if self.origin else lesson.name

    def named(self, name: str) -> Lesson:
        """A lesson by its name.

        Raises:
            ManagerError: (usage) there is none.
        """
        found = next((it for it in self.lessons if it.name == name), None)
        if found is None:
            names = ", ".join(it.name for it in self.lessons)
            raise ManagerError(
                f"there is no lesson {name}", f"the lessons are: {names}", ExitCode.USAGE
            )
        return found

    def next(self) -> Lesson:
        """The lesson that was left in its middle; else the first that is not done."""
        keys = {self.key(it): it for it in self.lessons}
        last = self.learned.last([key for key in keys if self.learned.place(key).step])
        left = [it for key, it in keys.items() if not self.learned.place(key).done]
        if last is None and not left:
            raise ManagerError(
                "you have taken all lessons", "begin anew with: dockmgr learn --reset"
            )
        return keys[last] if last is not None else left[0]

    def rows(self, lessons: Sequence[Lesson]) -> list[dict[str, Any]]:
        """Lessons as rows: name, title, steps, and how far somebody is."""
        return [
            {
                "name": it.name,
                "title": it.title,
                "steps": len(it.steps),
                "next_step": place.step + 1 if place.step else None,
                "done": place.done,
                "state": f"at step {place.step + 1}"
                if place.step
                else ("done" if place.done else "new"),
            }
            for it in lessons
            for place in [self.learned.place(self.key(it))]
        ]


def take(work: Session, course: Course, lesson: Lesson) -> None:
    """Take a lesson from where somebody was to its end, or until it is left.

    Raises:
        ManagerError: the engine could not be asked, or was lost.
    """
    from manager.actions.learn import Watch

    place = _begun(work, course, lesson)
    watch = Watch(work.engine)
    watch.read_lines(sys.stdin)
    try:
        for index in range(place.step, len(lesson.steps)):
            place = replace(place, step=index)
            course.learned.keep(course.key(lesson), place)
            if not _step(work, watch, lesson, index):
                work.out.note("left; go on with: dockmgr learn")
                return
        course.learned.keep(course.key(lesson), replace(place, step=0, done=True))
        work.out.line(f"\nThat was the lesson: {lesson.title}.")
        _tidy(work, watch, place)
    finally:
        watch.close()


def _begun(work: Session, course: Course, lesson: Lesson) -> Place:
    """Where somebody is, and what was there before; says which engine is acted on."""
    from manager.actions.learn import made

    endpoint = work.engine.endpoint
    place = course.learned.place(course.key(lesson))
    if place.step >= len(lesson.steps) or place.engine != endpoint.host:
        place = replace(place, step=0)
    work.out.line(f"This lesson acts on the engine at {endpoint.host} ({endpoint.source}).")
    work.out.line("What it makes has a name that begins with learn-. Nothing else is touched.")
    if not place.step:
        place = replace(place, engine=endpoint.host, before=made(work.engine))
        for thing in place.before:
            work.out.warn(f"{thing} was there before the lesson: it will be left alone")
            work.out.hint("the lesson may need its name: remove it yourself if it is not needed")
    return place


def _step(work: Session, watch: Watch, lesson: Lesson, index: int) -> bool:
    """One step; False if the lesson was left."""
    from manager.actions.learn import picture

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
    if ended:
        _changed(work, before, picture(work.engine))
    return ended


def _wait(work: Session, watch: Watch, step: Step, *, seen: bool) -> bool:
    """Wait until a step is done or skipped; False if the lesson is left."""
    answered = not step.question
    while True:
        if not seen and watch.done():
            seen = True
            if step.checks:
                work.out.line("Done: the engine shows it.")
        if seen and answered:
            return True
        sys.stdout.flush()
        typed = watch.next_line()
        if typed is None or typed.casefold() in LEAVE:
            return False
        if typed.casefold() in SKIP:
            work.out.line("Skipped.")
            return True
        if typed.casefold() in HINT:
            work.out.line(step.hint or "There is no hint for this step.")
        elif typed and not answered:
            answered = step.accepts(typed)
            work.out.line("That is right." if answered else "No. Try again, or h for a hint.")


def _changed(work: Session, before: tuple[Branch, ...], now: tuple[Branch, ...]) -> None:
    """What changed, as the trees before and after."""
    from manager.cli.render import containers_tree

    if _told(before) == _told(now):
        return
    for word, found in (("before:", before), ("after:", now)):
        work.out.line(word)
        if found:
            work.out.show(containers_tree(found, work.engine_address))
        else:
            work.out.line("nothing of the lesson's")


def _told(found: tuple[Branch, ...]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """What a tree says that does not change by itself, as the time that something is up does."""
    return [(one.image, [(it.id, it.name, it.state) for it in one.containers]) for one in found]


def _tidy(work: Session, watch: Watch, place: Place) -> None:
    """Offer to remove what the lesson made."""
    from manager.actions.learn import made, tidy

    left = {k: v for k, v in made(work.engine).items() if place.before.get(k) != v}
    if not left:
        return
    work.out.line(f"Left of it: {', '.join(left)}. Remove that? y or n")
    sys.stdout.flush()
    if (watch.line() or "").casefold() in {"y", "yes"}:
        tidy(work.engine, left, lambda thing: work.out.line(f"removed {thing}"))
    else:
        work.out.line("It is left there.")
