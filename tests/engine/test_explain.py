"""explain on real engines: the engine is changed, and what is said of it changes with it."""

import socket
from collections.abc import Iterator

import pytest

from manager.engine.client import Engine
from manager.engine.errors import NotFoundError
from manager.lab.state import Lab
from tests.command import Command
from tests.engine.forest import Forest, noise

SLEEP = ("--", "sleep", "600")


@pytest.fixture
def forest(engine: Engine, lab: Lab) -> Iterator[Forest]:
    """busybox, and an image that was built on it."""
    found = Forest(engine, lab)
    found.pull("busybox:latest")
    found.build("twig:1", "FROM busybox\nCOPY b /b\n", {"b": noise("twig", 30_000)})
    yield found
    for container in engine.containers.list():
        engine.containers.remove(container.id, force=True)
    for tag in ("mine:1", "twig:1"):
        if engine.images.find(tag) is not None:
            engine.images.remove(tag)


def write(engine: Engine, name: str, path: str) -> None:
    """Write a file of 5 bytes inside a container."""
    made = engine.api.exec_create(name, ["sh", "-c", f"printf hello > {path}"])
    engine.api.exec_start(made["Id"])


def test_a_container_and_all_that_happens_to_it(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", "-n", "2", *SLEEP)
    before = run.ok("explain", "busybox2")
    assert before.out.startswith("busybox2 is a container, made from busybox:latest. It is running")
    assert "/note" not in before.out
    assert "dockmgr built the image for its labs" in " ".join(before.out.split())
    assert "started" in before.out
    assert "ended" not in before.out
    told = run.ok("explain", "busybox2", "--json").data
    assert told["kind"] == "container"
    assert told["facts"]["layers"] >= 1
    write(engine, "busybox2", "/note")
    after = run.ok("explain", "busybox2", "--json").data["facts"]
    assert {"kind": "added", "path": "/note"} in after["changes"]
    assert after["written"] >= told["facts"]["written"] + 5
    assert "  added: /note" in run.ok("explain", "busybox2").out.splitlines()
    other = run.ok("explain", "busybox1", "--json").data["facts"]
    assert "/note" not in [it["path"] for it in other["changes"]]
    run.ok("stop", "busybox2", "-t", "0")
    stopped = run.ok("explain", "busybox2")
    assert "It is stopped: its command has ended" in " ".join(stopped.out.split())
    assert "ended with exit code 137" in stopped.out
    run.ok("start", "busybox2")
    life = run.ok("explain", "busybox2", "--json").data["facts"]["life"]
    assert life[0]["what"] == "created"
    assert life[-1]["what"] == "started"
    run.ok("rm", "busybox2", "-t", "0", "--yes")
    gone = run("explain", "container:busybox2")
    assert (gone.code, gone.out) == (1, "")
    assert "there is no container named busybox2" in gone.err


def test_image_and_container_with_and_without_any(run: Command, forest: Forest) -> None:
    del forest
    assert "images here has a container. Make" in " ".join(run.ok("explain", "image").out.split())
    assert "There are no containers here now" in run.ok("explain", "container").out
    assert "There are no groups here yet" in run.ok("explain", "group").out
    run.ok("spawn", "busybox", "-n", "3", *SLEEP)
    drawn = run.ok("explain", "image").out
    listed = run.ok("ls", "--tree").out.splitlines()
    assert "busybox:latest  3 containers, 3 running" in drawn
    heading = "busybox:latest  3 containers, 3 running"
    start = drawn.splitlines().index(heading)
    names = [line.split()[:3] for line in listed[listed.index(heading) :][:4]]
    assert [line.split()[:3] for line in drawn.splitlines()[start:][:4]] == names
    assert "busybox (3)" in run.ok("explain", "group").out
    assert "3 containers, 3 running" in run.ok("explain", "container").out
    run.ok("stop", "busybox1", "-t", "0")
    assert "3 containers, 2 running" in run.ok("explain", "container").out
    assert run.ok("explain", "prune", "--json").data["facts"]["stopped"] == ["busybox1"]
    assert run.ok("explain", "engine", "--json").data["facts"]["running"] == 2


def test_tags_repositories_and_dangling_images(run: Command, forest: Forest) -> None:
    forest.tag("twig:1", "mine:1")
    tags = run.ok("explain", "tag", "--json").data["facts"]["tags"]
    assert sorted(tags) == ["mine:1", "twig:1"]
    known = run.ok("explain", "repository", "--json").data["facts"]["repositories"]
    assert known["mine"] == ["1"]
    before = run.ok("explain", "dangling", "--json").data["facts"]["dangling"]
    lost = forest.engine.images.find("twig:1")
    assert lost is not None
    assert lost.id not in before
    run.ok("pull", "nginx")
    pulled = forest.engine.images.find("nginx:latest")
    assert pulled is not None
    # Its tag moves to another image: it keeps the digest that the registry gave it.
    forest.tag("busybox:latest", "nginx:latest")
    kept = run.ok("explain", "dangling", "--json").data["facts"]
    if pulled.id in [it.id for it in forest.engine.images.list()]:
        listed = next(it for it in forest.engine.images.list() if it.id == pulled.id)
        assert pulled.id in kept["untagged"]
        assert (pulled.id in kept["dangling"]) is not bool(listed.digests)
        forest.engine.images.remove(pulled.id)
    forest.engine.images.remove("nginx:latest")
    forest.engine.images.remove("mine:1")
    forest.build("twig:1", "FROM busybox\nCOPY b /b\n", {"b": noise("newer", 20_000)})
    after = run.ok("explain", "dangling").out
    assert lost.short_id in after
    forest.engine.images.remove(lost.id)
    assert lost.short_id not in run.ok("explain", "dangling").out


def test_digests_registries_and_references(run: Command, engine: Engine) -> None:
    for found in engine.images.list():
        for name in found.tags or [found.id]:
            engine.images.remove(name)
    nothing = {word: run.ok("explain", word).out for word in ("digest", "registry", "reference")}
    run.ok("pull", "busybox")
    (image,) = engine.images.list()
    digest = image.digests[0].partition("@")[2]
    told = {word: run.ok("explain", word).out for word in nothing}
    assert digest in told["digest"].replace("\n  ", "")
    assert "docker.io: 1 name here" in told["registry"]
    assert "busybox:latest in full is docker.io/library/busybox:latest" in told["reference"]
    assert all(told[word] != nothing[word] for word in told)
    engine.api.tag("busybox:latest", "ghcr.io/org/app", "v1")
    assert "ghcr.io: 1 name here" in run.ok("explain", "registry").out
    engine.images.remove("ghcr.io/org/app:v1")


def test_layers_that_two_images_share(run: Command, forest: Forest) -> None:
    told = run.ok("explain", "busybox", "twig:1", "--json").data["facts"]
    busybox, twig = told["images"]
    assert told["shared"]["layers"] == busybox["layers"] == twig["layers"] - 1
    assert twig["frees"]["high"] >= 30_000
    if forest.lab.flavour in {"20.10", "26", "28"}:
        assert twig["adds"] == twig["frees"]
        assert twig["frees"] == {"low": 30_000, "high": 30_000, "exact": True}
        text = run.ok("explain", "busybox", "twig:1").out
        assert "removing twig:1 frees: exactly 30,000 bytes (30kB)" in text
    run.ok("spawn", "twig:1", "--name", "leaf", *SLEEP)
    used = " ".join(run.ok("explain", "busybox", "twig:1").out.split())
    assert "its containers must be removed first: leaf1" in used
    layer = run.ok("explain", "layer", "--json").data["facts"]
    assert layer["shared"] >= 1
    run.ok("rm", "leaf", "-t", "0", "--yes")
    forest.engine.images.remove("twig:1")
    assert run("explain", "busybox", "twig:1").code == 1


def test_two_images_by_the_names_that_were_typed(run: Command, forest: Forest) -> None:
    one = " ".join(run.ok("explain", "busybox", "twig:1").out.split())
    assert "removing twig:1 frees: " in one
    forest.tag("twig:1", "mine:1")
    two = " ".join(run.ok("explain", "busybox", "twig:1").out.split())
    assert "removing only twig:1 frees: nothing, since it is also called mine:1" in two
    assert "removing it with all 2 names frees: " in two
    told = run.ok("explain", "mine:1", "busybox", "--json").data["facts"]["images"]
    assert [it["name"] for it in told] == ["mine:1", "busybox:latest"]


def test_only_images_are_compared(run: Command, forest: Forest) -> None:
    del forest
    run.ok("spawn", "busybox", "-n", "2", *SLEEP)
    for pair, said in {
        ("busybox1", "busybox2"): "busybox1 is a container, and only two images can be compared",
        ("twig:1", "busybox1"): "busybox1 is a container, and only two images",
        ("image", "busybox"): "image is a word that dockmgr explains, and only two images",
        ("busybox", "nowhere"): "there is no image nowhere here",
    }.items():
        refused = run("explain", *pair)
        assert (refused.code, refused.out) == (1, "")
        assert said in " ".join(refused.err.split())
    wrong = run("explain", "busybox", "Twig:1")
    assert wrong.code == 2
    assert (
        "Twig:1 is not a valid image address: repository name must be lowercase: try twig:1"
        in wrong.err
    )


def test_a_folder_that_is_mounted_was_not_written(run: Command, engine: Engine) -> None:
    engine.api.create_volume("data")
    try:
        run.ok("spawn", "busybox", "--volume", "data:/srv/data", *SLEEP)
        assert "added: /srv" not in run.ok("explain", "busybox1").out
        write(engine, "busybox1", "/srv/note")
        text = run.ok("explain", "busybox1").out
        assert "added: /srv/note" in text
        assert "added: /srv/data" not in text
    finally:
        run("rm", "busybox", "-t", "0", "--yes")
        engine.api.remove_volume("data")


def test_an_address_whose_image_is_here_or_is_not(run: Command, forest: Forest, lab: Lab) -> None:
    told = run.ok("explain", "image:twig:1")
    assert "docker.io/library/twig:1" in told.out
    assert "The image is here: " in told.out
    assert f"http://{lab.registry}/v2/library/twig/manifests/1" in "".join(told.out.split())
    assert "dockmgr built it for its labs" in run.ok("explain", "busybox").out
    forest.engine.images.remove("twig:1")
    gone = run.ok("explain", "twig:1")
    assert "The image is here" not in gone.out
    assert "The image is not here: no image on this engine has this address" in gone.out
    assert "  dockmgr pull twig:1" in gone.out.splitlines()
    other = " ".join(run.ok("explain", "busybox:other").out.split())
    assert (
        "The image is not here, but other tags of its repository are: busybox:latest. Get it with:"
        in other
    )
    at_lab = run.ok("explain", f"{lab.registry}/nginx").out
    assert f"{lab.registry} is the registry of this lab" in at_lab
    assert "registry answers for" not in at_lab
    assert gone.out.startswith("twig:1 means docker.io/library/twig:1")
    wrong = run.ok("explain", "Twig:1", "--json").data
    assert (wrong["facts"]["valid"], wrong["facts"]["remedy"]) == (False, "twig:1")


def test_volumes_and_networks(run: Command, engine: Engine) -> None:
    assert run.ok("explain", "volume", "--json").data["facts"]["volumes"] == []
    engine.api.create_volume("data")
    engine.api.create_network("lan")
    try:
        run.ok("spawn", "busybox", "--volume", "data:/data", "--network", "lan", *SLEEP)
        write(engine, "busybox1", "/data/kept")
        assert "  data: " in run.ok("explain", "volume").out
        assert "  lan: busybox1" in run.ok("explain", "network").out
        text = run.ok("explain", "busybox1").out
        assert "data at /data" in text
        assert "/data/kept" not in text
    finally:
        run("rm", "busybox", "-t", "0", "--yes")
        engine.api.remove_network("lan")
        engine.api.remove_volume("data")
    assert "data" not in [it["name"] for it in _volumes(run)]


def _volumes(run: Command) -> list[dict[str, object]]:
    found: list[dict[str, object]] = run.ok("explain", "volume", "--json").data["facts"]["volumes"]
    return found


def test_what_is_a_word_and_a_container_too(run: Command, engine: Engine) -> None:
    run.ok("spawn", "busybox", *SLEEP)
    one = engine.containers.list()[0]
    engine.api.rename(one.id, "image")
    both = run.ok("explain", "image")
    assert both.out.startswith(
        "image is also a container of yours: dockmgr explain container:image"
    )
    assert "An image is a blueprint" in both.out
    assert run.ok("explain", "image", "--json").data["also"] == ["container"]
    assert run.ok("explain", "container:image").out.startswith("image is a container")
    engine.containers.remove(one.id, force=True)
    assert "is also" not in run.ok("explain", "image").out


def test_without_an_engine_words_and_addresses_are_explained(run: Command) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = ("--host", f"tcp://127.0.0.1:{closed.getsockname()[1]}")
    told = run.ok(*nowhere, "explain", "image")
    assert "No engine answered" in told.out
    assert "explained without it" in told.err
    assert "docker.io/library/nginx:latest" in run.ok(*nowhere, "explain", "nginx").out
    assert run(*nowhere, "explain", "nginx", "redis").code == 3
    assert run(*nowhere, "explain", "a", "b", "c").code == 2
    unknown = run(*nowhere, "explain", "concept:nothing")
    assert unknown.code == 1
    assert "choose one of: image, container, layer" in unknown.err
    pair = run.ok(*nowhere, "explain", "address:image:1").out
    assert pair.startswith("image:1 means docker.io/library/image:1")


def test_a_container_that_is_gone_is_an_error_of_its_own(engine: Engine) -> None:
    from manager.engine import container_history

    with pytest.raises(NotFoundError):
        container_history.inspect_container_with_size(engine, "0" * 64)


def test_alone_it_lists_its_words(run: Command) -> None:
    lines = run.ok("explain").out.splitlines()
    assert lines[0].split(maxsplit=1) == ["image", "a blueprint that containers are made from"]
    assert all(len(line) < 80 for line in lines)
    listed = run.ok("explain", "--json").data
    assert list(listed["facts"]) == [line.split()[0] for line in lines]
