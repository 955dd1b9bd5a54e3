"""Names of a group's members: the template they come from, and what {n} stands for in a text."""

import re
from dataclasses import dataclass

from manager.errors import ExitCode, ManagerError

_PLACEHOLDER_PATTERN = re.compile(
    r"\{\{n(?::[^{}]*)?\}\}|(?<!\$)\{n(?::(?P<form>[^{}]*))?\}", re.ASCII
)
"""The number's place, and ``{{n}}``, which is none. ``${n}`` is a variable of the shell's."""
_NUMBER_FORMAT_PATTERN = re.compile(r"0[1-9]d?", re.ASCII)
_NAME_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", re.ASCII)
_SEPARATORS = "._-"
LONGEST_TEMPLATE = 200
"""Characters of a template, at most: a label may hold anything."""


def fill_placeholders(text: str, number: int) -> str:
    """A text with a member's number in each place for it.

    Args:
        text: ``{n}`` is the number, ``{n:03}`` the number with zeros before it up to three digits,
            ``{{n}}`` is ``{n}`` itself. All other braces mean nothing.
        number: the member's.

    Raises:
        ManagerError: (usage) the number format is not valid.
    """
    return (
        _PLACEHOLDER_PATTERN.sub(lambda place: _format_number(place, number), text)
        if "{n" in text
        else text
    )


def escape_placeholders(text: str) -> str:
    """A text that `fill_placeholders` turns into this one: nothing in it stands for the number."""
    return _PLACEHOLDER_PATTERN.sub(lambda place: f"{{{place[0]}}}", text)


def has_placeholder(text: str) -> bool:
    """Whether a text has a place for the number."""
    return any(not place[0].startswith("{{") for place in _PLACEHOLDER_PATTERN.finditer(text))


def _format_number(place: re.Match[str], number: int) -> str:
    if place[0].startswith("{{"):
        return place[0][1:-1]
    form = place["form"]
    if form is None:
        return str(number)
    if not _NUMBER_FORMAT_PATTERN.fullmatch(form):
        raise ManagerError(
            f"{place[0]} is not a valid number format",
            "write {n}, {n:02} for two digits, or {{n}} for a literal {n}",
            ExitCode.USAGE,
        )
    return str(number).zfill(int(form[1]))


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """What the members of a group are called: a text with one place for the number."""

    text: str
    """``web{n}``, ``web-{n:02}``."""

    @classmethod
    def parse(cls, text: str) -> "NameTemplate":
        """Read what a person typed as a name; without a place the number stands at its end.

        Raises:
            ManagerError: (usage) no engine would accept such names.
        """
        places = [
            place for place in _PLACEHOLDER_PATTERN.finditer(text) if not place[0].startswith("{{")
        ]
        if len(places) > 1:
            raise _invalid_template_error(text, "has more than one place for the number")
        template = cls(text if places else f"{text}{{n}}")
        if not _NAME_PATTERN.fullmatch(template.group):
            raise _invalid_template_error(text, "is not a valid group name")
        if not _NAME_PATTERN.fullmatch(template.name(1)):
            raise _invalid_template_error(text, "makes names that no engine accepts")
        return template

    @classmethod
    def default(cls, group: str) -> "NameTemplate":
        """The template of a group that has none of its own."""
        return cls(f"{group}{{n}}")

    @property
    def group(self) -> str:
        """The group's name: the template without the number and the separator before it."""
        place = next(
            p for p in _PLACEHOLDER_PATTERN.finditer(self.text) if not p[0].startswith("{{")
        )
        before, after = self.text[: place.start()], self.text[place.end() :]
        parts = (before.rstrip(_SEPARATORS), after.lstrip(_SEPARATORS))
        return "-".join(part for part in parts if part)

    def name(self, number: int) -> str:
        """The name of a member."""
        return fill_placeholders(self.text, number)


def member_name_from_label(template: str, number: int) -> str | None:
    """The name that a template found in a label gives a member; None if it is no template."""
    if len(template) > LONGEST_TEMPLATE or not has_placeholder(template):
        return None
    try:
        return fill_placeholders(template, number)
    except ManagerError:
        return None


def _invalid_template_error(text: str, why: str) -> ManagerError:
    return ManagerError(
        f"{text[:LONGEST_TEMPLATE]!r} {why}",
        "use letters, digits and . _ -, with a letter or digit first; {n} stands for the number",
        ExitCode.USAGE,
    )
