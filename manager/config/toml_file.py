"""Reading TOML files; whatever is wrong with one is told with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from pathlib import Path


def read_toml_text(path: Path, *, must_exist: bool, what: str, hint: str) -> str | None:
    """The text of a TOML file.

    Args:
        path: where the file is.
        must_exist: whether it is an error that the file is missing; else None is returned.
        what: what the file is called in errors.
        hint: what to do where the file cannot be read.

    Raises:
        ManagerError: the file cannot be read; (usage) it is not text.
    """
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except (FileNotFoundError, NotADirectoryError):
        if not must_exist:
            return None
        raise ManagerError(f"there is no {what} {path}", hint) from None
    except OSError as error:
        problem = f"cannot read the {what} {path}: {error.strerror}"
        raise ManagerError(problem, hint) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TomlFileError(path, line, "not UTF-8 text", "save the file as UTF-8") from None


def parse_toml(path: Path, text: str) -> dict[str, object]:
    """The values of a TOML file.

    Raises:
        ManagerError: (usage) it is not TOML; the sentence has file and line.
    """
    import re
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib gives the line only within its sentence.
        match = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        what = str(error).partition(" (at ")[0]
        number = int(match[1]) if match else text.rstrip("\n").count("\n") + 1
        place = f" at column {match[2]}" if match else ""
        hint = "strings need quotes, and a table begins with a line such as [name]"
        if path.suffix in {".yml", ".yaml"}:
            hint = "this looks like YAML; a compose file is for: docker compose up"
        raise TomlFileError(path, number, f"not valid TOML: {what}{place}", hint) from None
    except (RecursionError, ValueError) as error:
        deep = isinstance(error, RecursionError)
        problem = "nested too deeply" if deep else "a number with too many digits"
        hint = "look for a bracket that is not closed" if deep else "write a shorter number"
        raise TomlFileError(path, _find_unreadable_line(text), problem, hint) from None


def _find_unreadable_line(text: str) -> int:
    """The line with which a file begins to be more than the parser takes."""
    import tomllib

    lines = text.split("\n")
    for number in range(1, len(lines)):
        try:
            tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        except (RecursionError, ValueError):
            return number
    return len(lines)


class TomlFileError(ManagerError):
    """A mistake on a line of a TOML file."""

    def __init__(self, path: Path, line: int, problem: str, hint: str) -> None:
        """Keep the parts: a list of mistakes shows each of them."""
        super().__init__(f"{path} line {line}: {problem}", hint, ExitCode.USAGE)
        self.path = path
        self.line = line
        self.problem = problem
