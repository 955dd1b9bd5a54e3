"""The tags of a repository: which are shown, in which order, and what is asked for that."""

import hashlib
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from manager.errors import ExitCode
from manager.registry.core.manifests import CONFIG_MEDIA_TYPES, MANIFEST_MEDIA_TYPES
from manager.registry.core.tag_list import (
    TagOrder,
    clean_tags,
    filter_tags,
    newest_tags,
    parse_repository,
    sort_tags,
)
from tests.command import Command
from tests.registry_server import Handler, Request, Served, served

TAGS = ("1.26", "1.27", "1.27.1", "1.27.1-alpine", "latest", "1.28.0-rc.1", "sha-0123abc")
BAD = "\x1b[31mred"


def digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def config(tag: str) -> bytes:
    day = TAGS.index(tag) + 1
    row = {"os": "linux", "architecture": "amd64", "created": f"2026-01-{day:02}T00:00:00Z"}
    return json.dumps({**row, "rootfs": {"diff_ids": []}}).encode()


def manifest(tag: str) -> bytes:
    blob = {
        "mediaType": CONFIG_MEDIA_TYPES[0],
        "digest": digest(config(tag)),
        "size": len(config(tag)),
    }
    layer = {"mediaType": "x", "digest": digest(b"layer"), "size": 1_000_000}
    row = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_MEDIA_TYPES[0],
        "config": blob,
        "layers": [layer],
    }
    return json.dumps(row).encode()


def registry(page: int = 1000) -> Handler:
    """A registry whose only repository has all the tags, in pages, and one that is none."""
    documents = {digest(it(tag)): it(tag) for tag in TAGS for it in (config, manifest)}
    everything = [*TAGS[:3], BAD, *TAGS[3:]]

    def answer(request: Request) -> None:
        parts = urlsplit(request.path)
        name = parts.path.rpartition("/")[2]
        if parts.path == "/v2/a/b/tags/list":
            last = parse_qs(parts.query).get("last", [""])[0]
            begin = everything.index(last) + 1 if last else 0
            shown = everything[begin : begin + page]
            more = len(everything) > begin + page
            link = {"Link": f'</v2/a/b/tags/list?last={shown[-1]}>; rel="next"'} if more else {}
            request.reply(200, {"tags": shown}, **link)
        elif name == "1.26" or not parts.path.startswith("/v2/a/b/"):
            request.reply(404)
        else:
            raw = manifest(name) if name in TAGS else documents[name]
            headers = {
                "Docker_Content_Digest": digest(raw),
                "Content_Type": MANIFEST_MEDIA_TYPES[0],
            }
            request.reply(200, raw, **headers)

    return answer


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """The program where there is no engine, with folders of its own."""
    for name in ("CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    env = {"DOCKER_HOST": "unix:///nowhere/engine.sock", "DOCKER_CONFIG": str(tmp_path)}
    return Command(capsys, env)


def address(server: Served) -> str:
    return server.url.removeprefix("http://") + "/a/b"


pytestmark = [
    pytest.mark.usefixtures("collected"),
    # The SDK lets go of a socket without closing it where there is no engine.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


def test_without_an_engine_all_tags_are_told_the_newest_first(run: Command) -> None:
    with served(registry(page=3)) as server:
        shown = run.ok("tags", address(server))
    assert shown.out.split() == [
        *("TAG", "latest", "1.28.0-rc.1", "1.27", "1.27.1", "1.27.1-alpine", "1.26"),
        "sha-0123abc",
    ]
    assert "asking registries without it" in shown.err
    assert sum("tags/list" in seen.path for seen in server.seen) == 3
    assert not any("manifests" in seen.path for seen in server.seen)


def test_filters_limits_and_sorts(run: Command) -> None:
    def names(*options: str) -> list[str]:
        return [it["tag"] for it in run.ok("tags", *options, "--json").data["tags"]]

    with served(registry()) as server:
        where = address(server)
        assert names(where, "--filter", "*-alpine", "--filter", "1.26") == ["1.27.1-alpine", "1.26"]
        assert names(where, "--newest", "2") == ["1.28.0-rc.1", "1.27"]
        assert names(where, "--newest", "2", "--sort", "name") == ["1.27", "1.28.0-rc.1"]
        assert names(where, "--limit", "1") == ["latest"]
        assert names(f"{where}:1.27") == ["1.27", "1.27.1", "1.27.1-alpine"]
        assert names(f"{where}:nosuch") == []
        few = run.ok("tags", where, "--limit", "2")
        assert few.err.endswith("and 5 more: --limit 0 shows all\n")
        assert few.out.splitlines() == ["TAG", "latest", "1.28.0-rc.1"]


def test_sizes_and_dates_are_asked_of_what_is_shown_and_kept(run: Command) -> None:
    with served(registry()) as server:
        where = address(server)
        found = run.ok("tags", where, "--long", "--limit", "2", "--json").data
        assert [(it["tag"], it["created"][:10]) for it in found["tags"]] == [
            ("latest", "2026-01-05"),
            ("1.28.0-rc.1", "2026-01-06"),
        ]
        assert found["tags"][0]["download"] == 1_000_000 + len(config("latest"))
        assert found["tags"][0]["digest"] == digest(manifest("latest"))
        first = [seen.path for seen in server.seen if seen.method == "GET"]
        assert sum("/manifests/" in path for path in first) == 2
        run.ok("tags", where, "--long", "--limit", "2")
        again = [seen.path for seen in server.seen if seen.method == "GET"][len(first) :]
        assert [path for path in again if "tags/list" not in path and path != "/v2/"] == []


def test_what_cannot_be_had_is_unknown_and_the_reason_is_told(run: Command) -> None:
    with served(registry()) as server:
        shown = run.ok("tags", f"{address(server)}:1.2", "--sizes", "--sort", "date")
    lines = [line.split() for line in shown.out.splitlines()]
    assert [line[0] for line in lines] == [
        *("TAG", "1.28.0-rc.1", "1.27.1-alpine", "1.27.1", "1.27", "1.26")
    ]
    assert lines[-1] == ["1.26", "unknown", "unknown"]
    assert re.search(r"unknown: registry \S+ has no a/b:1\.26", shown.err)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["a@sha256:" + "a" * 64], ExitCode.USAGE, "omit it: dockmgr tags a"),
        (["a:1@sha256:" + "a" * 64], ExitCode.USAGE, "stands for one image"),
        (["Not/An address"], ExitCode.USAGE, "hint:"),
        (["a", "--newest", "1", "--limit", "1"], ExitCode.USAGE, "cannot be combined"),
    ],
)
def test_what_is_refused(run: Command, arguments: list[str], code: ExitCode, said: str) -> None:
    refused = run("tags", *arguments)
    assert refused.code is code
    assert said in refused.err
    assert refused.out == ""


def test_a_repository_that_is_not_there(run: Command) -> None:
    with served(registry()) as server:
        refused = run("tags", address(server).replace("a/b", "no/such"))
    assert refused.code is ExitCode.REGISTRY
    assert "has no no/such" in refused.err


@pytest.mark.parametrize(
    ("text", "name", "prefix"),
    [
        ("nginx", "nginx", ""),
        ("nginx:1.2", "nginx", "1.2"),
        ("nginx:latest", "nginx", "latest"),
        ("r.io:5000/a/b", "r.io:5000/a/b", ""),
        ("r.io:5000/a/b:v1", "r.io:5000/a/b", "v1"),
        ("localhost:5000/a", "localhost:5000/a", ""),
    ],
)
def test_a_tag_is_what_tags_are_to_begin_with(text: str, name: str, prefix: str) -> None:
    found = parse_repository(text)
    assert (found[0].familiar_name, found[1]) == (name, prefix)


def test_only_what_a_tag_can_be_is_one_and_each_once() -> None:
    assert clean_tags(["b", "a", BAD, "b", "", "x" * 129]) == ("b", "a")
    assert filter_tags(["1.2", "1.20", "2.1"], "1.2", ["*0"]) == ["1.20"]
    assert newest_tags(["latest", "1.2", "1.10", "main"], 1) == ["1.10"]
    assert sort_tags(["b", "1.0", "a"], TagOrder.NAME) == ["1.0", "a", "b"]
    assert sort_tags(["b", "1.0"], TagOrder.DATE, {}) == ["1.0", "b"]


def test_too_many_are_not_asked_for_their_dates(run: Command) -> None:
    many = [f"1.{n}" for n in range(501)]
    with served(lambda request: request.reply(200, {"tags": many})) as server:
        refused = run("tags", address(server), "--sort", "date")
    assert refused.code is ExitCode.USAGE
    assert "has 501 such tags" in refused.err
