"""Lessons from their first step to their last, on every engine, with dockmgr outside the lab.

All of them run on one engine in `test_lesson_trials`.
"""

import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from manager.engine.client import Engine
from manager.lab.flavours import FLAVOURS
from manager.lab.state import Lab
from manager.learn import lesson_files
from manager.learn.core.lessons import Lesson, LessonStep
from manager.learn.leftovers import list_lesson_resources, remove_resources
from manager.learn.watch import LessonWatch, WatchSignal
from tests import docker_client
from tests.command import Command

LESSONS = lesson_files.load_lessons(lesson_files.BUILT_IN_FOLDER)
ON_ALL = ("first", "tags", "changes")
USED = ("busybox", "nginx", "debian", "registry", "learn-app", "learn-layers")
LATE = 25
"""Seconds."""

Typist = Callable[[LessonStep], None]


@pytest.fixture
def fresh(engine: Engine) -> Iterator[Engine]:
    """An engine without what lessons make and pull."""
    sweep(engine)
    yield engine
    sweep(engine)


def sweep(engine: Engine) -> None:
    remove_resources(engine, list_lesson_resources(engine), lambda _: None)
    for image in engine.images.list():
        for tag in image.tags:
            if tag.partition(":")[0] in USED:
                engine.images.remove(tag)


def env_of(lab: Lab, folder: Path) -> dict[str, str]:
    """An environment in which `docker` is the real client, and acts on the lab."""
    (folder / "docker").symlink_to(docker_client.docker())
    return {**os.environ, "DOCKER_HOST": lab.host, "PATH": f"{folder}:{os.environ['PATH']}"}


def shell(line: str, env: dict[str, str]) -> int:
    typed = ["sh", "-c", line]
    return subprocess.run(typed, env=env, capture_output=True, check=False, timeout=60).returncode


@pytest.fixture
def with_docker(lab: Lab, tmp_path: Path) -> Typist:
    env = env_of(lab, tmp_path)

    def do(step: LessonStep) -> None:
        codes = [shell(line, env) for line in step.docker]
        expect(step, step.docker, codes)

    return do


@pytest.fixture
def with_dockmgr(lab: Lab, tmp_path: Path, run: Command) -> Typist:
    env = env_of(lab, tmp_path)

    def one(line: str) -> int:
        if not line.startswith("dockmgr "):
            return shell(line, env)
        return run(*shlex.split(line)[1:]).code

    def do(step: LessonStep) -> None:
        expect(step, step.dockmgr, [one(line) for line in step.dockmgr])

    return do


def expect(step: LessonStep, lines: tuple[str, ...], codes: list[int]) -> None:
    """All went well, but for the last line of a step that is to go wrong."""
    told = dict(zip(lines, codes, strict=True))
    if step.expects_failure:
        assert codes.pop() != 0, told
    assert not any(codes), told


def take(engine: Engine, lesson: Lesson, do: Typist) -> None:
    """Take a lesson: each check fails before the lines are typed, and holds afterwards."""
    watch, over = LessonWatch(engine), threading.Event()
    watch.read_lines(late(over))
    try:
        for number, step in enumerate(lesson.steps, start=1):
            watch.begin_step(step)
            if step.checks:
                keeps = step.question and watch.is_step_done()
                assert keeps or not watch.is_step_done(), f"step {number} holds before it is done"
            do(step)
            if step.checks:
                assert watch.wait_for_line_or_checks() is WatchSignal.HOLDS, f"step {number}"
                assert watch.is_step_done(), f"step {number}"
    finally:
        over.set()
        watch.close()


def late(over: threading.Event) -> Iterator[str]:
    """Lines that end with the lesson, or when it has taken far too long."""
    over.wait(LATE)
    yield from ()


TAKEN = [(flavour, lesson) for flavour in FLAVOURS for lesson in LESSONS if lesson.name in ON_ALL]
on_engines = pytest.mark.parametrize(
    ("lab", "lesson"),
    TAKEN,
    indirect=["lab"],
    ids=[f"{flavour}-{lesson.name}" for flavour, lesson in TAKEN],
)


@on_engines
def test_a_lesson_taken_with_docker(fresh: Engine, lesson: Lesson, with_docker: Typist) -> None:
    take(fresh, lesson, with_docker)


@on_engines
def test_a_lesson_taken_with_dockmgr(fresh: Engine, lesson: Lesson, with_dockmgr: Typist) -> None:
    take(fresh, lesson, with_dockmgr)
