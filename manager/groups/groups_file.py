"""A file that describes groups: TOML, a table for each, with the names of spawn's options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manager.config import schema
from manager.config.schema import Section, ValueKind, setting
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
from manager.groups.core.group_spec import HIGHEST_START, MAX_MEMBERS
from manager.groups.core.option_errors import InvalidValueError
from manager.groups.core.option_values import parse_whole_seconds
from manager.groups.core.readiness import Readiness
from manager.groups.core.run_options import RUN_OPTIONS, RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path

    from manager.config.toml_positions import KeyPath
    from manager.groups.core.run_option import OptionKind, RunOption

GROUP_TABLE_HINT = (
    'write [group.web] on a line of its own, and below it image = "nginx" and count = 3'
)
GROUP_WORDS = frozenset({"groups", "service", "services"})
"""Words for the groups of a file that are not ours."""
KEYS_HINT = "the keys are the options of dockmgr spawn, with _ for -: see dockmgr spawn --help"


class GroupSection(Section):
    """What a table may hold beside the options of ``docker run``."""

    image: str = setting(one_line_text(), "", "an image reference")
    count: int = setting(whole_number(1, MAX_MEMBERS), 1, "how many members in all")
    name: str = setting(one_line_text(), "", "a name, or a template such as web-{n:02}")
    start: int = setting(whole_number(0, HIGHEST_START), 1, "the first number")
    platform: str = setting(one_line_text(), "", "use the image for this platform")
    wait: bool = setting(flag(), default=False, about="wait until each runs and is healthy")
    wait_port: tuple[int, ...] = setting(
        list_of(port(), "ports, such as [80, 443]"), [], "wait until these ports answer"
    )
    wait_http: str = setting(one_line_text(), "", "wait until this page answers")
    wait_log: str = setting(one_line_text(), "", "wait until a log line matches")
    timeout: timedelta = setting(duration("24h"), "60s", "how long to wait")
    settle: timedelta = setting(
        duration("24h"), "200ms", "how long after the start no member may fail"
    )
    command: tuple[str, ...] = setting(
        text_list('["sleep", "600"]'), [], "the command to run instead of the image's"
    )


def _seconds_kind(example: str) -> ValueKind[int]:
    def read(value: object, _: KeyPath) -> int:
        if type(value) is int:
            return value
        try:
            return parse_whole_seconds(value if isinstance(value, str) else "")
        except InvalidValueError:
            raise ValueError from None

    return ValueKind(f'a duration, such as 10 or "{example}"', read)


def _run_option_row(row: RunOption) -> schema.DeclaredSetting:
    """How an option of ``docker run`` is written in a file."""
    example = row.example.replace('"', '\\"')
    text = ValueKind(f'a string in quotes, such as "{example}"', one_line_text().read)
    kinds: dict[OptionKind, tuple[ValueKind[Any], object]] = {
        "texts": (text_list(f'["{example}"]'), []),
        "text": (text, ""),
        "duration": (text, ""),
        "seconds": (_seconds_kind(row.example), 0),
        "number": (whole_number(0, MAX_MEMBERS), 0),
        "switch": (flag(), False),
    }
    kind, default = kinds[row.kind]
    return schema.DeclaredSetting(kind, default, row.help)


RUN_OPTION_ROWS = {name: _run_option_row(row) for name, row in RUN_OPTIONS.items()}
GROUP_ROWS = {**GroupSection.settings, **RUN_OPTION_ROWS}

RIGHT_KEYS = {
    "ports": "publish",
    "expose": "publish",
    "environment": "env",
    "variables": "env",
    "volumes": "volume",
    "replicas": "count",
    "scale": "count",
    "container_name": "name",
    "cmd": "command",
    "args": "command",
    "working_dir": "workdir",
    "networks": "network",
    "network_mode": "network",
    "aliases": "network_alias",
    "extra_hosts": "add_host",
    "mem_limit": "memory",
    "healthcheck": "health_cmd",
    "logging": "log_driver",
    "stop_grace_period": "stop_timeout",
    "restart_policy": "restart",
}
"""Words that users of compose know, and the key that means the same."""
ORDER_HINT = "groups are made in the order of the file, each ready before the next: put it first"
OTHER_WORDS = {
    "depends_on": ORDER_HINT,
    "links": "members of one network reach each other by name: see network and network_alias",
    "build": "build the image first, with: docker build; then name it as image",
    "deploy": "write count, memory, cpus and restart as keys of the group",
}
"""Words of compose without a key of their own, and what to do instead."""


@dataclass(frozen=True, slots=True)
class DescribedGroup:
    """One group, as a file describes it."""

    name: str
    """The name, or a template of names."""
    image: str
    count: int
    start: int | None
    platform: str
    ready: Readiness
    options: RunOptions


@dataclass(frozen=True, slots=True)
class GroupsFile:
    """All that a file describes."""

    groups: tuple[DescribedGroup, ...]
    networks: tuple[str, ...]


def load_groups_file(path: Path) -> GroupsFile:
    """Read a file.

    Raises:
        ManagerError: it cannot be read; (usage) a key or a value is not valid; the message names
            file, line, key and what was expected.
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
            guess = "; did you mean 'group'?" if key in GROUP_WORDS else ""
            raise schema.InvalidSettingError(
                (key,), f"{key!r} is not a key of a groups file{guess}", GROUP_TABLE_HINT
            )
    groups = found.get("group")
    if isinstance(groups, list):
        problem = "[[group]] describes a list, and each group needs a name"
        raise schema.InvalidSettingError(("group",), problem, GROUP_TABLE_HINT)
    if not isinstance(groups, dict) or not groups:
        path = ("group",) if "group" in found else ()
        raise schema.InvalidSettingError(path, "the file describes no groups", GROUP_TABLE_HINT)
    try:
        networks = text_list('["lan"]').read(found.get("networks", []), ("networks",))
    except ValueError:
        raise schema.InvalidSettingError(
            ("networks",), "networks is not a list of names", 'for example: networks = ["lan"]'
        ) from None
    return GroupsFile(tuple(_parse_group(name, table) for name, table in groups.items()), networks)


def _parse_group(name: str, table: object) -> DescribedGroup:
    path = ("group", name)
    if not isinstance(table, dict):
        raise schema.InvalidSettingError(path, f"group.{name} is not a table", GROUP_TABLE_HINT)
    for key in table:
        if key not in GROUP_ROWS:
            raise _unknown_key_error((*path, key), key)
    try:
        values = schema.read_table_values(GROUP_ROWS, table, path)
    except schema.InvalidSettingError as error:
        key = str(error.path[-1])
        hint = f"{key}: {GROUP_ROWS[key].about}"
        raise schema.InvalidSettingError(error.path, error.problem, hint) from None
    if not values.get("image"):
        raise schema.InvalidSettingError(path, f"group {name} has no image", 'add image = "nginx"')
    own = GroupSection(
        **{key: value for key, value in values.items() if key in GroupSection.settings}
    )
    options = {key: value for key, value in values.items() if key in RUN_OPTION_ROWS}
    return DescribedGroup(
        own.name or name,
        own.image,
        own.count,
        own.start if "start" in values else None,
        own.platform,
        Readiness(
            own.wait,
            own.wait_port,
            own.wait_http,
            own.wait_log,
            own.timeout.total_seconds(),
            own.settle.total_seconds(),
        ),
        RunOptions(**options, command=own.command),
    )


def _unknown_key_error(path: KeyPath, key: str) -> schema.InvalidSettingError:
    """What the writer may have meant."""
    from difflib import get_close_matches

    plain = key.lower().replace("-", "_")
    right = RIGHT_KEYS.get(plain, plain if plain in GROUP_ROWS else "")
    if not right and plain not in OTHER_WORDS:
        right = next(iter(get_close_matches(plain, GROUP_ROWS, n=1)), "")
    guess = f"; did you mean {right!r}?" if right else ""
    hint = OTHER_WORDS.get(plain, KEYS_HINT)
    if right:
        hint = f"{right} expects {GROUP_ROWS[right].kind.expected}"
    return schema.InvalidSettingError(path, f"{key!r} is not a key of a group{guess}", hint)
