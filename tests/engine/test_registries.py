"""Pulling from registries of every kind, under their real names and with TLS."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from manager.engine.client import Engine
from manager.lab.state import Lab
from manager.registry.protocol.upload import ImageFiles
from tests.certificates import EXPIRED, NOT_YET, Authority
from tests.cloud_stand_ins import clouds
from tests.command import Program
from tests.confidential import AWS_PASSWORD, PASSWORD, USER
from tests.engine.forest import archive, local_image, noise, packed_image
from tests.registry_server import Request
from tests.registry_world import (
    AZURE,
    COUNTING,
    ECR,
    ELSEWHERE,
    LOCKED,
    ODD,
    OPEN,
    UNRELIABLE,
    WRONG,
    World,
)
from tests.token_server import refused_from
from tests.troubled_registry import Trouble

PUBLIC, PRIVATE = "team/app:v1", "team/private/app:v1"
LEARNER = {"username": USER, "password": PASSWORD}
AWS = {"username": "AWS", "password": AWS_PASSWORD}
QUICKEST = "28-containerd"
"""Other Docker engines wait five seconds by themselves before they go on with a layer."""
HUB_KEY = "https://index.docker.io/v1/"


def layer(name: str) -> bytes:
    """Some bytes that no other has."""
    return archive({"a": noise(name, 60_000)})


@pytest.fixture(scope="module")
def image(world: World, tmp_path_factory: pytest.TempPathFactory) -> ImageFiles:
    """A small image that every registry has, once for all and once for who is let in."""
    folder = tmp_path_factory.mktemp("image")
    made = packed_image(folder, [layer("world")], "amd64")
    images = [local_image(name.removesuffix(":v1"), "v1", made) for name in (PUBLIC, PRIVATE)]
    world.push(*images)
    return images[0]


@pytest.fixture
def run(world: World) -> Program:
    """The program, where the registries are."""
    return world.program()


@pytest.fixture
def quick(tmp_path: Path) -> list[str]:
    """Options that make pauses short; only the engine asks the registry."""
    config = tmp_path / "config.toml"
    config.write_text(
        '[pull]\nattempts = 8\nparallel = 3\nbackoff = "0.02s"\nsizes = false\n', encoding="utf-8"
    )
    return ["--config", str(config)]


@pytest.fixture
def empty(engine: Engine) -> Iterator[None]:
    """No image is there, before and after."""
    forget(engine)
    yield
    forget(engine)


def forget(engine: Engine) -> None:
    """Remove every image that no container uses."""
    used = {container.image_id for container in engine.containers.list()}
    for found in engine.images.list():
        if found.id not in used:
            for name in found.tags or found.digests or [found.id]:
                engine.images.remove(name)


pytestmark = pytest.mark.usefixtures("image", "empty")


def test_from_who_lets_everybody_in(run: Program, engine: Engine, image: ImageFiles) -> None:
    registries = ["docker.io", "public.ecr.aws", "europe-docker.pkg.dev", "gcr.io", "ghcr.io"]
    names = [f"{registry}/{PUBLIC}" for registry in (*registries, "quay.io", OPEN)]
    rows = run.ok("pull", *names, "--json").data
    assert [row["digest"] for row in rows] == [image.digest] * len(names)
    assert all(engine.images.find(name) for name in names)


LOGINS = {
    f"docker.io/{PRIVATE}": (HUB_KEY, LEARNER),
    f"{ECR}/{PUBLIC}": (ECR, AWS),
    f"europe-docker.pkg.dev/{PRIVATE}": ("europe-docker.pkg.dev", LEARNER),
    f"{AZURE}/{PRIVATE}": (AZURE, LEARNER),
    f"ghcr.io/{PRIVATE}": ("https://ghcr.io", LEARNER),
    f"{LOCKED}/{PUBLIC}": (LOCKED, LEARNER),
}


def test_from_who_wants_a_login(run: Program, engine: Engine, tmp_path: Path) -> None:
    refused = run("pull", *LOGINS)
    assert refused.code == 4, refused
    for name in LOGINS:
        # A lab's registry stands for Hub, and has no logins.
        lab_has = "docker.io" in name
        assert ("has no team/private" if lab_has else f"dockmgr login {host(name)}") in refused.err
    rows = {key: f"{it['username']}:{it['password']}" for key, it in LOGINS.values()}
    auths = {key: {"auth": base64.b64encode(it.encode()).decode()} for key, it in rows.items()}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}), encoding="utf-8")
    run.env["DOCKER_CONFIG"] = str(tmp_path)
    done = run.ok("pull", *LOGINS)
    assert all(engine.images.find(name) for name in LOGINS)
    for secret in (PASSWORD, AWS_PASSWORD):
        assert secret not in refused.out + refused.err + done.out + done.err


def test_with_the_logins_of_clouds(run: Program, engine: Engine, world: World) -> None:
    names = [f"{ECR}/{PUBLIC}", f"europe-docker.pkg.dev/{PRIVATE}", f"{AZURE}/{PRIVATE}"]
    with clouds(world.lab) as machine:
        run.env.update(machine)
        done = run.ok("pull", *names)
        assert all(engine.images.find(name) for name in names)
        assert [line.partition(": ")[2].partition(",")[0] for line in done.out.splitlines()] == [
            "pulled"
        ] * len(names)
        # Nothing of it is kept: the clouds are asked anew.
        who = {row["registry"]: row["username"] for row in run.ok("registries", "--json").data}
    assert who[ECR] == "AWS"
    assert who["europe-docker.pkg.dev"] == "oauth2accesstoken"
    assert "dockmgr login" in run("pull", names[1].replace("v1", "v2")).err


def host(name: str) -> str:
    """The registry of an address."""
    return name.partition("/")[0]


def test_with_a_token_that_lasts(run: Program, world: World) -> None:
    identity = world.tokens.new_refresh_token()
    login = {"username": "00000000-0000-0000-0000-000000000000", "identitytoken": identity}
    run.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {AZURE: login}})
    done = run.ok("pull", f"{AZURE}/{PRIVATE}")
    assert identity not in done.out + done.err


def test_a_wrong_password(run: Program) -> None:
    names = [f"ghcr.io/{PRIVATE}", f"{LOCKED}/{PUBLIC}"]
    wrong = {**LEARNER, "password": "close sesame"}
    run.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {host(it): wrong for it in names}})
    refused = run("pull", *names)
    assert refused.code == 4, refused
    for name in names:
        assert f"dockmgr login {host(name)}" in refused.err
    assert "close sesame" not in refused.out + refused.err


def test_a_token_expires_in_the_middle(
    run: Program, world: World, quick: list[str], tmp_path: Path
) -> None:
    made = packed_image(tmp_path, [layer("first"), layer("second")], "amd64")
    world.push(local_image("long/app", "v1", made))
    last = json.loads(made[0])["layers"][1]["digest"]
    waited: list[str] = []

    def until_refused(request: Request) -> None:
        if last in request.path and not waited:
            token = request.headers["Authorization"].removeprefix("Bearer ")
            waited.append(token)
            while time.time() <= refused_from(token):
                time.sleep(0.05)

    world.tokens.lifetime, world.front.held = 2, until_refused
    try:
        done = run.ok(*quick, "pull", "ghcr.io/long/app:v1")
    finally:
        world.tokens.lifetime, world.front.held = 300, None
    assert waited
    assert ": pulled, " in done.out


def test_certificates_that_are_not_good(run: Program, world: World, quick: list[str]) -> None:
    # By name: what is said of it, and the certificate.
    bad: dict[str, tuple[str, dict[str, Any]]] = {
        WRONG: ("is for another name", {"names": ("other.example.com",)}),
        ODD: ("has expired", {"valid": EXPIRED}),
        ELSEWHERE: ("is not valid yet", {"valid": NOT_YET}),
        COUNTING: ("is not trusted", {"authority": Authority("stranger")}),
    }
    images = [f"{name}/{PUBLIC}" for name in bad]
    with ExitStack() as good:
        for name in bad:
            good.enter_context(world.served(name, Trouble(world.plain)))
        run.ok(*quick, "pull", *images)
    with ExitStack() as stack:
        for name, (_, how) in bad.items():
            stack.enter_context(world.served(name, Trouble(world.plain), **how))
        found = asked(world, *images)
        refused = run(*quick, "pull", *images)
    ((staying,), going) = found["staying"], found["going"]
    assert going == []
    for name, (said, _) in bad.items():
        assert f"the certificate of registry {name} {said}" in staying["why"][0]
        start = f"error: {name}/{PUBLIC}: the engine does not trust the certificate of {name}: "
        (error,) = (it for it in refused.err.splitlines() if f"error: {name}/" in it)
        assert error.startswith(start)
    assert refused.code == 4
    hint = "hint: give the engine the registry's certificate authority"
    assert refused.err.count(hint) == len(bad)


def test_every_third_connection_breaks(
    run: Program, world: World, lab: Lab, quick: list[str], tmp_path: Path
) -> None:
    many = 100 if lab.flavour == QUICKEST else 10
    made = [packed_image(tmp_path, [layer(f"many {it}")], "amd64") for it in range(many)]
    world.push(*(local_image("many/app", f"v{number}", it) for number, it in enumerate(made)))
    with world.unreliable() as breaks:
        wanted = [f"{UNRELIABLE}/many/app:v{number}" for number in range(many)]
        done = run(*quick, "pull", *wanted, "--json")
    assert done.code == 0, done
    assert [row["status"] for row in done.data] == ["pulled"] * many
    assert breaks.broken > many // 10


def test_what_a_pull_costs_is_said_and_counted(
    run: Program, world: World, quick: list[str], tmp_path: Path
) -> None:
    made = packed_image(tmp_path, [layer("cost 1"), layer("cost 2")], "amd64")
    world.push(local_image("costs/app", "v1", made))
    name = f"{COUNTING}/costs/app:v1"
    manifest = json.loads(made[0])
    with world.counting() as counted:
        said = run.ok("pull", name, "--dry-run", "--json").data["sizes"]
        counted.sent.clear()
        run.ok(*quick, "pull", name)
    assert counted.sent["manifests"] == len(made[0])
    assert counted.sent["configs"] == manifest["config"]["size"]
    assert counted.sent["layers"] == sum(it["size"] for it in manifest["layers"])
    sent = {kind: size for kind, size in counted.sent.items() if kind != "else"}
    assert said["download"] == sum(sent.values())


def test_elsewhere_nobody_sees_the_login(run: Program, world: World) -> None:
    run.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {"ghcr.io": LEARNER}})
    world.front.redirect = f"https://{ELSEWHERE}"
    try:
        with world.served(ELSEWHERE, Trouble(world.plain)) as elsewhere:
            run.ok("pull", f"ghcr.io/{PRIVATE}")
    finally:
        world.front.redirect = ""
    assert elsewhere.seen
    assert not [it for it in elsewhere.seen if "Authorization" in it.headers]


def test_the_program_asks_by_the_same_names(run: Program, world: World, tmp_path: Path) -> None:
    logins = {"auths": {ECR: AWS, LOCKED: LEARNER, "ghcr.io": LEARNER, AZURE: LEARNER}}
    registries = [ECR, LOCKED, "ghcr.io", AZURE, "quay.io", "gcr.io", "public.ecr.aws", OPEN]
    names = []
    for number, registry in enumerate(registries):
        # An image each: of one with many names it is enough that one can be had.
        path = f"asked{number}/{'private' if registry in logins['auths'] else 'public'}/app"
        made = packed_image(tmp_path, [layer(path)], "amd64")
        world.push(local_image(path, "v1", made))
        names.append(f"{registry}/{path}:v1")
    run.env["DOCKER_AUTH_CONFIG"] = json.dumps(logins)
    run.ok("pull", *names)
    found = asked(world, *names, env={"DOCKER_AUTH_CONFIG": json.dumps(logins)})
    backs = {it["references"][0]: it["back_from"] for it in found["going"]}
    assert backs == dict.fromkeys(names, "registry")


def test_the_program_is_not_let_in_without_a_login(run: Program, world: World) -> None:
    run.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {LOCKED: LEARNER}})
    run.ok("pull", f"{LOCKED}/{PUBLIC}")
    found = asked(world, f"{LOCKED}/{PUBLIC}", env={"DOCKER_AUTH_CONFIG": ""})
    assert found["going"] == []
    assert LOCKED in found["staying"][0]["why"][0]


def test_who_gives_tokens_is_trusted_as_the_registry_is(run: Program, world: World) -> None:
    company = Authority("company")
    registry = Trouble(world.asking, realms={ODD: f"https://{ELSEWHERE}/token"})
    with world.served(ODD, Trouble(world.plain)):
        run.ok("pull", f"{ODD}/{PUBLIC}")
    with (
        world.served(ODD, registry, authority=company),
        world.served(ELSEWHERE, world.tokens, authority=company) as elsewhere,
        world.etc.trusting(company, ODD),
    ):
        (going,) = asked(world, f"{ODD}/{PUBLIC}")["going"]
    assert going["back_from"] == "registry"
    assert elsewhere.seen


def asked(world: World, *names: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """What would go of some images, and what their registries said of them."""
    shown = world.run("prune", *names, "--dry-run", "--why", "--json", env=env)
    assert shown.code == 0, shown
    found: dict[str, Any] = shown.data
    return found
