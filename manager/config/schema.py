"""Declared settings: sections and rows of them, and reading a TOML table by what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from manager.config.toml_positions import format_key_path, format_toml_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from manager.config.toml_positions import KeyPath

T = TypeVar("T")
S = TypeVar("S", bound="Section")


class InvalidSettingError(Exception):
    """What a file holds at a path is wrong: a sentence, and what to do about it."""

    def __init__(self, path: KeyPath, problem: str, hint: str) -> None:
        """Keep the parts."""
        super().__init__(problem)
        self.path = path
        self.problem = problem
        self.hint = hint


class ValueKind(Generic[T]):
    """What a setting may hold. A section is a kind too, and holds settings."""

    def __init__(
        self,
        expected: str,
        read: Callable[[Any, KeyPath], T],
        rows: Mapping[str, DeclaredSetting] | None = None,
    ) -> None:
        """Keep the parts.

        Args:
            expected: what it may hold, to follow the word "expected".
            read: turns a TOML value at a path into the setting's value; ValueError refuses it.
            rows: the settings of a section, None for a single value.
        """
        self.expected = expected
        self.read = read
        self.rows = rows


class DeclaredSetting:
    """One setting, as declared."""

    def __init__(self, kind: ValueKind[Any], default: object, about: str) -> None:
        """Keep what `setting` was given."""
        self.kind = kind
        self.default = default
        self.about = about


class Section:
    """The values of one section: a subclass declares each with `setting`.

    A frozen value, like a frozen dataclass, but its class costs a tenth of the time to make, and
    every command makes them all.
    """

    rows: ClassVar[Mapping[str, DeclaredSetting]] = {}
    """The declarations, by name."""

    def __init_subclass__(cls) -> None:
        """Keep the declarations aside, and put each one's default where it was declared."""
        cls.rows = {
            name: row for name, row in vars(cls).items() if isinstance(row, DeclaredSetting)
        }
        for name, row in cls.rows.items():
            setattr(cls, name, row.kind.read(row.default, ()))

    def __init__(self, **values: object) -> None:
        """Keep the values that are not the defaults.

        Raises:
            TypeError: there is no such setting.
        """
        if unknown := values.keys() - self.rows.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot change {name}: settings are frozen")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.rows)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.rows))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.rows)
        return f"{type(self).__name__}({values})"


def section(table: type[S]) -> ValueKind[S]:
    """A table of settings."""

    def read(value: object, path: KeyPath) -> S:
        if not isinstance(value, dict):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return table(
            **{key: _read_value(table.rows, key, value[key], (*path, key)) for key in value}
        )

    return ValueKind("a section of settings", read, table.rows)


def section_list(table: type[S], check: Callable[[S], tuple[str, str]]) -> ValueKind[tuple[S, ...]]:
    """Any number of tables of the same settings, as ``[[name]]`` writes them.

    Args:
        table: what each may hold.
        check: what is wrong with one as a whole, to follow its path, and a hint; or empty texts.
    """

    def read(value: object, path: KeyPath) -> tuple[S, ...]:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise ValueError
        found = tuple(_read_list_item(table, row, (*path, n)) for n, row in enumerate(value))
        for number, one in enumerate(found):
            problem, hint = check(one)
            if problem:
                raise InvalidSettingError(
                    (*path, number), f"{format_key_path((*path, number))} {problem}", hint
                )
        return found

    return ValueKind("any number of tables", read)


def _read_list_item(table: type[S], row: dict[str, Any], path: KeyPath) -> S:
    try:
        return section(table).read(row, path)
    except _UnknownSettingError as error:
        raise _unknown_setting_error(table.rows, error, path) from None


def setting(kind: ValueKind[T], default: object, about: str) -> T:
    """Declare a setting in the body of a `Section`.

    Args:
        kind: what it may hold.
        default: its value where the file does not give it, as it would be written in TOML.
        about: one line that says what it is for.

    Returns:
        To a type checker the setting's value, of its kind's type.
    """
    return cast("T", DeclaredSetting(kind, default, about))


def walk_settings(
    rows: Mapping[str, DeclaredSetting], path: KeyPath = ()
) -> Iterator[tuple[KeyPath, DeclaredSetting]]:
    """All settings, with those of sections: a section first, then its settings.

    Args:
        rows: the settings of a section.
        path: where that section is.

    Yields:
        Path and declaration of each.
    """
    for name, row in rows.items():
        yield (*path, name), row
        if row.kind.rows is not None:
            yield from walk_settings(row.kind.rows, (*path, name))


def read_document(table: type[S], document: dict[str, Any]) -> S:
    """Turn a TOML document into the values it gives.

    Args:
        table: the declaration of what it may hold.
        document: what tomllib returned.

    Returns:
        The values, with the defaults of what the document does not give.

    Raises:
        RefusedError: something in the document is not declared, or not of its kind.
    """
    try:
        return section(table).read(document, ())
    except _UnknownSettingError as error:
        raise _unknown_setting_error(table.rows, error) from None


def read_table_values(
    rows: Mapping[str, DeclaredSetting], table: dict[str, Any], path: KeyPath
) -> dict[str, Any]:
    """The values that a table of a document gives, each of its kind.

    Args:
        rows: the settings that there are.
        table: what tomllib returned.
        path: where it is.

    Raises:
        RefusedError: something in it is not declared, or not of its kind.
    """
    try:
        return {key: _read_value(rows, key, value, (*path, key)) for key, value in table.items()}
    except _UnknownSettingError as error:
        raise _unknown_setting_error(rows, error, path) from None


class _UnknownSettingError(Exception):
    """Nothing is declared at a path."""

    def __init__(self, path: KeyPath, value: object) -> None:
        super().__init__(format_key_path(path))
        self.path = path
        self.is_section = isinstance(value, dict)


def _read_value(
    known: Mapping[str, DeclaredSetting], key: str, value: object, path: KeyPath
) -> object:
    """Read one value, and say what was expected if it is wrong."""
    if key not in known:
        raise _UnknownSettingError(path, value)
    row = known[key]
    try:
        return row.kind.read(value, path)
    except ValueError:
        name = format_key_path(path)
        hint = f"the default is {format_toml_value(row.default)}"
        if row.kind.rows is not None:
            hint = f"write [{name}] on a line of its own and its settings below"
        problem = f"{name} is {format_toml_value(value)}; expected {row.kind.expected}"
        raise InvalidSettingError(path, problem, hint) from None


def _unknown_setting_error(
    rows: Mapping[str, DeclaredSetting], error: _UnknownSettingError, within: KeyPath = ()
) -> InvalidSettingError:
    """What the writer may have meant, and what there is."""
    from difflib import get_close_matches

    what = "section" if error.is_section else "setting"
    there = [
        path
        for path, row in walk_settings(rows, within)
        if (row.kind.rows is not None) == error.is_section
    ]
    beside = [path for path in there if path[:-1] == error.path[:-1]]
    problem = f"{format_key_path(error.path)} is not a {what}"
    if close := get_close_matches(format_key_path(error.path), map(format_key_path, there), n=1):
        problem += f"; did you mean {close[0]}?"
    hint = f"the {what}s there are: {', '.join(map(format_key_path, beside or there))}"
    return InvalidSettingError(error.path, problem, hint)
