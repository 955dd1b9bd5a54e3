"""How far a push is, and what its failures mean: messages as engines send them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.registry.core.failure_kinds import FailureKind
from manager.registry.core.transfer_failures import explain_push_failure
from manager.registry.core.transfer_progress import PushProgress

DIGEST = "sha256:" + "a" * 64
END = {"status": f"v1: digest: {DIGEST} size: 527"}
AUX = {"progressDetail": {}, "aux": {"Tag": "v1", "Digest": DIGEST, "Size": 527}}


def folded(*messages: dict[str, Any]) -> PushProgress:
    progress = PushProgress()
    for message in messages:
        progress.add(message)
    return progress


def layer(status: str, identity: str = "a", **detail: int) -> dict[str, Any]:
    return {"status": status, "id": identity, "progressDetail": detail}


def test_a_graph_driver_tells_sizes_which_are_estimates() -> None:
    progress = folded(
        {"status": "The push refers to repository [10.0.0.1:5000/my/app]"},
        layer("Preparing", "a"),
        layer("Preparing", "b"),
        layer("Waiting", "b"),
        layer("Pushing", "a", current=35, total=100),
    )
    assert (progress.done, progress.total, progress.all_sizes_known) == (35, 100, False)
    progress.add(layer("Pushing", "a", current=120, total=100))
    assert (progress.done, progress.total) == (100, 100)
    for message in (layer("Pushed", "a"), layer("Layer already exists", "b"), END, AUX):
        progress.add(message)
    assert all(it.finished for it in progress.layers.values())
    assert (progress.digest, progress.manifest_size, progress.sent) == (DIGEST, 527, 100)


@pytest.mark.parametrize("last", [[END], [AUX], [END, AUX]], ids=["podman", "aux", "both"])
def test_the_end_tells_the_digest_in_either_way(last: list[dict[str, Any]]) -> None:
    progress = folded(*last)
    assert (progress.digest, progress.manifest_size, progress.sent) == (DIGEST, 527, None)


def test_what_is_there_already_is_not_sent_and_what_nobody_told_is_not_known() -> None:
    assert folded(layer("Mounted from library/nginx"), END).sent == 0
    assert folded(layer("Pushed"), END).sent is None


def test_one_platform_of_several_is_said() -> None:
    progress = folded({"aux": {"manifestPushedInsteadOfIndex": True}})
    assert progress.note.startswith("only the platform that is here")


statuses = st.sampled_from(
    ["Preparing", "Waiting", "Pushing", "Pushed", "Layer already exists", "Mounted from a", ""]
)
messages = st.builds(
    lambda status, identity, detail: {"status": status, "id": identity, "progressDetail": detail},
    statuses,
    st.sampled_from(["a", "b", ""]),
    st.dictionaries(st.sampled_from(["current", "total"]), st.integers(-1, 100)),
)


@given(st.lists(messages))
def test_whatever_comes_the_count_stays_possible(sent: list[dict[str, Any]]) -> None:
    progress = PushProgress()
    for message in sent:
        progress.add(message)
        assert progress.done <= progress.total or not progress.all_sizes_known


# What engines said of registries: `kind | what we say | words`, one a line.
SAID = r"""
missing or private | you may not push | denied: requested access to the resource is denied
missing or private | you may not push | push access denied, repository does not exist or \
may require authorization: server message: insufficient_scope: authorization failed
missing or private | you may not push | denied: permission_denied: write_package
missing or private | has no repository for | name unknown: The repository with name 'a/b' \
does not exist in the registry with id '123456789012'
missing or private | has no repository for | unknown: project a not found
missing or private | does not allow | tag invalid: The image tag 'c' already exists in the \
'a/b' repository and cannot be overwritten because the repository is immutable.
missing or private | does not accept layers | error parsing HTTP 413 response body: invalid \
character '<' looking for beginning of value: "<html><h1>413 Request Entity Too Large</h1>"
missing or private | has no space left | denied: adding 1.2 GiB of storage resource, which \
when updated to current usage of 9 GiB will exceed the configured upper limit of project quota
login needed | requires a login | no basic auth credentials
login needed | requires a login | unauthorized: authentication required
too many pulls | too many requests | toomanyrequests: slow down
no network | cannot reach | Get "https://a.b/v2/": dial tcp: lookup a.b: no such host
tls | does not trust | tls: failed to verify certificate: x509: unknown authority
no space | a disk is full | write /var/lib/docker/tmp/x: disk quota exceeded
temporary failure | failed: | Get "http://10.0.0.9:1/v2/": dial tcp: connection refused
other | failed: | something never heard of
"""
CASES = [line.split(" | ", 2) for line in SAID.replace("\\\n", "").strip().splitlines()]


@pytest.mark.parametrize(("kind", "ours", "said"), CASES)
def test_what_a_failure_means(kind: str, ours: str, said: str) -> None:
    told = explain_push_failure(said, "example.org/a/b:c", "example.org")
    assert told.kind is FailureKind(kind)
    assert ours in told.message
    assert "example.org/a/b:c" in told.message
    assert told.hint
    assert "{" not in told.message + told.hint
    assert told.retry is (
        told.kind in {FailureKind.NETWORK, FailureKind.TRANSIENT, FailureKind.RATE_LIMIT}
    )


def test_amazon_wants_repositories_to_be_made_first() -> None:
    registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    told = explain_push_failure("name unknown: x", f"{registry}/a/b:c", registry)
    assert told.hint == (
        "create it first: aws ecr create-repository --region eu-west-1 --repository-name a/b"
    )
    public = explain_push_failure("name unknown: x", "public.ecr.aws/me/a/b:c", "public.ecr.aws")
    assert public.hint.endswith(
        "aws ecr-public create-repository --region us-east-1 --repository-name a/b"
    )
    assert explain_push_failure(
        "no basic auth credentials", f"{registry}/a:1", registry
    ).hint.startswith(f"log in with: dockmgr login {registry} (with AWS credentials for")


def test_a_name_without_a_slash_is_dockers_own() -> None:
    told = explain_push_failure(
        "denied: requested access to the resource is denied", "app:1", "docker.io"
    )
    assert told.hint == "names without a slash belong to Docker: dockmgr tag app:1 YOU/app:1"


def test_a_lab_has_no_way_to_docker_hub() -> None:
    told = explain_push_failure(
        "dial tcp: lookup registry-1.docker.io: no such host", "a:1", "docker.io", "lab"
    )
    assert told.message == "a:1 cannot be pushed: lab 'lab' cannot reach Docker Hub"
    assert not told.retry


def test_a_login_that_ends_on_the_way_is_looked_for_again() -> None:
    said, name = "unauthorized: authentication required", "example.org/a:1"
    waiting = folded(layer("Preparing"), layer("Waiting"))
    under_way = folded(layer("Pushing", current=10, total=100))
    assert (waiting.begun, under_way.begun) == (False, True)
    told = explain_push_failure(said, name, "example.org", begun=under_way.begun)
    assert (told.kind, told.retry) == (FailureKind.EXPIRED, True)
    assert "while example.org/a:1 was being pushed" in told.message
