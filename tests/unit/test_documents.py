"""The documents: what is generated is current, links lead somewhere, the site builds."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from manager import __version__
from manager.errors import ExitCode
from tests.documents.pages import COMMANDS_FOLDER, PICTURE, PROJECT, generate_pages
from tests.documents.picture import draw_screen, render_picture

DOCUMENTS = sorted(
    [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "findings").glob("*.md")]
)
REGENERATE = "write the generated documents again: python -m tests.documents"
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")
PATH = re.compile(r"`((?:manager|tests)/[\w./-]+)`")
NAMES = [str(path.relative_to(PROJECT)) for path in DOCUMENTS]


def read(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


def outside_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def test_the_generated_documents_are_current() -> None:
    pages = {path: text for path, text in generate_pages().items() if path != PICTURE}
    assert [path for path, text in pages.items() if read(path) != text] == [], REGENERATE
    commands = {str(it.relative_to(PROJECT)) for it in (PROJECT / COMMANDS_FOLDER).iterdir()}
    assert commands <= set(pages), REGENERATE


def test_the_picture_shows_what_the_program_prints() -> None:
    def words(svg: str) -> list[str]:
        return re.findall(r"<text [^>]*>([^<]*)</text>", svg)

    kept = read(PICTURE)
    assert words(kept) == words(render_picture()), REGENERATE
    assert "nginx1" in draw_screen().export_text(clear=False)
    assert "url(" not in kept.replace("url(#", "")


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_files_and_headings(name: str) -> None:
    assert list(broken_links(PROJECT / name)) == []


def broken_links(document: Path) -> Iterator[str]:
    text = outside_code(document.read_text(encoding="utf-8"))
    for target, anchor in LINK.findall(text):
        path = (document.parent / target).resolve() if target else document
        if not path.exists():
            yield f"{target} does not exist"
        elif anchor and anchor not in headings(path):
            yield f"{target} has no heading #{anchor}"


def headings(document: Path) -> set[str]:
    found = re.findall(
        r"^#+ (.*)$", outside_code(document.read_text(encoding="utf-8")), re.MULTILINE
    )
    return {re.sub(r"[^\w -]", "", it.lower()).strip().replace(" ", "-") for it in found}


@pytest.mark.parametrize("name", NAMES)
def test_files_of_the_tree_that_documents_name_exist(name: str) -> None:
    named = PATH.findall(outside_code(read(name)))
    assert [path for path in named if not (PROJECT / path).exists()] == []


def test_the_readme_is_short_and_has_its_marked_lines() -> None:
    readme = read("README.md")
    assert len(readme.splitlines()) <= 130
    for mark, end in (
        ("main job", "spawn nginx --count 3 --publish 8080:80"),
        ("test line", "-m pytest --install-tools"),
    ):
        line = readme.partition(f"<!-- {mark} -->\n```sh\n")[2].partition("\n```\n<!-- end -->")[0]
        assert "\n" not in line
        assert end in line


def test_every_exit_code_is_documented() -> None:
    rows = re.findall(r"^\| (\d+) \|", read("docs/reference/exit-codes.md"), re.MULTILINE)
    assert {int(ExitCode(code)) for code in ExitCode} <= set(map(int, rows))


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == __version__


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    settings = read("zensical.toml")
    shutil.copytree(PROJECT / "docs", tmp_path / "docs")
    (tmp_path / "zensical.toml").write_text(settings, encoding="utf-8")
    built = subprocess.run(
        [Path(sys.executable).parent / "zensical", "build", "--strict", "--clean"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = {str(it.relative_to(PROJECT / "docs")) for it in (PROJECT / "docs").rglob("*.md")}
    assert set(listed_pages(tomllib.loads(settings)["project"]["nav"])) == pages
    for page in pages:
        html = (tmp_path / "site" / page).with_suffix(".html").read_text(encoding="utf-8")
        assert not re.search(r"(?:src|<link [^>]*href)=\"(?:https?:)?//", html), page


def listed_pages(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict | list):
        for one in nav.values() if isinstance(nav, dict) else nav:
            yield from listed_pages(one)
