"""The reference of commands, read from the command line itself: a page for each panel."""

from collections.abc import Iterator
from typing import Any

from manager.cli.app import build_root
from manager.cli.command_group import load_command
from manager.cli.commands import PANELS
from tests.documents.markdown import code, escape, table

NOTE = "<!-- Written by: python -m tests.documents -->\n"
VALUE_NAMES = {"INT": "N", "INTEGER": "N", "STR": "TEXT"}
COMMON = frozenset({"--help", "--install-completion", "--show-completion"})


def command_pages() -> dict[str, str]:
    """A page for each panel of ``dockmgr --help``, and one before them, by the name of its file."""
    everywhere = _describe_everywhere(build_root([]))
    pages = {"index": ["# Commands\n\n", NOTE, "\n", command_table(""), *everywhere]}
    for panel, names in PANELS.items():
        parts = [part for it in names for part in _describe(load_command(it), f"dockmgr {it}")]
        pages[page_name(panel)] = [f"# {panel}\n\n", NOTE, "\n", *parts]
    return {name: "".join(parts).rstrip() + "\n" for name, parts in pages.items()}


def command_table(folder: str) -> str:
    """All commands by panel.

    Args:
        folder: where the pages of the panels are, seen from the document; with a slash.
    """
    rows = (
        (f"[{panel}]({folder}{page_name(panel)}.md)", ", ".join(map(code, names)))
        for panel, names in PANELS.items()
    )
    return table(("For", "Commands"), rows)


def page_name(panel: str) -> str:
    """The name of a panel's file."""
    return panel.lower().replace(" ", "-")


def _describe_everywhere(root: Any) -> Iterator[str]:
    yield "\nThese options stand before the command and are the same for all:\n\n"
    yield from _describe_params(root)


def _describe(command: Any, path: str) -> Iterator[str]:
    """A command, and the commands below it."""
    yield f"## {path}\n\n"
    for paragraph in (command.help or "").split("\n\n"):
        yield f"{escape(paragraph)}\n\n"
    below = getattr(command, "commands", {})
    words = sorted(map(_usage_word, command.params), key=lambda it: it != "[OPTIONS]")
    words += ["COMMAND"] if below else []
    yield f"```text\n{' '.join(dict.fromkeys((path, *words)))}\n```\n\n"
    yield from _describe_params(command)
    examples = (command.epilog or "").partition("Examples:\n\n")[2]
    if examples:
        yield f"Examples:\n\n```text\n{examples.rstrip()}\n```\n\n"
    for name, one in below.items():
        if not one.hidden:
            yield from (
                part.replace("## ", "### ", 1) if part.startswith("## ") else part
                for part in _describe(one, f"{path} {name}")
            )


def _describe_params(command: Any) -> Iterator[str]:
    panels: dict[str, list[tuple[str, str]]] = {}
    for param in command.params:
        if not _is_common(param) and not getattr(param, "hidden", False):
            default = "Arguments" if param.param_type_name == "argument" else "Options"
            panel = getattr(param, "rich_help_panel", None) or default
            panels.setdefault(panel, []).append((_param_name(param), _param_help(param)))
    for panel, rows in panels.items():
        yield table((panel, "What it does"), rows) + "\n"


def _is_common(param: Any) -> bool:
    return not COMMON.isdisjoint(param.opts)


def _usage_word(param: Any) -> str:
    if param.param_type_name != "argument":
        return "[OPTIONS]"
    return str(param.metavar or param.name.upper())


def _param_name(param: Any) -> str:
    if param.param_type_name == "argument":
        return code(_usage_word(param))
    names = ", ".join(sorted(param.opts, key=lambda it: it.startswith("--")))
    if param.secondary_opts:
        names += f" / {', '.join(param.secondary_opts)}"
    return code(names if param.is_flag else f"{names} {_value_name(param)}")


def _value_name(param: Any) -> str:
    choices = getattr(param.type, "choices", None)
    if choices:
        return "|".join(str(getattr(it, "value", it)) for it in choices)
    name = param.type.name.upper()
    return str(param.metavar or VALUE_NAMES.get(name.partition(" ")[0], name))


def _param_help(param: Any) -> str:
    words = escape(param.help or "")
    if getattr(param, "multiple", False):
        words += " May be repeated."
    default = param.default
    shown = param.show_default is not False and isinstance(default, (str, int, float))
    if shown and default != "" and not isinstance(default, bool):
        words += f" Default: {code(str(getattr(default, 'value', default)))}."
    return words.strip()
