"""A file that describes groups: TOML, a table for each, with the names of spawn's options."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from manager.config import schema
from manager.config.schema import Section, setting
from manager.config.settings import document, text_of
from manager.config.toml_positions import line_of
from manager.config.value_kinds import duration, flag, ports, text, texts, whole
from manager.errors import ExitCode, ManagerError
from manager.groups.core.readiness import Readiness
from manager.groups.core.run_options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

MOST = 10_000
NO = False
HINT = 'write [group.web] on a line of its own, and below it image = "nginx" and count = 3'


class Own(Section):
    """What a table may hold beside the options of ``docker run``."""

    image: str = setting(text(), "", "the image's address")
    count: int = setting(whole(1, MOST), 1, "how many there are to be in all")
    name: str = setting(text(), "", "a template for their names, such as web-{n:02}")
    start: int = setting(whole(0, MOST), 1, "the first number")
    platform: str = setting(text(), "", "another platform's image")
    wait: bool = setting(flag(), NO, "each runs, and is healthy")
    wait_port: tuple[int, ...] = setting(ports(), [], "its ports answer")
    wait_http: str = setting(text(), "", "it answers a GET without an error")
    wait_log: str = setting(text(), "", "it writes such a line")
    timeout: timedelta = setting(duration("24h"), "60s", "how long for that")
    command: tuple[str, ...] = setting(
        texts('["sleep", "600"]'), [], "what to run instead of the image's own"
    )
    env_file: tuple[str, ...] = setting(texts('["web.env"]'), [], "files of variables")
    label_file: tuple[str, ...] = setting(texts('["web.env"]'), [], "files of labels")


EXAMPLES = {
    "publish": "8080:80",
    "volume": "data:/data",
    "mount": "type=tmpfs,target=/cache",
    "tmpfs": "/cache",
    "network_alias": "web",
    "add_host": "db:192.0.2.1",
    "dns": "192.0.2.1",
    "ulimit": "nofile=1024",
    "cap_add": "NET_ADMIN",
    "cap_drop": "ALL",
    "security_opt": "no-new-privileges",
}
"""How an item of a list is written, where it is not ``key=value``."""


def _option(default: object, name: str) -> schema.Row:
    """How an option of ``docker run`` is written."""
    if isinstance(default, tuple):
        return schema.Row(texts(f'["{EXAMPLES.get(name, "key=value")}"]'), [], name)
    if isinstance(default, bool):
        return schema.Row(flag(), NO, name)
    if name in {"stop_timeout", "health_retries"}:
        return schema.Row(whole(-1, MOST), 0, name)
    return schema.Row(text(), "", name)


_RUN = {
    one.name: _option(getattr(RunOptions(), one.name), one.name)
    for one in fields(RunOptions)
    if one.name != "command"
}
ROWS = {**Own.rows, **_RUN}


@dataclass(frozen=True, slots=True)
class Described:
    """One group, as a file describes it."""

    name: str
    """The name or template."""
    image: str
    count: int
    start: int | None
    platform: str
    ready: Readiness
    command: tuple[str, ...]
    options: Mapping[str, Any]
    """The options of ``docker run`` that it gives, and files of variables and labels."""


@dataclass(frozen=True, slots=True)
class File:
    """All that a file describes."""

    groups: tuple[Described, ...]
    networks: tuple[str, ...]


def load(path: Path) -> File:
    """Read a file.

    Raises:
        ManagerError: it cannot be read; (usage) it holds something that is no option; the sentence
            has file, line, key and what was expected.
    """
    content = text_of(path, must_exist=True, what="file", hint="name another with --file") or ""
    try:
        return _read(document(path, content))
    except schema.RefusedError as error:
        where = f"{path} line {line_of(content, error.path)}" if error.path else str(path)
        raise ManagerError(f"{where}: {error.problem}", error.hint, ExitCode.USAGE) from None


def _read(found: Mapping[str, Any]) -> File:
    for key in found:
        if key not in {"group", "networks"}:
            raise schema.RefusedError((key,), f"{key} is neither networks nor a group", HINT)
    groups = found.get("group")
    if not isinstance(groups, dict) or not groups:
        path = ("group",) if "group" in found else ()
        raise schema.RefusedError(path, "it describes no group", HINT)
    try:
        networks = texts('["lan"]').read(found.get("networks", []), ("networks",))
    except ValueError:
        raise schema.RefusedError(
            ("networks",), "networks is no list of names", 'write it like networks = ["lan"]'
        ) from None
    return File(tuple(_group(name, table) for name, table in groups.items()), networks)


def _group(name: str, table: object) -> Described:
    path = ("group", name)
    if not isinstance(table, dict):
        raise schema.RefusedError(path, f"group.{name} is no table", HINT)
    values = schema.values_of(ROWS, table, path)
    if not values.get("image"):
        raise schema.RefusedError(path, f"group {name} has no image", 'add image = "nginx"')
    own = Own(**{key: value for key, value in values.items() if key in Own.rows})
    files = {"env_file": own.env_file, "label_file": own.label_file}
    return Described(
        own.name or name,
        own.image,
        own.count,
        own.start if "start" in values else None,
        own.platform,
        Readiness(
            own.wait, own.wait_port, own.wait_http, own.wait_log, own.timeout.total_seconds()
        ),
        own.command,
        {**files, **{key: value for key, value in values.items() if key in _RUN}},
    )
