"""A docker command with the reason for it, as ``--explain`` shows it."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

DOCKER_PROGRAM = ("docker",)


@dataclass(frozen=True, slots=True)
class DockerCommand:
    """One docker command, or the reason why there is none."""

    words: tuple[str, ...]
    """The program and its arguments; empty where docker has no such command."""
    why: str
    """The reason, in one line."""

    @property
    def text(self) -> str:
        """The command as a shell reads it; empty where docker has none."""
        return shlex.join(self.words)

    def __str__(self) -> str:
        """Two lines that a shell can run: why, as a comment, and the command."""
        why = f"# {' '.join(self.why.split())}"
        return f"{why}\n{self.text}" if self.words else why


NOTHING_TO_DO = DockerCommand((), "nothing to do, so there is no docker command")


def docker_command(why: str, *words: str) -> DockerCommand:
    """Make a docker command of its arguments."""
    return DockerCommand((*DOCKER_PROGRAM, *words), why)


def no_docker_command(why: str) -> DockerCommand:
    """Say that docker has no command for a step.

    Args:
        why: what is missing, to follow "docker has".
    """
    return DockerCommand((), f"docker has {why}")


def add_engine_options(
    lines: Iterable[DockerCommand], engine: Sequence[str]
) -> tuple[DockerCommand, ...]:
    """Add to commands the options for the engine that was named.

    Args:
        lines: the commands.
        engine: docker's own options for that engine, such as ``--context lab``.
    """
    return tuple(
        replace(one, words=(*DOCKER_PROGRAM, *engine, *one.words[1:])) if one.words else one
        for one in lines
    )
