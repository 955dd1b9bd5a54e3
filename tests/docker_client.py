"""The docker command and its plugins, from the root file system of the newest lab engine.

Nothing of a machine's own is used. The root is made where it is missing, whichever lab comes first.
"""

from pathlib import Path

from manager.lab import roots
from manager.lab.flavours import DEFAULT_FLAVOUR, get_flavour
from manager.system.locks import path_lock


def docker() -> str:
    """The docker command."""
    return str(_root() / "usr/bin/docker")


def plugin(name: str) -> Path:
    """A plugin of the docker command: ``buildx``, ``compose``."""
    return _root() / f"usr/libexec/docker/cli-plugins/docker-{name}"


def _root() -> Path:
    cache = roots.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with path_lock(cache):
        return roots.ensure_root(get_flavour(DEFAULT_FLAVOUR), None, lambda _: None)
