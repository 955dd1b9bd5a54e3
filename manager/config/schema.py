"""Declared settings: sections and rows of them, and reading a TOML table by what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from manager.config.toml_positions import as_toml, dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from manager.config.toml_positions import KeyPath

T = TypeVar("T")
S = TypeVar("S", bound="Section")


class RefusedError(Exception):
    """What a file holds at a path is wrong: a sentence, and what to do about it."""

    def __init__(self, path: KeyPath, problem: str, hint: str) -> None:
        """Keep the parts."""
        super().__init__(problem)
        self.path = path
        self.problem = problem
        self.hint = hint


class Kind(Generic[T]):
    """What a setting may hold. A section is a kind too, and holds settings."""

    def __init__(
        self,
        expected: str,
        read: Callable[[Any, KeyPath], T],
        rows: Mapping[str, Row] | None = None,
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


class Row:
    """One setting, as declared."""

    def __init__(self, kind: Kind[Any], default: object, about: str) -> None:
        """Keep what `setting` was given."""
        self.kind = kind
        self.default = default
        self.about = about


class Section:
    """The values of one section: a subclass declares each with `setting`.

    A frozen value, like a frozen dataclass, but its class costs a tenth of the time to make, and
    every command makes them all.
    """

    rows: ClassVar[Mapping[str, Row]] = {}
    """The declarations, by name."""

    def __init_subclass__(cls) -> None:
        """Keep the declarations aside, and put each one's default where it was declared."""
        cls.rows = {name: row for name, row in vars(cls).items() if isinstance(row, Row)}
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


def section(table: type[S]) -> Kind[S]:
    """A table of settings."""

    def read(value: object, path: KeyPath) -> S:
        if not isinstance(value, dict):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return table(**{key: _member(table.rows, key, value[key], (*path, key)) for key in value})

    return Kind("a section of settings", read, table.rows)


def sections(table: type[S], check: Callable[[S], tuple[str, str]]) -> Kind[tuple[S, ...]]:
    """Any number of tables of the same settings, as ``[[name]]`` writes them.

    Args:
        table: what each may hold.
        check: what is wrong with one as a whole, to follow its path, and a hint; or empty texts.
    """

    def read(value: object, path: KeyPath) -> tuple[S, ...]:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise ValueError
        found = tuple(_one_of_many(table, row, (*path, n)) for n, row in enumerate(value))
        for number, one in enumerate(found):
            problem, hint = check(one)
            if problem:
                raise RefusedError((*path, number), f"{dotted((*path, number))} {problem}", hint)
        return found

    return Kind("any number of tables", read)


def _one_of_many(table: type[S], row: dict[str, Any], path: KeyPath) -> S:
    try:
        return section(table).read(row, path)
    except _UnknownError as error:
        raise _suggested(table.rows, error, path) from None


def setting(kind: Kind[T], default: object, about: str) -> T:
    """Declare a setting in the body of a `Section`.

    Args:
        kind: what it may hold.
        default: its value where the file does not give it, as it would be written in TOML.
        about: one line that says what it is for.

    Returns:
        To a type checker the setting's value, of its kind's type.
    """
    return cast("T", Row(kind, default, about))


def declared(rows: Mapping[str, Row], path: KeyPath = ()) -> Iterator[tuple[KeyPath, Row]]:
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
            yield from declared(row.kind.rows, (*path, name))


def read(table: type[S], document: dict[str, Any]) -> S:
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
    except _UnknownError as error:
        raise _suggested(table.rows, error) from None


def values_of(rows: Mapping[str, Row], table: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    """The values that a table of a document gives, each of its kind.

    Args:
        rows: the settings that there are.
        table: what tomllib returned.
        path: where it is.

    Raises:
        RefusedError: something in it is not declared, or not of its kind.
    """
    try:
        return {key: _member(rows, key, value, (*path, key)) for key, value in table.items()}
    except _UnknownError as error:
        raise _suggested(rows, error, path) from None


class _UnknownError(Exception):
    """Nothing is declared at a path."""

    def __init__(self, path: KeyPath, value: object) -> None:
        super().__init__(dotted(path))
        self.path = path
        self.is_section = isinstance(value, dict)


def _member(known: Mapping[str, Row], key: str, value: object, path: KeyPath) -> object:
    """Read one value, and say what was expected if it is wrong."""
    if key not in known:
        raise _UnknownError(path, value)
    row = known[key]
    try:
        return row.kind.read(value, path)
    except ValueError:
        name = dotted(path)
        hint = f"the default is {as_toml(row.default)}"
        if row.kind.rows is not None:
            hint = f"write [{name}] on a line of its own and its settings below"
        problem = f"{name} is {as_toml(value)}; expected {row.kind.expected}"
        raise RefusedError(path, problem, hint) from None


def _suggested(rows: Mapping[str, Row], error: _UnknownError, within: KeyPath = ()) -> RefusedError:
    """What the writer may have meant, and what there is."""
    from difflib import get_close_matches

    what = "section" if error.is_section else "setting"
    there = [
        path
        for path, row in declared(rows, within)
        if (row.kind.rows is not None) == error.is_section
    ]
    beside = [path for path in there if path[:-1] == error.path[:-1]]
    problem = f"{dotted(error.path)} is not a {what}"
    if close := get_close_matches(dotted(error.path), map(dotted, there), n=1):
        problem += f"; did you mean {close[0]}?"
    hint = f"the {what}s there are: {', '.join(map(dotted, beside or there))}"
    return RefusedError(error.path, problem, hint)
