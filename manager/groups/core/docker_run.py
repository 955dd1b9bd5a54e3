"""The docker run commands that make the same members as a spawn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from manager.groups.core.group_spec import DOCKMGR_LABEL_PREFIX, GroupSpec
from manager.groups.core.member_request import member_config
from manager.groups.core.run_options import RUN_OPTIONS, RunOptions
from manager.model.containers import SPAWN_LABEL
from manager.model.docker_commands import DockerCommand, docker_command
from manager.model.naming import has_placeholder
from manager.model.plan import PlanStep
from manager.model.ports import PortBinding

HANDLED_OPTIONS = frozenset({"env", "label", "publish", "security_opt", "log_opt"})
"""Options whose values are not simply written as they were typed."""
HIDDEN_PLACEHOLDER = "HIDDEN"


@dataclass(frozen=True, slots=True)
class ShowableOptions:
    """What was typed, as far as it may be shown: files are named, not repeated."""

    env_files: tuple[str, ...] = ()
    file_variable_count: int = 0
    """How many of the variables, from the first, come from those files."""
    shown_entries: frozenset[str] = frozenset()
    """Variables and log options that were typed with their values."""
    profiles: Mapping[str, str] = field(default_factory=dict)
    """By security option with a profile in it: the option that names the file."""


def docker_run_lines(
    spec: GroupSpec, steps: Iterator[PlanStep] | tuple[PlanStep, ...], showable: ShowableOptions
) -> dict[str, DockerCommand]:
    """The command for each member, by its name.

    Args:
        spec: what was asked for.
        steps: the steps that make members.
        showable: what may be shown.
    """
    return {
        step.target: _docker_run_line(spec, step.number or 0, step.target, step.ports, showable)
        for step in steps
    }


def _docker_run_line(
    spec: GroupSpec,
    number: int,
    name: str,
    ports: tuple[PortBinding, ...],
    showable: ShowableOptions,
) -> DockerCommand:
    options = spec.options.for_member(number)
    image = spec.image.for_engine
    labels = member_config(spec, number, ports, image, "")["Labels"]
    hidden = _hidden_values_note(spec.options, showable)
    words = ["run", "--detach", "--name", name]
    if spec.platform:
        words += ["--platform", spec.platform]
    for label in options.label:
        words += ["--label", label]
    for key, value in labels.items():
        if key.startswith(DOCKMGR_LABEL_PREFIX) and key != SPAWN_LABEL:
            words += ["--label", f"{key}={value}"]
    words += _variable_words(spec.options, number, showable)
    words += ["--env", f"DOCKMGR_GROUP={spec.group}", "--env", f"DOCKMGR_INDEX={number}"]
    for binding in ports:
        words += ["--publish", str(binding)]
    words += _plain_option_words(options)
    for text in options.security_opt:
        words += ["--security-opt", showable.profiles.get(text, text)]
    for raw, text in zip(spec.options.log_opt, options.log_opt, strict=True):
        key = text.partition("=")[0]
        words += [
            "--log-opt",
            text if raw in showable.shown_entries else f"{key}={HIDDEN_PLACEHOLDER}",
        ]
    words += [image, *options.command]
    why = f"make and start member {number} of {spec.group}; its labels make it a member"
    return docker_command(f"{why}{hidden}", *words)


def _plain_option_words(options: RunOptions) -> Iterator[str]:
    """The options whose values stand as they were typed."""
    for name, value in options.to_data().items():
        row = RUN_OPTIONS.get(name)
        if row is None or name in HANDLED_OPTIONS:
            continue
        if value is True:
            yield row.flag
            continue
        for one in value if isinstance(value, tuple) else (value,):
            yield from (row.flag, row.format_for_docker(str(one)))


def _variable_words(options: RunOptions, number: int, showable: ShowableOptions) -> Iterator[str]:
    for file in showable.env_files:
        yield from ("--env-file", file)
    rest = options.env[showable.file_variable_count :]
    made = replace(RunOptions(), env=rest).for_member(number).env
    for raw, entry in zip(rest, made, strict=True):
        # A name alone lets docker take the value from the shell.
        yield from ("--env", entry if _is_showable(raw, showable) else entry.partition("=")[0])


def _is_showable(entry: str, showable: ShowableOptions) -> bool:
    """Whether a variable's value may be shown; one with ``{n}`` stands in a label anyway."""
    return entry in showable.shown_entries or has_placeholder(entry.partition("=")[2])


def _hidden_values_note(options: RunOptions, showable: ShowableOptions) -> str:
    unseen = [
        it for it in options.env[showable.file_variable_count :] if not _is_showable(it, showable)
    ]
    names = ", ".join(it.partition("=")[0] for it in unseen)
    note = f"; docker takes {names} from the variables of your shell" if names else ""
    if any(it not in showable.shown_entries for it in options.log_opt):
        note += f"; write the values of --log-opt in place of {HIDDEN_PLACEHOLDER}"
    return note
