"""Where the program keeps its configuration, its state, its cache and its log."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "dockmgr"
DATABASE = "dockmgr.sqlite3"
"""The file in the folder of the state in which things are remembered."""


def config() -> Path:
    """The folder of ``config.toml``."""
    return _xdg("XDG_CONFIG_HOME", ".config") or _platform("config")


def state() -> Path:
    """The folder of what is known of labs, and of what is remembered."""
    return _xdg("XDG_STATE_HOME", ".local/state") or _platform("state")


def remembered() -> float:
    """When anything was last remembered, in seconds of the system's clock; 0 for never."""
    try:
        return (state() / DATABASE).stat().st_mtime
    except OSError:
        return 0


def spawns() -> Path:
    """The folder of the records of spawns that were begun."""
    return state() / "spawns"


def cache() -> Path:
    """The folder of what can be downloaded or built again."""
    return _xdg("XDG_CACHE_HOME", ".cache") or _platform("cache")


def log() -> Path:
    """The folder of what is written down about bugs."""
    return state() / "log"


def _xdg(variable: str, default: str) -> Path | None:
    """The folder on Linux, as platformdirs has it; every command asks, and loading that is slow.

    Source: XDG Base Directory Specification 0.8; a relative path in a variable is ignored.
    """
    if sys.platform != "linux":
        return None
    env: Mapping[str, str] = os.environ
    base = Path(env.get(variable) or "")
    return (base if base.is_absolute() else Path.home() / default) / APP


def _platform(kind: str) -> Path:
    import platformdirs

    found: Path = getattr(platformdirs, f"user_{kind}_path")(APP)
    return found
