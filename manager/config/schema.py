"""Declared settings: sections and rows of them, and reading a TOML table by what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from manager.config.toml_positions import format_key_path, format_toml_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
        self.further: tuple[InvalidSettingError, ...] = ()
        """Other mistakes in the same table."""


class ValueKind(Generic[T]):
    """What a setting may hold. A section is a kind too, and holds settings."""

    def __init__(
        self,
        expected: str,
        read: Callable[[Any, KeyPath], T],
        settings: Mapping[str, DeclaredSetting] | None = None,
    ) -> None:
        """Keep the parts.

        Args:
            expected: what it may hold, to follow the word "expected".
            read: turns a TOML value at a path into the setting's value; ValueError refuses it.
            settings: those of a section; None for a single value.
        """
        self.expected = expected
        self.read = read
        self.settings = settings


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

    settings: ClassVar[Mapping[str, DeclaredSetting]] = {}
    """The declarations, by name."""

    def __init_subclass__(cls) -> None:
        """Keep the declarations aside, and put each one's default where it was declared."""
        cls.settings = {
            name: row for name, row in vars(cls).items() if isinstance(row, DeclaredSetting)
        }
        for name, row in cls.settings.items():
            setattr(cls, name, row.kind.read(row.default, ()))

    def __init__(self, **values: object) -> None:
        """Keep the values that are not the defaults.

        Raises:
            TypeError: there is no such setting.
        """
        if unknown := values.keys() - self.settings.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot change {name}: settings are frozen")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.settings)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.settings))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)
        return f"{type(self).__name__}({values})"


def section(table: type[S]) -> ValueKind[S]:
    """A table of settings."""

    def read(value: object, path: KeyPath) -> S:
        if not isinstance(value, dict):
            raise ValueError  # noqa: TRY004 - every refusal is one error
        return table(**_read_values(table.settings, value, path))

    return ValueKind("a section of settings", read, table.settings)


def section_list(table: type[S], check: Callable[[S], tuple[str, str]]) -> ValueKind[tuple[S, ...]]:
    """Any number of tables of the same settings, as ``[[name]]`` writes them.

    Args:
        table: what each may hold.
        check: what is wrong with one as a whole, to follow its path, and a hint; or empty texts.
    """

    def read_item(item: object, path: KeyPath) -> S:
        try:
            found = section(table).read(item, path)
        except InvalidSettingError as error:
            raise _explain_unknown(table.settings, error, path) from None
        problem, hint = check(found)
        if problem:
            raise InvalidSettingError(path, f"{format_key_path(path)} {problem}", hint)
        return found

    def read(value: object, path: KeyPath) -> tuple[S, ...]:
        name = format_key_path(path)
        if isinstance(value, dict):
            raise InvalidSettingError(
                path, f"[{name}] needs two brackets", f"write [[{name}]]: there can be several"
            )
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ValueError
        return tuple(_collect((read_item, item, (*path, n)) for n, item in enumerate(value)))

    return ValueKind("any number of tables", read)


def _collect(readings: Iterable[tuple[Callable[[Any, KeyPath], T], object, KeyPath]]) -> list[T]:
    """Read several values; what is wrong with any of them is one error."""
    found: list[T] = []
    mistakes: list[InvalidSettingError] = []
    for read, value, path in readings:
        try:
            found.append(read(value, path))
        except InvalidSettingError as error:
            mistakes += [error, *error.further]
    if mistakes:
        raise _join_mistakes(mistakes)
    return found


def _join_mistakes(mistakes: Sequence[InvalidSettingError]) -> InvalidSettingError:
    """Several mistakes as one error: the first, with the others."""
    for mistake in mistakes:
        mistake.further = ()
    mistakes[0].further = tuple(mistakes[1:])
    return mistakes[0]


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
        if row.kind.settings is not None:
            yield from walk_settings(row.kind.settings, (*path, name))


def read_table_values(
    rows: Mapping[str, DeclaredSetting], table: dict[str, Any], path: KeyPath
) -> dict[str, Any]:
    """The values that a table of a document gives, each of its kind.

    Args:
        rows: the settings that there are.
        table: what tomllib returned.
        path: where it is.

    Raises:
        InvalidSettingError: something in it is not declared, or not of its kind; with all further
            mistakes.
    """
    try:
        return _read_values(rows, table, path)
    except InvalidSettingError as error:
        raise _explain_unknown(rows, error, path) from None


class _UnknownSettingError(InvalidSettingError):
    """Nothing is declared at a path."""

    def __init__(self, path: KeyPath, value: object) -> None:
        self.is_section = isinstance(value, dict)
        what = "section" if self.is_section else "setting"
        super().__init__(path, f"{format_key_path(path)} is not a {what}", "")


def _read_values(
    rows: Mapping[str, DeclaredSetting], table: dict[str, Any], path: KeyPath
) -> dict[str, Any]:
    def read(value: Any, path: KeyPath) -> object:  # noqa: ANN401 - any TOML value
        return _read_value(rows, value, path)

    found = _collect((read, value, (*path, key)) for key, value in table.items())
    return dict(zip(table, found, strict=True))


def _read_value(rows: Mapping[str, DeclaredSetting], value: object, path: KeyPath) -> object:
    """Read one value, and say what was expected if it is wrong."""
    row = rows.get(str(path[-1]))
    if row is None:
        raise _UnknownSettingError(path, value)
    try:
        return row.kind.read(value, path)
    except ValueError:
        name = format_key_path(path)
        hint = f"the default is {format_toml_value(row.default)}"
        if row.kind.settings is not None:
            hint = f"write [{name}] on a line of its own and its settings below"
        problem = f"{name} is {format_toml_value(value)}; expected {row.kind.expected}"
        raise InvalidSettingError(path, problem, hint) from None


def _explain_unknown(
    rows: Mapping[str, DeclaredSetting], error: InvalidSettingError, within: KeyPath
) -> InvalidSettingError:
    """The same mistakes; for names that do not exist, with what may have been meant."""
    return _join_mistakes(
        [
            _suggest_name(rows, it, within) if isinstance(it, _UnknownSettingError) else it
            for it in (error, *error.further)
        ]
    )


def _suggest_name(
    rows: Mapping[str, DeclaredSetting], error: _UnknownSettingError, within: KeyPath
) -> InvalidSettingError:
    from difflib import get_close_matches

    there = [
        path
        for path, row in walk_settings(rows, within)
        if (row.kind.settings is not None) == error.is_section
    ]
    beside = [path for path in there if path[:-1] == error.path[:-1]]
    problem = error.problem
    if close := get_close_matches(format_key_path(error.path), map(format_key_path, there), n=1):
        problem += f"; did you mean {close[0]}?"
    what = "sections" if error.is_section else "settings"
    hint = f"the {what} are: {', '.join(map(format_key_path, beside or there))}"
    return InvalidSettingError(error.path, problem, hint)
