"""A lab as an ordinary docker context, so that the docker command can use it too.

Source: docker/cli, ``cli/context/store``: ``contexts/meta/<sha256 of the name>/meta.json``.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from manager.engine.contexts import docker_folder
from manager.errors import ManagerError

CONTEXT_DESCRIPTION = "dockmgr lab"
"""In the context's metadata: it is ours to replace and to remove."""


def check_context_name(name: str) -> None:
    """Refuse a name that somebody else's context has.

    Raises:
        ManagerError: a context of that name exists that is not ours.
    """
    folder = _context_folder(name)
    if folder.exists() and not _is_ours(folder):
        raise ManagerError(
            f"docker already has a context named {name!r} that does not belong to this lab",
            f"remove it with: docker context rm {name}; or use another --name",
        )


def has_context(name: str) -> bool:
    """Whether there is a context of that name, whosever."""
    return _context_folder(name).exists()


def write_context(name: str, host: str) -> None:
    """Add the context, or replace one of our own.

    Raises:
        ManagerError: a context of that name exists that is not ours.
    """
    check_context_name(name)
    folder = _context_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    meta = {
        "Name": name,
        "Metadata": {"Description": CONTEXT_DESCRIPTION},
        "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}},
    }
    partial = folder / "meta.json.partial"
    partial.write_text(json.dumps(meta), encoding="utf-8")
    partial.replace(folder / "meta.json")


def remove_context(name: str) -> None:
    """Remove the context if it is ours."""
    folder = _context_folder(name)
    if folder.exists() and _is_ours(folder):
        shutil.rmtree(folder)
        # Folders that only it was in: docker makes them anew when it needs them.
        for parent in (folder.parent, folder.parent.parent, docker_folder(os.environ)):
            try:
                parent.rmdir()
            except OSError:
                return


def _context_folder(name: str) -> Path:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return docker_folder(os.environ) / "contexts" / "meta" / digest


def _is_ours(folder: Path) -> bool:
    """Whether we wrote it; a folder without its file is what is left of a write that was cut."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return (
        isinstance(meta, dict)
        and (meta.get("Metadata") or {}).get("Description") == CONTEXT_DESCRIPTION
    )
