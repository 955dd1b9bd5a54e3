"""Each engine gives the same answers, and the same refusals, over both ways to it."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.engine.disk_usage import USAGE_KINDS, read_disk_usage
from manager.engine.errors import ConflictError, EngineError, NotFoundError
from manager.engine.image_details import read_image_detail
from manager.engine.processes import ContainerExec, ExecOptions
from manager.engine.resources import list_networks, make_network, remove_network
from manager.engine.sdk import SDKClients, SDKTransport
from manager.engine.transport import Request
from manager.lab.state import Lab
from tests.command import Command

Pair = tuple[Engine, Engine]


@pytest.fixture
def both(run: Command, lab: Lab) -> Iterator[Pair]:
    """One engine, asked in both ways; two containers run there."""
    run.ok("spawn", "busybox", "-n", "2", "--", "sleep", "600")
    endpoint = Endpoint(lab.host, "test lab")
    sdk = SDKTransport(SDKClients(endpoint, 60))
    with Engine(endpoint) as plain, Engine(endpoint, transport=sdk) as other:
        yield plain, other


def test_the_same_version_is_agreed_on(both: Pair) -> None:
    plain, other = both
    assert plain.api_version == other.api_version
    assert plain.is_podman == other.is_podman


PATHS = (
    "/containers/json?all=1",
    "/images/json?all=1",
    "/images/json?manifests=1",
    "/images/busybox:latest/json",
    "/images/busybox:latest/history",
    "/containers/busybox1/json",
    "/containers/busybox1/changes",
    "/networks",
    "/volumes",
    "/version",
)


@pytest.mark.parametrize("path", PATHS)
def test_the_same_answer(both: Pair, path: str) -> None:
    path, _, query = path.partition("?")
    parameters = dict(it.split("=") for it in query.split("&") if it)
    plain, other = (_without_ages(engine.get_json(path, parameters)) for engine in both)
    assert plain == other
    assert plain or path.endswith("/changes")


def _without_ages(answer: object) -> object:
    """What an engine reckons anew each time is left out, and the order that it does not keep."""
    if isinstance(answer, dict):
        return {key: _without_ages(it) for key, it in answer.items() if key != "Status"}
    if isinstance(answer, list):
        return sorted(map(_without_ages, answer), key=repr)
    return answer


REFUSED = {
    "no such container": (Request("GET", "/containers/none/json"), NotFoundError),
    "no such image": (Request("DELETE", "/images/none:1"), NotFoundError),
    "nothing to start": (Request("POST", "/containers/none/start"), NotFoundError),
    "a running container": (Request("DELETE", "/containers/busybox1"), EngineError),
    "not running": (Request("POST", "/containers/stopped/kill"), ConflictError),
    "a bad filter": (Request("GET", "/containers/json", {"filters": {"none": ["x"]}}), EngineError),
    "an odd name": (Request("GET", "/images/%2e%2e ä?#/json"), EngineError),
    "no such image for one": (
        Request("POST", "/containers/create", {"name": "x"}, {"Image": "none:1"}),
        NotFoundError,
    ),
    "a name that is taken": (
        Request("POST", "/containers/create", {"name": "busybox1"}, {"Image": "busybox"}),
        EngineError,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_same_refusal(both: Pair, name: str) -> None:
    request, error = REFUSED[name]
    if name == "not running":
        both[0].containers.create("stopped", {"Image": "busybox", "Cmd": ["true"]})
    refusals = []
    for engine in both:
        with pytest.raises(error) as caught:
            engine.call(request)
        refusals.append(caught.value)
    plain, other = refusals
    assert type(plain) is type(other)
    assert _without_numbers(plain.message) == _without_numbers(other.message)
    assert plain.hint == other.hint


def _without_numbers(message: str) -> str:
    return re.sub(r"[0-9a-f]{12,}", "ID", message)


def test_what_is_changed_over_one_is_seen_over_the_other(both: Pair) -> None:
    for engine, other in (both, both[::-1]):
        made = engine.containers.create("one", {"Image": "busybox", "Cmd": ["sleep", "600"]})
        engine.containers.start(made)
        engine.containers.start(made)  # it runs already: no error
        assert other.containers.inspect(made)["State"]["Running"]
        engine.containers.stop(made, 0)
        assert not other.containers.inspect(made)["State"]["Running"]
        engine.containers.restart(made, 0)
        command = ContainerExec(other, made, ["sh", "-c", "exit 3"], ExecOptions(user="0"))
        assert list(command.run()) == []
        assert command.read_exit_code() == 3
        engine.containers.remove(made, force=True)
        engine.containers.remove(made, force=True)  # it is gone already: no error
        assert "one" not in {it.name for it in other.containers.list()}
        network = make_network(engine, "lan", {"a": "b c"})
        assert network
        assert [it.labels for it in list_networks(other) if it.name == "lan"] == [{"a": "b c"}]
        assert make_network(other, "lan", {}) is None
        remove_network(engine, network)


def test_readings_agree(both: Pair) -> None:
    plain, other = both
    (image,) = (it for it in plain.images.list() if "busybox:latest" in it.tags)
    # Engines list images that were made in the same second in any order.
    listed, again = (sorted(it.images.list_all(), key=lambda one: one.id) for it in both)
    assert listed == again
    assert read_image_detail(plain, image.id, "busybox") == read_image_detail(
        other, image.id, "busybox"
    )
    first, second = (read_disk_usage(engine, *USAGE_KINDS) for engine in both)
    assert first.layers_size == second.layers_size
    assert first.failure == second.failure


def test_threads_get_their_own_answers(both: Pair) -> None:
    names = ["busybox1", "busybox2"] * 40
    for engine in both:
        with ThreadPoolExecutor(8) as pool:
            rows = list(pool.map(engine.containers.inspect, names))
        assert [row["Name"] for row in rows] == [f"/{name}" for name in names]
