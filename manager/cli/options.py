"""The options and arguments that several commands share."""

from typing import Annotated

import typer

from manager.cli import complete

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Show the equivalent docker commands, and why.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")]


def _parse_timeout(text: str) -> int:
    from manager.groups.core.option_errors import InvalidValueError, option_error
    from manager.groups.core.option_values import parse_whole_seconds

    try:
        seconds = parse_whole_seconds(text)
    except InvalidValueError as error:
        raise option_error("--timeout", error.text, error.why, "--timeout 30s") from None
    if seconds < 0:
        raise option_error("--timeout", text, "is less than no time", "--timeout 30s")
    return seconds


StopTimeout = Annotated[
    int | None,
    typer.Option(
        "--timeout",
        "-t",
        metavar="TIME",
        parser=_parse_timeout,
        help="Kill what has not stopped after this time.",
    ),
]
Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Groups (nginx), members (nginx2), or exact names or ids of containers.",
        autocompletion=complete.complete_containers_and_groups,
        show_default=False,
    ),
]
Image = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE",
        help="An image reference, such as nginx:1.27.",
        autocompletion=complete.complete_images,
        show_default=False,
    ),
]
Images = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGE...",
        help="Image references, such as nginx:1.27.",
        autocompletion=complete.complete_images,
        show_default=False,
    ),
]
ImagePatterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATTERN]...",
        help="Only images whose reference matches, such as 'myorg/*'.",
        autocompletion=complete.complete_images,
        show_default=False,
    ),
]
Platform = Annotated[
    str,
    typer.Option(
        "--platform",
        metavar="OS/ARCH",
        help="Use the image for this platform.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only ids or references.")]


def format_examples(*lines: str) -> str:
    """An epilog of examples, one line each."""
    return "Examples:\n\n" + "\n".join(lines)
