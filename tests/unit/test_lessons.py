"""Lessons: reading their files, what their checks hold to be so, their screens, the progress."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.cli.learn.course import Course
from manager.errors import ExitCode, ManagerError
from manager.learn import lesson_files
from manager.learn.core.checks import (
    AbsenceCheck,
    ContainerCheck,
    EventCheck,
    FileChangeCheck,
    ImageCheck,
    ImageRelationCheck,
    LessonCheck,
    TagMovedCheck,
    VolumeCheck,
)
from manager.learn.core.lessons import Lesson, LessonStep
from manager.learn.core.observation import (
    Observation,
    SeenContainer,
    SeenImage,
    is_lesson_name,
)
from manager.learn.core.screen import LESSON_WIDTH, render_step
from manager.learn.progress import LessonProgress, ProgressFile
from manager.model.events import EngineEvent
from tests.command import Command

LESSONS = lesson_files.load_lessons(lesson_files.BUILT_IN_FOLDER)
WANTED = 10


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Command(capsys, {"DOCKER_HOST": "unix:///nowhere/engine.sock"})


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_step_fits_a_screen_and_can_be_done_with_both_programs(
    lesson: Lesson,
) -> None:
    for index, step in enumerate(lesson.steps):
        lines = render_step(lesson, index)
        assert max(map(len, lines)) <= LESSON_WIDTH
        assert len(lines) <= 24
        assert lines[0] == f"{lesson.title}: step {index + 1} of {len(lesson.steps)}"
        text = "\n".join(lines)
        assert all(line in text for line in (*step.docker, *step.dockmgr, step.question))
        assert "\x1b" not in text
        assert step.hint or step.expects_failure
        assert all(step.accepts_answer(answer) for answer in step.answers)
        assert not step.accepts_answer("something else")


def test_the_screens_are_as_they_were_kept() -> None:
    kept = Path(__file__).parent / "data" / "lessons.txt"
    now = "\n\n".join(
        "\n".join(render_step(lesson, index))
        for lesson in LESSONS
        for index in range(len(lesson.steps))
    )
    assert now + "\n" == kept.read_text(encoding="utf-8")


def test_all_lessons_are_there_in_order() -> None:
    assert [lesson.number for lesson in LESSONS] == list(range(1, WANTED + 1))
    assert set(lesson_files.list_built_in_names()) == {lesson.name for lesson in LESSONS}


BOX = SeenImage("a", ("busybox:latest", "learn-app:1"), ("busybox@sha256:1",), ("l1",))
GROWN = SeenImage("b", ("learn-app:2",), (), ("l1", "l2"))
WEB = SeenContainer("learn-web1", "busybox:latest", "a", "exited", 127, (8080,), {"/n": "added"})
NOW = Observation(
    (WEB,), (BOX, GROWN), ("learn-data",), (EngineEvent("container", "die", "learn-web1", 127),)
)
NOTHING = Observation()


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        (ContainerCheck("learn-web*"), True),
        (ContainerCheck("learn-web1", "busybox", "exited", 1, 127, 8080), True),
        (ContainerCheck("learn-web1", "learn-app:1"), True),
        (ContainerCheck("learn-web1", "learn-app:2"), False),
        (ContainerCheck("learn-web*", count=2), False),
        (ContainerCheck("learn-web1", state="running"), False),
        (ContainerCheck("learn-web1", exit_code=0), False),
        (ContainerCheck("learn-web1", port=80), False),
        (AbsenceCheck("container", "learn-web*"), False),
        (AbsenceCheck("container", "learn-other"), True),
        (AbsenceCheck("image", "busybox"), False),
        (AbsenceCheck("image", "nginx"), True),
        (AbsenceCheck("volume", "learn-*"), False),
        (AbsenceCheck("volume", "data"), True),
        (ImageCheck("docker.io/library/busybox"), True),
        (ImageCheck("busybox", digest=True), True),
        (ImageCheck("learn-app:2", digest=True), False),
        (ImageCheck("nginx"), False),
        (VolumeCheck("learn-*"), True),
        (VolumeCheck("data"), False),
        (ImageRelationCheck("same", ("busybox", "learn-app:1")), True),
        (ImageRelationCheck("same", ("busybox", "learn-app:2")), False),
        (ImageRelationCheck("other", ("busybox", "learn-app:2")), True),
        (ImageRelationCheck("other", ("busybox", "nginx")), False),
        (ImageRelationCheck("layers", ("busybox", "learn-app:2")), True),
        (FileChangeCheck("learn-web1", "/n"), True),
        (FileChangeCheck("learn-web1", "/n", "deleted"), False),
        (FileChangeCheck("learn-web1", "/other"), False),
        (EventCheck("container", "die", "learn-*", 127), True),
        (EventCheck("container", "die", "learn-*", 0), False),
        (EventCheck("image", "die"), False),
    ],
)
def test_what_a_check_holds_to_be_so(check: LessonCheck, holds: bool) -> None:
    assert check.holds(NOTHING, NOW) is holds
    assert LessonStep("do it", checks=(check, ImageCheck("busybox"))).is_done(NOTHING, NOW) is holds


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        (ContainerCheck("learn-a"), "a container learn-a"),
        (
            ContainerCheck("learn-a*", "nginx", "running", 2, None, 80),
            "exactly 2 containers learn-a* (made from nginx, state running, published on port 80)",
        ),
        (ContainerCheck("learn-a", exit_code=0), "a container learn-a (exit code 0)"),
        (AbsenceCheck("image", "app:1"), "that image app:1 is gone"),
        (ImageCheck("nginx"), "an image nginx"),
        (ImageCheck("nginx", digest=True), "an image nginx with a digest from a registry"),
        (VolumeCheck("data"), "a volume data"),
        (ImageRelationCheck("same", ("a", "b")), "one image under the names a, b"),
        (ImageRelationCheck("other", ("a", "b")), "different images under the names a, b"),
        (ImageRelationCheck("layers", ("a", "b")), "shared layers under the names a, b"),
        (TagMovedCheck("a:1"), "another image under the name a:1 than when the step began"),
        (FileChangeCheck("learn-a", "/n", "added"), "/n added in learn-a"),
        (FileChangeCheck("learn-a", "/n"), "/n changed in learn-a"),
        (EventCheck("container", "die", "learn-a", 3), "container learn-a: die with exit code 3"),
    ],
)
def test_what_is_not_so_yet_is_said_in_words(check: LessonCheck, wanted: str) -> None:
    holds = check.holds(NOTHING, NOTHING)
    assert LessonStep("do it", checks=(check,)).list_unmet_checks(NOTHING, NOTHING) == (
        () if holds else (wanted,)
    )
    assert check.description == wanted


def test_a_tag_moves_when_it_names_another_image() -> None:
    before = Observation(images=(SeenImage("z", ("learn-app:2",)),))
    assert TagMovedCheck("learn-app:2").holds(before, NOW)
    assert not TagMovedCheck("learn-app:2").holds(NOW, NOW)
    assert not TagMovedCheck("learn-app:2").holds(NOTHING, NOW)


@given(st.integers(0, 6), st.integers(0, 6))
def test_a_count_is_exact(there: int, wanted: int) -> None:
    seen = tuple(SeenContainer(f"learn-n{n}", "i", "1", "running") for n in range(there))
    holds = ContainerCheck("learn-n*", count=wanted).holds(NOTHING, Observation(seen))
    assert holds == (there == wanted)


@given(st.sampled_from(["docker.io", " Docker.IO ", "'docker.io'", "docker.io.", "the docker.io"]))
def test_an_answer_is_taken_however_it_is_written(answer: str) -> None:
    step = LessonStep("say", question="which", answers=("docker.io",))
    assert step.accepts_answer(answer)
    assert not step.accepts_answer("quay.io")
    assert LessonStep("say", question="which", answers=("latest",)).accepts_answer(":latest")
    image = LessonStep("say", question="which", answers=("nginx",))
    assert image.accepts_answer("docker.io/library/nginx:latest")
    assert not image.accepts_answer("nginx:1")
    assert not image.accepts_answer("")


def test_paragraphs_stay_apart_and_words_whole() -> None:
    say = "One.\n\nTwo, with a rather-long-name that ends a line before rather-long-names do."
    lines = render_step(Lesson("one", "one", (LessonStep(say, question="which"),)), 0, 40)
    assert lines[1:6] == (
        "",
        "One.",
        "",
        "Two, with a rather-long-name that ends a",
        "line before rather-long-names do.",
    )


def test_a_step_can_be_for_dockmgr_alone(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    step = 'say = "do it"\ndockmgr = ["dockmgr pull nginx"]\nimage = {name = "nginx"}'
    path.write_text(f'title = "one"\n[[step]]\n{step}\n', encoding="utf-8")
    lines = render_step(lesson_files.load_lesson(path), 0)
    assert lines[-2:] == ("In another terminal, with dockmgr:", "    dockmgr pull nginx")


def test_the_next_lesson_is_the_first_behind_it_that_is_not_done(tmp_path: Path) -> None:
    learned = ProgressFile(tmp_path)
    course = Course(LESSONS, learned)
    first, second, third = LESSONS[:3]
    assert course.lesson_after(first) == second
    learned.save_progress(second.name, LessonProgress(is_done=True))
    assert course.lesson_after(first) == third
    assert course.lesson_after(LESSONS[-1]) == first
    for lesson in LESSONS:
        learned.save_progress(lesson.name, LessonProgress(is_done=True))
    assert course.lesson_after(first) is None


def test_the_command_of_a_teachers_course_names_its_folder(tmp_path: Path) -> None:
    assert Course((), ProgressFile(tmp_path)).format_command("first") == "dockmgr learn first"
    course = Course((), ProgressFile(tmp_path), "/my course")
    assert course.format_command() == "dockmgr learn --lessons '/my course'"


def test_what_lessons_left_is_known_until_it_is_removed(tmp_path: Path) -> None:
    learned = ProgressFile(tmp_path)
    there = {"container learn-a": "1", "container learn-b": "2", "volume learn-old": "0"}
    learned.save_progress(
        "done", LessonProgress(is_done=True, engine="here", leftovers={"container learn-a": "1"})
    )
    before = {"volume learn-old": "0"}
    begun = LessonProgress(
        2, engine="here", resources_before=before, is_under_way=True, is_open=True
    )
    learned.save_progress("begun", begun)
    learned.save_progress(
        "elsewhere", LessonProgress(is_done=True, engine="there", leftovers=there, skipped=(2,))
    )
    learned = ProgressFile(tmp_path)
    assert learned.get_progress("elsewhere").skipped == (2,)
    places = learned.list_progress_on("here")
    assert set(places) == {"done", "begun"}
    assert places["done"].find_own_resources(there) == {"container learn-a": "1"}
    assert places["done"].find_own_resources({"container learn-a": "another"}) == {}
    assert places["begun"].find_own_resources(there) == {
        "container learn-a": "1",
        "container learn-b": "2",
    }
    learned.reset_lessons(["done", "begun"])
    assert not learned.get_progress("begun").is_under_way
    assert learned.list_progress_on("here")["begun"].find_own_resources(there) == places[
        "begun"
    ].find_own_resources(there)
    learned.forget_leftovers("here", {"container learn-a": "1"})
    assert ProgressFile(tmp_path).get_progress("done").leftovers == {}


@pytest.mark.parametrize(
    ("name", "makes"),
    [
        ("learn-web1", True),
        ("learn-web12", True),
        ("learn-web", True),
        ("localhost:5000/learn-app:3", True),
        ("learn-shop-db-1", True),
        ("learn-data", True),
        ("learn-webs", False),
        ("learn-other", False),
        ("web1", False),
    ],
)
def test_a_lesson_knows_the_names_of_its_own_lines(name: str, makes: bool) -> None:
    docker = (
        "docker run --name learn-web1 -v learn-data:/d nginx",
        "docker tag nginx localhost:5000/learn-app:1",
        "docker compose -p learn-shop up",
    )
    assert Lesson("one", "one", (LessonStep("do", docker),)).can_make(name) is makes


def test_two_lessons_in_two_terminals_keep_their_progress_beside_each_other(tmp_path: Path) -> None:
    one, other = ProgressFile(tmp_path), ProgressFile(tmp_path)
    one.save_progress("first", LessonProgress(2, is_under_way=True))
    other.save_progress("many", LessonProgress(1, is_under_way=True))
    one.save_progress("first", LessonProgress(3, is_under_way=True))
    again = ProgressFile(tmp_path)
    assert (again.get_progress("first").step, again.get_progress("many").step) == (3, 1)


def test_an_engine_is_known_by_its_address_and_id_and_in_old_files_by_its_address() -> None:
    assert LessonProgress(engine="unix:///a 1").was_begun_on("unix:///a 1")
    assert not LessonProgress(engine="unix:///a 1").was_begun_on("unix:///a 2")
    assert LessonProgress(engine="unix:///a").was_begun_on("unix:///a 1")
    assert not LessonProgress(engine="unix:///a").was_begun_on("unix:///ab 1")
    assert not LessonProgress().was_begun_on("unix:///a")


@pytest.mark.parametrize(
    ("name", "is_mine"),
    [("learn-a", True), ("localhost:5000/learn-a:1", True), ("learning", False), ("a", False)],
)
def test_only_what_begins_so_is_a_lessons(name: str, is_mine: bool) -> None:
    assert is_lesson_name(name) is is_mine


names = st.dictionaries(st.text(), st.text(), max_size=2)
places = st.builds(
    LessonProgress,
    st.integers(0, 20),
    st.booleans(),
    st.text(),
    names,
    st.booleans(),
    st.booleans(),
    names,
    st.lists(st.integers(1, 20), max_size=3).map(tuple),
)


@given(kept=st.dictionaries(st.text(min_size=1), places, max_size=4))
def test_progress_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, kept: dict[str, LessonProgress]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    learned = ProgressFile(folder)
    for key, place in kept.items():
        learned.save_progress(key, place)
    again = ProgressFile(folder)
    assert {key: again.get_progress(key) for key in kept} == kept
    assert again.find_last_taken(list(kept)) == (list(kept)[-1] if kept else None)
    again.reset_lessons(list(kept))
    forgotten = [ProgressFile(folder).get_progress(key) for key in kept]
    rest = [(it.step, it.is_done, it.is_under_way, it.skipped) for it in forgotten]
    assert rest == [(0, False, False, ())] * len(rest)


BROKEN = ["3", '{"step": "3"}', '{"step": -1}', '{"step": true}', '{"before": ["x"]}']
BROKEN += ['{"left": {"a": 1}}', '{"skipped": 2}', '{"skipped": [null]}', '{"engine": 3}', "null"]


@pytest.mark.parametrize("content", ["", "[]", "{", *(f'{{"first": {it}}}' for it in BROKEN)])
def test_a_broken_file_counts_as_nothing_learned(tmp_path: Path, content: str) -> None:
    (tmp_path / "lessons.json").write_text(content, encoding="utf-8")
    assert ProgressFile(tmp_path).get_progress("first") == LessonProgress()


def test_of_a_file_only_the_broken_part_is_lost_and_an_older_one_is_read(tmp_path: Path) -> None:
    content = '{"first": {"step": "3"}, "many": {"step": 2, "odd": 1, "engine": "unix:///a"}}'
    (tmp_path / "lessons.json").write_text(content, encoding="utf-8")
    learned = ProgressFile(tmp_path)
    assert learned.get_progress("first") == LessonProgress()
    assert learned.get_progress("many") == LessonProgress(
        2, engine="unix:///a", is_under_way=True, is_open=True
    )


def test_progress_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    with pytest.raises(ManagerError, match=r"cannot create the folder .*: File exists"):
        ProgressFile(tmp_path / "state").save_progress("first", LessonProgress(1))


def test_the_list_tells_how_far_one_is(run: Command, tmp_path: Path) -> None:
    ProgressFile(tmp_path / "state" / "dockmgr").save_progress(
        "many", LessonProgress(2, is_under_way=True)
    )
    rows = {row["name"]: row for row in run.ok("learn", "--list", "--json").data}
    assert (rows["many"]["state"], rows["many"]["next_step"]) == ("at step 3", 3)
    assert rows["first"]["state"] == "new"
    assert "at step 3" in run.ok("learn", "--list").out
    run.ok("learn", "--reset", "many")
    assert json.loads((tmp_path / "state/dockmgr/lessons.json").read_text("utf-8")) == {}


# The SDK leaves its socket open where none answers.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.usefixtures("collected")
def test_what_is_named_wrongly_is_said(run: Command) -> None:
    assert "there is no lesson frist" in run("learn", "frist").err
    assert run("learn", "first", "many").code == ExitCode.USAGE
    assert run("learn", "check").code == ExitCode.USAGE
    assert run("learn", "first").code == ExitCode.ENGINE
