"""Errors for people: a sentence, a hint, and the exit code for that kind of error."""

from collections.abc import Iterator
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of the ``dockmgr`` command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    ENGINE = 3
    REGISTRY = 4
    PARTIAL = 5
    BUG = 70
    INTERRUPTED = 130


class ManagerError(Exception):
    """An error meant for a person: what happened, what to do, and its exit code."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        exit_code: ExitCode = ExitCode.FAILED,
        details: tuple[str, ...] = (),
    ) -> None:
        """Keep the parts.

        Args:
            message: one sentence of what happened, without a full stop.
            hint: one sentence on what to do about it; empty only if nothing can be done.
            exit_code: the kind of failure.
            details: lines that show the cause, such as the last that a container wrote.
        """
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.details = details


class CancelledError(ManagerError):
    """A person was asked to confirm, and answered no."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("Cancelled.")


def iter_causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all beneath it: causes, contexts, and errors given as arguments."""
    pending, seen = [error], set[int]()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        beneath = [current.__cause__, current.__context__, getattr(current, "reason", None)]
        pending += [it for it in (*beneath, *current.args) if isinstance(it, BaseException)]
