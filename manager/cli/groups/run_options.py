"""The options of spawn that are those of ``docker run``: declared in one table, read from one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from manager.cli.session import Session
    from manager.groups.core.docker_run import ShowableOptions
    from manager.groups.core.run_options import RunOptions
    from manager.lab.state import Lab

RUN_OPTIONS_PANEL = "As in docker run ({n} in a value is the member's number)"
WORKING_FOLDER = Path()
"""The working folder."""
TEXTS, TEXT, SWITCH, NUMBER = list[str] | None, str | None, bool, int | None


@dataclass(frozen=True, slots=True)
class RunFlag:
    """One option."""

    flags: tuple[str, ...]
    """As typed; the first is its name."""
    kind: Any
    help: str
    metavar: str = ""

    @property
    def name(self) -> str:
        """The name of its parameter."""
        return self.flags[0].removeprefix("--").replace("-", "_")


RUN_FLAGS = (
    RunFlag(("--publish", "-p"), TEXTS, "8080:80: 8080 for the first, then 8081…", "[HOST:]PORT"),
    RunFlag(("--publish-all", "-P"), SWITCH, "Publish every port that the image exposes."),
    RunFlag(("--env", "-e"), TEXTS, "Set a variable, or pass on your own.", "KEY[=VALUE]"),
    RunFlag(("--env-file",), TEXTS, "Variables from a file, a line each.", "FILE"),
    RunFlag(("--volume", "-v"), TEXTS, "Mount a folder or a volume.", "[SOURCE:]TARGET[:ro]"),
    RunFlag(("--mount",), TEXTS, "Mount anything.", "type=…,src=…,dst=…"),
    RunFlag(("--tmpfs",), TEXTS, "Mount a folder in memory.", "PATH[:OPTIONS]"),
    RunFlag(("--network",), TEXT, "Connect to this network."),
    RunFlag(("--network-alias",), TEXTS, "A further name on that network.", "NAME"),
    RunFlag(("--hostname",), TEXT, "The name it has for itself."),
    RunFlag(("--add-host",), TEXTS, "A line for /etc/hosts.", "NAME:IP"),
    RunFlag(("--dns",), TEXTS, "A name server.", "IP"),
    RunFlag(("--label", "-l"), TEXTS, "Set a label.", "KEY[=VALUE]"),
    RunFlag(("--label-file",), TEXTS, "Labels from a file, a line each.", "FILE"),
    RunFlag(("--user", "-u"), TEXT, "Who runs the command.", "USER[:GROUP]"),
    RunFlag(("--workdir", "-w"), TEXT, "Where the command runs.", "PATH"),
    RunFlag(("--entrypoint",), TEXT, "Instead of the image's own."),
    RunFlag(("--init",), SWITCH, "Run an init that passes on signals and reaps processes."),
    RunFlag(("--restart",), TEXT, "no, always, unless-stopped or on-failure[:TIMES].", "POLICY"),
    RunFlag(("--rm",), SWITCH, "The engine removes each when it ends."),
    RunFlag(("--stop-signal",), TEXT, "What it is asked to end with.", "SIGNAL"),
    RunFlag(("--stop-timeout",), NUMBER, "Seconds it gets to end.", "SECONDS"),
    RunFlag(("--memory", "-m"), TEXT, "Limit of memory: 512m, 1g.", "SIZE"),
    RunFlag(("--cpus",), TEXT, "How many processors: 1.5.", "NUMBER"),
    RunFlag(("--gpus",), TEXT, "GPUs: all, 2 or device=0.", "WHICH"),
    RunFlag(("--shm-size",), TEXT, "Size of /dev/shm.", "SIZE"),
    RunFlag(("--ulimit",), TEXTS, "A limit: nofile=1024:2048.", "NAME=SOFT[:HARD]"),
    RunFlag(("--read-only",), SWITCH, "Nothing can be written to its root."),
    RunFlag(("--privileged",), SWITCH, "All rights on the engine's machine."),
    RunFlag(("--cap-add",), TEXTS, "Add a capability.", "NAME"),
    RunFlag(("--cap-drop",), TEXTS, "Drop a capability.", "NAME"),
    RunFlag(("--security-opt",), TEXTS, "A security option.", "OPTION"),
    RunFlag(("--health-cmd",), TEXT, "A command that shows its health.", "COMMAND"),
    RunFlag(("--health-interval",), TEXT, "Time between two checks: 5s.", "TIME"),
    RunFlag(("--health-timeout",), TEXT, "Time that a check may take.", "TIME"),
    RunFlag(("--health-retries",), NUMBER, "Failures in a row until unhealthy.", "NUMBER"),
    RunFlag(("--health-start-period",), TEXT, "Time in which failures do not count.", "TIME"),
    RunFlag(("--no-healthcheck",), SWITCH, "Not even the image's own."),
    RunFlag(("--log-driver",), TEXT, "Where the engine keeps what it writes.", "NAME"),
    RunFlag(("--log-opt",), TEXTS, "An option of that driver.", "KEY=VALUE"),
)


def with_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command with all these options; it gets their values as further keyword arguments."""

    @functools.wraps(command)
    def extended(*args: Any, **values: Any) -> None:  # noqa: ANN401 - as the command has them
        command(*args, **values)

    own = inspect.signature(command, eval_str=True)
    named = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    signature = own.replace(parameters=[*named, *map(_parameter, RUN_FLAGS)])
    extended.__signature__ = signature  # type: ignore[attr-defined]
    return extended


def _parameter(flag: RunFlag) -> inspect.Parameter:
    option = typer.Option(
        *flag.flags,
        metavar=flag.metavar or None,
        help=flag.help,
        rich_help_panel=RUN_OPTIONS_PANEL,
        show_default=False,
    )
    default = False if flag.kind is SWITCH else None
    return inspect.Parameter(
        flag.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[flag.kind, option],
    )


def read_run_options(
    work: Session, values: dict[str, Any], command: list[str], base: Path = WORKING_FOLDER
) -> RunOptions:
    """What was typed, as options; files that were named are read.

    Args:
        work: the session.
        values: by the options' names, as Typer gives them or a file has them.
        command: what stands after the image.
        base: the folder that relative paths begin at.

    Raises:
        ManagerError: a file cannot be read, or a folder cannot be seen by the engine.
    """
    from manager.groups.core.run_options import RunOptions

    given = {n: it for n, it in values.items() if it is not None and it is not False and it != []}
    # What is not typed here is taken as it is, as docker does: only options have places.
    lines = _read_entries(base, given.pop("env_file", ()))
    files = [_escape_value(text) if "=" in text else text for text in lines]
    env = [it for text in files for it in resolve_variable(work, text)]
    env += [it for text in given.pop("env", ()) for it in resolve_variable(work, text)]
    labels = [*_read_entries(base, given.pop("label_file", ())), *given.pop("label", ())]
    lab = work.lab
    many: dict[str, Any] = {
        "env": tuple(env),
        "label": tuple(labels),
        "volume": tuple(_resolve_volume(lab, base, text) for text in given.pop("volume", ())),
        "mount": tuple(_resolve_mount(lab, base, text) for text in given.pop("mount", ())),
        "security_opt": tuple(
            _resolve_security_option(base, text) for text in given.pop("security_opt", ())
        ),
        "command": tuple(command),
    }
    plain: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in given.items()}
    return RunOptions(**many, **plain)


def collect_showable_options(
    work: Session, values: dict[str, Any], base: Path = WORKING_FOLDER, *, openly: bool = True
) -> ShowableOptions:
    """What of the same values may be shown again.

    Args:
        work: the session.
        values: as for `read_run_options`, which has found nothing wrong with them.
        base: the folder that relative paths begin at.
        openly: whether variables were typed where everybody sees them, and not in a file.
    """
    from manager.groups.core.docker_run import ShowableOptions

    files: list[str] = list(values.get("env_file") or ())
    found = [it for text in _read_entries(base, files) for it in resolve_variable(work, text)]
    shown = {it for name in ("env", "log_opt") for it in values.get(name) or () if "=" in it}
    return ShowableOptions(
        tuple(str(base / name) for name in files),
        len(found),
        frozenset(shown if openly else ()),
        {
            _resolve_security_option(base, text): _security_option_with_path(base, text)
            for text in values.get("security_opt") or ()
        },
    )


def _security_option_with_path(base: Path, text: str) -> str:
    """A security option, with the path of its file as docker is to find it."""
    name, equals, value = text.partition("=")
    if name != "seccomp" or not equals or value in {"unconfined", "builtin"}:
        return text
    return f"seccomp={base / value}"


def _read_entries(base: Path, files: list[str]) -> list[str]:
    """The lines of files of variables or labels: empty ones and those after a # say nothing.

    Source: the ``docker run`` reference, ``--env-file``; quotes mean nothing in it.
    """
    found: list[str] = []
    for name in files:
        try:
            text = (base / name).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            hint = "name a file with KEY=VALUE lines"
            raise _unreadable_file_error(name, error, "it is not UTF-8 text", hint) from error
        for number, line in enumerate(text.splitlines(), 1):
            entry = line.lstrip()
            if not entry or entry.startswith("#"):
                continue
            key = entry.partition("=")[0]
            if not key or any(map(str.isspace, key)):
                raise ManagerError(
                    f"{name} line {number} has no name before an equals sign, or one with a space",
                    "write KEY=VALUE, or KEY alone to pass on your own",
                    ExitCode.USAGE,
                )
            found.append(entry)
    return found


def resolve_variable(work: Session, text: str) -> list[str]:
    """``KEY`` alone takes the value from the environment, or is left out, as docker does."""
    if "=" in text or not text:
        return [text]
    return [_escape_value(f"{text}={work.env[text]}")] if text in work.env else []


def _escape_value(entry: str) -> str:
    """A variable in whose value nothing stands for a number."""
    from manager.model.naming import escape_placeholders

    name, _, value = entry.partition("=")
    return f"{name}={escape_placeholders(value)}"


def _resolve_volume(lab: Lab | None, base: Path, text: str) -> str:
    """A source that begins with a dot is a folder beside the working folder, as docker has it."""
    source, colon, rest = text.partition(":")
    return f"{_resolve_source(lab, base, source)}:{rest}" if colon and source else text


def _resolve_source(lab: Lab | None, base: Path, source: str) -> str:
    """A lab sees only some folders of its host. Another would silently be a new, empty one."""
    from manager.model.naming import fill_placeholders

    if source.startswith("."):
        source = str((base / source).resolve())
    if source.startswith("/") and lab and not lab.sees(Path(fill_placeholders(source, 1))):
        raise ManagerError(
            f"lab {lab.name!r} does not see {source}",
            f"it sees {', '.join(lab.mounts)}; name further folders as lab.mounts in the "
            "settings, then: dockmgr lab reset",
        )
    return source


def _resolve_mount(lab: Lab | None, base: Path, text: str) -> str:
    """The same for the source of a folder in the long syntax."""
    fields = text.split(",")
    if "type=bind" not in fields:
        return text
    for at, part in enumerate(fields):
        name, equals, value = part.partition("=")
        if equals and name in {"source", "src"}:
            fields[at] = f"{name}={_resolve_source(lab, base, value)}"
    return ",".join(fields)


def _resolve_security_option(base: Path, text: str) -> str:
    """The client reads a seccomp profile, and sends what is in it."""
    name, equals, value = text.partition("=")
    if not equals:
        name, _, value = text.partition(":")
    if name != "seccomp" or value in {"unconfined", "builtin"}:
        return text
    import json

    try:
        profile = json.loads((base / value).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what, hint = f"the seccomp profile {value}", "name its file, or write seccomp=unconfined"
        raise _unreadable_file_error(what, error, f"it is not JSON: {error}", hint) from error
    return f"seccomp={json.dumps(profile, separators=(',', ':'))}"


def _unreadable_file_error(
    what: str, error: OSError | ValueError, wrong: str, hint: str
) -> ManagerError:
    """A file that is not there, or one with something wrong in it."""
    if isinstance(error, OSError):
        return ManagerError(f"cannot read {what}: {error.strerror}", hint)
    return ManagerError(f"cannot read {what}: {wrong}", hint, ExitCode.USAGE)
