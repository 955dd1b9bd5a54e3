"""What dockmgr learn check finds in a teacher's own lessons, and what it lets pass."""

from pathlib import Path
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.cli.app import COMMANDS_BY_MODULE
from manager.cli.learn import talk as taking
from manager.config.toml_positions import find_line, find_lines
from manager.engine.events import parse_event
from manager.errors import ExitCode, ManagerError
from manager.learn import lesson_files
from manager.learn.core.check_mistakes import covers
from manager.learn.core.event_mistakes import ACTIONS
from manager.learn.core.line_mistakes import faults_of_line
from manager.learn.core.reach import HARMLESS
from manager.learn.core.shell_lines import Command as Line
from manager.learn.core.shell_lines import commands
from manager.learn.core.text_mistakes import KEYS
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
TRY = "try nginx"


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
        ("", "it has no steps"),
        ('title = "one"\nstep = 3\n', "line 2: it has no steps"),
        ('title = "one"\nstep = [3]\n', "line 2: step 1: it is no table"),
        (GOOD.replace('title = "one"', ""), "line 1: it has no title"),
        (GOOD.replace('"one"', "1"), "line 1: title is 1; expected a text in quotes"),
        ('colour = "red"\n' + GOOD, "line 1: colour is not a setting"),
        (GOOD.replace("say =", "sya ="), "line 3: step 1: sya is not a setting; did you mean say?"),
        (GOOD.replace('"do it"', '" "'), "line 2: step 1: it says nothing"),
        (GOOD.replace("do it", "do it " * 41), "line 3: step 1: say has 82 words, and may have 80"),
        (GOOD + f'hint = "{"x " * 81}"', "line 6: step 1: hint has 81 words, and may have 80"),
        (
            GOOD.replace("docker pull", "docker pull " + "x" * 80),
            "line 4: step 1: docker: a line has 98 letters, and may have 76",
        ),
        (GOOD.replace('docker = ["docker pull nginx"]\n', ""), "step 1: it has no line to type"),
        (GOOD.replace('image = {name = "nginx"}', ""), "step 1: it has nothing that shows it was"),
        (GOOD.replace('{name = "nginx"}', "{}"), "step 1: it has nothing that shows it was"),
        (GOOD.replace('{name = "nginx"}', "[{}]"), "line 5: step 1: image has no name"),
        (GOOD.replace('{name = "nginx"}', '"nginx"'), 'line 5: step 1: image is "nginx"; expected'),
        (GOOD.replace("{name =", "{nam ="), "line 5: step 1: image: nam is not a setting"),
        (
            GOOD + 'container = {name="learn-a", state="lazy"}',
            'step 1: container: state is "lazy"; expected one of "created", "running", "paused"',
        ),
        (GOOD + 'container = [{name="learn-a"}, {count=1}]', "step 1: container 2 has no name"),
        (GOOD + 'event = {type="image"}', "step 1: event has no action"),
        (GOOD + 'file = {container="learn-a"}', "step 1: file has no path"),
        (GOOD + 'question = "why"', "step 1: it has no answer"),
        (GOOD + 'answer = ["so"]', "step 1: it has no question"),
        (GOOD + 'question = " "\nanswer = ["so"]', "step 1: it has no question, or an empty one"),
        (GOOD + "no_image = [3]", "line 6: step 1: no_image is [3]"),
        (GOOD + "say = again", "line 6: not valid TOML"),
        (QUESTION.replace('"so"', '""'), "line 5: step 1: answer '' is empty"),
        (GOOD.replace('"docker pull nginx"', '"", "docker rm a"'), "docker has an empty line"),
        (GOOD.replace('"docker pull nginx"', '"", "docker rm a"'), "names a container 'a'"),
        (
            GOOD.replace("[[step]]", "[[steps]]"),
            "line 2: steps is not a setting; did you mean step?",
        ),
        (GOOD + "[extra]\na = 1", "line 6: extra is not a setting"),
        (QUESTION.replace('"so"', '" . "'), "line 5: step 1: answer ' . ' is empty"),
        (
            QUESTION.replace('"so"', '"s", "Q"'),
            "line 5: step 1: answer 'Q' can never be given: it is a",
        ),
        (QUESTION.replace('"so"', '"the", "q"'), "line 5: step 1: answer 'the' is an article"),
        (QUESTION.replace('"so"', '"the", "q"'), "line 5: step 1: answer 'q' can never be given"),
        (QUESTION.replace('["so"]', '[\n"so",\n"skip",\n]'), "line 7: step 1: answer 'skip' can"),
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
        ('"\\u001b[31m" = 1\n' + GOOD, "line 1: \\u001b[31m is not a setting"),
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
        (
            'event = {type="contianer", action="die"}',
            "'contianer' is none that engines tell of; did",
        ),
        ('event = {type="contianer", action="strat"}', "'strat' is none that happens to anything"),
        ('event = {type="container", action="strat"}', "did you mean start?"),
        ('event = {type="container", action="die"}', "it holds for every container"),
        ('event = {type="network", action="remove"}', "did you mean destroy?"),
        ('event = {type="container", action="died"}', "did you mean die?"),
        ('event = {type="container", action="remove"}', "did you mean destroy?"),
        ('event = {type="image", action="start"}', "'start' is none that happens to an image"),
        ('event = {type="image", action="pull", exit_code=0}', "exit_code is told with no pull"),
        ('event = {type="container", action="die", name="web"}', "does not begin with learn-"),
        ('event = {type="image", action="pull", name="a b"}', "'a b' has ' ', which no name of a"),
        ('file = {container="learn-a", path="etc/x"}', "path 'etc/x' does not begin with /"),
        (
            'file = {container="learn-a", path="/a/../b/"}',
            "'/a/../b/' is not as engines tell paths",
        ),
        ('file = {container="learn-a::", path="/a"}', "'learn-a::' has ':'"),
        ('same_image = ["learn-a"]', "same_image: needs two different names"),
        ('other_image = ["nginx", "docker.io/library/nginx:latest"]', "needs two different names"),
        ('shared_layers = ["nginx", "nginx:latest"]', "needs two different names"),
        ('same_image = ["Nginx", "nginx"]', "same_image: 'Nginx' is no address: repository name"),
        ('no_image = ["nginx"]', "no_image: 'nginx' does not begin with learn-: a learner may"),
        ('no_image = ["localhost:5000/app"]', "'localhost:5000/app' does not begin with learn-"),
        ('no_container = ["web1"]', "no_container: 'web1' does not begin with learn-"),
        ('event = {type="containr", actoin="die"}', "event: type 'containr' is none"),
        ('event = {type="container", name="w"}', "event: 'w' does not begin with learn-"),
        ('event = [{type="containr"}, {type="x", action="die"}]', "event 1: type 'containr' is"),
        ('event = [{type="containr"}, {type="x", action="die"}]', "event 2: type 'x' is none"),
        ('file = {container="a"}', "file: 'a' does not begin with learn-"),
        (
            'container = {name="learn-zz"}',
            "container: no line up to here makes a container 'learn-",
        ),
        ('no_container = ["learn-zz"]', "no_container: no line up to here makes a container"),
        ('volume = ["learn-zz"]', "volume: no line up to here makes a volume 'learn-zz'"),
        ('tag_moved = ["learn-zz"]', "tag_moved: no line up to here makes an image 'learn-zz'"),
        ('same_image = ["nginx", "learn-z"]', "same_image: no line up to here makes an image"),
        ('file = {container="learn-zz", path="/a"}', "file: no line up to here makes a container"),
        ('no_image = ["learn-A"]', "no_image: 'learn-A' is no address"),
        ('no_image = ["learn-*"]', "no_image: 'learn-*' is no address"),
        ('tag_moved = ["a b"]', "tag_moved: 'a b' is no address"),
        (f'tag_moved = ["a@sha256:{"0" * 64}"]', "has a digest, and images are known here by"),
        ('container = {name="learn-a", image="Nginx"}', "container: image 'Nginx' is no address"),
        ('container = {name="learn-a::b"}', "'learn-a::b' has ':', which no name of a container"),
        ('container = {name="learn-[a"}', "'learn-[a' has '['"),
        (
            'container = {name="learn-[:;]"}',
            "'learn-[:;]' has '[:;]', which no letter of a name",
        ),
        ('container = {name="web*"}', "'web*' does not begin with learn-"),
        ('no_volume = ["*"]', "'*' does not begin with learn-"),
        ('volume = ["learn-é"]', "'learn-é' has 'é', which no name of a volume has"),
        ('container = {name="learn-a", state="running", exit_code=0}', "running has no exit_code"),
        ('container = {name="learn-a", count=2}', "one container at most is called 'learn-a'"),
        ('container = {name="learn-a"}\nno_container = ["learn-a"]', "contradict each other"),
        ('container = {name="learn-a1"}\nno_container = ["learn-a*"]', "contradict each other"),
        ('file = {container="learn-a", path="/a"}\nno_container = ["learn-a"]', "contradict"),
        (
            'volume = ["learn-a"]\nno_volume = ["learn-*"]',
            "volume 'learn-a' and no_volume 'learn-*'",
        ),
        ('no_image = ["docker.io/library/nginx"]', "image and no_image are both about 'nginx'"),
        (
            'tag_moved = ["learn-a"]\nno_image = ["learn-a:latest"]',
            "tag_moved and no_image are both",
        ),
        (
            'same_image = ["a", "b", "c"]\nother_image = ["c", "d", "a"]',
            "are both about a:latest and",
        ),
        (
            'container = [{name="learn-a", state="exited"}, {name="learn-a", state="running"}]',
            "container 'learn-a' cannot have two values of state",
        ),
        (
            'container = [{name="learn-*", count=1}, {name="learn-*", count=2}]',
            "container 'learn-*' cannot have two values of count",
        ),
        (
            'container = [{name="learn-a", state="exited"}, {name="learn-*", count=0}]',
            "container 'learn-a' is to be there, and to be there 0 times",
        ),
    ],
)
def test_checks_that_never_hold_or_hold_for_everybody_are_mistakes(
    tmp_path: Path, checks: str, said: str
) -> None:
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


def test_what_a_line_of_an_earlier_step_makes_can_be_checked(tmp_path: Path) -> None:
    later = MAKING + '\n[[step]]\nsay = "more"\ndocker = ["docker ps"]\n'
    checks = 'container = {name="learn-a", state="exited"}\nvolume = ["learn-b"]\n'
    assert found(tmp_path, later + checks) == []
    earlier = GOOD + checks + MAKING.partition("\n")[2]
    assert len(found(tmp_path, earlier)) == 2
    spawned = GOOD.replace("docker pull nginx", "dockmgr spawn nginx --name 'learn-{n:02}-x'")
    assert found(tmp_path, spawned + 'container = {name="learn-01-x"}') == []
    volumes = GOOD.replace(
        "docker pull nginx", "dockmgr spawn nginx --name learn-a -v 'learn-v{n}:/x'"
    )
    assert found(tmp_path, volumes + 'volume = ["learn-v1"]') == []
    hidden = GOOD.replace("docker pull nginx", "docker compose -p learn-a up")
    assert found(tmp_path, hidden + 'container = {name="learn-a-web-1"}') == []


@pytest.mark.parametrize("kind", ["container", "image", "volume", "network"])
def test_events_are_known_in_the_words_that_they_are_told_in(kind: str) -> None:
    for action in ACTIONS[kind]:
        told = parse_event({"Type": kind, "Action": action, "Actor": {}})
        assert told.action == action


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("docker run nginx", "docker run gives no name of a container"),
        ("docker create --rm nginx", "docker create gives no name of a container"),
        ("dockmgr spawn nginx --rm", "dockmgr spawn gives no name of a container"),
        ("docker run -dit --name web nginx", "names a container 'web', which does not begin"),
        ("docker run -h web --name=web nginx", "names a container 'web'"),
        ("podman run --name web nginx", "names a container 'web'"),
        ("sudo docker container run --name web nginx", "names a container 'web'"),
        ("dockmgr spawn nginx --count 2 --name 'web-{n:02}'", "names a container 'web-{n:02}'"),
        ("docker run --name 'learn-[x]' nginx", "and no container can be called so"),
        ("dockmgr spawn nginx --name 'learn-[x]'", "has a --name that cannot be"),
        ("docker run --rm -v data:/x nginx", "names a volume 'data'"),
        ("docker run --rm -itvdata:/x nginx", "names a volume 'data'"),
        ("docker run --rm --mount type=volume,src=data,dst=/x nginx", "names a volume 'data'"),
        ("dockmgr spawn nginx --name learn-a --volume data:/x", "names a volume 'data'"),
        ("docker volume create", "gives no name of a volume"),
        ("docker volume create data", "names a volume 'data'"),
        ("docker volume remove -f data", "docker volume rm names a volume 'data'"),
        ("docker tag busybox localhost:5000/app:1", "names an image 'localhost:5000/app:1'"),
        ("docker tag busybox learn-App", "repository name must be lowercase: try learn-app"),
        ("dockmgr tag busybox learn-a b", "dockmgr tag names an image 'b'"),
        ("docker commit -m text learn-a", "docker commit gives no name of an image"),
        ("docker commit -p learn-a app:1", "names an image 'app:1'"),
        ("docker build .", "docker build gives no name of an image"),
        ("docker build -q --tag app .", "names an image 'app'"),
        ("docker buildx build -t app .", "docker build names an image 'app'"),
        ("docker rm --force web", "docker rm names a container 'web'"),
        ("docker stop --time 1 learn-a web", "docker stop names a container 'web'"),
        ("docker rename learn-a web", "docker rename names a container 'web'"),
        ("docker exec -it web sh", "docker exec names a container 'web'"),
        ("docker cp ./x web:/x", "docker cp names a container 'web'"),
        ("docker rmi nginx", "docker rmi names an image 'nginx'"),
        ("docker image rm nginx", "docker rmi names an image 'nginx'"),
        ("docker network create lan", "docker network create names a network 'lan'"),
        ("docker network connect lan web", "names a container 'web'"),
        ("docker compose up --detach", "docker compose gives no name of a project"),
        ("docker pull nginx && docker kill web", "docker kill names a container 'web'"),
        ("docker ps -aq | xargs docker rm", "'xargs' runs commands that cannot be seen"),
        ("docker rm -f $(docker ps -aq)", "what another command prints stands in it"),
        ('docker rm -f "`docker ps -aq`"', "what another command prints stands in it"),
        ("cat <(docker rm x)", "what another command prints stands in it"),
        ("(docker rm x)", "it has brackets"),
        ("docker rm learn-$NAME", "it has the variable $NAME"),
        ('docker exec learn-a sh -c "echo $HOME"', "it has the variable $HOME"),
        ("docker run {--name,learn-a,-v,/:/h} nginx", "a shell makes several words of {--name,"),
        ("docker rm learn-a '#' web", "docker rm names a container 'web'"),
        ("bash -c 'docker rm other'", "'bash' runs commands that cannot be seen one by one"),
        ("sudo sh -c 'docker rm other'", "'sh' runs commands that cannot be seen one by one"),
        ("for c in a b; do docker ps; done", "'for' runs commands that cannot be seen"),
        ("rm -rf /tmp/x", "'rm' is no program that lessons may run"),
        ("docker ps; systemctl stop docker", "'systemctl' is no program that lessons may run"),
        ("./docker ps", "there is no './docker'; did you mean docker?"),
        ("DOCKER_HOST=tcp://x docker ps", "it sets DOCKER_HOST on the learner's machine"),
        ("docker -H tcp://x ps", "docker ps is told of another engine"),
        ("dockmgr --context x ls", "dockmgr ls is told of another engine"),
        ("docker ps > /etc/hosts", "a line writes '/etc/hosts', which is not the lesson's"),
        ("docker ps >& learn-a/../x", "a line writes 'learn-a/../x'"),
        ("mkdir site", "mkdir writes 'site'"),
        ("sort -o x y", "sort -o may write files"),
        ("curl -so x localhost", "curl writes 'x'"),
        ("curl -X DELETE localhost", "curl has the option X"),
        ("curl --unix-socket /var/run/docker.sock x", "curl has the option unix-socket"),
        ("wget localhost:8080", "wget writes a file"),
        ("docker save -o x.tar nginx", "docker save writes 'x.tar'"),
        ("docker export --output=/x learn-a", "docker export writes '/x'"),
        ("docker build -t learn-a -o type=local,dest=/x .", "docker build writes '/x'"),
        ("docker cp web:/x .", "docker cp writes '.'"),
        ("docker load", "docker load takes whatever images it is given"),
        ("docker load -i x.tar", "docker load takes whatever images it is given"),
        ("docker swarm init", "docker swarm init reaches further than what is the lesson's own"),
        ("docker context rm x", "docker context rm reaches further"),
        ("docker plugin install x", "docker plugin install reaches further"),
        ("docker login -u a -p b", "docker login reaches further"),
        ("docker logout", "docker logout reaches further"),
        ("docker desktop stop", "docker desktop reaches further"),
        ("dockmgr login localhost:5000", "dockmgr login reaches further"),
        ("dockmgr pin nginx", "dockmgr pin reaches further"),
        ("dockmgr learn --reset", "dockmgr learn reaches further"),
        ("dockmgr pull nginx --make-room --yes", "dockmgr pull --make-room also removes"),
        ("dockmgr lab down", "dockmgr lab down is about the learner's whole lab"),
        ("dockmgr lab reset --yes", "dockmgr lab reset is about the learner's whole lab"),
        ("dockmgr lab up --dry-run", "dockmgr lab up is about the learner's whole lab"),
        ("dockmgr foo", "dockmgr has no command 'foo'"),
        ("dockmgr foo --help", "dockmgr has no command 'foo'"),
        ("docker frobnicate", "docker has no command 'frobnicate'"),
        ("docker ls", "docker has no command 'ls'"),
        ("docker container pull nginx", "docker has no command 'container pull'"),
        ("docker compose -p learn-a frobnicate", "docker compose frobnicate is none"),
        ("docker compose -p learn-a down --rmi all", "docker compose down --rmi also removes"),
        ("docker attach --no-stdin web", "docker attach names a container 'web'"),
        ("docker run --name learn-k2 -v /:/h busybox rm -rf /h", "docker run mounts '/' of the"),
        ("docker run --rm -v /etc:/e:ro nginx", "docker run mounts '/etc' of the machine"),
        ("docker run --rm -v ./site:/srv nginx", "docker run mounts './site' of the machine"),
        ("docker run --rm -v ./a/../../b:/x:ro nginx", "docker run mounts './a/../../b'"),
        ("docker run --rm -v ~/x:/x nginx", "docker run mounts '~/x' of the machine"),
        ("docker run --rm --mount type=bind,src=/srv,dst=/x nginx", "docker run mounts '/srv'"),
        ("docker run --rm --mount type=bind,src=./a,dst=/x nginx", "docker run mounts './a'"),
        ("docker run --rm --mount src=learn-a,dst=/x,volume-opt=device=/ a", "a volume options"),
        ('docker run --rm --mount \'"type=bind","src=/",dst=/h\' nginx', "docker run mounts '/'"),
        ("docker run --rm --mount Type=bind,SRC=/,dst=/h nginx", "docker run mounts '/'"),
        ("docker run --rm --mount '\"type=bind' nginx", "docker run has a --mount that cannot be"),
        ("docker run --rm -v ./docker.sock:/s:ro nginx", "docker run mounts './docker.sock'"),
        ("cd /var/run; docker ps", "cd goes to '/var/run', which is not the lesson's"),
        ("dockmgr spawn nginx --name learn-a -v data-{n}:/x", "names a volume 'data-{n}'"),
        ("docker volume create -o device=/ learn-a", "gives a volume options"),
        ("dockmgr spawn nginx --name learn-a -v /var/run/docker.sock:/s:ro", "mounts '/var/run/"),
        ("docker run --rm --privileged nginx", "docker run --privileged reaches further"),
        ("docker run --rm --cap-add ALL nginx", "docker run --cap-add reaches further"),
        ("docker run --rm --pid=host nginx", "docker run --pid host reaches further"),
        ("docker run --rm --volumes-from web nginx", "docker run names a container 'web'"),
        ("docker rm 'learn-*'", "and no container can be called so"),
        ("dockmgr rm web --yes", "dockmgr rm names a container 'web'"),
        ("dockmgr stop -t 1 web", "dockmgr stop names a container 'web'"),
        ("dockmgr scale web 3", "dockmgr scale names a container 'web'"),
        ("dockmgr rmi nginx", "dockmgr rmi names an image 'nginx'"),
        ("docker system prune --force", "docker system prune would also change what is not"),
        ("docker container prune", "docker container prune would also change"),
        ("docker image prune", "docker image prune would also change"),
        ("docker builder prune", "docker builder prune would also change"),
        ("dockmgr prune --all", "dockmgr prune would also change"),
        ("dockmgr apply plan.json", "dockmgr apply would also change"),
        ("docker run --name learn-a nginx 'sh", "no shell can read"),
        ("docker strat learn-a", "there is no 'strat'; did you mean stats or start?"),
        ("dokcer ps", "there is no 'dokcer'; did you mean docker?"),
        ("dockmgr spwan nginx --name learn-a", "there is no 'spwan'; did you mean spawn?"),
    ],
)
def test_a_line_makes_and_changes_only_what_is_the_lessons_own(line: str, said: str) -> None:
    faults = list(faults_of_line(line))
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
        "docker run --rm nginx sh -c 'echo $(date) $HOME' # (not on the host)",
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
    assert list(faults_of_line(line)) == []


def test_a_line_that_is_meant_to_be_refused_may_be_wrong_and_only_the_last(tmp_path: Path) -> None:
    content = GOOD.replace('"docker pull nginx"', '"docker tag nginx learn-A"')
    assert len(found(tmp_path, content)) == 1
    assert found(tmp_path, content + "fails = true") == []
    before = content.replace('learn-A"', 'learn-A", "docker rnu"')
    assert ["learn-A" in it for it in found(tmp_path, before + "fails = true")] == [True]


def test_every_command_of_the_program_is_known_as_one() -> None:
    for verb in (verb for verbs in COMMANDS_BY_MODULE.values() for verb in verbs):
        assert list(faults_of_line(f"dockmgr {verb} --help")) == []


def test_a_line_is_read_as_the_program_would() -> None:
    assert commands(
        "A=1 docker -H x run -de B=1 --rm nginx --name a | cat && dockmgr ls -- -x"
    ) == (
        Line(
            "docker",
            "run",
            (("d", ""), ("e", "B=1"), ("rm", "")),
            ("nginx", "--name", "a"),
            (("H", "x"),),
        ),
        Line("dockmgr", "ls", (), ("-x",)),
    )


def test_the_words_that_are_no_answers_are_those_that_a_step_takes() -> None:
    assert {*taking.HINT_KEYS, *taking.SKIP_KEYS, *taking.QUIT_KEYS} == KEYS


globs = st.text("ab*?", min_size=1, max_size=4)


@given(wide=globs, narrow=globs, name=st.text("abc", max_size=5))
def test_a_glob_that_covers_another_fits_all_that_it_fits(
    wide: str, narrow: str, name: str
) -> None:
    from fnmatch import fnmatchcase

    if covers(wide, narrow) and fnmatchcase(name, narrow):
        assert fnmatchcase(name, wide)


@given(st.text(ascii_lowercase + " '\"$;|&<>#-=", max_size=30))
def test_whatever_a_line_is_it_is_read_or_refused(line: str) -> None:
    for problem, hint in faults_of_line(f"docker {line}"):
        assert problem
        assert hint


def test_every_mistake_of_a_file_is_told_in_order(tmp_path: Path) -> None:
    mistakes = found(tmp_path, TWO_STEPS)
    assert [it.partition("; ")[0].partition(",")[0] for it in mistakes] == [
        "line 4: step 1: docker: docker run names a container 'web1'",
        "line 5: step 1: container: what is running has no exit_code",
        "line 7: step 2: it says nothing",
        "line 11: step 2: docker: docker system prune would also change what is not the lesson's",
        "line 13: step 2: image 2: nam is not a setting",
        "line 13: step 2: image 2: digest is 3",
        "line 13: step 2: image 2 has no name",
        "line 13: step 2: image 1: 'Nginx' is no address: repository name must be lowercase: "
        + TRY,
    ]


def test_the_same_mistake_is_told_of_each_line_that_has_it(tmp_path: Path) -> None:
    lines = (
        '[\n  "docker rm web",\n  # again\n  "docker ps", "docker rm web",\n  "docker rm web"\n]'
    )
    mistakes = found(tmp_path, GOOD.replace('["docker pull nginx"]', lines))
    assert [it.partition(":")[0] for it in mistakes] == ["line 5", "line 7", "line 8"]
    tables = 'event = [\n  {type="a", action="die"},\n  {type="b"},\n  {type="a", action="die"},\n]'
    assert [it.partition(";")[0] for it in found(tmp_path, GOOD + tables)] == [
        "line 7: step 1: event 1: type 'a' is none that engines tell of",
        "line 8: step 1: event 2 has no action",
        "line 8: step 1: event 2: type 'b' is none that engines tell of",
        "line 9: step 1: event 3: type 'a' is none that engines tell of",
    ]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("docker rm -f $(docker ps -aq)", "write the commands themselves, each as a line"),
        ("dockmgr prune", "show it with: dockmgr prune --dry-run"),
        ("dockmgr undo", "show what it would do with: dockmgr undo --dry-run"),
        ("dockmgr apply plan.json", "with: dockmgr apply PLAN --dry-run"),
        ("dockmgr recover", "leave it out: it also finishes or removes"),
        ("docker compose up", "write -p learn-site:"),
        ("docker login -p x", "a password on a line is seen by everybody"),
        ("rm -rf x", "beside docker and dockmgr there may be: cat, cd, curl"),
        ("docker run --rm -v /:/x nginx", "for reading, as ./site:/srv:ro, or one whose path has"),
    ],
)
def test_a_hint_is_about_that_line(line: str, hint: str) -> None:
    assert any(hint in it for _, it in faults_of_line(line)), list(faults_of_line(line))


def test_lessons_of_one_number_are_mistakes_of_all_but_the_first(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d", "e"):
        number = "number = 7\n" if name in "abc" else ""
        (tmp_path / f"{name}.toml").write_text(number + GOOD, encoding="utf-8")
    examined = lesson_files.examine_lessons(lesson_files.list_lesson_files(tmp_path))
    told = [[(it.line, it.problem) for it in one.mistakes] for one in examined]
    assert told == [[], *2 * [[(1, "number 7 is that of a.toml too")]], [], []]
    assert [one.lesson is None for one in examined] == [False, True, True, False, False]


def test_the_lesson_of_the_readme_is_one(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    example = readme.partition("### Lessons\n")[2].partition("```toml\n")[2].partition("```")[0]
    assert found(tmp_path, example) == []
    assert lesson_files.load_lesson(tmp_path / "one.toml").number == 1


def test_the_checks_of_the_readme_are_some(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    section = readme.partition("### Lessons\n")[2].partition("\n### ")[0]
    step = section.split("```toml\n")[2].partition("```")[0]
    assert found(tmp_path, f'title = "one"\n{step}') == []
    for key in ("image", "volume", "file", "event", "tag_moved"):
        assert f"\n{key} = " in step
    assert " ".join(sorted(HARMLESS)) in section


def test_lines_are_found_together_as_one_by_one() -> None:
    paths = [("title",), ("step", 1, "docker"), ("step", 1, "image", 1), ("step", 0), ()]
    assert find_lines(TWO_STEPS, paths) == [find_line(TWO_STEPS, path) for path in paths]
    assert find_lines(TWO_STEPS, paths) == [1, 9, 13, 2, 1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("check.toml", "dockmgr learn check checks lessons"),
        ("a b.toml", "its name 'a b' is no plain word to type: it has ' ' in it"),
        ("-a.toml", "its name '-a' is no plain word to type"),
        ("a$.toml", "it has '$' in it"),
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


def test_a_teachers_lessons_are_checked(run: Command, tmp_path: Path) -> None:
    assert "there are no lessons in" in run("learn", "check", str(tmp_path)).err
    mine, worse, worst = (tmp_path / f"{name}.toml" for name in ("mine", "worse", "worst"))
    mine.write_text(GOOD, encoding="utf-8")
    assert run.ok("learn", "check", str(tmp_path)).out == "mine: 1 step, no mistake was found\n"
    good = {"name": "mine", "file": str(mine), "title": "one", "steps": 1, "mistakes": []}
    assert run.ok("learn", "check", str(mine), "--json").data == [good]
    assert run.ok("learn", "--lessons", str(tmp_path), "--list", "--json").data[0]["title"] == "one"
    worse.write_text(GOOD.replace("say", "sya"), encoding="utf-8")
    worst.write_text("say = again", encoding="utf-8")
    refused = run("learn", "check", str(tmp_path))
    assert refused.code == ExitCode.USAGE
    assert f"{worse} line 2: step 1: it says nothing\n  hint: add say" in refused.out
    assert f"{worse} line 3: step 1: sya is not a setting; did you mean say?\n" in refused.out
    assert f"{worst} line 1: not valid TOML" in refused.out
    assert "error: 3 mistakes in 2 lessons of 3\n" in refused.err
    data = run("learn", "check", str(tmp_path), "--json").data
    assert data[0] == good
    assert [[it["line"] for it in row["mistakes"]] for row in data] == [[], [2, 3], [1]]
    assert set(data[1]["mistakes"][0]) == {"line", "problem", "hint"}
    taken = run("learn", "--lessons", str(tmp_path), "--list")
    assert (taken.code, taken.out) == (ExitCode.USAGE, "")
    assert f"error: {worse} line 2: step 1: it says nothing\n" in taken.err
    assert f"; to see all mistakes: dockmgr learn check {tmp_path}\n" in taken.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cd", "cd goes to the learner's home"),
        ("cd -", "cd goes to '-'"),
        ("printf -v PATH /tmp", "sets a variable on the learner's machine"),
        ("printf x > /etc/cron.d/learn-x", "writes '/etc/cron.d/learn-x'"),
        ("printf x > ~/.ssh/learn-x", "which is not the lesson's"),
        ("docker compose -p learn-x run --privileged web", "is given rights or folders"),
        ("docker compose -p learn-x run -v /etc:/h:rw web sh", "is given rights or folders"),
        ("dockmgr prune --dry-run --out plan.json", "writes 'plan.json'"),
        ("docker run --name learn-a nginx \\", "goes on in another line"),
        ("docker run --name learn-a -v /etc/learn-x:/x nginx", "/etc/learn-x"),
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
