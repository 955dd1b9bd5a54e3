"""The options and arguments that several commands share."""

from typing import Annotated

import typer

from manager.cli import complete

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Show the docker commands that do the same, and why.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Groups (nginx), members (nginx2), or the exact names or ids of containers.",
        autocompletion=complete.complete_containers_and_groups,
        show_default=False,
    ),
]


def format_examples(*lines: str) -> str:
    """An epilog of examples, one line each."""
    return "Examples:\n\n" + "\n".join(lines)
