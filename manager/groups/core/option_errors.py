"""What is said of a value that an option does not take."""

from manager.errors import ExitCode, ManagerError

SHOWN_VALUE_CHARACTERS = 80
"""Characters of a value that an error repeats."""


class InvalidValueError(Exception):
    """A value that is not in its option's syntax."""

    def __init__(self, text: str, why: str) -> None:
        """Keep the parts.

        Args:
            text: the value; empty to leave it out of the message.
            why: what is wrong, to follow the value.
        """
        super().__init__(why)
        self.text = text
        self.why = why


def option_error(option: str, text: str, why: str, example: str) -> ManagerError:
    """The error for a value that an option does not take.

    Args:
        option: as it is typed.
        text: the value; empty where the option has none.
        why: what is wrong, to follow the two.
        example: a right one.
    """
    shown = f" {text[:SHOWN_VALUE_CHARACTERS]!r}" if text else ""
    return ManagerError(f"{option}{shown} {why}", f"for example: {example}", ExitCode.USAGE)
