"""What no registry should say, and what must not follow from it: bugs, and secrets in the clear."""

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from manager.errors import ExitCode, ManagerError
from manager.references.reference import ImageReference
from manager.registry.core.credentials import Credentials
from manager.registry.document_cache import DocumentCache
from manager.registry.logins.azure import exchange_token
from manager.registry.logins.clouds import CloudError
from manager.registry.lookup import ImageLookup, QuotaError
from manager.registry.protocol.client import Registry
from manager.registry.protocol.endpoints import RegistryEndpoint
from manager.registry.protocol.errors import NotInRegistryError, RegistryRefusedError
from manager.registry.protocol.registries import RegistryPool
from tests.certificates import Authority
from tests.registry_server import DIGEST, Handler, Request, served

ME = Credentials("me", "secret-password")
DEEP = b"[" * 200_000


def refused(answer: Handler, question: Callable[[Registry], object]) -> ManagerError:
    with (
        served(answer) as server,
        Registry(server.url, ME, 3) as registry,
        pytest.raises(ManagerError) as caught,
    ):
        question(registry)
    assert caught.value.exit_code is ExitCode.REGISTRY
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


def all_tags(registry: Registry) -> object:
    return list(registry.list_tags("a"))


def with_token(body: bytes) -> Handler:
    def answer(request: Request) -> None:
        if request.path.startswith("/token"):
            request.reply(200, body)
        else:
            realm = f"http://{request.headers['Host']}/token"
            request.reply(401, WWW_Authenticate=f'Bearer realm="{realm}"')

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: request.reply(302, Location="https://[bad"),
        lambda request: request.reply(302, Location=f"http://{'a' * 70}.example/"),
        lambda request: request.reply(200, {"tags": []}, Link='<http://[bad>; rel="next"'),
        lambda request: request.reply(401, WWW_Authenticate='Bearer realm="http://[bad"'),
        lambda request: request.reply(200, DEEP),
        lambda request: request.reply(400, DEEP, Content_Type="application/json"),
        with_token(b'{"token": "secret \\u20ac"}'),
        with_token(b'{"token": "s", "expires_in": 1' + b"0" * 400 + b"}"),
        with_token(DEEP),
    ],
    ids=["place", "host", "page", "realm", "tags", "words", "token", "end", "login"],
)
def test_what_makes_no_sense_is_an_error_in_words(answer: Handler) -> None:
    refused(answer, all_tags)


def test_the_next_page_is_never_asked_for_without_encryption(tmp_path: Path) -> None:
    def answer(request: Request) -> None:
        if "Authorization" not in request.headers:
            request.reply(401, WWW_Authenticate='Basic realm="r"')
            return
        there = f"http://{request.headers['Host']}/v2/a/tags/list?last=a"
        request.reply(200, {"tags": ["a"]}, Link=f'<{there}>; rel="next"')

    with served(answer, context=Authority("a").issue(tmp_path, "localhost").context()) as server:
        base = server.url.replace("127.0.0.1", "localhost")
        place = RegistryEndpoint(base, verify=False)
        with (
            RegistryPool(lambda _: ME, lambda _: (place,)) as registries,
            pytest.raises(ManagerError, match="on another server"),
        ):
            registries.ask_first_available("r.example", all_tags)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, NotInRegistryError), (403, RegistryRefusedError)],
    ids=["absent", "refused"],
)
def test_who_has_answered_with_tls_gets_no_login_without(
    tmp_path: Path, status: int, expected: type[ManagerError]
) -> None:
    context = Authority("a").issue(tmp_path, "localhost").context()
    with (
        served(lambda request: request.reply(status), context=context) as encrypted,
        served(lambda request: request.reply(401, WWW_Authenticate="Basic")) as plain,
    ):
        found = (
            RegistryEndpoint(encrypted.url.replace("127.0.0.1", "localhost"), verify=False),
            RegistryEndpoint(plain.url),
        )
        with (
            RegistryPool(lambda _: ME, lambda _: found) as registries,
            pytest.raises(expected),
        ):
            registries.ask_first_available("r.example", lambda it: it.fetch_head("a", "b"))
    assert plain.seen == []


def image(annotations: object = None, told: str = "", **headers: str) -> tuple[Handler, str]:
    """An image, and its manifest's digest, which its registry may tell otherwise."""
    config = json.dumps({"os": "linux", "architecture": "amd64"}).encode()
    identity = f"sha256:{hashlib.sha256(config).hexdigest()}"
    layer = {"mediaType": "application/x", "digest": DIGEST, "size": 9, "annotations": annotations}
    kind = "application/vnd.oci.image.config.v1+json"
    row = {"mediaType": kind, "digest": identity, "size": len(config)}
    manifest = json.dumps({"schemaVersion": 2, "config": row, "layers": [layer]}).encode()
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"

    def answer(request: Request) -> None:
        if "/manifests/" in request.path:
            request.reply(200, manifest, Docker_Content_Digest=told or digest, **headers)
        else:
            request.reply(200, config)

    return answer, digest


def digest_of(answer: Handler, folder: Path, tail: str = ":1", *, sparing: bool = False) -> str:
    with served(answer) as server:
        reference = ImageReference.parse(f"{server.address}/a{tail}")
        with RegistryPool(lambda _: None, lambda _: (RegistryEndpoint(server.url),)) as registries:
            lookup = ImageLookup(
                registries, DocumentCache(folder), "linux/amd64", spares_quota=sparing
            )
            return lookup.fetch_image(reference).digest


@pytest.mark.parametrize("annotations", [5, [1], "x"])
def test_annotations_that_are_none_are_passed_over(tmp_path: Path, annotations: object) -> None:
    answer, digest = image(annotations)
    assert digest_of(answer, tmp_path) == digest


def test_a_digest_that_is_none_is_computed(tmp_path: Path) -> None:
    answer, digest = image(told="../../\x1b[2J")
    assert digest_of(answer, tmp_path) == digest


@pytest.mark.parametrize("by_digest", [False, True])
def test_the_last_pulls_are_left_to_the_engine(tmp_path: Path, *, by_digest: bool) -> None:
    answer, digest = image(ratelimit_remaining="3;w=21600")
    tail = f"@{digest}" if by_digest else ":1"
    with pytest.raises(QuotaError):
        digest_of(answer, tmp_path, tail, sparing=True)


def test_a_quota_is_known_after_answers_that_do_not_tell_it() -> None:
    answer, digest = image(ratelimit_remaining="7;w=21600")
    with served(answer) as server, Registry(server.url) as registry:
        registry.fetch_head("a", "1")
        with pytest.raises(ManagerError):
            registry.fetch_blob("a", digest)
        quota = registry.quota
    assert quota is not None
    assert quota.remaining == 7


def test_azure_is_cut_off_in_the_middle_of_an_answer() -> None:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "500")
        request.end_headers()
        request.wfile.write(b"{")
        request.close_connection = True

    with served(answer) as server, pytest.raises(CloudError, match="cannot be reached"):
        exchange_token("x.azurecr.io", "secret", server.url)


def test_a_helper_that_takes_long_holds_up_its_own_registry_alone() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def credentials(name: str) -> Credentials | None:
        if name == "slow":
            begun.set()
            go_on.wait(10)
        return None

    with RegistryPool(
        credentials, lambda name: (RegistryEndpoint(f"http://{name}"),)
    ) as registries:
        slow = threading.Thread(target=registries.clients_for, args=("slow",))
        slow.start()
        assert begun.wait(10)
        quick = threading.Thread(target=registries.clients_for, args=("quick",), daemon=True)
        quick.start()
        quick.join(5)
        held_up = quick.is_alive()
        go_on.set()
        slow.join()
    assert not held_up


def test_a_certificate_without_its_key_hinders_no_other_registry(tmp_path: Path) -> None:
    folder = tmp_path / "r.example"
    folder.mkdir()
    (folder / "own.cert").write_text("x")

    def places(name: str) -> tuple[RegistryEndpoint, ...]:
        return (RegistryEndpoint(server.url if name == "o.example" else f"https://{name}"),)

    with (
        served(lambda request: request.reply(200, Docker_Content_Digest=DIGEST)) as server,
        RegistryPool(lambda _: None, places, certificates=[tmp_path]) as registries,
    ):
        wanted = {name: [f"{name}/a@{DIGEST}"] for name in ("r.example", "o.example")}
        found = registries.find_available_images(wanted)
    assert "has no key next to it" in found["r.example"].why
    assert found["o.example"].reference
