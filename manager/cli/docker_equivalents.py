"""What --explain shows: the docker commands that do the same, as data or beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.cli.session import Session
    from manager.model.docker_commands import DockerCommand


def explain_commands(
    work: Session, lines: Iterable[DockerCommand], *, json: bool, dry_run: bool = False
) -> None:
    """Show docker commands: beside the data, or with it where that is all there will be.

    Args:
        work: the session.
        lines: the commands; asked for only with ``--explain``.
        json: whether they are a field of the data that the command prints.
        dry_run: whether they are kept for the dry run, which prints them as its data.
    """
    from manager.model.docker_commands import NOTHING_TO_DO, add_engine_options

    work.out.docker_lines = add_engine_options(lines, _engine_options(work)) or (NOTHING_TO_DO,)
    if not json and not dry_run:
        for one in work.out.docker_lines:
            work.out.note(str(one))


def _engine_options(work: Session) -> tuple[str, ...]:
    """Docker's options for the engine, where it would take another."""
    if work.host:
        return ("--host", work.host)
    if work.context:
        return ("--context", work.context)
    if not work.endpoint.named and work.lab is not None:
        return ("--context", work.lab.context)
    return ()


def explain_stream(work: Session, lines: Iterable[DockerCommand], *, json: bool) -> None:
    """The same for what prints line by line: in JSON they are its first object."""
    explain_commands(work, lines, json=json)
    if json and work.out.docker_lines is not None:
        work.out.json_line({"docker": work.out.docker_rows})


def explain_no_equivalent(work: Session, what: str, *, json: bool, dry_run: bool = False) -> None:
    """Say that docker has no command for it.

    Args:
        work: the session.
        what: to follow "docker has".
        json: whether it is a field of the data.
        dry_run: whether it is kept for the dry run, which prints it as its data.
    """
    from manager.model.docker_commands import no_docker_command

    # No engine is asked for: there may be none yet.
    work.out.docker_lines = (no_docker_command(what),)
    if not json and not dry_run:
        work.out.note(str(work.out.docker_lines[0]))


def explain_login(
    work: Session,
    command: str,
    hosts: Iterable[str],
    username: str = "",
    *,
    stdin: bool = False,
    json: bool,
) -> None:
    """Show how docker logs in or out; the password is in no command."""
    from manager.model.docker_equivalents import translate_login

    # Whatever engine there is: the client keeps logins itself.
    work.out.docker_lines = tuple(translate_login(command, hosts, username, stdin=stdin))
    for one in work.out.docker_lines if not json else ():
        work.out.note(str(one))
