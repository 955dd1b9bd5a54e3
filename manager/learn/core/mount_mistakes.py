"""What containers of a lesson get of the machine: its folders, and rights over it."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from manager.learn.core.lessons import LESSON_PREFIX
from manager.learn.core.reach import Flaw, own_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.learn.core.shell_lines import Command

FOLDERS = ("/", ".", "~", "$")
"""With which the source of a mount begins that is no volume."""
HERE = ("./", "$PWD/", "${PWD}/")
SOCKET = ".sock"
"""With which the names of files end through which an engine is told what to do."""
NUMBER = "{n}"
"""What stands in a text of spawn for a member's number."""
_NUMBERED = re.compile(r"\{n:0[1-9]d?\}")
RIGHTS = ("device", "cap-add", "security-opt", "device-cgroup-rule", "cgroup-parent")
SPACES = ("pid", "ipc", "userns", "uts", "cgroupns")
MOUNT = (
    f"mount a folder below the one you are in for reading, as ./site:/srv:ro, or one whose path "
    f"has {LESSON_PREFIX}, as ./{LESSON_PREFIX}site:/srv"
)


def faults_of_rights(command: Command) -> Iterator[Flaw]:
    """Options that give a container rights over the machine it is on."""
    if command.verb not in {"run", "create", "spawn", "exec"}:
        return
    given = [f"--{name}" for name in ("privileged", "use-api-socket") if command.has(name)]
    given += [f"--{name}" for name in RIGHTS if command.values(name)]
    given += [f"--{name} host" for name in SPACES if "host" in command.values(name)]
    for option in given:
        hint = "leave it out: it gives a container rights over the machine"
        yield Flaw(f"{command} {option} reaches further than what is the lesson's own", hint)


def volumes_of(command: Command) -> Iterator[str]:
    """The volumes with names that a command mounts."""
    return (source for source, folder, _ in _mounts(command) if not folder)


def faults_of_mounts(command: Command) -> Iterator[Flaw]:
    """Folders of the machine that a lesson has no business in."""
    for source, folder, for_reading in _mounts(command):
        if folder and not own_file(source) and not (for_reading and _below(source)):
            yield Flaw(f"{command} mounts {source!r} of the machine", MOUNT)
    for text in command.values("mount"):
        parts = _parts(text)
        if not parts:
            hint = "write --mount type=volume,source=learn-data,target=/data"
            yield Flaw(f"{command} has a --mount that cannot be read", hint)
        elif "volume-opt" in parts:
            yield Flaw(f"{command} gives a volume options, and so any folder", "leave them out")


def _below(path: str) -> bool:
    """Whether a path is below the folder one is in, or that folder."""
    here = f"{path}/".startswith(HERE) and ".." not in path.split("/")
    return here and not path.endswith(SOCKET)


def _parts(text: str) -> dict[str, str]:
    """What a ``--mount`` says, by its keys; nothing if it cannot be read."""
    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error:
        return {}
    pairs = (field.partition("=")[::2] for field in fields)
    return {key.strip().lower(): value for key, value in pairs}


def _mounts(command: Command) -> Iterator[tuple[str, bool, bool]]:
    """What is mounted: its source, whether it is a folder, and whether only for reading.

    Source: the docker run reference, ``--volume`` and ``--mount``.
    """
    for given in command.values("v", "volume"):
        text = _NUMBERED.sub(NUMBER, given) if command.verb == "spawn" else given
        source, colon, rest = text.partition(":")
        if colon:
            options = rest.partition(":")[2].split(",")
            yield source, source.startswith(FOLDERS), "ro" in options
    for text in command.values("mount"):
        parts = _parts(text)
        source = parts.get("source", parts.get("src", ""))
        kind = parts.get("type", "volume")
        read = {parts.get("readonly", "no"), parts.get("ro", "no")} & {"", "true", "1"}
        if source:
            yield source, kind != "volume" or source.startswith(FOLDERS), bool(read)
