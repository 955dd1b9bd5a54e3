"""What dockmgr learn check finds in a teacher's own lessons, and what it lets pass."""

from pathlib import Path
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.cli.learn import lesson
from manager.config.toml_positions import find_line, find_lines
from manager.errors import ExitCode, ManagerError
from manager.learn import lesson_files
from manager.learn.core.line_mistakes import OTHER_PROGRAMS, find_line_faults
from manager.learn.core.text_mistakes import STEP_KEYS
from tests.command import Command

GOOD = """title = "one"
[[step]]
say = "do it"
docker = ["docker pull nginx"]
image = {name = "nginx"}
"""
QUESTION = """title = "one"
[[step]]
say = "do it"
question = "why"
answer = ["so"]
"""
TWO_STEPS = """title = "two"
[[step]]
say = "do it"
docker = ["docker run --name web1 nginx"]
container = {name = "learn-web1", exit_code = 0, state = "running"}

[[step]]
say = ""
docker = [
  "docker rm learn-web1",
  "docker system prune",
]
image = [{name = "Nginx"}, {nam = "x", digest = 3}]
"""

MAKING = """title = "one"
[[step]]
say = "do it"
docker = [
  "docker run --name learn-a -v learn-a:/x nginx",
  "docker volume create learn-b",
  "docker tag nginx learn-a",
  "docker tag nginx learn-b",
  "docker tag nginx localhost:5000/learn-a",
]
image = {name = "nginx"}
"""
LOWERCASE = "repository name must be lowercase: try nginx"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Command(capsys, {"DOCKER_HOST": "unix:///nowhere/engine.sock"})


def found(tmp_path: Path, content: str, name: str = "one.toml") -> list[str]:
    """What is wrong with a file of that content, each with its line."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    examined = lesson_files.examine_lesson(path)
    assert (examined.lesson is None) == bool(examined.mistakes)
    assert all(it.hint for it in examined.mistakes)
    if examined.mistakes:
        with pytest.raises(ManagerError) as caught:
            lesson_files.load_lesson(path)
        assert caught.value.message == str(examined.mistakes[0])
        assert caught.value.exit_code == ExitCode.USAGE
    return [str(it).removeprefix(f"{path} ").removeprefix(f"{path}: ") for it in examined.mistakes]


@pytest.mark.parametrize(
    "path", sorted(lesson_files.BUILT_IN_FOLDER.glob("*.toml")), ids=lambda p: p.stem
)
def test_nothing_is_wrong_with_the_lessons_that_come_with_the_program(path: Path) -> None:
    assert lesson_files.examine_lesson(path).mistakes == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the lesson has no steps"),
        ('title = "one"\nstep = 3\n', "line 2: the lesson has no steps"),
        ('title = "one"\nstep = [3]\n', "line 2: step 1: the step is not a table"),
        (GOOD.replace('title = "one"', ""), "line 1: the lesson has no title"),
        (GOOD.replace('"one"', "1"), "line 1: title is 1; expected a string in quotes"),
        ('colour = "red"\n' + GOOD, "line 1: colour is not a valid key"),
        (
            GOOD.replace("say =", "sya ="),
            "line 3: step 1: sya is not a valid key; did you mean say?",
        ),
        (GOOD.replace('"do it"', '" "'), "line 2: step 1: the step has no text"),
        (GOOD.replace("do it", "do it " * 41), "line 3: step 1: say has 82 words; the limit is 80"),
        (GOOD + f'hint = "{"x " * 81}"', "line 6: step 1: hint has 81 words; the limit is 80"),
        (
            GOOD.replace("docker pull", "docker pull " + "x" * 80),
            "line 4: step 1: docker: a line has 98 characters; the limit is 76",
        ),
        (
            GOOD.replace('docker = ["docker pull nginx"]\n', ""),
            "step 1: the step has no line to type",
        ),
        (GOOD.replace('image = {name = "nginx"}', ""), "step 1: the step has neither a check nor"),
        (GOOD.replace('{name = "nginx"}', "{}"), "step 1: the step has neither a check nor"),
        (GOOD.replace('{name = "nginx"}', "[{}]"), "line 5: step 1: image has no name"),
        (GOOD.replace('{name = "nginx"}', '"nginx"'), 'line 5: step 1: image is "nginx"; expected'),
        (GOOD.replace("{name =", "{nam ="), "line 5: step 1: image: nam is not a valid key"),
        (
            GOOD + 'container = {name="learn-a", state="lazy"}',
            'step 1: container: state is "lazy"; expected one of "created", "running", "paused"',
        ),
        (GOOD + 'container = [{name="learn-a"}, {count=1}]', "step 1: container 2 has no name"),
        (GOOD + 'event = {type="image"}', "step 1: event has no action"),
        (GOOD + 'file = {container="learn-a"}', "step 1: file has no path"),
        (GOOD + 'question = "why"', "step 1: the step has no answer"),
        (GOOD + 'answer = ["so"]', "step 1: the step has no question"),
        (
            GOOD + 'question = " "\nanswer = ["so"]',
            "step 1: the step has no question, or an empty one",
        ),
        (GOOD + "no_image = [3]", "line 6: step 1: no_image is [3]"),
        (GOOD + "say = again", "line 6: not valid TOML"),
        (QUESTION.replace('"so"', '""'), "line 5: step 1: answer '' is empty"),
        (GOOD.replace('"docker pull nginx"', '"", "docker rm a"'), "docker has an empty line"),
        (GOOD.replace('"docker pull nginx"', '"", "docker rm a"'), "names a container 'a'"),
        (
            GOOD.replace("[[step]]", "[[steps]]"),
            "line 2: steps is not a valid key; did you mean step?",
        ),
        (GOOD + "[extra]\na = 1", "line 6: extra is not a valid key"),
        (QUESTION.replace('"so"', '" . "'), "line 5: step 1: answer ' . ' is empty"),
        (
            QUESTION.replace('"so"', '"s", "Q"'),
            "line 5: step 1: answer 'Q' is a key that every step uses",
        ),
        (QUESTION.replace('"so"', '"the", "q"'), "line 5: step 1: answer 'the' is an article"),
        (
            QUESTION.replace('"so"', '"the", "q"'),
            "line 5: step 1: answer 'q' is a key that every step uses",
        ),
        (QUESTION.replace('["so"]', '[\n"so",\n"skip",\n]'), "line 7: step 1: answer 'skip' is"),
        (GOOD + "tag_moved = []", "line 6: step 1: tag_moved is empty"),
        (GOOD + "event = []", "line 6: step 1: event is empty"),
        (GOOD + "dockmgr = []", "line 6: step 1: dockmgr is empty"),
        (GOOD + 'hint = " "', "line 6: step 1: hint is empty"),
        (GOOD + 'question = ""\nanswer = []', "line 6: step 1: question is empty"),
        (GOOD + 'question = ""\nanswer = []', "line 7: step 1: answer is empty"),
        (GOOD.replace("do it", "do\\u001b[31m it"), "say has the control character U+001B"),
        (GOOD + 'hint = "a\\u0007"', "hint has the control character U+0007"),
        (QUESTION.replace("why", "why\\u009b"), "question has the control character U+009B"),
        (QUESTION.replace("so", "so\\u0000"), "answer has the control character U+0000"),
        (GOOD.replace("one", "a\\u202eb"), "line 1: title has the control character U+202E"),
        (GOOD.replace('nginx"]', 'nginx\\t"]'), "docker has the control character U+0009"),
        ('"\\u001b[31m" = 1\n' + GOOD, "line 1: \\u001b[31m is not a valid key"),
    ],
)
def test_what_a_file_lacks_or_should_not_have_is_said_with_its_place(
    tmp_path: Path, content: str, said: str
) -> None:
    mistakes = found(tmp_path, content)
    assert any(said in it for it in mistakes), mistakes
    assert all("\x1b" not in it for it in mistakes)


@pytest.mark.parametrize("key", ["say", "docker", "question", "answer", "container", "no_image"])
def test_a_value_of_a_wrong_kind_has_a_hint_that_can_be_copied(tmp_path: Path, key: str) -> None:
    path = tmp_path / "one.toml"
    path.write_text(f'title = "one"\n[[step]]\n{key} = 3\n', encoding="utf-8")
    first = lesson_files.examine_lesson(path).mistakes
    hint = next(it.hint for it in first if f"{key} is 3" in it.problem)
    assert hint.startswith(f"write, for example: {key} = ")


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ('event = {type="contianer", action="die"}', 'event: type is "contianer"; expected one of'),
        ('event = {type="container", action="die"}', "'*' does not begin with learn-"),
        ('event = {type="container", action="die", name="web"}', "does not begin with learn-"),
        ('file = {container="learn-a", path="etc/x"}', "path 'etc/x' does not begin with /"),
        ('same_image = ["learn-a"]', "same_image needs at least two different names"),
        (
            'other_image = ["nginx", "docker.io/library/nginx:latest"]',
            "needs at least two different names",
        ),
        ('shared_layers = ["nginx", "nginx:latest"]', "needs at least two different names"),
        (
            'same_image = ["Nginx", "nginx"]',
            "same_image: 'Nginx' is not a valid address: repository name",
        ),
        (
            'no_image = ["nginx"]',
            "no_image: 'nginx' does not begin with learn-: a learner may already",
        ),
        ('no_image = ["localhost:5000/app"]', "'localhost:5000/app' does not begin with learn-"),
        ('no_container = ["web1"]', "no_container: 'web1' does not begin with learn-"),
        ('event = {type="container", name="w"}', "event: 'w' does not begin with learn-"),
        ('event = [{type="image"}, {type="x", action="die"}]', "event 1 has no action"),
        ('event = [{type="image"}, {type="x", action="die"}]', 'event 2: type is "x"; expected'),
        ('file = {container="a"}', "file: 'a' does not begin with learn-"),
        ('no_image = ["learn-A"]', "no_image: 'learn-A' is not a valid address"),
        ('no_image = ["learn-*"]', "no_image: 'learn-*' is not a valid address"),
        ('tag_moved = ["a b"]', "tag_moved: 'a b' is not a valid address"),
        (f'tag_moved = ["a@sha256:{"0" * 64}"]', "has a digest, but checks find images by their"),
        (
            'container = {name="learn-a", image="Nginx"}',
            "container: 'Nginx' is not a valid address",
        ),
        ('container = {name="web*"}', "'web*' does not begin with learn-"),
        ('no_volume = ["*"]', "'*' does not begin with learn-"),
    ],
)
def test_checks_name_what_is_the_lessons_own(tmp_path: Path, checks: str, said: str) -> None:
    mistakes = found(tmp_path, GOOD + checks)
    assert any(said in it for it in mistakes), mistakes
    assert all(": step 1: " in it for it in mistakes)


@pytest.mark.parametrize(
    "checks",
    [
        'container = {name="learn-a", count=0}\nno_container = ["learn-a"]',
        'container = [{name="learn-*", count=2}, {name="learn-*", state="running", count=0}]',
        'container = [{name="learn-*", state="exited"}, {name="learn-*", port=80, count=1}]',
        'container = {name="learn-a", state="created", exit_code=127}',
        'container = {name="learn-[a-c]?*_.", image="ghcr.io/org/app:1", port=80}',
        'container = {name="learn-a*"}\nno_container = ["learn-a?"]',
        'same_image = ["learn-a", "learn-b"]\nother_image = ["learn-a", "nginx"]',
        'shared_layers = ["learn-a", "nginx"]\nsame_image = ["learn-a", "nginx"]',
        'event = [{type="container", action="health_status", name="learn-*"}]',
        'event = {type="container", action="exec_die", name="learn-*", exit_code=1}',
        'event = {type="image", action="push", name="localhost:5000/learn-a:1"}',
        'no_image = ["localhost:5000/learn-a"]\nno_volume = ["learn-a"]\nvolume = ["learn-b"]',
        'file = {container="learn-a", path="/srv/a b", change="deleted"}',
    ],
)
def test_checks_that_can_hold_pass(tmp_path: Path, checks: str) -> None:
    assert found(tmp_path, MAKING + checks) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("docker run nginx", "docker run gives no name of a container"),
        ("docker create --rm nginx", "docker create gives no name of a container"),
        ("dockmgr spawn nginx --rm", "dockmgr spawn gives no name of a container"),
        (
            "docker run -dit --name web nginx",
            "docker run names a container 'web', which lacks learn-",
        ),
        (
            "docker run -h web --name=web nginx",
            "docker run names a container 'web', which lacks learn-",
        ),
        ("podman run --name web nginx", "podman run names a container 'web', which lacks learn-"),
        (
            "sudo docker container run --name web nginx",
            "docker run names a container 'web', which lacks learn-",
        ),
        (
            "dockmgr spawn nginx --count 2 --name 'web-{n:02}'",
            "dockmgr spawn names a container 'web-{n:02}', which lacks learn-",
        ),
        (
            "docker run --rm -v data:/x nginx",
            "docker run names a volume 'data', which lacks learn-",
        ),
        (
            "dockmgr spawn nginx --name learn-a --volume data:/x",
            "dockmgr spawn names a volume 'data', which lacks learn-",
        ),
        ("docker volume create", "docker volume create gives no name of a volume"),
        (
            "docker volume create data",
            "docker volume create names a volume 'data', which lacks learn-",
        ),
        (
            "docker volume remove -f data",
            "docker volume rm names a volume 'data', which lacks learn-",
        ),
        (
            "docker tag busybox localhost:5000/app:1",
            "docker tag names an image 'localhost:5000/app:1', which lacks learn-",
        ),
        (
            "docker tag busybox learn-App",
            "names an image 'learn-App': repository name must be lowercase: try learn-app",
        ),
        ("dockmgr tag busybox learn-a b", "dockmgr tag names an image 'b', which lacks learn-"),
        ("docker commit -m text learn-a", "docker commit gives no name of an image"),
        (
            "docker commit -p learn-a app:1",
            "docker commit names an image 'app:1', which lacks learn-",
        ),
        ("docker build .", "docker build gives no name of an image"),
        ("docker build -q --tag app .", "docker build names an image 'app', which lacks learn-"),
        ("docker buildx build -t app .", "docker build names an image 'app', which lacks learn-"),
        ("docker rm --force web", "docker rm names a container 'web', which lacks learn-"),
        (
            "docker stop --time 1 learn-a web",
            "docker stop names a container 'web', which lacks learn-",
        ),
        ("docker rename learn-a web", "docker rename names a container 'web', which lacks learn-"),
        ("docker rmi nginx", "docker rmi names an image 'nginx', which lacks learn-"),
        ("docker image rm nginx", "docker rmi names an image 'nginx', which lacks learn-"),
        (
            "docker network create lan",
            "docker network create names a network 'lan', which lacks learn-",
        ),
        ("docker compose up --detach", "docker compose gives no name of a project"),
        (
            "docker pull nginx && docker kill web",
            "docker kill names a container 'web', which lacks learn-",
        ),
        ("docker ps -aq | xargs docker rm", "lines may not run 'xargs'"),
        (
            "docker rm -f $(docker ps -aq)",
            "'docker rm -f $(docker ps -aq)' runs a command within a command",
        ),
        (
            'docker rm -f "`docker ps -aq`"',
            "'docker rm -f \"`docker ps -aq`\"' runs a command within a command",
        ),
        ("cat <(docker rm x)", "'cat <(docker rm x)' runs a command within a command"),
        ("(docker rm x)", "lines may not run '(docker'"),
        ("docker run {--name,learn-a,-v,/:/h} nginx", "docker run gives no name of a container"),
        ("docker rm learn-a '#' web", "docker rm names a container '#', which lacks learn-"),
        ("bash -c 'docker rm other'", "lines may not run 'bash'"),
        ("sudo sh -c 'docker rm other'", "lines may not run 'sh'"),
        ("for c in a b; do docker ps; done", "lines may not run 'for'"),
        ("rm -rf /tmp/x", "lines may not run 'rm'"),
        ("docker ps; systemctl stop docker", "lines may not run 'systemctl'"),
        ("./docker ps", "lines may not run './docker'"),
        ("DOCKER_HOST=tcp://x docker ps", "lines may not run 'DOCKER_HOST=tcp://x'"),
        ("docker -H tcp://x ps", "docker has options before its command"),
        ("dockmgr --context x ls", "dockmgr has options before its command"),
        ("docker ps > /etc/hosts", "the line writes '/etc/hosts'"),
        ("mkdir site", "mkdir makes 'site'"),
        ("docker swarm init", "docker: 'swarm' reaches beyond what the lesson makes"),
        ("docker login -u a -p b", "docker: 'login' reaches beyond what the lesson makes"),
        ("docker logout", "docker: 'logout' reaches beyond what the lesson makes"),
        ("dockmgr login localhost:5000", "dockmgr: 'login' reaches beyond what the lesson makes"),
        ("dockmgr pin nginx", "dockmgr: 'pin' reaches beyond what the lesson makes"),
        ("dockmgr learn --reset", "dockmgr: 'learn' reaches beyond what the lesson makes"),
        (
            "dockmgr pull nginx --make-room --yes",
            "dockmgr: '--make-room' reaches beyond what the lesson makes",
        ),
        ("dockmgr lab down", "dockmgr: 'down' reaches beyond what the lesson makes"),
        ("dockmgr lab reset --yes", "dockmgr: 'reset' reaches beyond what the lesson makes"),
        (
            "docker compose -p learn-a down --rmi all",
            "docker: '--rmi' reaches beyond what the lesson makes",
        ),
        (
            "docker run --name learn-k2 -v /:/h busybox rm -rf /h",
            "docker run mounts '/' of the host",
        ),
        ("docker run --rm -v /etc:/e:ro nginx", "docker run mounts '/etc' of the host"),
        ("docker run --rm -v ~/x:/x nginx", "docker run mounts '~/x' of the host"),
        (
            "dockmgr spawn nginx --name learn-a -v data-{n}:/x",
            "dockmgr spawn names a volume 'data-{n}', which lacks learn-",
        ),
        (
            "dockmgr spawn nginx --name learn-a -v /var/run/docker.sock:/s:ro",
            "dockmgr spawn mounts '/var/run/docker.sock' of the host",
        ),
        (
            "docker run --rm --privileged nginx",
            "docker: '--privileged' reaches beyond what the lesson makes",
        ),
        ("dockmgr rm web --yes", "dockmgr rm names a container 'web', which lacks learn-"),
        ("dockmgr stop -t 1 web", "dockmgr stop names a container 'web', which lacks learn-"),
        ("dockmgr rmi nginx", "dockmgr rmi names an image 'nginx', which lacks learn-"),
        ("docker system prune --force", "docker: 'prune' reaches beyond what the lesson makes"),
        ("docker container prune", "docker: 'prune' reaches beyond what the lesson makes"),
        ("docker image prune", "docker: 'prune' reaches beyond what the lesson makes"),
        ("docker builder prune", "docker: 'prune' reaches beyond what the lesson makes"),
        ("dockmgr prune --all", "dockmgr: 'prune' reaches beyond what the lesson makes"),
        ("dockmgr apply plan.json", "dockmgr: 'apply' reaches beyond what the lesson makes"),
        (
            "docker run --name learn-a nginx 'sh",
            '"docker run --name learn-a nginx \'sh" is not a complete line: no closing quotation',
        ),
        ("dokcer ps", "lines may not run 'dokcer'"),
    ],
)
def test_a_line_makes_and_changes_only_what_is_the_lessons_own(line: str, said: str) -> None:
    faults = list(find_line_faults(line))
    assert any(said in problem for problem, _ in faults), faults
    assert all(hint for _, hint in faults)


@pytest.mark.parametrize(
    "line",
    [
        "docker pull nginx",
        "docker ps --all --filter name=web",
        "docker logs web",
        "docker run --rm nginx rm -rf /x",
        "docker run -dp 8080:80 --name learn-a -v learn-b:/x -v ./z:/z:ro nginx",
        'docker run --rm -v "$PWD/site:/srv:ro" -v /data -v ./learn-site:/y nginx',
        "docker run --rm -v .:/srv:z,ro nginx",
        "docker run --rm --mount type=bind,src=./site,dst=/x,readonly nginx",
        "docker run --rm --mount type=bind,src=./learn-x,dst=/x nginx",
        "docker run --rm --mount type=tmpfs,dst=/x nginx",
        "dockmgr spawn nginx --keep --name 'learn-{n:02}' -n 3 -- sh -c 'docker rm x'",
        "docker exec -e A=B learn-a sh -c 'a; b'",
        "docker cp web:/x ./learn-x",
        "docker cp web:/x - | wc -c",
        "docker save -o learn-a.tar nginx && docker load --input learn-a.tar",
        "mkdir learn-site && echo 'FROM busybox' > learn-site/Dockerfile",
        "docker ps # it's done",
        "echo $?; sleep 1",
        "docker container ls && docker image list && docker system df && docker context ls",
        "docker inspect --format '{{.State.Status}}' web | grep -c running",
        "sudo docker info; time docker version",
        "cd learn-site && docker build -t learn-a . && cd ..",
        "dockmgr spawn nginx --name learn-a -n 2 --volume learn-{n:02}:/x",
        "curl -sS -m 5 -o /dev/null localhost:8080 || true",
        "wget -qO- localhost:8080 | head -n 3",
        "docker ps -aq | sort -rn | wc -l",
        "docker compose version",
        "dockmgr lab status",
        "dockmgr lab env",
        "dockmgr undo --dry-run",
        "dockmgr pull nginx --make-room --dry-run",
        "docker cp web:/x learn-a:/x",
        "docker tag nginx localhost:5000/org/learn-app:1",
        "docker build --no-cache -t learn-a .",
        "docker stop -t 1 learn-a > /dev/null 2>&1  # wait",
        "docker rmi --help",
        "docker compose -p learn-a up",
        "docker scout quickview nginx",
        "dockmgr prune --all --dry-run --why",
        "dockmgr rm learn-a -v --timeout 1 --yes",
        "dockmgr rmi nginx --dry-run",
        "curl localhost:8080",
        "echo one;",
    ],
)
def test_a_line_that_does_no_harm_passes(line: str) -> None:
    assert list(find_line_faults(line)) == []


def test_a_line_that_is_meant_to_be_refused_may_be_wrong_and_only_the_last(tmp_path: Path) -> None:
    content = GOOD.replace('"docker pull nginx"', '"docker tag nginx learn-A"')
    assert len(found(tmp_path, content)) == 1
    assert found(tmp_path, content + "fails = true") == []
    before = content.replace('learn-A"', 'learn-A", "docker rnu"')
    assert ["learn-A" in it for it in found(tmp_path, before + "fails = true")] == [True]


def test_the_words_that_are_no_answers_are_those_that_a_step_takes() -> None:
    assert {*lesson.HINT_KEYS, *lesson.SKIP_KEYS, *lesson.QUIT_KEYS} == STEP_KEYS


@given(st.text(ascii_lowercase + " '\"$;|&<>#-=", max_size=30))
def test_whatever_a_line_is_it_is_read_or_refused(line: str) -> None:
    for problem, hint in find_line_faults(f"docker {line}"):
        assert problem
        assert hint


def test_every_mistake_of_a_file_is_told_in_order(tmp_path: Path) -> None:
    mistakes = found(tmp_path, TWO_STEPS)
    assert [it.partition("; ")[0].partition(",")[0] for it in mistakes] == [
        "line 4: step 1: docker: docker run names a container 'web1'",
        "line 7: step 2: the step has no text",
        "line 11: step 2: docker: docker: 'prune' reaches beyond what the lesson makes",
        "line 13: step 2: image 2: nam is not a valid key",
        "line 13: step 2: image 2: digest is 3",
        "line 13: step 2: image 2 has no name",
        f"line 13: step 2: image 1: 'Nginx' is not a valid address: {LOWERCASE}",
    ]


def test_the_same_mistake_is_told_of_each_line_that_has_it(tmp_path: Path) -> None:
    lines = (
        '[\n  "docker rm web",\n  # again\n  "docker ps", "docker rm web",\n  "docker rm web"\n]'
    )
    mistakes = found(tmp_path, GOOD.replace('["docker pull nginx"]', lines))
    assert [it.partition(":")[0] for it in mistakes] == ["line 5", "line 7", "line 8"]
    tables = (
        'event = [\n  {type="volume", action="create"},\n  {type="image"},\n'
        '  {type="volume", action="create"},\n]'
    )
    assert [it.partition(",")[0] for it in found(tmp_path, GOOD + tables)] == [
        "line 7: step 1: event 1: '*' does not begin with learn-: a learner may already have one",
        "line 8: step 1: event 2 has no action",
        "line 9: step 1: event 3: '*' does not begin with learn-: a learner may already have one",
    ]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("docker rm -f $(docker ps -aq)", "write each command as a line"),
        ("dockmgr prune", "can be shown with --dry-run"),
        ("docker run --name web nginx", "has a name that begins with learn-: learn-web"),
        ("docker tag a localhost:5000/b", "begins with learn-: localhost:5000/learn-b"),
        ("rm -rf x", "beside docker and dockmgr they may run: cat, cd, curl"),
        ("docker run --rm -v /:/x nginx", "mount a volume, or ./learn-site"),
    ],
)
def test_a_hint_is_about_that_line(line: str, hint: str) -> None:
    assert any(hint in it for _, it in find_line_faults(line)), list(find_line_faults(line))


def test_lessons_of_one_number_are_mistakes_of_all_but_the_first(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d", "e"):
        number = "number = 7\n" if name in "abc" else ""
        (tmp_path / f"{name}.toml").write_text(number + GOOD, encoding="utf-8")
    examined = lesson_files.examine_lessons(lesson_files.list_lesson_files(tmp_path))
    told = [[(it.line, it.problem) for it in one.mistakes] for one in examined]
    assert told == [[], *2 * [[(1, "a.toml already has number 7")]], [], []]
    assert [one.lesson is None for one in examined] == [False, True, True, False, False]


def test_the_documented_lesson_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/lessons.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    assert found(tmp_path, example) == []
    assert lesson_files.load_lesson(tmp_path / "one.toml").number == 1


def test_the_documented_checks_are_some(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/lessons.md").read_text(encoding="utf-8")
    step = page.split("```toml\n")[2].partition("```")[0]
    assert found(tmp_path, f'title = "one"\n{step}') == []
    for key in ("image", "volume", "file", "event", "tag_moved"):
        assert f"\n{key} = " in step
    assert " ".join(OTHER_PROGRAMS) in page


def test_lines_are_found_together_as_one_by_one() -> None:
    paths = [("title",), ("step", 1, "docker"), ("step", 1, "image", 1), ("step", 0), ()]
    assert find_lines(TWO_STEPS, paths) == [find_line(TWO_STEPS, path) for path in paths]
    assert find_lines(TWO_STEPS, paths) == [1, 9, 13, 2, 1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("check.toml", "dockmgr learn check checks lessons"),
        ("a b.toml", "'a b' is not a valid name of a lesson"),
        ("-a.toml", "'-a' is not a valid name"),
        ("a$.toml", "'a$' is not a valid name"),
    ],
)
def test_a_name_that_nobody_could_type_is_a_mistake(tmp_path: Path, name: str, said: str) -> None:
    assert said in found(tmp_path, GOOD, name)[0]


def test_what_cannot_be_read_is_one_mistake(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_bytes(b'title = "one"\n\xff')
    (tmp_path / "two.toml").mkdir()
    first, second = map(lesson_files.examine_lesson, lesson_files.list_lesson_files(tmp_path))
    assert [str(it) for it in first.mistakes] == [f"{first.file} line 2: not UTF-8 text"]
    assert [it.line for it in second.mistakes] == [None]


def test_a_name_that_no_folder_can_have(run: Command) -> None:
    refused = run("learn", "check", "a" * 300)
    assert refused.code == 1
    assert "File name too long" in refused.err


def test_a_teachers_lessons_are_checked(run: Command, tmp_path: Path) -> None:
    assert "there are no lessons in" in run("learn", "check", str(tmp_path)).err
    mine, worse, worst = (tmp_path / f"{name}.toml" for name in ("mine", "worse", "worst"))
    mine.write_text(GOOD, encoding="utf-8")
    assert run.ok("learn", "check", str(tmp_path)).out == "mine: 1 step, no mistakes\n"
    good = {"name": "mine", "file": str(mine), "title": "one", "steps": 1, "mistakes": []}
    assert run.ok("learn", "check", str(mine), "--json").data == [good]
    assert run.ok("learn", "--lessons", str(tmp_path), "--list", "--json").data[0]["title"] == "one"
    worse.write_text(GOOD.replace("say", "sya"), encoding="utf-8")
    worst.write_text("say = again", encoding="utf-8")
    refused = run("learn", "check", str(tmp_path))
    assert refused.code == ExitCode.USAGE
    assert f"{worse} line 2: step 1: the step has no text\n  hint: add say" in refused.out
    assert f"{worse} line 3: step 1: sya is not a valid key; did you mean say?\n" in refused.out
    assert f"{worst} line 1: not valid TOML" in refused.out
    assert "error: 3 mistakes in 2 lessons of 3\n" in refused.err
    data = run("learn", "check", str(tmp_path), "--json").data
    assert data[0] == good
    assert [[it["line"] for it in row["mistakes"]] for row in data] == [[], [2, 3], [1]]
    assert set(data[1]["mistakes"][0]) == {"line", "problem", "hint"}
    taken = run("learn", "--lessons", str(tmp_path), "--list")
    assert (taken.code, taken.out) == (ExitCode.USAGE, "")
    assert f"error: {worse} line 2: step 1: the step has no text\n" in taken.err
    assert f"; to see all mistakes: dockmgr learn check {tmp_path}\n" in taken.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "docker compose -p learn-x run --privileged web",
            "docker: '--privileged' reaches beyond what the lesson makes",
        ),
        (
            "docker run --name learn-a nginx \\",
            "'docker run --name learn-a nginx \\\\' is not a complete line: no escaped character",
        ),
        (
            "docker run --name learn-a -v /etc/learn-x:/x nginx",
            "docker run mounts '/etc/learn-x' of the host",
        ),
    ],
)
def test_what_a_line_cannot_reach_by_another_way(tmp_path: Path, line: str, said: str) -> None:
    lesson = QUESTION + f"docker = ['{line}']\n" if "'" not in line else QUESTION
    assert said in " ".join(found(tmp_path, lesson))


@pytest.mark.parametrize(
    "line",
    [
        "dockmgr pin nginx --dry-run",
        "printf x > /tmp/learn-x",
        "dockmgr prune --dry-run --out learn-p.json",
    ],
)
def test_what_a_line_may_reach(tmp_path: Path, line: str) -> None:
    assert found(tmp_path, QUESTION + f"docker = ['{line}']\n") == []
