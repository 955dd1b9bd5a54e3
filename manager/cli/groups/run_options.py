"""The options of ``docker run`` as flags of spawn, made from the table that declares them."""

from __future__ import annotations

import functools
import inspect
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.models import OptionInfo

from manager.groups.core.run_options import RUN_OPTIONS, RunOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from manager.groups.core.run_option import RunOption

FLAG_TYPES: dict[str, Any] = {"texts": list[str] | None, "number": int | None, "switch": bool}
"""What Typer reads, where it is not one text."""


def with_run_options(
    command: Callable[..., None], panels: Sequence[str], other: str
) -> Callable[..., None]:
    """A command with all these options; it gets their values as further keyword arguments.

    Args:
        command: the command, with options of its own.
        panels: the headings that come first in its help.
        other: the heading of its own options that have none.
    """

    @functools.wraps(command)
    def extended(*args: Any, **values: Any) -> None:  # noqa: ANN401 - as the command has them
        command(*args, **values)

    def rank(parameter: inspect.Parameter) -> int:
        panel = _find_panel(parameter)
        return panels.index(panel) if panel in panels else len(panels)

    own = inspect.signature(command, eval_str=True)
    named = [
        _with_panel(it, other) for it in own.parameters.values() if it.kind is not it.VAR_KEYWORD
    ]
    made = sorted([*named, *map(_make_parameter, RUN_OPTIONS.values())], key=rank)
    extended.__signature__ = own.replace(parameters=made)  # type: ignore[attr-defined]
    return extended


def _find_panel(parameter: inspect.Parameter) -> str:
    """The heading of an option; empty for what is not an option."""
    infos = getattr(parameter.annotation, "__metadata__", ())
    return next((it.rich_help_panel or "" for it in infos if isinstance(it, OptionInfo)), "")


def _with_panel(parameter: inspect.Parameter, panel: str) -> inspect.Parameter:
    """A parameter that stands in any order, an option under a heading."""
    parameter = parameter.replace(kind=parameter.KEYWORD_ONLY)
    info = next(iter(getattr(parameter.annotation, "__metadata__", ())), None)
    if not isinstance(info, OptionInfo) or info.rich_help_panel:
        return parameter
    info = copy(info)  # other commands share it
    info.rich_help_panel = panel
    return parameter.replace(annotation=Annotated[parameter.annotation.__origin__, info])


def _make_parameter(row: RunOption) -> inspect.Parameter:
    option = typer.Option(
        *filter(None, (row.flag, row.short)),
        metavar=row.metavar or None,
        help=row.help,
        rich_help_panel=row.panel,
        show_default=False,
    )
    return inspect.Parameter(
        row.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=False if row.kind == "switch" else None,
        annotation=Annotated[FLAG_TYPES.get(row.kind, str | None), option],
    )


def read_typed_options(values: Mapping[str, Any], command: Sequence[str]) -> RunOptions:
    """The options that were typed.

    Args:
        values: by the options' names, as Typer gives them.
        command: what stands after the image.

    Raises:
        ManagerError: (usage) a duration is not valid.
    """
    made: dict[str, Any] = {
        name: RUN_OPTIONS[name].read_typed(tuple(it) if isinstance(it, list) else it)
        for name, it in values.items()
        if it is not None
    }
    return RunOptions(**made, command=tuple(command))
