"""The reference of settings, read from their declarations."""

from collections.abc import Mapping

from manager.config.prune_section import KeepSettings, RuleSettings
from manager.config.schema import DeclaredSetting
from manager.config.settings import SETTINGS
from manager.config.toml_positions import format_toml_value
from tests.documents.commands import NOTE
from tests.documents.markdown import code, escape, table

INTRODUCTION = """\
dockmgr reads one TOML file: `--config FILE`, else `DOCKMGR_CONFIG`, else
`~/.config/dockmgr/config.toml` on Linux, `~/Library/Application Support/dockmgr/config.toml` on
macOS and `%LOCALAPPDATA%\\dockmgr\\config.toml` on Windows. Every setting has a default, so an
empty file or none at all is fine.

| To | Type |
| --- | --- |
| see where dockmgr looks for the file | `dockmgr config path` |
| write a commented example there | `dockmgr config init` |
| see every value and where it comes from | `dockmgr config show` |
| find mistakes, with their lines | `dockmgr config check` |

A mistake stops only the commands that use its section. [Prune by rules](../guides/prune.md) says
how rules work.
"""


def settings_page() -> str:
    """The page of all settings, section by section."""
    parts = [f"# Settings\n\n{NOTE}\n{INTRODUCTION}"]
    for name, row in SETTINGS.items():
        parts.append(f"## `[{name}]`\n\n{escape(row.about)}\n\n{_rows(row.kind.settings or {})}")
    parts.append(
        f"## `[[prune.delete]]`\n\nA rule for images to remove.\n\n{_rules(RuleSettings.settings)}"
    )
    more = {
        name: row
        for name, row in KeepSettings.settings.items()
        if name not in RuleSettings.settings
    }
    parts.append(
        "## `[[prune.keep]]`\n\nA rule for images to keep. It takes everything that a rule of"
        f" `[[prune.delete]]` takes, and:\n\n{_rules(more)}"
    )
    return "\n".join(parts)


def _rows(rows: Mapping[str, DeclaredSetting]) -> str:
    return table(
        ("Setting", "Default", "What it sets"),
        (
            (code(name), code(format_toml_value(it.default)), _about(it))
            for name, it in rows.items()
        ),
    )


def _about(row: DeclaredSetting) -> str:
    return f"{escape(row.about)}<br>{escape(row.kind.expected)}"


def _rules(rows: Mapping[str, DeclaredSetting]) -> str:
    return table(
        ("Condition", "What it looks at"),
        ((code(name), _about(row)) for name, row in rows.items()),
    )
