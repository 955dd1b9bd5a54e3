"""How far a pull is, and what its failures mean: messages as engines send them."""

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.registry.core.failure_kinds import FailureKind, classify_failure
from manager.registry.core.transfer_failures import explain_pull_failure
from manager.registry.core.transfer_progress import PullProgress

DIGEST = f"sha256:{0:064}"


def folded(*messages: dict[str, Any]) -> PullProgress:
    progress = PullProgress()
    for message in messages:
        progress.add(message)
    return progress


def layer(status: str, identity: str = "a", **detail: int) -> dict[str, Any]:
    return {"status": status, "id": identity, "progressDetail": detail}


def test_what_a_failure_means_is_known_from_the_first_on_to_all_at_the_same_time() -> None:
    program = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from manager.registry.core.failure_kinds import FailureKind, classify_failure
sys.setswitchinterval(1e-6)
together = Barrier(8)
def ask(_):
    together.wait()
    return classify_failure("no basic auth credentials")
with ThreadPoolExecutor(8) as pool:
    assert set(pool.map(ask, range(8))) == {FailureKind.LOGIN}
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_sizes_are_told_one_by_one() -> None:
    progress = folded(
        {"status": "Pulling from library/redis", "id": "latest"},
        layer("Already exists", "a"),
        layer("Pulling fs layer", "b"),
        layer("Pulling fs layer", "c"),
        layer("Downloading", "b", current=10, total=100),
    )
    assert (progress.done, progress.total, progress.all_sizes_known) == (10, 100, False)
    progress.add(layer("Downloading", "c", current=5, total=50))
    assert (progress.done, progress.total, progress.all_sizes_known) == (15, 150, True)


def test_unpacking_is_no_download() -> None:
    progress = folded(
        layer("Downloading", current=90, total=100),
        layer("Download complete"),
        layer("Extracting", current=1, total=100),
    )
    assert (progress.done, progress.total) == (100, 100)
    progress.add(layer("Pull complete"))
    assert progress.layers["a"].finished


def test_the_end_tells_the_digest_and_whether_it_was_new() -> None:
    progress = folded(
        {"status": "Digest: sha256:abc"}, {"status": "Status: Image is up to date for x"}
    )
    assert (progress.digest, progress.current) == ("sha256:abc", True)


def test_a_failure_in_the_middle_is_a_message() -> None:
    told = folded({"errorDetail": {"message": "unexpected EOF"}, "error": "unexpected EOF"})
    assert told.error == "unexpected EOF"
    assert folded({"errorDetail": {"message": "only here"}}).error == "only here"


def test_podman_tells_no_sizes() -> None:
    progress = folded(
        {"status": "Pulling fs layer", "progressDetail": {}, "id": "63d1fe9e4c6f"},
        {"status": "Download complete", "progressDetail": {}, "id": "63d1fe9e4c6f"},
        {"stream": "Writing manifest to image destination\n"},
    )
    assert (progress.done, progress.total, progress.all_sizes_known) == (0, 0, True)


statuses = st.sampled_from(
    ["Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Download complete"]
    + ["Extracting", "Pull complete", "Already exists", "Retrying in 5 seconds", ""]
)
messages = st.builds(
    lambda status, identity, detail: {"status": status, "id": identity, "progressDetail": detail},
    statuses,
    st.sampled_from(["a", "b", ""]),
    st.dictionaries(st.sampled_from(["current", "total"]), st.integers(-1, 100)),
)


@given(st.lists(messages))
def test_whatever_comes_the_count_stays_possible(sent: list[dict[str, Any]]) -> None:
    progress = PullProgress()
    for message in sent:
        progress.add(message)
        assert progress.done <= progress.total or not progress.all_sizes_known


# What engines and registries really said: `kind | words`, one a line.
SAID = r"""
no network | Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on \
10.0.0.53:53: dial udp 10.0.0.53:53: connect: network is unreachable
no network | Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on \
10.0.0.1:53: read udp 10.0.0.2:5->10.0.0.1:53: read: connection refused
no network | Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host
missing tag | manifest for 10.0.0.2:5000/a:b not found: manifest unknown: manifest unknown
missing tag | manifest unknown
missing or private | pull access denied for nosuch, repository does not exist or may \
require 'docker login': denied: requested access to the resource is denied
missing or private | failed to resolve reference: pull access denied, repository does not \
exist or may require authorization: server message: insufficient_scope: authorization failed
too many pulls | toomanyrequests: You have reached your unauthenticated pull rate limit.
login needed | Head "http://10.0.0.1:80/v2/a/manifests/b": no basic auth credentials
login needed | unauthorized: authentication required
temporary failure | Get "http://localhost:1/v2/": dial tcp [::1]:1: connect: connection refused
temporary failure | unexpected EOF
temporary failure | read tcp 10.0.0.1:1->10.0.0.2:2: read: connection reset by peer
temporary failure | Get "https://a.b/v2/": net/http: TLS handshake timeout
temporary failure | received unexpected HTTP status: 503 Service Unavailable
temporary failure | Get "https://a.b/v2/": lookup a.b on 10.0.0.1:53: server misbehaving
tls | Get "https://a.b/v2/": tls: failed to verify certificate: x509: certificate signed by \
unknown authority
tls | http: server gave HTTP response to HTTPS client
no space | write /var/lib/docker/tmp/x: no space left on device
wrong platform | no matching manifest for linux/s390x in the manifest list entries
other | something never heard of
"""
CASES = [line.split(" | ", 1) for line in SAID.replace("\\\n", "").strip().splitlines()]


@pytest.mark.parametrize(("name", "said"), CASES)
def test_what_engines_say(name: str, said: str) -> None:
    kind = FailureKind(name)
    assert classify_failure(said) is kind
    told = explain_pull_failure(said, "a/b:c", "example.org")
    assert told.kind is kind
    assert told.hint
    assert "{" not in told.message + told.hint
    assert "a/b:c" in told.message
    assert told.retry is (
        kind in {FailureKind.NETWORK, FailureKind.TRANSIENT, FailureKind.RATE_LIMIT}
    )


def test_what_hub_does_not_tell_apart_has_a_sentence_for_both() -> None:
    told = explain_pull_failure("pull access denied for x", "x:latest", "docker.io")
    assert told.message == (
        "docker.io has no x:latest, or it is private: the registry does not say which"
    )


def test_a_login_that_is_refused_in_the_middle_has_expired_and_is_made_anew() -> None:
    said = "unauthorized: authentication required"
    told = explain_pull_failure(said, "a/b:c", "example.org", begun=True)
    assert (told.kind, told.retry) == (FailureKind.EXPIRED, True)
    assert told.message == "example.org refused the login while a/b:c was being pulled"
    assert not explain_pull_failure("no space left on device", "a", "b", begun=True).retry


@pytest.mark.parametrize("said", [said for name, said in CASES if name == "no network"])
def test_in_a_lab_the_network_is_never_the_reason(said: str) -> None:
    told = explain_pull_failure(said, "x:latest", "docker.io", lab="lab")
    assert told.message.startswith("the registry of lab 'lab' has no x:latest")
    assert not told.retry


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("nginx:1", "nginx"),
        (f"nginx@{DIGEST}", "nginx"),
        (f"localhost:5000/app@{DIGEST}", "localhost:5000/app"),
        (f"localhost:5000/app:1@{DIGEST}", "localhost:5000/app"),
    ],
)
def test_what_a_registry_lacks_leads_to_the_tags_of_its_repository(
    image: str, repository: str
) -> None:
    found = explain_pull_failure("manifest unknown", image, "docker.io")
    assert found.hint == f"list its tags: dockmgr tags {repository}"
