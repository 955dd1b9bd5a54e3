"""The commands login and logout."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.references.registry_hosts import RegistryHost
    from manager.registry.core.credentials import Credentials
    from manager.registry.login import LoginResult
    from manager.registry.protocol.registries import RegistryPool

MAX_PASSWORD_LENGTH = 1 << 20
"""Characters; the key file of a service account is shorter."""

RegistryName = Annotated[
    str,
    typer.Argument(metavar="[REGISTRY]", help="The registry's host, with its port if it has one."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=format_examples(
            "dockmgr login",
            "dockmgr login ghcr.io --username me --password-stdin < token.txt",
            "dockmgr login 123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        )
    )(login)
    app.command(epilog=format_examples("dockmgr logout ghcr.io", "dockmgr logout --all"))(logout)


def login(
    ctx: typer.Context,
    registry: RegistryName = "docker.io",
    username: Annotated[
        str,
        typer.Option(
            "--username", "-u", help="Your user name at the registry.", show_default=False
        ),
    ] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password or token from stdin.")
    ] = False,
    insecure_plaintext: Annotated[
        bool,
        typer.Option(
            "--insecure-plaintext",
            help="Without a credential helper, save the login unencrypted in config.json.",
        ),
    ] = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Log in to a registry, for dockmgr and docker alike.

    The login is tested before it is saved. AWS, Google Cloud and Azure need no password
    where this machine has credentials for that cloud.
    """
    from manager.references.registry_hosts import parse_registry
    from manager.registry.login import LoginContext, log_in_to_registry
    from manager.registry.logins.saving import choose_helper

    work = get_session(ctx)
    kind = parse_registry(registry)
    if explain:
        from manager.cli.docker_equivalents import explain_login

        explain_login(work, "login", (kind.host,), username, stdin=password_stdin, json=json)
    # Nobody types a password that cannot be saved.
    choose_helper(kind.host, work.env, plaintext=insecure_plaintext)
    registries = work.registries()
    given, until = None, None
    if not username and not password_stdin:
        given, until = _fetch_cloud_login(work, kind, registries)
    if given is None:
        given = _ask_credentials(work, kind, username, stdin=password_stdin)
    done = log_in_to_registry(kind, given, LoginContext(registries, work.env, insecure_plaintext))
    for warning in done.warnings:
        work.out.warn(warning)
    _show_login(work, done, until or done.until, json=json)


def _show_login(work: Session, done: "LoginResult", until: datetime | None, *, json: bool) -> None:
    if json:
        work.out.json(
            "login",
            {
                "registry": done.kind.host,
                "username": done.username or None,
                "source": done.place,
                "until": until.isoformat() if until else None,
            },
        )
        return
    who = f" as {done.username}" if done.username else ""
    valid = f", valid until {until.astimezone():%Y-%m-%d %H:%M}" if until else ""
    work.out.line(f"logged in to {done.kind.host}{who}, saved in {done.place}{valid}")


def _fetch_cloud_login(
    work: Session, kind: "RegistryHost", registries: "RegistryPool"
) -> "tuple[Credentials | None, datetime | None]":
    """What the registry's cloud gives, if it gives anything."""
    from manager.registry.login import fetch_cloud_login

    answer = fetch_cloud_login(kind, registries)
    if answer.credentials is not None:
        return answer.credentials, answer.until
    if answer.problem and not work.out.interactive:
        raise ManagerError(
            f"there is no login for {kind.host}: {answer.problem}",
            f"{kind.login_advice}; or give a password with --username and --password-stdin",
            ExitCode.REGISTRY,
        )
    if answer.problem:
        work.out.warn(answer.problem)
    return None, None


def _ask_credentials(
    work: Session, kind: "RegistryHost", username: str, *, stdin: bool
) -> "Credentials":
    """What a person or a program types."""
    from manager.references.registry_hosts import GOOGLE_KEY_USER, GOOGLE_TOKEN_USER
    from manager.registry.core.credentials import Credentials

    if not stdin and not work.out.interactive:
        tried = f"this machine has no credentials for {kind.cloud}, and " if kind.cloud else ""
        more = f"; {kind.login_advice}" if kind.cloud else ""
        raise ManagerError(
            f"{tried}there is no terminal to ask for a password on",
            f"pass it with --username NAME --password-stdin{more}",
            ExitCode.USAGE,
        )
    username = username or kind.default_user
    if stdin and not username:
        raise ManagerError(
            "--password-stdin needs a user name",
            "add --username NAME",
            ExitCode.USAGE,
        )
    if not username:
        username = typer.prompt(f"User name at {kind.host}", err=True).strip()
    if stdin:
        password = sys.stdin.read(MAX_PASSWORD_LENGTH).rstrip("\r\n")
    else:
        prompt = f"Password or token for {username} (not shown)"
        password = typer.prompt(prompt, hide_input=True, err=True)
    if not password:
        raise ManagerError("the password is empty", "nothing was saved", ExitCode.USAGE)
    if username == GOOGLE_TOKEN_USER and password.lstrip().startswith("{"):
        username = GOOGLE_KEY_USER  # Google's name for whoever shows a key file
    return Credentials(username, password)


def logout(
    ctx: typer.Context,
    registry: RegistryName = "docker.io",
    everywhere: Annotated[bool, typer.Option("--all", help="Log out of all registries.")] = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Log out of a registry: remove its login wherever docker keeps it."""
    from manager.references.registry_hosts import parse_registry
    from manager.registry.login import log_out_of_registry
    from manager.registry.logins.saving import list_login_registries

    work = get_session(ctx)
    # A helper that does not list its logins may have some: that is not a success.
    names, failures = (
        list_login_registries(work.env) if everywhere else ((parse_registry(registry).host,), ())
    )
    if explain:
        from manager.cli.docker_equivalents import explain_login

        explain_login(work, "logout", names, json=json)
    rows = []
    for name in names:
        erased = log_out_of_registry(name, work.env)
        rows.append({"registry": name, "erased": list(erased.places)})
        failures = (*failures, *erased.failures)
        for warning in erased.warnings:
            work.out.warn(warning)
        if erased.places and not json:
            work.out.line(f"logged out of {name}: removed from {' and '.join(erased.places)}")
        elif not erased.places and not everywhere and not failures:
            work.out.note(f"there was no login for {name}")
    if json:
        work.out.json("logout", rows)
    elif everywhere and not failures and not any(row["erased"] for row in rows):
        work.out.note("there were no logins")
    _fail_if_logins_remain(work, dict.fromkeys(failures), some=any(row["erased"] for row in rows))


def _fail_if_logins_remain(work: Session, failures: "Iterable[str]", *, some: bool) -> None:
    """End with an error where logins may be left."""
    for failure in failures:
        work.out.note(f"error: {failure}")
    if failures:
        work.out.hint("fix that and log out again: a login may still be there")
        raise typer.Exit(ExitCode.PARTIAL if some else ExitCode.FAILED)
