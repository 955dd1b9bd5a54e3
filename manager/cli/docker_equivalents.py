"""What --explain shows: the equivalent docker commands, as data or beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.cli.session import Session
    from manager.model.docker_commands import DockerCommand


def explain_commands(
    session: Session, lines: Iterable[DockerCommand], *, json: bool, dry_run: bool = False
) -> None:
    """Show docker commands: on stderr, in the JSON, or as the output of a dry run.

    Args:
        session: the session.
        lines: the commands.
        json: whether they are a field of the data that the command prints.
        dry_run: whether they are kept for the dry run, which prints them as its data.
    """
    from manager.model.docker_commands import NOTHING_TO_DO, add_engine_options

    session.out.docker_lines = add_engine_options(lines, _engine_options(session)) or (
        NOTHING_TO_DO,
    )
    if not json and not dry_run:
        for one in session.out.docker_lines:
            session.out.note(str(one))


def _engine_options(session: Session) -> tuple[str, ...]:
    """Docker's options for this engine, if it would otherwise use another."""
    if session.host:
        return ("--host", session.host)
    if session.context:
        return ("--context", session.context)
    if not session.endpoint.is_explicit and session.lab is not None:
        return ("--context", session.lab.context)
    return ()


def explain_stream(session: Session, lines: Iterable[DockerCommand], *, json: bool) -> None:
    """Show docker commands for a stream: in JSON they are its first object."""
    explain_commands(session, lines, json=json)
    if json and session.out.docker_lines is not None:
        session.out.json_line({"docker": session.out.docker_rows})


def explain_no_equivalent(
    session: Session, what: str, *, json: bool, dry_run: bool = False
) -> None:
    """Say that docker has no equivalent command.

    Args:
        session: the session.
        what: to follow "docker has".
        json: whether it is a field of the data.
        dry_run: whether it is kept for the dry run, which prints it as its data.
    """
    from manager.model.docker_commands import no_docker_command

    # No engine is needed: there may not be one yet.
    session.out.docker_lines = (no_docker_command(what),)
    if not json and not dry_run:
        session.out.note(str(session.out.docker_lines[0]))


def explain_login(
    session: Session,
    command: str,
    hosts: Iterable[str],
    username: str = "",
    *,
    stdin: bool = False,
    json: bool,
) -> None:
    """Show how docker logs in or out; no command contains the password."""
    from manager.model.docker_equivalents import translate_login

    # Logins do not depend on the engine: the client stores them itself.
    session.out.docker_lines = tuple(translate_login(command, hosts, username, stdin=stdin))
    for one in session.out.docker_lines if not json else ():
        session.out.note(str(one))
