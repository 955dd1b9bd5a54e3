"""Write the example to where the settings are looked for."""

from __future__ import annotations

import os
from pathlib import Path

from manager.config.example import render_example
from manager.errors import ManagerError

OWNER_ONLY = 0o600


def require_ordinary_file(path: Path) -> None:
    """See that what is there may be replaced.

    Raises:
        ManagerError: it is a folder or a device.
    """
    if not path.is_file():
        raise ManagerError(f"{path} is not a file", "name another file with --config")


def write_example(path: Path) -> None:
    """Write the example, in place of what is there; folders are made.

    Args:
        path: the file, or a link to it. It appears when it is complete, and only its owner may
            read it.

    Raises:
        ManagerError: the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    partial = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(render_example())
        partial.replace(target)
    except OSError as error:
        raise ManagerError(
            f"cannot write the settings file {path}: {error.strerror}",
            "name another file with --config",
        ) from error
