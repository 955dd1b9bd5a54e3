"""The rules of the house: style, types, and which layer may import which."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sharing import name_work_unit

PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LONGEST_MODULE = 340


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
