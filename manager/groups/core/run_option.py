"""How an option of ``docker run`` is declared: one row for its flag, its key and its effect."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from manager.errors import ManagerError
from manager.groups.core.option_errors import InvalidValueError, option_error
from manager.groups.core.option_values import format_docker_duration, parse_whole_seconds

ApiBody = dict[str, Any]
OptionKind = Literal["texts", "text", "duration", "seconds", "number", "switch"]
Parser = Callable[[Any], Any]
"""Reads a value, or refuses it with an `InvalidValueError`."""
OptionWriter = Callable[[ApiBody, Any], None]
"""Puts an option's value into the body of the engine's create call."""


def as_typed(value: Any) -> Any:  # noqa: ANN401 - of any option
    """For a value that the engine takes as it is."""
    return value


def write_to(path: str, parse: Parser = as_typed) -> OptionWriter:
    """Write a value to a place in the body; of several values, the list of them.

    Args:
        path: the place, such as ``HostConfig.Memory``.
        parse: reads one value; None leaves the choice to the engine.
    """

    def write(body: ApiBody, value: object) -> None:
        made = [parse(one) for one in value] if isinstance(value, tuple) else parse(value)
        if made is not None:
            table, key = find_table(body, path)
            table[key] = made

    return write


def find_table(body: ApiBody, path: str) -> tuple[ApiBody, str]:
    """The table that a path leads to, made where it is missing, and the last key."""
    *parents, key = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    return body, key


@dataclass(frozen=True, slots=True)
class RunOption:
    """One option, as declared."""

    kind: OptionKind
    panel: str
    """The heading under which the help lists it."""
    short: str
    """The short flag, or nothing."""
    metavar: str
    """The form of its value, as the help shows it."""
    example: str
    """A value as a person would type it."""
    help: str
    write: OptionWriter
    """Puts the value into the create call."""
    name: str = ""
    """The key in a groups file, and with dashes the flag."""

    @property
    def flag(self) -> str:
        """The option as it is typed."""
        return f"--{self.name.replace('_', '-')}"

    def error(self, text: str, why: str) -> ManagerError:
        """The error for a value that this option does not take."""
        return option_error(self.flag, text, why, f"{self.flag} {self.example}".rstrip())

    def read_typed(self, value: Any) -> Any:  # noqa: ANN401 - of the option's kind
        """A value as it is kept: of a duration in whole seconds, the number.

        Raises:
            ManagerError: (usage) it is not a duration.
        """
        if self.kind != "seconds" or not isinstance(value, str):
            return value
        try:
            return parse_whole_seconds(value)
        except InvalidValueError as error:
            raise self.error(error.text, error.why) from None

    def format_for_docker(self, text: str) -> str:
        """A value as the docker command takes it."""
        return format_docker_duration(text) if self.kind == "duration" else text

    def add_to(self, body: ApiBody, value: Any) -> None:  # noqa: ANN401 - of the option's kind
        """Put a value into the create call.

        Raises:
            ManagerError: (usage) the value is not in the option's syntax.
        """
        try:
            self.write(body, value)
        except InvalidValueError as error:
            raise self.error(error.text, error.why) from None


@dataclass(frozen=True, slots=True)
class OptionPanel:
    """A heading in the help; its methods declare the options under it, one row each.

    Each takes the usage (short flag and form of the value, such as ``-m SIZE``), an example of a
    value, the help, where the value goes (a path in the body, such as ``HostConfig.Memory``, or a
    function that writes it), and for a path what reads the value.
    """

    title: str

    def texts(
        self, usage: str, example: str, about: str, to: str | OptionWriter, parse: Parser = as_typed
    ) -> tuple[str, ...]:
        """Declare an option that may be given several times."""
        return field(default=(), metadata=self._row("texts", usage, example, about, to, parse))

    def text(
        self, usage: str, example: str, about: str, to: str | OptionWriter, parse: Parser = as_typed
    ) -> str:
        """Declare an option with one value; the empty text is the default."""
        return field(default="", metadata=self._row("text", usage, example, about, to, parse))

    def clearable_text(
        self, usage: str, example: str, about: str, to: str | OptionWriter, parse: Parser = as_typed
    ) -> str | None:
        """Declare an option whose empty value takes the image's own away."""
        return field(default=None, metadata=self._row("text", usage, example, about, to, parse))

    def duration(self, example: str, about: str, to: str, parse: Parser) -> str:
        """Declare an option with a duration, which docker takes in fewer forms than we do."""
        return field(default="", metadata=self._row("duration", "TIME", example, about, to, parse))

    def seconds(self, example: str, about: str, to: str, parse: Parser) -> int | None:
        """Declare an option with a duration that the engine takes in whole seconds."""
        return field(default=None, metadata=self._row("seconds", "TIME", example, about, to, parse))

    def number(self, example: str, about: str, to: str, parse: Parser = as_typed) -> int | None:
        """Declare an option with a whole number."""
        row = self._row("number", "NUMBER", example, about, to, parse)
        return field(default=None, metadata=row)

    def switch(
        self, short: str, about: str, to: str | OptionWriter, parse: Parser = as_typed
    ) -> bool:
        """Declare an option without a value."""
        return field(default=False, metadata=self._row("switch", short, "", about, to, parse))

    def _row(  # noqa: PLR0913, PLR0917 - what a row says
        self,
        kind: OptionKind,
        usage: str,
        example: str,
        about: str,
        to: str | OptionWriter,
        parse: Parser,
    ) -> dict[str, RunOption]:
        words = usage.split()
        short = words.pop(0) if usage.startswith("-") else ""
        write = write_to(to, parse) if isinstance(to, str) else to
        return {"row": RunOption(kind, self.title, short, "".join(words), example, about, write)}
