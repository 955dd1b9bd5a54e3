"""The command registries: which are known, and the logins there."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.plain_table import Column, Table
from manager.cli.session import Session, get_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.registry.core.quota import Quota
    from manager.registry.login import KnownRegistry

COLUMNS = (
    Column("REGISTRY"),
    Column("USER"),
    Column("SAVED IN"),
    Column("VALID UNTIL"),
    Column("IMAGES", right=True),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=format_examples("dockmgr registries", "dockmgr registries --json"))(
        registries
    )


def registries(ctx: typer.Context, json: options.Json = False) -> None:
    """List registries and your logins there.

    The list has the registries that docker has a login for, and those of the engine's images.
    Secrets are never shown.
    """
    from manager.registry.login import fetch_pull_quota, list_known_registries

    work = get_session(ctx)
    on_engine, info = _read_engine(work)
    rows, warnings = list_known_registries(work.env, on_engine)
    for warning in warnings:
        work.out.warn(warning)
    quota = fetch_pull_quota(work.registries(info), rows[0].found.credentials)
    if json:
        work.out.json("registries", [_row(row, quota) for row in rows])
        return
    work.out.print_table(Table(COLUMNS, [_cells(row) for row in rows]))
    if quota is not None:
        work.out.line(_format_quota(quota))


def _read_engine(work: Session) -> "tuple[list[str], Mapping[str, Any]]":
    """The registries of the images on the engine, and what it says of itself, if it is there."""
    from manager.engine.errors import EngineUnreachableError
    from manager.references.reference import parse_reference

    try:
        images, info = work.engine.images.list(), work.engine.info()
    except EngineUnreachableError as error:
        work.out.note(f"{error.message}; omitting the registries of its images")
        return [], {}
    references = [parse_reference(tag) for image in images for tag in image.tags]
    return [one.registry for one in references if one and one.registry], info


def _cells(row: "KnownRegistry") -> tuple[str, ...]:
    return (
        row.kind.host,
        _user(row) or "anonymous",
        _format_source(row),
        _format_expiry(row),
        str(row.images) if row.images else "-",
    )


def _user(row: "KnownRegistry") -> str:
    known = row.found.credentials
    if known is None:
        return ""
    return known.username or "(identity token)"


def _format_source(row: "KnownRegistry") -> str:
    from manager.registry.logins.lookup import CONFIG_FILE

    if row.found.source == CONFIG_FILE:
        return f"{CONFIG_FILE} (plain text)"
    return row.found.source or "-"


def _format_expiry(row: "KnownRegistry") -> str:
    if row.found.credentials is None:
        return "-"
    if row.found.until is None:
        return f"unknown ({row.found.known_by})" if row.found.known_by else "unknown"
    return f"{_format_local_time(row.found.until)} ({row.found.known_by})"


def _format_local_time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _format_quota(quota: "Quota") -> str:
    from manager.model.units import format_duration

    of = f" of {quota.limit}" if quota.limit is not None else ""
    window = f" in {format_duration(quota.window)}" if quota.window else ""
    return f"docker.io: {quota.remaining}{of} pulls left{window}"


def _row(row: "KnownRegistry", quota: "Quota | None") -> dict[str, Any]:
    """A registry, as JSON."""
    from manager.references.registry_hosts import RegistryService
    from manager.registry.logins.lookup import CONFIG_FILE

    known = row.found.credentials
    return {
        "registry": row.kind.host,
        "kind": row.kind.service.value,
        "run_by": row.kind.operator,
        "username": (known.username or None) if known else None,
        "identity_token": bool(known and known.identity_token),
        "source": row.found.source or None,
        "plain_text": row.found.source == CONFIG_FILE,
        "until": row.found.until.isoformat() if row.found.until else None,
        "known_by": row.found.known_by or None,
        "images": row.images,
        "pulls": _quota_row(quota) if quota and row.kind.service is RegistryService.HUB else None,
    }


def _quota_row(quota: "Quota") -> dict[str, Any]:
    return {
        "remaining": quota.remaining,
        "limit": quota.limit,
        "window_seconds": quota.window.total_seconds() if quota.window else None,
    }
