"""Where the program keeps its configuration, its state, its cache and its log."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

APP_NAME = "dockmgr"
DATABASE_FILE_NAME = "dockmgr.sqlite3"
"""The file in the folder of the state in which things are remembered."""


def config_folder() -> Path:
    """The folder of ``config.toml``."""
    return _xdg_folder("XDG_CONFIG_HOME", ".config") or _platform_folder("config")


def state_folder() -> Path:
    """The folder of what is known of labs, and of what is remembered."""
    return _xdg_folder("XDG_STATE_HOME", ".local/state") or _platform_folder("state")


def last_database_write() -> float:
    """When anything was last remembered, in seconds of the system's clock; 0 for never."""
    try:
        return (state_folder() / DATABASE_FILE_NAME).stat().st_mtime
    except OSError:
        return 0


def spawns_folder() -> Path:
    """The folder of the records of spawns that were begun."""
    return state_folder() / "spawns"


def cache_folder() -> Path:
    """The folder of what can be downloaded or built again."""
    return _xdg_folder("XDG_CACHE_HOME", ".cache") or _platform_folder("cache")


def log_folder() -> Path:
    """The folder of what is written down about bugs."""
    return state_folder() / "log"


def _xdg_folder(variable: str, default: str) -> Path | None:
    """The folder on Linux, as platformdirs has it; every command asks, and loading that is slow.

    Source: XDG Base Directory Specification 0.8; a relative path in a variable is ignored.
    """
    if sys.platform != "linux":
        return None
    env: Mapping[str, str] = os.environ
    base = Path(env.get(variable) or "")
    return (base if base.is_absolute() else Path.home() / default) / APP_NAME


def _platform_folder(kind: str) -> Path:
    import platformdirs

    found: Path = getattr(platformdirs, f"user_{kind}_path")(APP_NAME)
    return found
