"""What options take from this machine: files, variables of the shell, folders."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from manager.errors import ExitCode, ManagerError
from manager.groups.core.docker_run import ShowableOptions
from manager.model.naming import escape_placeholders, fill_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manager.groups.core.run_options import RunOptions
    from manager.lab.state import Lab

WORKING_FOLDER = Path()
BUILT_IN_PROFILES = frozenset({"unconfined", "builtin"})


@dataclass(frozen=True, slots=True)
class LocalSources:
    """Where the values that options leave to this machine are found."""

    env: Mapping[str, str]
    lab: Lab | None
    """The lab whose engine is used: it sees only some folders."""
    base: Path = WORKING_FOLDER
    """The folder that relative paths begin at."""

    @property
    def escaped_env(self) -> dict[str, str]:
        """The variables, in whose values nothing stands for a number."""
        return {name: escape_placeholders(value) for name, value in self.env.items()}


def resolve_options(typed: RunOptions, sources: LocalSources) -> RunOptions:
    """The options as the engine is to get them; files they name are read.

    Args:
        typed: as a person wrote them.
        sources: where files and variables are found.

    Raises:
        ManagerError: a file cannot be read, or the engine cannot see a folder.
    """
    return replace(
        typed,
        env=(*_read_variables(typed, sources), *resolve_variables(typed.env, sources.escaped_env)),
        env_file=(),
        label=(*_read_entries(sources.base, typed.label_file), *typed.label),
        label_file=(),
        volume=tuple(_resolve_volume(sources, text) for text in typed.volume),
        mount=tuple(_resolve_mount(sources, text) for text in typed.mount),
        security_opt=tuple(_read_profile(sources.base, text) for text in typed.security_opt),
    )


def collect_showable_options(
    typed: RunOptions, sources: LocalSources, *, openly: bool
) -> ShowableOptions:
    """What of the options may be shown again.

    Args:
        typed: as a person wrote them; `resolve_options` found nothing wrong with them.
        sources: where files and variables are found.
        openly: whether variables were typed where everybody sees them, and not in a file.
    """
    shown = {it for it in (*typed.env, *typed.log_opt) if "=" in it}
    return ShowableOptions(
        tuple(str(sources.base / name) for name in typed.env_file),
        len(_read_variables(typed, sources)),
        frozenset(shown if openly else ()),
        {
            _read_profile(sources.base, text): _name_profile(sources.base, text)
            for text in typed.security_opt
        },
    )


def resolve_variables(texts: Iterable[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """Variables with their values; ``KEY`` alone is passed on, or left out if unset, as by docker.

    Args:
        texts: as they were typed.
        env: the variables of this process.
    """
    return tuple(
        text if "=" in text or not text else f"{text}={env[text]}"
        for text in texts
        if "=" in text or not text or text in env
    )


def _read_variables(typed: RunOptions, sources: LocalSources) -> tuple[str, ...]:
    lines = _read_entries(sources.base, typed.env_file)
    # What is not typed here is taken as it is, as docker does: only options have places.
    escaped = (_escape_value(text) if "=" in text else text for text in lines)
    return resolve_variables(escaped, sources.escaped_env)


def _escape_value(entry: str) -> str:
    """A variable in whose value nothing stands for a number."""
    name, _, value = entry.partition("=")
    return f"{name}={escape_placeholders(value)}"


def _read_entries(base: Path, files: Iterable[str]) -> tuple[str, ...]:
    """The lines of files of variables or labels, without empty lines and comments.

    Source: the ``docker run`` reference, ``--env-file``; quotes mean nothing in it.
    """
    return tuple(entry for name in files for entry in _read_entry_file(base, name))


def _read_entry_file(base: Path, name: str) -> list[str]:
    try:
        text = (base / name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        hint = "name a file with KEY=VALUE lines"
        raise _unreadable_file_error(name, error, "it is not UTF-8 text", hint) from error
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.lstrip()
        if not entry or entry.startswith("#"):
            continue
        key = entry.partition("=")[0]
        if not key or any(map(str.isspace, key)):
            raise ManagerError(
                f"{name} line {number} does not begin with a name and an equals sign",
                "write KEY=VALUE, or KEY alone to pass on your own",
                ExitCode.USAGE,
            )
        found.append(entry)
    return found


def _resolve_volume(sources: LocalSources, text: str) -> str:
    source, colon, rest = text.partition(":")
    return f"{_resolve_source(sources, source)}:{rest}" if colon and source else text


def _resolve_mount(sources: LocalSources, text: str) -> str:
    fields = text.split(",")
    if "type=bind" not in fields:
        return text
    for at, part in enumerate(fields):
        name, equals, value = part.partition("=")
        if equals and name in {"source", "src"}:
            fields[at] = f"{name}={_resolve_source(sources, value)}"
    return ",".join(fields)


def _resolve_source(sources: LocalSources, source: str) -> str:
    """A source that begins with a dot is relative, as docker has it.

    A lab sees only some folders of its host. Another would silently be a new, empty one.
    """
    lab = sources.lab
    if source.startswith("."):
        source = str((sources.base / source).resolve())
    if source.startswith("/") and lab and not lab.sees(Path(fill_placeholders(source, 1))):
        raise ManagerError(
            f"lab {lab.name!r} does not see {source}",
            f"it sees {', '.join(lab.mounts)}; add folders to mounts under [lab] in the settings, "
            "then run: dockmgr lab reset",
        )
    return source


def _read_profile(base: Path, text: str) -> str:
    """A security option as the engine gets it: docker's client sends the profile, not its path."""
    name, equals, value = text.partition("=")
    if not equals:
        name, _, value = text.partition(":")
    if name != "seccomp" or value in BUILT_IN_PROFILES:
        return text
    try:
        profile = json.loads((base / value).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what, hint = f"the seccomp profile {value}", "name its file, or write seccomp=unconfined"
        raise _unreadable_file_error(what, error, f"it is not JSON: {error}", hint) from error
    return f"seccomp={json.dumps(profile, separators=(',', ':'))}"


def _name_profile(base: Path, text: str) -> str:
    """The same as the docker command takes it, with the path of the profile."""
    name, equals, value = text.partition("=")
    if name != "seccomp" or not equals or value in BUILT_IN_PROFILES:
        return text
    return f"seccomp={base / value}"


def _unreadable_file_error(
    what: str, error: OSError | ValueError, wrong: str, hint: str
) -> ManagerError:
    """A missing file, or one with something wrong in it."""
    if isinstance(error, OSError):
        return ManagerError(f"cannot read {what}: {error.strerror}", hint)
    return ManagerError(f"cannot read {what}: {wrong}", hint, ExitCode.USAGE)
