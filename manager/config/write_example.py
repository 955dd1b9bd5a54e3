"""Write the example to where the settings are looked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from manager.config.example import render_example
from manager.errors import ManagerError

if TYPE_CHECKING:
    from pathlib import Path

OWNER_ONLY = 0o600


def write_example(path: Path) -> None:
    """Write the example, in place of what is there; folders are made.

    Args:
        path: the file. It appears when it is complete, and only its owner may read it.

    Raises:
        ManagerError: the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(render_example())
        partial.replace(path)
    except OSError as error:
        raise ManagerError(
            f"cannot write the settings file {path}: {error.strerror}",
            "name another file with --config",
        ) from error
