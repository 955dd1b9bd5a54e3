"""Every setting with its value, and where the value comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manager.config.schema import walk_settings
from manager.config.settings import SETTINGS
from manager.config.toml_positions import find_lines, format_key_path, has_value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manager.config.toml_positions import KeyPath

COLOR_PATH = ("output", "color")
COLOR_VARIABLE = "NO_COLOR"


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting."""

    name: str
    """As TOML writes its place: ``spawn.parallel``, ``prune.keep[0].images``."""
    value: Any
    """As TOML holds it."""
    source: str
    """``default``, ``file``, or the name of an environment variable."""
    line: int | None = None
    """Where the file gives it."""


def list_setting_values(
    document: Mapping[str, Any], text: str, env: Mapping[str, str]
) -> tuple[SettingValue, ...]:
    """All settings, those of rules included.

    Args:
        document: the settings file, without mistakes.
        text: the file as text.
        env: the environment.
    """
    found = [*_walk_values(document)]
    given = [path for path, _, is_default in found if not is_default]
    lines = dict(zip(given, find_lines(text, given), strict=True)) if given else {}
    return tuple(
        _override_color(
            SettingValue(format_key_path(path), value, "default" if is_default else "file",
                         lines.get(path)),
            env,
        )
        for path, value, is_default in found
    )  # fmt: skip


def _walk_values(document: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any, bool]]:
    """Place and value of each setting, and whether it is the default."""
    for path, row in walk_settings(SETTINGS):
        if row.kind.settings is not None:
            continue
        if not has_value_at(document, path):
            yield path, row.default, True
            continue
        value: Any = document
        for part in path:
            value = value[part]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for number, table in enumerate(value):
                yield from (((*path, number, key), it, False) for key, it in table.items())
        else:
            yield path, value, False


def _override_color(setting: SettingValue, env: Mapping[str, str]) -> SettingValue:
    """What the environment says instead of a file; a file that says `always` has the last word."""
    is_color = setting.name == format_key_path(COLOR_PATH) and setting.value == "auto"
    if is_color and env.get(COLOR_VARIABLE):
        return SettingValue(setting.name, "never", COLOR_VARIABLE)
    return setting
