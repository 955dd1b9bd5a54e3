"""The rules of the house: style, types, names, and which module may import which."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.sharing import name_work_unit

PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LONGEST_MODULE = 300

NOT_A_VALID = re.compile(r"(?<!there )\b(is|are) no\b(?! longer)", re.IGNORECASE)
"""What reads as translated: a thing "is not a valid X", and is never "no X"."""


def parse_modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((PROJECT / "manager").rglob("*.py")):
        yield path.relative_to(PROJECT), ast.parse(path.read_text(encoding="utf-8"))


def list_texts(tree: ast.Module) -> Iterator[str]:
    """The literals of a module as text; without docstrings."""
    documented = {id(it.value) for it in ast.walk(tree) if isinstance(it, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in documented:
            yield str(node.value)


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["lint-imports"]],
    ids=" ".join,
)
def test_the_tools_find_nothing(command: list[str]) -> None:
    found = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_no_module_is_too_long_to_read() -> None:
    modules = (PROJECT / "manager").rglob("*.py")
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {path.name: n for path, n in lengths.items() if n > LONGEST_MODULE} == {}


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("tests/engine/test_spawn.py::test_names[28-containerd-2-12]", "28-containerd"),
        ("tests/engine/test_spawn.py::test_names[28-2-12]", "28"),
        ("tests/engine/test_spawn.py::test_names[restart-podman]", "podman"),
        ("tests/engine/test_lab_commands.py::test_status", "tests/engine/test_lab_commands.py"),
        ("tests/unit/test_units.py::test_sizes[26]", "tests/unit/test_units.py"),
    ],
)
def test_one_process_has_all_tests_of_an_engine(test: str, unit: str) -> None:
    assert name_work_unit(test) == unit


def test_each_class_name_is_defined_once() -> None:
    classes = Counter(
        node.name
        for _, tree in parse_modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in classes.items() if count > 1] == []


def test_no_module_imports_itself_by_way_of_others_not_even_for_types() -> None:
    graph = grimp.build_graph("manager", cache_dir=None)
    TopologicalSorter(
        {it: graph.find_modules_directly_imported_by(it) for it in graph.modules}
    ).prepare()


def test_a_circle_for_types_only_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "circular"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "one.py").write_text("from circular import two\n", encoding="utf-8")
    (package / "two.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from circular.one import x\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    graph = grimp.build_graph("circular", cache_dir=None)
    imported = {it: graph.find_modules_directly_imported_by(it) for it in graph.modules}
    with pytest.raises(CycleError):
        TopologicalSorter(imported).prepare()


def test_texts_say_what_is_not_valid_and_never_that_something_is_no_such_thing() -> None:
    translated = {
        str(path)
        for path, tree in parse_modules()
        if any(NOT_A_VALID.search(text) for text in list_texts(tree))
    }
    assert translated == set()
