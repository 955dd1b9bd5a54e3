"""Commands that are loaded only when needed, and whose help begins with examples."""

from __future__ import annotations

from copy import copy
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from manager.cli import docker_words
from manager.cli.commands import COMMANDS
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter
    from typer._click.shell_completion import CompletionItem
    from typer.models import CommandInfo

HELP_WORDS = frozenset({"help", "--help", "-h"})
AnyCommand = TypeVar("AnyCommand", bound="TyperCommand | TyperGroup")


def move_examples_up(command: AnyCommand) -> AnyCommand:
    """The same command, with its examples right after the first sentence of its help."""
    moved = copy(command)
    first, *rest = (command.help or "").split("\n\n")
    examples = [f"[not dim]{command.epilog}[/]"] if command.epilog else []
    moved.help, moved.epilog = "\n\n".join([first, *examples, *rest]), None
    return moved


class ExamplesFirstCommand(TyperCommand):
    """A command whose help begins with examples."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Print the help."""
        TyperCommand.format_help(move_examples_up(self), ctx, formatter)


class GuidingGroup(TyperGroup):
    """A group that leads from words that are not commands to the right command."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Print the help."""
        TyperGroup.format_help(move_examples_up(self), ctx, formatter)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """Find the command.

        Raises:
            ManagerError: (usage) the word is not a command; the hint says what is.
        """
        name, *rest = args
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            near = docker_words.find_nearly_typed(name, self.list_commands(ctx))
            lines = " or ".join(f"'{ctx.command_path} {word}'" for word in near)
            hint = f"did you mean {lines}?" if near else f"see: {ctx.command_path} --help"
            raise ManagerError(f"no such command {name!r}", hint, ExitCode.USAGE)
        return name if command else None, command, rest


class RootGroup(GuidingGroup):
    """The program: it knows its commands by name, and builds only the one that is run."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of all commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Load a command; None if there is none of that name."""
        del ctx
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = load_command(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """Find the command, also where the word is docker's.

        Raises:
            ManagerError: (usage) the word is not a command; the hint says what is.
        """
        if args[0] == "help" and not ctx.resilient_parsing:
            if words := [word for word in args if word not in HELP_WORDS]:
                return self.resolve_command(ctx, [*words, "--help"])
            typer.echo(ctx.get_help())
            raise typer.Exit
        args = [docker_words.SYNONYMS.get(args[0], args[0]), *args[1:]]
        line = docker_words.find_command_line(args, COMMANDS)
        if line and not ctx.resilient_parsing:
            whose = "use" if line.startswith("dockmgr") else "docker does that itself:"
            raise ManagerError(
                f"{args[0]!r} is not a dockmgr command", f"{whose} '{line}'", ExitCode.USAGE
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, which need not be loaded for that, and options."""
        from typer._click.shell_completion import CompletionItem

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        found = [CompletionItem(name, help=COMMANDS[name].summary) for name in names]
        return found + super(TyperGroup, self).shell_complete(ctx, incomplete)

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Print the help: one screen."""
        from manager.cli.root_help import render_root_help

        options = [param.get_help_record(ctx) for param in self.get_params(ctx)]
        formatter.write(render_root_help(self.get_usage(ctx), filter(None, options)))


def load_command(name: str) -> Command:
    """A command, and nothing else of its module."""
    app = typer.Typer(rich_markup_mode="rich")
    app.callback()(lambda: None)
    import_module(f"manager.cli.{COMMANDS[name].module}").register(app)
    app.registered_commands = [one for one in app.registered_commands if _name_command(one) == name]
    _prepare_help(app)
    return get_group(app).commands[name]


def _name_command(command: CommandInfo) -> str:
    return str(command.name or getattr(command.callback, "__name__", ""))


def _prepare_help(app: typer.Typer) -> None:
    """Put examples first, and make a line of each paragraph: it is folded at the terminal."""
    for command in app.registered_commands:
        if command.cls is TyperCommand:
            command.cls = ExamplesFirstCommand
        paragraphs = cleandoc((command.callback and command.callback.__doc__) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(it.split()) for it in paragraphs)
    for group in app.registered_groups:
        group.cls = GuidingGroup
        if group.typer_instance is not None:
            _prepare_help(group.typer_instance)
