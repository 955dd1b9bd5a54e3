"""A file that describes groups: TOML, a table for each, with the names of spawn's options."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from manager.config import schema
from manager.config.schema import Section, setting
from manager.config.toml_file import parse_toml, read_toml_text
from manager.config.toml_positions import find_line
from manager.config.value_kinds import (
    duration,
    flag,
    list_of,
    one_line_text,
    port,
    text_list,
    whole_number,
)
from manager.errors import ExitCode, ManagerError
from manager.groups.core.readiness import Readiness
from manager.groups.core.run_options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

MAX_NUMBER = 10_000
NO = False
GROUP_TABLE_HINT = (
    'write [group.web] on a line of its own, and below it image = "nginx" and count = 3'
)


class GroupSection(Section):
    """What a table may hold beside the options of ``docker run``."""

    image: str = setting(one_line_text(), "", "the image's address")
    count: int = setting(whole_number(1, MAX_NUMBER), 1, "how many there are to be in all")
    name: str = setting(one_line_text(), "", "a template for their names, such as web-{n:02}")
    start: int = setting(whole_number(0, MAX_NUMBER), 1, "the first number")
    platform: str = setting(one_line_text(), "", "another platform's image")
    wait: bool = setting(flag(), NO, "each runs, and is healthy")
    wait_port: tuple[int, ...] = setting(
        list_of(port(), "ports, such as [80, 443]"), [], "its ports answer"
    )
    wait_http: str = setting(one_line_text(), "", "it answers a GET without an error")
    wait_log: str = setting(one_line_text(), "", "it writes such a line")
    timeout: timedelta = setting(duration("24h"), "60s", "how long for that")
    command: tuple[str, ...] = setting(
        text_list('["sleep", "600"]'), [], "what to run instead of the image's own"
    )
    env_file: tuple[str, ...] = setting(text_list('["web.env"]'), [], "files of variables")
    label_file: tuple[str, ...] = setting(text_list('["web.env"]'), [], "files of labels")


LIST_ITEM_EXAMPLES = {
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


def _option_row(default: object, name: str) -> schema.DeclaredSetting:
    """How an option of ``docker run`` is written."""
    if isinstance(default, tuple):
        return schema.DeclaredSetting(
            text_list(f'["{LIST_ITEM_EXAMPLES.get(name, "key=value")}"]'), [], name
        )
    if isinstance(default, bool):
        return schema.DeclaredSetting(flag(), NO, name)
    if name in {"stop_timeout", "health_retries"}:
        return schema.DeclaredSetting(whole_number(-1, MAX_NUMBER), 0, name)
    return schema.DeclaredSetting(one_line_text(), "", name)


_RUN_OPTION_ROWS = {
    one.name: _option_row(getattr(RunOptions(), one.name), one.name)
    for one in fields(RunOptions)
    if one.name != "command"
}
GROUP_ROWS = {**GroupSection.rows, **_RUN_OPTION_ROWS}


@dataclass(frozen=True, slots=True)
class DescribedGroup:
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
class GroupsFile:
    """All that a file describes."""

    groups: tuple[DescribedGroup, ...]
    networks: tuple[str, ...]


def load_groups_file(path: Path) -> GroupsFile:
    """Read a file.

    Raises:
        ManagerError: it cannot be read; (usage) it holds something that is no option; the sentence
            has file, line, key and what was expected.
    """
    content = (
        read_toml_text(path, must_exist=True, what="file", hint="name another with --file") or ""
    )
    try:
        return _parse_document(parse_toml(path, content))
    except schema.InvalidSettingError as error:
        where = f"{path} line {find_line(content, error.path)}" if error.path else str(path)
        raise ManagerError(f"{where}: {error.problem}", error.hint, ExitCode.USAGE) from None


def _parse_document(found: Mapping[str, Any]) -> GroupsFile:
    for key in found:
        if key not in {"group", "networks"}:
            raise schema.InvalidSettingError(
                (key,), f"{key} is neither networks nor a group", GROUP_TABLE_HINT
            )
    groups = found.get("group")
    if not isinstance(groups, dict) or not groups:
        path = ("group",) if "group" in found else ()
        raise schema.InvalidSettingError(path, "it describes no group", GROUP_TABLE_HINT)
    try:
        networks = text_list('["lan"]').read(found.get("networks", []), ("networks",))
    except ValueError:
        raise schema.InvalidSettingError(
            ("networks",), "networks is no list of names", 'write it like networks = ["lan"]'
        ) from None
    return GroupsFile(tuple(_parse_group(name, table) for name, table in groups.items()), networks)


def _parse_group(name: str, table: object) -> DescribedGroup:
    path = ("group", name)
    if not isinstance(table, dict):
        raise schema.InvalidSettingError(path, f"group.{name} is no table", GROUP_TABLE_HINT)
    values = schema.read_table_values(GROUP_ROWS, table, path)
    if not values.get("image"):
        raise schema.InvalidSettingError(path, f"group {name} has no image", 'add image = "nginx"')
    own = GroupSection(**{key: value for key, value in values.items() if key in GroupSection.rows})
    files = {"env_file": own.env_file, "label_file": own.label_file}
    return DescribedGroup(
        own.name or name,
        own.image,
        own.count,
        own.start if "start" in values else None,
        own.platform,
        Readiness(
            own.wait, own.wait_port, own.wait_http, own.wait_log, own.timeout.total_seconds()
        ),
        own.command,
        {**files, **{key: value for key, value in values.items() if key in _RUN_OPTION_ROWS}},
    )
