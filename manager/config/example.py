"""The commented example of a settings file, made from what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.config.settings import SETTINGS
from manager.config.toml_positions import format_toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.config.schema import DeclaredSetting

INTRODUCTION = """\
# The settings of dockmgr, each with its default.
#
# `dockmgr config init` writes this file to where dockmgr looks for it (`dockmgr config path`).
# Remove the # before a setting and change its value; `dockmgr config check` finds mistakes.
# To use another file, name it with --config FILE or the environment variable DOCKMGR_CONFIG.
#
# Sizes are decimal (500MB, 10GB) or binary (1GiB), a number alone is bytes. Durations are 90s, 30m,
# 12h, 14d or 2w, a number alone is seconds.
"""
RULES = """\
# A rule is a table of its own. An image must meet all conditions of the rule; in a list, one
# matching item is enough. Rules are alternatives and their order does not matter; an image that a
# rule keeps is never removed. To use a rule, remove the # before its lines:
#
#     [[prune.keep]]
#     images = ["postgres", "myorg/*:v*"]   # globs; without a tag: every tag
#
#     [[prune.keep]]
#     images = ["myapp"]
#     newest = 3                            # of each repository; only for rules that keep
#
#     [[prune.delete]]
#     name = "big and unused"               # shown as the reason
#     images = ["*"]
#     larger_than = "1GB"                   # with the layers it shares with others
#     unused_for = "14d"
#
#     [[prune.delete]]
#     untagged = true                       # what docker image prune removes
#
# More conditions: regexes, tags, registries, labels, platforms (lists); frees_more_than;
# older_than; dangling.
"""


def render_example() -> str:
    """The text of the example file."""
    parts = [INTRODUCTION]
    for name, section in SETTINGS.items():
        parts.append(f"# {section.about}\n[{name}]\n")
        parts += _render_settings(section)
        if name == "prune":
            parts.append(RULES)
    return "\n".join(parts)


def _render_settings(section: DeclaredSetting) -> Iterator[str]:
    for name, row in (section.kind.settings or {}).items():
        default = format_toml_value(row.default)
        yield f"# {row.about}\n# {row.kind.expected}\n#{name} = {default}\n"
