"""A command line that ends in another command: NAME [OPTIONS] -- COMMAND..."""

from typing import TYPE_CHECKING

from manager.cli.command_group import ExamplesFirstCommand
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from typer._click.core import Context

DOUBLE_DASH = "--"
AMBIGUOUS_OPTIONS = frozenset({"--dry-run", "--explain"})
"""Who types these wants nothing to happen."""


class OptionsAroundName(ExamplesFirstCommand):
    """A command whose options may stand before and after its first argument.

    What follows the first word of the other command is left alone, with two dashes or without:
    in ``exec web ls -l``, ``-l`` is an option of ``ls``.
    """

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Take options after the name as if they stood before it."""
        return super().parse_args(ctx, self._in_front(ctx, args))

    def _in_front(self, ctx: "Context", args: list[str]) -> list[str]:
        before, rest = self._split(ctx, args)
        if len(rest) == 1 or not rest or not rest[1].startswith("-") or rest[1] == DOUBLE_DASH:
            self._refuse_doubt(rest[1:])
            return args
        name, behind = rest[0], rest[1:]
        taken, command = self._split(ctx, behind)
        if behind[: len(behind) - len(command)][-1:] != [DOUBLE_DASH]:
            self._refuse_doubt(command)
        # After the name, nothing is an option.
        return [*before, *taken, name, *command]

    def _refuse_doubt(self, command: list[str]) -> None:
        """Run nothing if the other command has a word that may be meant for this program.

        Raises:
            ManagerError: (usage) it has, and no two dashes say whose it is.
        """
        if command[:1] == [DOUBLE_DASH]:
            return
        words = command[1 : command.index(DOUBLE_DASH) if DOUBLE_DASH in command else None]
        doubtful = next((it for it in words if it in AMBIGUOUS_OPTIONS), None)
        if doubtful is not None:
            raise ManagerError(
                f"{doubtful} is part of the command, but may be meant for dockmgr; nothing was run",
                f"write dockmgr {self.name} GROUP {doubtful} -- COMMAND, or "
                f"dockmgr {self.name} GROUP -- COMMAND {doubtful}",
                ExitCode.USAGE,
            )

    def _split(self, ctx: "Context", args: list[str]) -> tuple[list[str], list[str]]:
        """The options at the beginning, and what follows them and their dashes."""
        found, _, _ = self.make_parser(ctx).parse_args(list(args))
        arguments = [it.name for it in self.get_params(ctx) if it.param_type_name == "argument"]
        first, others = (found.get(name or "") for name in arguments)
        # An argument that was not typed is neither a text nor a tuple.
        rest = [first] if isinstance(first, str) else []
        rest += others if isinstance(others, tuple) else ()
        taken = args[: len(args) - len(rest)]
        return (taken[:-1] if taken[-1:] == [DOUBLE_DASH] else taken), rest
