"""The registry client against servers on the loopback that answer in every way there is."""

import hashlib
import threading
import time
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.errors import ExitCode, ManagerError
from manager.registry.core.credentials import Credentials
from manager.registry.protocol.challenges import AuthToken, Challenge, parse_challenges
from manager.registry.protocol.client import Registry
from manager.registry.protocol.endpoints import (
    RegistryEndpoint,
    list_endpoints,
    parse_registry_config,
)
from manager.registry.protocol.errors import parse_error_message
from manager.registry.protocol.registries import RegistryPool
from tests.registry_server import DIGEST, Handler, Request, WithTokens, has_it, served, slow

ME = Credentials("me", "secret-password")
OTHER = "sha256:" + "e" * 64
MANIFEST = b'{"schemaVersion": 2}'


def digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def holds(answer: Handler, known: Credentials | None = None, deadline: float = 3) -> bool:
    with served(answer) as registry, Registry(registry.url, known, deadline) as client:
        return client.has_manifest("library/nginx", DIGEST)


def refusal(answer: Handler, known: Credentials | None = None, deadline: float = 1.2) -> str:
    begun = time.monotonic()
    with pytest.raises(ManagerError) as caught:
        holds(answer, known, deadline)
    assert time.monotonic() - begun < 5
    assert caught.value.exit_code is ExitCode.REGISTRY
    assert caught.value.hint
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"
    return caught.value.message.partition(" ")[2].partition(" ")[2]


def replies(status: int, **headers: str) -> Handler:
    return lambda request: request.reply(status, **headers)


def test_it_asks_for_all_four_kinds_by_the_digest() -> None:
    with served(has_it) as registry, Registry(registry.url) as client:
        assert client.has_manifest("library/nginx", DIGEST)
    (seen,) = registry.seen
    assert (seen.method, seen.path) == ("HEAD", f"/v2/library/nginx/manifests/{DIGEST}")
    assert seen.headers["Accept"].count("application/vnd.") == 4


@pytest.mark.parametrize("status", [404, 403])
def test_what_is_not_there_or_not_shown_is_not_held(status: int) -> None:
    assert not holds(replies(status))


def test_a_digest_that_differs_is_no_answer() -> None:
    assert "something other" in refusal(replies(200, Docker_Content_Digest=OTHER))


def test_a_page_for_people_is_no_answer() -> None:
    assert "it answers with a web page" in refusal(replies(200, Content_Type="text/html"))


@pytest.mark.parametrize("status", [405, 200], ids=["no head", "no digest with it"])
def test_a_head_that_does_not_tell_is_not_enough(status: int) -> None:
    def answer(request: Request) -> None:
        if request.command == "HEAD":
            request.reply(status)
        else:
            request.reply(200, MANIFEST)

    with served(answer) as registry, Registry(registry.url) as client:
        assert client.has_manifest("a", digest(MANIFEST))
        with pytest.raises(ManagerError, match="something other"):
            client.has_manifest("a", DIGEST)


def test_anybody_gets_a_token_and_it_is_used_again() -> None:
    with served(WithTokens()) as registry, Registry(registry.url) as client:
        assert client.has_manifest("a", DIGEST)
        assert client.has_manifest("a", DIGEST)
        assert client.has_manifest("b", DIGEST)
    asked = [seen.path.partition("?")[0] for seen in registry.seen]
    assert asked.count("/token") == 2  # one for each repository
    token_request = next(seen for seen in registry.seen if seen.path.startswith("/token"))
    assert "scope=repository%3Aa%3Apull" in token_request.path
    assert "service=s%2C+x" in token_request.path


def test_a_token_that_ends_in_the_middle_is_renewed() -> None:
    with served(WithTokens(answers=2)) as registry, Registry(registry.url) as client:
        assert all(client.has_manifest("a", DIGEST) for _ in range(7))
    assert sum(seen.path.startswith("/token") for seen in registry.seen) == 4


def test_a_password_is_shown_to_the_realm_only() -> None:
    registry_with_tokens = served(WithTokens(password="secret-password"))
    with registry_with_tokens as registry, Registry(registry.url, ME) as client:
        assert client.has_manifest("a", DIGEST)
    shown = {seen.path.partition("?")[0] for seen in registry.seen if "Basic" in str(seen.headers)}
    assert shown == {"/token"}
    assert "secret-password" not in " ".join(seen.path for seen in registry.seen)


def test_an_identity_token_is_exchanged() -> None:
    known = Credentials("", identity_token="secret-identity")
    registry_with_tokens = served(WithTokens(identity="secret-identity"))
    with registry_with_tokens as registry, Registry(registry.url, known) as client:
        assert client.has_manifest("a", DIGEST)
    exchange = next(seen for seen in registry.seen if seen.method == "POST")
    assert "grant_type=refresh_token" in exchange.body


def test_a_login_that_is_refused_says_so() -> None:
    answer = WithTokens(password="another")
    assert refusal(answer, ME) == "refused the login (401)"


def test_basic_is_answered_with_basic() -> None:
    def answer(request: Request) -> None:
        if request.headers.get("Authorization", "").startswith("Basic "):
            has_it(request)
        else:
            request.reply(401, WWW_Authenticate='Basic realm="r"')

    assert holds(answer, ME)
    assert refusal(answer) == "requires a login"


def test_a_realm_elsewhere_without_encryption_gets_nothing() -> None:
    asked = []

    def answer(request: Request) -> None:
        asked.append(request.path)
        request.reply(401, WWW_Authenticate='Bearer realm="ftp://example.invalid/token"')

    assert refusal(answer, ME) == "asks for credentials over an unencrypted connection"
    assert len(asked) == 1


def test_another_host_never_sees_the_login() -> None:
    with served(has_it) as storage:

        def answer(request: Request) -> None:
            if not request.headers.get("Authorization"):
                request.reply(401, WWW_Authenticate='Basic realm="r"')
            else:
                request.reply(307, Location=f"{storage.url}/elsewhere")

        # Another port is another host.
        assert holds(answer, ME)
    (seen,) = storage.seen
    assert "Authorization" not in seen.headers


def test_redirects_without_end_are_given_up() -> None:
    assert "endless loop" in refusal(lambda request: request.reply(302, Location=request.path))


def failing(times: int, **how: str) -> Handler:
    numbers = count()

    def answer(request: Request) -> None:
        if next(numbers) < times:
            request.reply(int(how.get("status", "503")), Retry_After=how.get("after", ""))
        else:
            has_it(request)

    return answer


def test_what_fails_for_a_moment_is_tried_again() -> None:
    assert holds(failing(2))
    assert holds(failing(1, status="429", after="1"))


def test_what_goes_on_failing_is_given_up_in_time() -> None:
    assert refusal(failing(1000)) == "answers 503 Service Unavailable"
    assert refusal(failing(1000, status="429", after="3600")) == "has had too many requests"


def test_a_connection_that_is_cut_is_tried_again() -> None:
    numbers = count()

    def answer(request: Request) -> None:
        if next(numbers) < 1:
            request.connection.close()
            request.close_connection = True
        else:
            has_it(request)

    assert holds(answer)


def test_silence_ends_at_the_deadline() -> None:
    assert refusal(slow(4), deadline=0.5) == "does not answer in time"


def test_nobody_there() -> None:
    with served(has_it) as registry:
        pass
    with pytest.raises(ManagerError, match="cannot be reached"):
        Registry(registry.url, deadline=0.3).has_manifest("a", DIGEST)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"token": null}', b"{}"])
def test_a_token_that_is_none_is_refused(body: bytes) -> None:
    def answer(request: Request) -> None:
        if request.path.startswith("/token"):
            request.reply(200, body)
        else:
            host = request.headers["Host"]
            request.reply(401, WWW_Authenticate=f'Bearer realm="http://{host}/token"')

    assert refusal(answer) == "gave an invalid answer to the login"


def test_a_token_without_end_is_given_up() -> None:
    def answer(request: Request) -> None:
        if request.path.startswith("/token"):
            request.send_response(200)
            request.send_header("Connection", "close")
            request.end_headers()
            while True:
                request.wfile.write(b"x" * 100_000)
        host = request.headers["Host"]
        request.reply(401, WWW_Authenticate=f'Bearer realm="http://{host}/token"')

    assert "endless answer" in refusal(answer)


def test_nothing_shows_a_secret() -> None:
    registry = Registry("https://example.invalid", ME)
    assert "secret" not in f"{registry!r} {AuthToken('Bearer secret', 0)!r} {ME!r}"


def test_netrc_and_bundles_of_the_environment_do_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("home")
    (folder / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with served(has_it) as registry, Registry(registry.url) as client:
        assert client.has_manifest("a", DIGEST)
    assert "Authorization" not in registry.seen[0].headers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ()),
        ('Basic realm="x"', (Challenge("basic", {"realm": "x"}),)),
        (
            'BEARER realm="https://a/t",service="s, with comma" , scope=plain',
            (
                Challenge(
                    "bearer", {"realm": "https://a/t", "service": "s, with comma", "scope": "plain"}
                ),
            ),
        ),
        (
            'Negotiate, Basic realm="say \\"hi\\"", Bearer realm=y',
            (
                Challenge("negotiate", {}),
                Challenge("basic", {"realm": 'say "hi"'}),
                Challenge("bearer", {"realm": "y"}),
            ),
        ),
        ("@@@", ()),
    ],
)
def test_challenges_are_read(header: str, expected: tuple[Challenge, ...]) -> None:
    assert parse_challenges(header) == expected


@given(st.text(alphabet='Bearer realm="x",\\ \t=;@', max_size=60))
def test_no_challenge_is_too_odd_to_be_read(header: str) -> None:
    assert isinstance(parse_challenges(header), tuple)


def anywhere(urls: dict[str, str]) -> Callable[[str], tuple[RegistryEndpoint, ...]]:
    return lambda registry: (RegistryEndpoint(urls[registry]),)


def test_many_images_are_asked_for_at_once_and_the_first_copy_counts() -> None:
    together = threading.Barrier(4)

    def answer(request: Request) -> None:
        if "library/gone" in request.path:
            request.reply(404)
        else:
            together.wait(timeout=30)  # broken, and so an error, unless four are here at once
            has_it(request)

    wanted = {f"id{n}": (f"gone@{DIGEST}", f"there{n}@{DIGEST}") for n in range(16)}
    lost: dict[str, tuple[str, ...]] = {"lost": (f"gone@{DIGEST}",), "none": ()}
    with (
        served(answer) as registry,
        RegistryPool(lambda _: None, anywhere({"docker.io": registry.url})) as registries,
    ):
        found = registries.find_available_images({**wanted, **lost})
    assert found["id3"].reference == f"there3@{DIGEST}"
    assert found["lost"].why == "docker.io does not have it"
    assert found["none"].why == "no registry is known to have it"


def test_a_registry_that_is_silent_is_not_asked_again_and_others_are() -> None:
    asked = []

    def broken(request: Request) -> None:
        asked.append(request.path)
        request.reply(500)

    with served(broken) as bad, served(has_it) as good:
        urls = {"bad.example": bad.url, "good.example": good.url}
        wanted = {str(n): (f"bad.example/x@{DIGEST}",) for n in range(50)}
        wanted["good"] = (f"good.example/x@{DIGEST}",)
        with RegistryPool(lambda _: None, anywhere(urls), deadline=1.4) as registries:
            found = registries.find_available_images(wanted, parallel=2)
    assert found["good"].reference
    assert "answers 500" in found["7"].why
    assert len(asked) <= 4


def test_credentials_are_looked_for_once_for_each_registry() -> None:
    asked: list[str] = []

    def known(registry: str) -> None:
        asked.append(registry)

    wanted = {str(n): (f"x{n}@{DIGEST}",) for n in range(20)}
    with served(has_it) as registry:
        registries = RegistryPool(known, anywhere({"docker.io": registry.url}))
        with registries:
            registries.find_available_images(wanted)
    assert asked == ["docker.io"]


def test_ctrl_c_ends_it_at_once() -> None:
    def interrupt(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    numbers, over = count(), threading.Event()

    def answer(request: Request) -> None:
        if next(numbers):
            over.wait(timeout=30)
        has_it(request)

    with served(answer) as registry:
        registries = RegistryPool(lambda _: None, anywhere({"docker.io": registry.url}))
        with pytest.raises(KeyboardInterrupt):
            registries.find_available_images(
                {str(n): (f"x{n}@{DIGEST}",) for n in range(4)}, report=interrupt
            )
        # Answers are still on their way: nobody has waited for them.
        assert not over.is_set()
        assert threading.active_count() > 2
        over.set()


INFO = {
    "RegistryConfig": {
        "Mirrors": ["http://127.0.0.1:5000/"],
        "InsecureRegistryCIDRs": ["10.0.0.0/8", "::1/128", "127.0.0.0/8"],
        "IndexConfigs": {"plain.example:80": {"Secure": False}, "docker.io": {"Secure": True}},
    }
}


@pytest.mark.parametrize(
    ("registry", "urls"),
    [
        ("docker.io", ("http://127.0.0.1:5000", "https://registry-1.docker.io")),
        ("ghcr.io", ("https://ghcr.io",)),
        ("ghcr.io:444", ("https://ghcr.io:444",)),
        ("localhost:5000", ("https://localhost:5000", "http://localhost:5000")),
        ("[::1]:5000", ("https://[::1]:5000", "http://[::1]:5000")),
        ("10.1.2.3:5000", ("https://10.1.2.3:5000", "http://10.1.2.3:5000")),
        ("11.1.2.3:5000", ("https://11.1.2.3:5000",)),
        ("plain.example:80", ("https://plain.example:80", "http://plain.example:80")),
    ],
)
def test_registries_are_asked_where_the_engine_asks_them(
    registry: str, urls: tuple[str, ...]
) -> None:
    mirrors, insecure = parse_registry_config(INFO)
    found = list_endpoints(registry, mirrors, insecure)
    assert tuple(place.url for place in found) == urls
    verified = all(place.verify for place in found if place.url.startswith("https:"))
    assert verified is (len(urls) == 1 or registry == "docker.io")


def test_a_mirror_that_the_engine_does_not_verify_is_not_verified_here() -> None:
    mirrors = ("https://plain.example:80", "https://10.1.2.3", "https://mirror.example")
    found = list_endpoints("docker.io", mirrors, parse_registry_config(INFO)[1])
    assert [place.verify for place in found] == [False, False, True, True]


def test_a_mirror_gets_no_login() -> None:
    def asks(request: Request) -> None:
        request.reply(401, WWW_Authenticate='Basic realm="r"')

    with served(asks) as mirror, served(asks) as hub:
        there = (RegistryEndpoint(mirror.url, mirror=True), RegistryEndpoint(hub.url))
        with RegistryPool(lambda _: ME, lambda _: there) as registries:
            registries.find_available_images({"x": (f"nginx@{DIGEST}",)})
    assert not any("Authorization" in seen.headers for seen in mirror.seen)
    assert any("Authorization" in seen.headers for seen in hub.seen)


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    body = b'{"errors": [{"message": "\\u001b]0;owned\\u0007 no"}]}'
    assert parse_error_message(body) == "?]0;owned? no"


def test_an_engine_that_says_nothing_of_registries() -> None:
    mirrors, insecure = parse_registry_config({})
    assert list_endpoints("docker.io", mirrors, insecure) == (
        RegistryEndpoint("https://registry-1.docker.io"),
    )
    assert not insecure("10.1.2.3")
