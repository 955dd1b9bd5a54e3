"""The command learn as a whole, in a process of its own, with somebody who types."""

import json
import os
import shlex
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pytest

from manager.engine.client import Engine
from manager.lab import labs, lifecycle
from manager.lab.flavours import DEFAULT_FLAVOUR
from manager.lab.state import Lab
from manager.learn import lesson_files
from manager.learn.leftovers import list_lesson_resources, remove_resources
from manager.learn.watch import LessonWatch
from tests import docker_client
from tests.command import PROGRAM
from tests.engine.test_lessons import sweep
from tests.lab_fixtures import LabFactory

ONE = """title = "one box"

[[step]]
say = "Make a container."
docker = ["docker create --name learn-t1 busybox"]
container = { name = "learn-t1", state = "created" }
"""
LATE = 30
"""Seconds."""

on_default = pytest.mark.parametrize("lab", [DEFAULT_FLAVOUR], indirect=True)


class Learner:
    """The program while somebody takes a lesson."""

    def __init__(self, env: dict[str, str], *argv: str) -> None:
        self.errors = Path(env["XDG_STATE_HOME"]).parent / "errors.txt"
        self._errors: IO[str] = self.errors.open("w", encoding="utf-8")
        self._program = subprocess.Popen(
            [*PROGRAM, "learn", *argv],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._program.kill()
        self._program.communicate()
        self._errors.close()

    def until(self, part: str) -> str:
        """Read up to the line that has a part."""
        read = ""
        for line in self._program.stdout or ():
            read += line
            if part in line:
                return read
        raise AssertionError(read + self.errors.read_text("utf-8"))

    def type(self, line: str) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(f"{line}\n")
        self._program.stdin.flush()

    def ended(self) -> tuple[int, str, str]:
        """The exit code, the rest of what it says, and what it said on stderr."""
        assert self._program.stdout is not None
        rest = self._program.stdout.read()
        return self._program.wait(LATE), rest, self.errors.read_text("utf-8")


def env_of(lab: Lab, folder: Path) -> dict[str, str]:
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    if not (programs / "docker").exists():
        (programs / "docker").symlink_to(docker_client.docker())
    path = f"{programs}:{os.environ['PATH']}"
    state = str(folder / "state")
    return {**os.environ, "DOCKER_HOST": lab.host, "XDG_STATE_HOME": state, "PATH": path}


@pytest.fixture
def fresh(engine: Engine) -> Iterator[Engine]:
    """An engine without what lessons make and pull."""
    sweep(engine)
    yield engine
    sweep(engine)


@pytest.fixture
def env(lab: Lab, tmp_path: Path) -> dict[str, str]:
    return env_of(lab, tmp_path)


def docker(line: str, env: dict[str, str]) -> None:
    typed = ["sh", "-c", f"docker {line}"]
    subprocess.run(typed, env=env, check=True, capture_output=True, timeout=60)


def listed(env: dict[str, str], *argv: str) -> str:
    command = [*PROGRAM, "learn", "--list", *argv]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


@on_default
def test_a_step_is_seen_and_the_lesson_goes_on_where_it_was_left(
    lab: Lab,
    fresh: Engine,
    env: dict[str, str],
) -> None:
    with Learner(env, "first") as learner:
        greeting = learner.until("step 1 of 5")
        assert lab.host in greeting
        assert "touches nothing else" in " ".join(greeting.split())
        learner.until("h: hint")
        learner.type("")
        assert "Not yet. The engine does not show: an image nginx." in learner.until("Not yet")
        docker("pull nginx", env)
        assert "learn-" not in learner.until("step 2 of 5")
        learner.until("h: hint")
        learner.type("h")
        learner.until("--detach")
        learner.type("")
        told = learner.until("published on port 18080)")
        wanted = "a container learn-web1 (made from nginx, state running, published on port 18080)"
        assert wanted in " ".join(told.split())
        docker("run --detach --name learn-web1 --publish 18080:80 nginx", env)
        seen = learner.until("step 3 of 5")
        assert "learn-web1" in seen.partition("after:")[2]
        learner.until("h: hint")
        learner.type("")
        learner.until("Question: From which image was learn-web1 made?")
        learner.type("q")
        code, _, told = learner.ended()
        assert code == 0
        assert "to continue, run: dockmgr learn first\n" in told
    assert "at step 3" in listed(env)
    assert [it for it in list_lesson_resources(fresh) if "learn-web1" in it]
    with Learner(env) as again:
        again.until("step 3 of 5")
        again.type("docker.io/library/nginx")
        again.until("Correct.")
        again.until("step 4 of 5")


@on_default
def test_names_of_images_are_shown_with_the_image_that_they_mean(
    fresh: Engine,
    env: dict[str, str],
) -> None:
    docker("pull busybox", env)
    docker("pull debian", env)
    with Learner(env, "tags") as learner:
        learner.until("step 2 of 5")
        docker("tag busybox learn-app:1", env)
        docker("tag busybox learn-app:latest", env)
        learner.until("step 3 of 5")
        docker("tag debian learn-app:2", env)
        docker("tag debian learn-app:latest", env)
        shown = learner.until("step 4 of 5")
    before, _, after = shown.partition("after:")
    busybox, debian = (fresh.images.find(it) for it in ("busybox:latest", "debian:latest"))
    assert busybox is not None
    assert debian is not None
    assert f"learn-app:latest: a name of image {busybox.short_id}" in before
    assert f"learn-app:latest: a name of image {debian.short_id}" in after


@on_default
def test_what_a_lesson_left_is_known_again_and_others_things_are_left_alone(
    fresh: Engine,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    docker("pull busybox", env)
    docker("create --name learn-others busybox", env)
    docker("network create learn-lan", env)
    course = tmp_path / "my course"
    course.mkdir()
    (course / "one.toml").write_text(ONE, encoding="utf-8")
    typed = f"dockmgr learn one --lessons '{course}'"
    with Learner(env, "--lessons", str(course)) as learner:
        greeting = " ".join(learner.until("step 1 of 1").split())
        assert f"The lesson comes from {course}, not with dockmgr" in greeting
        learner.until("h: hint")
        docker("create --name learn-t1 busybox", env)
        assert "You have taken all lessons." in learner.until(
            "The lesson left: container learn-t1."
        )
        learner.type("")
        learner.until("Please type y or n")
        learner.type("n")
        code, rest, told = learner.ended()
    assert code == 0
    assert f"Kept. To be asked again, run: {typed}" in " ".join(rest.split())
    assert "container learn-others, network learn-lan existed before" in told
    with Learner(env, "one", "--lessons", str(course)) as learner:
        learner.until("Left over from lessons: container learn-t1.")
        learner.type("n")
        learner.until("Already done.")
        learner.type("n")
        assert learner.ended()[0] == 0
    with Learner(env, "one", "--lessons", str(course)) as learner:
        learner.until("Left over from lessons: container learn-t1.")
        learner.type("y")
        learner.until("removed container learn-t1")
        assert "Already done" not in learner.until("h: hint")
        learner.type("s")
        code, rest, told = learner.ended()
    assert code == 0
    assert "Skipped: step 1." in rest
    assert "learn-t1" not in told
    assert "done, 1 skipped" in listed(env, "--lessons", str(course))
    assert set(list_lesson_resources(fresh)) == {"container learn-others", "network learn-lan"}


@on_default
def test_where_nobody_types_a_lesson_ends(fresh: Engine, env: dict[str, str]) -> None:
    """Also where there is a question first; and where there is no input at all."""
    docker("pull busybox", env)
    place = {"done": True, "engine": fresh.endpoint.host, "left": {}}
    docker("create --name learn-many9 busybox", env)
    place["left"] = list_lesson_resources(fresh)
    state = Path(env["XDG_STATE_HOME"]) / "dockmgr"
    state.mkdir(parents=True)
    (state / "lessons.json").write_text(json.dumps({"many": place}), encoding="utf-8")
    for lesson, closed in (("first", "</dev/null"), ("layers", "<&-")):
        line = f"{shlex.join(PROGRAM)} learn {lesson} {closed}"
        typed = ["sh", "-c", line]
        done = subprocess.run(
            typed, env=env, capture_output=True, text=True, check=False, timeout=LATE
        )
        assert done.returncode == 0
        assert "Left over from lessons: container learn-many9." in done.stdout
        assert f"to continue, run: dockmgr learn {lesson}" in done.stderr


@on_default
def test_a_lesson_that_was_interrupted_goes_on_and_knows_what_it_made(
    fresh: Engine, env: dict[str, str]
) -> None:
    docker("pull busybox", env)
    with Learner(env, "layers") as learner:
        learner.until("h: hint")
        docker("run --name learn-layer1 busybox true", env)
    with Learner(env, "tags") as other:
        other.until("step 1 of 5")
        other.type("q")
        assert "learn-layer1" not in other.ended()[2]
    with Learner(env, "layers") as learner:
        assert "Left over" not in learner.until("step 1 of 5")
    subprocess.run([*PROGRAM, "learn", "--reset"], env=env, check=True, capture_output=True)
    with Learner(env, "layers") as learner:
        learner.until("Left over from lessons: container learn-layer1.")
    assert fresh.containers.list()


@on_default
def test_lines_keep_their_order_around_events_and_their_end_is_told_again(fresh: Engine) -> None:
    watch, begun = LessonWatch(fresh), threading.Event()
    step = lesson_files.load_lesson(lesson_files.BUILT_IN_FOLDER / "first.toml").steps[1]

    def lines() -> Iterator[str]:
        begun.wait(LATE)
        yield from ("one\n", "two\n", "three\n")

    try:
        watch.begin_step(step)
        watch.read_lines(lines())
        fresh.api.create_volume("learn-late")
        begun.set()
        assert [watch.wait_for_line_or_checks() for _ in range(3)] == ["one", "two", "three"]
        assert watch.wait_for_line_or_checks() is None
        assert watch.wait_for_line() is None
        assert watch.wait_for_line_or_checks() is None
    finally:
        watch.close()


@on_default
def test_what_cannot_be_removed_does_not_keep_the_rest(fresh: Engine, env: dict[str, str]) -> None:
    docker("pull busybox", env)
    fresh.api.create_volume("learn-held")
    fresh.api.create_network("learn-lan")
    held = fresh.containers.create(
        "holder", {"Image": "busybox", "HostConfig": {"Binds": ["learn-held:/h"]}}
    )
    told: list[str] = []
    refused = remove_resources(fresh, list_lesson_resources(fresh), told.append)
    assert (list(refused), told) == (["volume learn-held"], ["network learn-lan"])
    fresh.containers.remove(held, force=True)
    again = {"volume learn-held": "made at another time"}
    assert remove_resources(fresh, again, told.append) == {}
    assert "volume learn-held" in list_lesson_resources(fresh)


@on_default
def test_a_teachers_lesson_that_is_left_says_how_to_go_on_with_it(
    fresh: Engine,
    env: dict[str, str],
    tmp_path: Path,
) -> None:
    del fresh
    (tmp_path / "one.toml").write_text(ONE, encoding="utf-8")
    with Learner(env, "one", "--lessons", str(tmp_path)) as learner:
        learner.until("h: hint")
        learner.type("q")
        code, _, told = learner.ended()
    assert code == 0
    assert f"to continue, run: dockmgr learn one --lessons {tmp_path}" in told


@pytest.fixture
def own_lab(start_lab: LabFactory) -> Iterator[Lab]:
    """A lab that only one test uses."""
    start_lab(DEFAULT_FLAVOUR)
    name = f"t{os.getpid()}-learn"
    yield labs.bring_up_lab(labs.LabRequest(name, DEFAULT_FLAVOUR, ()), lambda _: None)
    lifecycle.end_lab(name)


def test_an_engine_that_goes_away_is_told_at_once_and_another_one_is_not_taken_for_it(
    own_lab: Lab, tmp_path: Path
) -> None:
    # The state of the labs is needed to know one, and the lesson's progress is kept beside it.
    env = {**env_of(own_lab, tmp_path), "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    try:
        with Learner(env, "address") as learner:
            assert f'eval "$(dockmgr lab env --name {own_lab.name})"' in learner.until("step 1")
            learner.until("h: hint")
            docker("pull busybox", env)
            learner.until("step 2 of 5")
            learner.until("h: hint")
            lifecycle.end_lab(own_lab.name)
            code, _, told = learner.ended()
        assert code == 3
        assert f"the lab '{own_lab.name}' is down" in told
        assert f"start it again with: dockmgr lab up --name {own_lab.name}" in told
        assert "to continue later, run: dockmgr learn address" in told
        with Learner(env, "address") as learner:
            code, _, told = learner.ended()
        assert code == 3
        assert f"the lab '{own_lab.name}' is down" in told
        labs.bring_up_lab(labs.LabRequest(own_lab.name, DEFAULT_FLAVOUR, ()), lambda _: None)
        with Learner(env, "address") as learner:
            learner.until("step 1 of 5")
            learner.type("q")
            _, _, told = learner.ended()
        assert "the engine is a different one than when you left: starting over" in told
    finally:
        subprocess.run([*PROGRAM, "learn", "--reset", "address"], env=env, check=True)
