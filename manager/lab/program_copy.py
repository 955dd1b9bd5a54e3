"""A copy of this program with its Python, which runs in any root file system of this machine.

It brings its own libraries and their loader along: a lab may have others.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DISTRIBUTION = "dockmgr"
PACKAGE = "manager"
PACKAGE_FOLDER = Path(__file__).parent.parent
UNUSED_FILES = (
    *("site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "ensurepip"),
    *("lib2to3", "turtledemo", "pydoc_data", "config-*"),
)
LIBRARY_PATTERN = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)
"""Source: ldd(1)."""


def copy_program(folder: Path) -> tuple[str, ...]:
    """Copy this program into a folder.

    Args:
        folder: an empty folder; its path must be the same where the copy runs.

    Returns:
        The words that run the copy.
    """
    modules = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = modules / "site-packages"
    python, libraries = folder / "bin" / "python3", folder / "libraries"
    for needed in (python.parent, libraries):
        needed.mkdir(parents=True)
    shutil.copy2(Path(sys.executable).resolve(), python)
    unused = shutil.ignore_patterns(*UNUSED_FILES)
    shutil.copytree(sysconfig.get_path("stdlib"), modules, ignore=unused)
    shutil.copytree(PACKAGE_FOLDER, packages / PACKAGE, ignore=unused)
    for name in _list_distributions(DISTRIBUTION, set()):
        _copy_distribution(name, packages)
    loader = _copy_libraries([python, *modules.rglob("*.so")], libraries)
    return (
        *("env", f"PYTHONHOME={folder}"),
        *(str(loader), "--library-path", str(libraries)),
        *(str(python), "-P", "-m", PACKAGE),
    )


def _list_distributions(name: str, seen: set[str]) -> Iterator[str]:
    """The installed distributions that one needs, without those of its extras."""
    for requirement in metadata.requires(name) or ():
        needed = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        if "extra ==" in requirement or needed in seen:
            continue
        seen.add(needed)
        try:
            found = metadata.distribution(needed)
        except metadata.PackageNotFoundError:
            continue  # needed on other systems only
        yield found.name
        yield from _list_distributions(needed, seen)


def _copy_distribution(name: str, packages: Path) -> None:
    for file in metadata.files(name) or ():
        if ".." not in file.parts:
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file.locate(), target)


def _copy_libraries(programs: list[Path], folder: Path) -> Path:
    """Copy the libraries that programs need; the copy of their loader."""
    answer = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, check=False
    )
    found = {
        Path(path).resolve(): Path(path).name for path in LIBRARY_PATTERN.findall(answer.stdout)
    }
    for path, name in found.items():
        shutil.copy2(path, folder / name)
    return next(folder.glob("ld-*.so*"))
