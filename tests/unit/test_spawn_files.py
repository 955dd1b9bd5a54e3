"""What spawn reads and writes: files of groups, what was begun, ports of other programs."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from manager.engine.busy_ports import find_busy_bindings
from manager.errors import ExitCode, ManagerError
from manager.groups import spawn_records
from manager.groups.core.readiness import Readiness, health_status, parse_readiness
from manager.groups.groups_file import load_groups_file
from manager.model.ports import PortBinding
from tests.unit.make import container

WHOLE = """
networks = ["lan"]

[group.web]
image = "nginx"
name = "web-{n:02}"
count = 3
start = 5
publish = ["8080:80"]
env = ["A=1"]
memory = "64m"
init = true
stop_timeout = 3
wait = true
wait_port = [80]
timeout = "5s"
settle = "2s"

[group.job]
image = "busybox"
command = ["sleep", "600"]
"""


def test_a_file_of_groups(tmp_path: Path) -> None:
    (tmp_path / "g.toml").write_text(WHOLE, encoding="utf-8")
    found = load_groups_file(tmp_path / "g.toml")
    web, job = found.groups
    assert found.networks == ("lan",)
    assert (web.name, web.image, web.count, web.start) == ("web-{n:02}", "nginx", 3, 5)
    assert web.ready == Readiness(wait=True, ports=(80,), timeout=5.0, settle=2.0)
    assert web.options.publish == ("8080:80",)
    assert (web.options.memory, web.options.init) == ("64m", True)
    assert (job.name, job.count, job.start, job.options.command) == (
        "job",
        1,
        None,
        ("sleep", "600"),
    )


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 0, "describes no groups"),
        ("group = 3", 1, "describes no groups"),
        ("[group.web]\ncount = 3", 1, "group web has no image"),
        (
            '[group.web]\nimage = "nginx"\npublsh = ["80"]',
            3,
            "'publsh' is not a key of a group; did you mean 'publish'?",
        ),
        ('[group.web]\nimage = "nginx"\nports = ["80"]', 3, "did you mean 'publish'?"),
        ('[group.web]\nimage = "nginx"\nenvironment = ["A=1"]', 3, "did you mean 'env'?"),
        ('[group.web]\nimage = "nginx"\nreplicas = 3', 3, "did you mean 'count'?"),
        ('[group.web]\nimage = "nginx"\nVolumes = ["a:/a"]', 3, "did you mean 'volume'?"),
        ('[group.web]\nimage = "nginx"\ncontainer_name = "w"', 3, "did you mean 'name'?"),
        ('[group.web]\nimage = "nginx"\ndepends_on = ["db"]', 3, "'depends_on' is not a key"),
        ('[services.web]\nimage = "nginx"', 1, "'services' is not a key of a groups file; did you"),
        ('[group.web]\nimage = "nginx"\nstop_timeout = "soon"', 3, "a duration, such as 10 or"),
        (
            '[group.web]\nimage = "nginx"\npublish = "80"',
            3,
            'a list of strings, such as ["8080:80"]',
        ),
        ('[group.web]\nimage = "nginx"\ncount = "3"', 3, "a whole number"),
        ('[groups.web]\nimage = "nginx"', 1, "'groups' is not a key of a groups file"),
        ("group = {web = 1}", 1, "is not a table"),
        ("networks = [1]\n[group.a]\nimage = 'x'", 1, "not a list of names"),
        ("[group", 1, "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    file = tmp_path / "g.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ManagerError) as caught:
        load_groups_file(file)
    assert problem in caught.value.message
    assert f" line {line}: " in caught.value.message or not line
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ManagerError, match="there is no file"):
        load_groups_file(tmp_path / "none.toml")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "dockmgr" / "spawns"


def test_what_was_begun_is_known_when_its_process_is_gone_and_only_then(state: Path) -> None:
    assert spawn_records.find_abandoned_records("unix:///a") == ()
    with spawn_records.record_spawn("abc", "unix:///a", {"web": [1, 2], "db": [1]}) as record:
        assert spawn_records.find_abandoned_records("unix:///a") == ()
    (found,) = spawn_records.find_abandoned_records("unix:///a")
    assert found == record
    assert (found.spawn_id, found.count, found.groups) == ("abc", 3, {"web": (1, 2), "db": (1,)})
    assert spawn_records.find_abandoned_records("unix:///b") == ()
    found.delete()
    assert spawn_records.find_abandoned_records("unix:///a") == ()
    assert list(state.iterdir()) == []


def test_a_process_that_is_killed_leaves_its_record(state: Path) -> None:
    program = (
        "import time; from manager.groups import spawn_records\n"
        "with spawn_records.record_spawn('abc', 'h', {'web': [1]}): "
        "print('begun', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert spawn_records.find_abandoned_records("h") == ()
        process.kill()
    assert [record.spawn_id for record in spawn_records.find_abandoned_records("h")] == ["abc"]
    assert [file.name for file in state.iterdir()] == ["abc"]


def test_only_one_process_takes_over_what_was_cut_off(state: Path) -> None:
    with spawn_records.record_spawn("abc", "h", {"web": [1]}):
        pass
    (found,) = spawn_records.find_abandoned_records("h")
    with spawn_records.adopt_record(found) as first:
        assert first
        with spawn_records.adopt_record(found) as second:
            assert not second
        assert spawn_records.find_abandoned_records("h") == ()
        found.delete()
    with spawn_records.adopt_record(found) as third:
        assert not third
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": "h"}', '{"host": "h", "groups": 3}'])
def test_a_record_that_cannot_be_read_is_dropped_once_it_is_old(state: Path, text: str) -> None:
    state.mkdir(parents=True)
    file = state / "abc"
    file.write_text(text, encoding="utf-8")
    assert spawn_records.find_abandoned_records("h") == ()
    assert file.exists()
    import os

    os.utime(file, (time.time() - 3600,) * 2)
    assert spawn_records.find_abandoned_records("h") == ()
    assert not file.exists()


def test_ports_of_other_programs_are_seen() -> None:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        port, datagrams = tcp.getsockname()[1], udp.getsockname()[1]
        mine = PortBinding(80, port, "127.0.0.1")
        everywhere = PortBinding(80, port)
        elsewhere = PortBinding(80, port, "127.0.0.2")
        other = PortBinding(80, port, protocol="sctp")
        talk = PortBinding(80, datagrams, protocol="udp")
        found = find_busy_bindings([mine, everywhere, elsewhere, other, talk, PortBinding(80)])
        assert found == {mine, everywhere, talk}
    assert find_busy_bindings([mine, everywhere, talk]) == set()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"ports": (0,)}, "no valid port"),
        ({"ports": (70000,)}, "no valid port"),
        ({"http": "8080"}, "has no path"),
        ({"http": "x/health"}, "no valid port"),
        ({"log": "("}, "is not a valid regular expression"),
        ({"timeout": 0.0}, "is too short"),
        ({"settle": -1.0}, "is negative"),
    ],
)
def test_what_can_never_be_ready_is_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ManagerError, match=problem) as caught:
        Readiness(**options)  # type: ignore[arg-type]
    assert caught.value.exit_code is ExitCode.USAGE


def test_readiness_is_kept_as_plain_data() -> None:
    asked = Readiness(wait=True, ports=(80,), http="80/x", log="up", timeout=3.0)
    assert parse_readiness(asked.to_data()) == asked
    assert parse_readiness({}) == Readiness()
    # What was labelled before there was a settling time is read back as it was.
    assert "settle" not in asked.to_data()
    patient = Readiness(settle=5.0)
    assert parse_readiness(patient.to_data()) == patient
    assert (asked.http_port, asked.http_path) == (80, "/x")
    assert (Readiness(http="/x/y").http_port, Readiness(http="/x/y").http_path) == (None, "/x/y")
    for odd in (
        {"wait": 1},
        {**asked.to_data(), "ports": "80"},
        {**asked.to_data(), "timeout": "1"},
        {**asked.to_data(), "settle": "1"},
    ):
        with pytest.raises(ValueError, match="wait"):
            parse_readiness(odd)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Up 3 seconds (health: starting)", "starting"),
        ("Up 3 seconds (healthy)", "healthy"),
        ("Up 3 minutes (unhealthy)", "unhealthy"),
        ("Up 3 seconds", ""),
        ("Exited (1) 3 seconds ago", ""),
    ],
)
def test_health_is_read_from_dockers_words(status: str, expected: str) -> None:
    from dataclasses import replace

    assert health_status(replace(container("web1"), status=status)) == expected
