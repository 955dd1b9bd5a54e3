"""images, df and rmi on real engines; and on engines whose answers are spoilt on the way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manager.engine.client import Engine
from manager.lab.state import Lab
from tests.command import Command
from tests.engine.forest import Forest, noise
from tests.troubled_engine import Refusal, Spoil, TroubledEngine

SLEEP = ("--", "sleep", "600")


@pytest.fixture
def forest(engine: Engine, lab: Lab) -> Iterator[Forest]:
    """Three images of one stem, and one that has nothing in common with them."""
    found = Forest(engine, lab)
    found.pull("busybox:latest")
    files = {"a": noise("one", 200_000), "b": noise("two", 30_000)}
    found.build("stem:1", "FROM busybox\nCOPY a /a\n", files)
    found.build("twig:1", "FROM stem:1\nCOPY b /b\n", files)
    found.build("alone:1", "FROM scratch\nCOPY a /a\n", files)
    found.tag("twig:1", "leaf:1")
    found.settle()
    yield found
    for container in engine.containers.list():
        engine.containers.remove(container.id, force=True)
    for tag in ("leaf:1", "twig:1", "stem:1", "alone:1"):
        if engine.images.find(tag) is not None:
            engine.images.remove(tag)


@pytest.fixture
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder with nothing in it; that of the lab is not asked for any more."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def exact(lab: Lab) -> bool:
    """Whether this engine lets every byte be known."""
    return lab.flavour in {"20.10", "26", "28"}


def by_tag(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {tag: row for row in rows for tag in row["tags"]}


def test_each_image_and_what_it_frees_alone(run: Command, forest: Forest, exact: bool) -> None:
    rows = by_tag(run.ok("images", "--json").data)
    assert {"stem:1", "twig:1", "leaf:1", "alone:1", "busybox:latest"} <= rows.keys()
    assert rows["twig:1"] == rows["leaf:1"]
    twig, alone = rows["twig:1"], rows["alone:1"]
    assert twig["frees"]["low"] + twig["shared"]["high"] == twig["size"]
    assert 0 < twig["frees"]["low"] < twig["frees"]["high"] + 1
    assert alone["frees"]["low"] >= 200_000
    assert alone["state"] == "idle"
    if exact:
        assert twig["frees"]["low"] == twig["frees"]["high"] == 30_000
        assert rows["stem:1"]["frees"]["high"] == 0
        assert alone["frees"]["high"] == alone["size"] == 200_000
    del forest


def test_the_table_fits_the_terminal_and_a_pipe_has_all(run: Command, forest: Forest) -> None:
    del forest
    wide = run.ok("images").out.splitlines()
    assert wide[0].split()[:5] == ["IMAGE", "SIZE", "SHARED", "FREES", "STATE"]
    assert wide[0].endswith("CONTAINERS")
    assert "\x1b" not in "".join(wide)
    run.env["COLUMNS"] = "80"
    narrow = run.ok("images").out.splitlines()
    assert max(map(len, narrow)) <= 80
    assert any(line.startswith("alone:1 ") for line in narrow)


def test_sorted_and_filtered(run: Command, forest: Forest) -> None:
    del forest
    rows = run.ok("images", "--sort", "size", "--json").data
    assert [row["size"] for row in rows] == sorted((row["size"] for row in rows), reverse=True)
    backwards = run.ok("images", "--sort", "size", "--reverse", "--json").data
    assert [row["size"] for row in backwards] == sorted(row["size"] for row in rows)
    assert set(by_tag(run.ok("images", "t*", "--json").data)) == {"twig:1", "leaf:1"}
    assert set(by_tag(run.ok("images", "alone", "--json").data)) == {"alone:1"}
    large = run.ok("images", "--larger-than", "1MB", "--json").data
    assert large
    assert all(row["size"] > 1_000_000 for row in large)
    nothing = run.ok("images", "nobody*")
    assert (nothing.out, "no image matches" in nothing.err) == ("", True)


def test_what_is_no_column_and_no_size(run: Command) -> None:
    refused = run("images", "--sort", "colour")
    assert (refused.code, refused.out) == (2, "")
    assert "is not one of 'name', 'id', 'size'" in refused.err
    assert run("images", "--larger-than", "much").code == 2
    assert run("images", "--state", "happy").code == 2


def test_states_and_users(run: Command, forest: Forest) -> None:
    run.ok("spawn", "busybox", "-n", "2", *SLEEP)
    files = {"a": noise("other", 10_000)}
    before = forest.engine.images.find("alone:1")
    forest.build("alone:1", "FROM scratch\nCOPY a /a\n", files)
    assert before is not None
    used = by_tag(run.ok("images", "--state", "in use", "--json").data)["busybox:latest"]
    assert used["containers"] == ["busybox1", "busybox2"]
    assert used["last_use"]["known"]
    dangling = run.ok("images", "--state", "dangling", "--json").data
    assert before.id in [row["id"] for row in dangling]
    assert run.ok("rmi", before.id, "--yes").code == 0


def test_an_image_that_lost_its_name_is_shown_as_long_as_containers_are_made_from_it(
    run: Command, forest: Forest
) -> None:
    engine = forest.engine
    run.ok("spawn", "stem:1", "--name", "web", "-n", "2", *SLEEP)
    before = engine.images.find("stem:1")
    assert before is not None
    forest.tag("alone:1", "stem:1")
    engine.api.commit("web1", "leaf", "2")
    rows = {row["id"]: row for row in run.ok("images", "--json").data}
    assert (rows[before.id]["state"], rows[before.id]["containers"]) == ("in use", ["web1", "web2"])
    kinds = {row["name"]: row["count"] for row in run.ok("df", "--json").data["kinds"]}
    assert kinds["images in use"] == 1
    why = run.ok("prune", "--all", "--include-local", "--dry-run", "--why")
    assert f"delete {before.id}" not in why.out
    # Its containers stand under the name that it has, and that is no name of another image.
    assert {line.split()[0] for line in run.ok("ls").out.splitlines()[1:]} == {before.short_id}
    assert run.ok("ls", "--tree").out.startswith(f"{before.short_id}  2 containers")
    forest.tag(before.id, "stem:2")
    assert {row["image"] for row in run.ok("ls", "--json").data} == {"stem:2"}
    refused = run("scale", "web", "3")
    assert "made from another image, which was called stem:1, and a group never" in refused.err
    for container in engine.containers.list():
        engine.containers.remove(container.id, force=True)
    for tag in ("leaf:2", "twig:1", "leaf:1", "stem:2"):
        engine.images.remove(tag)


def test_last_use_is_remembered_after_the_container_is_gone(run: Command, forest: Forest) -> None:
    del forest
    run.ok("spawn", "busybox", *SLEEP)
    while_used = by_tag(run.ok("images", "--json").data)["busybox:latest"]["last_use"]
    run.ok("rm", "busybox", "-t", "0", "--yes")
    later = by_tag(run.ok("images", "--json").data)["busybox:latest"]["last_use"]
    assert later["known"]
    assert later["at"][:16] == while_used["at"][:16]
    never = by_tag(run.ok("images", "--json").data)["alone:1"]["last_use"]
    assert (never["known"], never["how"]) == (False, "no container seen since then")


def test_the_tree_shows_layers_that_images_share(run: Command, forest: Forest) -> None:
    del forest
    lines = run.ok("images", "--tree").out.splitlines()
    stem = next(number for number, line in enumerate(lines) if line.rstrip().endswith("stem:1"))
    assert "twig:1" in lines[stem + 1]
    assert "leaf:1" in lines[stem + 1]
    assert lines[stem + 1].index("─") > lines[stem].index("─")


def test_rmi_says_beforehand_what_it_frees_and_afterwards_what_it_freed(
    run: Command, forest: Forest, exact: bool
) -> None:
    del forest
    planned = run.ok("rmi", "twig:1", "leaf:1", "--dry-run")
    assert "stays on disk, shared with" in planned.out
    assert "stem:1" in planned.out
    done = run.ok("rmi", "twig:1", "leaf:1", "--yes")
    assert "as predicted" in done.err
    if exact:
        assert "frees exactly 30,000 bytes (30kB)" in planned.out
        assert "freed 30,000 bytes (30kB), as predicted" in done.err
    else:
        assert "exactly" not in planned.out + done.err


@pytest.mark.usefixtures("forest")
def test_quiet_lists_ids_and_force_forces_nothing(run: Command) -> None:
    rows = by_tag(run.ok("images", "--json").data)
    whole = rows["twig:1"]["id"]
    assert run.ok("images", "-q", "twig").out.split() == [whole.removeprefix("sha256:")[:12]]
    assert run.ok("images", "-q", "--no-trunc", "leaf:1").out.split() == [whole]
    assert run.ok("images", "-a", "twig", "--no-trunc").out.count(whole) == 1
    run.ok("spawn", "twig:1", "--name", "user", *SLEEP)
    refused = run("rmi", "-f", "twig:1", "leaf:1", "--yes")
    assert refused.code == 1
    assert "--force has no effect" in refused.err
    assert "is in use by user1" in refused.err
    assert run.ok("images", "-q", "twig").out.split() == [whole.removeprefix("sha256:")[:12]]


def test_rmi_as_json(run: Command, forest: Forest, exact: bool) -> None:
    del forest
    data = run.ok("rmi", "alone:1", "--yes", "--json").data
    assert data["frees"]["exact"] is exact
    assert data["frees"]["low"] <= data["freed"] <= data["frees"]["high"]
    assert [row["status"] for row in data["outcomes"]] == ["done"]


def test_an_image_that_others_were_built_on(run: Command, forest: Forest, lab: Lab) -> None:
    planned = run.ok("rmi", "stem:1", "--dry-run").out
    if lab.flavour == "podman":
        assert planned.startswith("delete stem:1")
        return
    assert "untag stem:1 (frees nothing: other images are built on it)" in planned
    # Children first, whatever the order in which they are named.
    both = run.ok("rmi", "stem:1", "twig:1", "leaf:1", "--yes")
    assert both.out.splitlines()[-1] == "removed stem:1"
    assert forest.engine.images.find("stem:1") is None


def test_where_the_bytes_are(run: Command, forest: Forest, exact: bool, lab: Lab) -> None:
    del forest
    run.ok("spawn", "busybox", "-n", "2", *SLEEP)
    run.ok("stop", "busybox2", "-t", "0")
    data = run.ok("df", "--json").data
    kinds = {kind["name"]: kind for kind in data["kinds"]}
    assert list(kinds)[:3] == ["images in use", "idle images", "dangling images"]
    assert kinds["images in use"]["count"] >= 1
    assert kinds["idle images"]["command"].startswith("dockmgr rmi")
    assert kinds["containers"]["count"] == 2
    assert kinds["containers"]["command"] == "dockmgr rm busybox2"
    assert data["disk"]["total"] > data["disk"]["free"] > 0
    assert data["disk"]["path"] == str(lab.folder)
    sizes = [kinds[name]["size"] for name in list(kinds)[:3]]
    if exact:
        assert sum(size["low"] for size in sizes) == data["images_total"]["low"]
        assert data["images_total"]["exact"]
        assert data["engine_total"] == data["images_total"]["low"]
    else:
        low, high = data["images_total"]["low"], data["images_total"]["high"]
        assert low <= data["engine_total"]
        assert sum(size["low"] for size in sizes) <= high
    text = run.ok("df").out.splitlines()
    assert text[0].split() == ["TYPE", "COUNT", "SIZE", "FREEABLE", "HOW"]
    assert text[-2].startswith("disk: ")
    assert "% full" in text[-2]
    assert text[-1].strip() == str(lab.folder)


@pytest.mark.usefixtures("nothing_kept")
def test_what_was_read_is_not_read_again(run: Command, forest: Forest, lab: Lab) -> None:
    del forest
    with TroubledEngine(lab.socket, lambda _path, answer: answer) as engine:
        first = run.ok("--host", engine.host, "images", "--json").data
        asked = len(engine.asked)
        assert asked > 4
        again = run.ok("--host", engine.host, "images", "--json").data
        assert len(engine.asked) - asked <= 4
    for before, after in zip(first, again, strict=True):
        assert {**before, "last_use": ""} == {**after, "last_use": ""}


def no_history(path: str, answer: Any) -> Any:
    return None if path.endswith("/history") else answer


def refused_history(path: str, answer: Any) -> Any:
    if path.endswith("/history"):
        raise Refusal(500, "too many non-empty layers in History section")
    return answer


def refused_df(path: str, answer: Any) -> Any:
    if path == "/system/df":
        raise Refusal(500, "failed to retrieve image list")
    return answer


def unknown_counts(path: str, answer: Any) -> Any:
    if path == "/images/json":
        return [{**row, "SharedSize": -1, "Containers": -1} for row in answer]
    return answer


def bare_rows(path: str, answer: Any) -> Any:
    if path == "/images/json":
        wanted = {"Id", "RepoTags", "Size", "Created"}
        return [{key: value for key, value in row.items() if key in wanted} for row in answer]
    return answer


def nameless(path: str, answer: Any) -> Any:
    if path == "/images/json":
        return [{**row, "RepoTags": None, "RepoDigests": None, "Labels": None} for row in answer]
    return answer


def unreadable_images(path: str, answer: Any) -> Any:
    if path.startswith("/images/") and path.endswith("/json") and path != "/images/json":
        raise Refusal(500, "content digest not found")
    return answer


def no_layers(path: str, answer: Any) -> Any:
    if path.startswith("/images/") and path.endswith("/json") and isinstance(answer, dict):
        return {**answer, "RootFS": None}
    return answer


def absurd_sizes(path: str, answer: Any) -> Any:
    if path == "/images/json":
        return [{**row, "Size": -1, "SharedSize": 1 << 50} for row in answer]
    if path.endswith("/history"):
        return [{**row, "Size": -5} for row in answer or ()]
    return answer


def empty_df(path: str, answer: Any) -> Any:
    return {} if path == "/system/df" else answer


SPOILT = [
    no_history,
    refused_history,
    refused_df,
    unknown_counts,
    bare_rows,
    nameless,
    unreadable_images,
    no_layers,
    absurd_sizes,
    empty_df,
]


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("spoil", SPOILT, ids=lambda it: it.__name__)
def test_odd_answers_give_about_and_never_a_traceback(
    run: Command, forest: Forest, lab: Lab, spoil: Spoil
) -> None:
    truth = forest.engine.images.find("alone:1")
    assert truth is not None
    with TroubledEngine(lab.socket, spoil) as engine:
        host = ("--host", engine.host)
        assert run.ok(*host, "images").out
        assert run.ok(*host, "images", "--tree").code == 0
        assert run.ok(*host, "df").out
        total = run.ok(*host, "df", "--json").data["images_total"]
        assert total["low"] <= total["high"]
        rows = run.ok(*host, "images", "--json").data
        (row,) = (it for it in rows if it["id"] == truth.id)
        if spoil is not nameless:
            planned = run.ok(*host, "rmi", "alone:1", "--dry-run", "--json").data["frees"]
            assert planned["low"] <= planned["high"]
            if spoil in {refused_df, empty_df, unreadable_images, no_layers, absurd_sizes}:
                assert not planned["exact"]
                assert planned["why_not_exact"]
        assert row["frees"]["low"] <= row["frees"]["high"]


def test_an_engine_that_fails_is_an_error_with_a_hint(run: Command, lab: Lab) -> None:
    def broken(path: str, answer: Any) -> Any:
        if path == "/images/json":
            raise Refusal(500, "the store is gone")
        return answer

    with TroubledEngine(lab.socket, broken) as engine:
        for command in ("images", "df"):
            failed = run("--host", engine.host, command)
            assert failed.code == 1
            assert failed.err.startswith("error: the store is gone")
            assert "hint: " in failed.err
