"""The commands on labs: up, down, reset, status, env."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.lab.state import DEFAULT_LAB_NAME

if TYPE_CHECKING:
    from manager.lab.state import Lab

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Run a lab: a private, throwaway engine with a registry beside it.\n\n"
        "For practice, for tests, and for machines without an engine. A lab is built from "
        "Debian packages, runs in its own namespaces, and leaves nothing behind. It has no "
        "internet access: its registry stands in for Docker Hub. Access to a lab's socket means "
        "root access to this machine."
    ),
    epilog=format_examples("dockmgr lab up --install", "dockmgr lab status", "dockmgr lab down"),
)

LabNameOption = Annotated[
    str, typer.Option("--name", help="The lab's name; several can be up at the same time.")
]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="lab")


@app.command(
    epilog=format_examples(
        "dockmgr lab up",
        "dockmgr lab up --engine 20.10 --name old",
        "dockmgr lab up --install --yes",
        "docker --context dockmgr-lab ps",
    )
)
def up(
    ctx: typer.Context,
    name: LabNameOption = DEFAULT_LAB_NAME,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine", help="The engine: 20.10, 26, 28, 28-containerd or podman.", metavar="NAME"
        ),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Install missing host tools with apt.")
    ] = False,
    yes: options.Yes = False,
    explain: options.Explain = False,
    json: options.Json = False,
) -> None:
    """Start a lab. The first start downloads its engine, about 200 MB."""
    from manager.cli.progress import show_phases
    from manager.lab import labs, tools

    work = get_session(ctx)
    if explain:
        from manager.cli.docker_equivalents import explain_no_equivalent

        what = "no command that starts an engine: this starts one, with a registry, in namespaces"
        explain_no_equivalent(work, what, json=json)
    tools.check_machine()
    missing = tools.list_missing_packages()
    if install and missing:
        _install_packages(work, missing, yes=yes)
    settings = work.settings.lab
    request = labs.LabRequest(
        name=name,
        flavour=engine or settings.engine,
        mounts=_folders_to_mount(settings.mounts),
        mirror=settings.mirror or "",
    )
    with show_phases(work.out) as report:
        made = labs.bring_up_lab(request, report)
    if json:
        work.out.json("lab up", _row(made))
        return
    work.out.note(f"lab {made.name!r} is up: engine {made.flavour}, registry {made.registry}")
    work.out.note("access to its socket means root access to this machine")
    work.out.hint(f"use it with docker too: docker --context {made.context} ps")


def _install_packages(work: Session, packages: list[str], *, yes: bool) -> None:
    from manager.lab import tools

    command = " ".join(tools.install_command(packages))
    work.out.note(f"will run: apt-get update && {command}")
    work.confirm("Install these packages?", yes=yes, refused="nothing was installed")
    tools.install_packages(packages)


def _folders_to_mount(further: tuple[Path, ...]) -> tuple[Path, ...]:
    """The home and the working folder, and what the settings name; each once, outer ones only."""
    wanted = [Path.home(), Path.cwd(), *further]
    outer: list[Path] = []
    for folder in dict.fromkeys(wanted):
        if not any(folder.is_relative_to(other) for other in outer):
            outer.append(folder)
    return tuple(outer)


@app.command(epilog=format_examples("dockmgr lab down", "dockmgr lab down --name old"))
def down(
    ctx: typer.Context, name: LabNameOption = DEFAULT_LAB_NAME, json: options.Json = False
) -> None:
    """Stop a lab and remove everything in it; downloads are kept for the next one."""
    from manager.lab import labs, state

    work = get_session(ctx)
    found = labs.take_down_lab(name)
    if json:
        work.out.json("lab down", {"name": name, "was_there": found})
    else:
        work.out.note(f"removed lab {name!r}" if found else f"there was no lab {name!r}")
        others = [] if found else [lab.name for lab in state.list_running_labs()]
        if others:
            work.out.hint(f"labs that are up: {', '.join(others)} (choose with --name)")


@app.command(epilog=format_examples("dockmgr lab reset", "dockmgr lab reset --all --yes"))
def reset(
    ctx: typer.Context,
    name: LabNameOption = DEFAULT_LAB_NAME,
    everything: Annotated[
        bool, typer.Option("--all", help="Stop the lab, and remove its downloads too.")
    ] = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> None:
    """Reset a lab: the same engine, with nothing in it."""
    from manager.cli.progress import show_phases
    from manager.lab import labs

    work = get_session(ctx)
    if everything:
        work.confirm("Remove the lab and all downloads?", yes=yes)
        labs.remove_labs_and_cache([name])
        if json:
            work.out.json("lab reset", {"name": name, "removed": True})
        else:
            work.out.note(f"removed lab {name!r} and all downloads")
        return
    lab = labs.get_running_lab(name)
    work.confirm(f"Remove everything in lab {lab.name!r}?", yes=yes)
    with show_phases(work.out) as report:
        made = labs.reset_lab(name, report)
    if json:
        work.out.json("lab reset", _row(made))
    else:
        work.out.note(f"reset lab {name!r}")


@app.command(epilog=format_examples("dockmgr lab status", "dockmgr lab status --json"))
def status(ctx: typer.Context, json: options.Json = False) -> None:
    """Show the labs that are up and their addresses."""
    from manager.cli.lab.views import labs_table
    from manager.lab import labs

    work = get_session(ctx)
    found = labs.list_lab_statuses()
    if json:
        rows = [
            {
                **_row(one.lab),
                "version": one.engine_version,
                "containers": one.containers,
                "images": one.images,
                "disk": one.disk_bytes,
                "registry_images": list(one.registry_images),
            }
            for one in found
        ]
        work.out.json("lab status", rows)
    elif not found:
        work.out.note("no lab is up")
        work.out.hint("start one with: dockmgr lab up")
    else:
        work.out.show(labs_table(found))
        work.out.note("access to a lab's socket means root access to this machine")


@app.command(epilog=format_examples('eval "$(dockmgr lab env)"'))
def env(
    ctx: typer.Context, name: LabNameOption = DEFAULT_LAB_NAME, json: options.Json = False
) -> None:
    """Print the shell commands that make docker and other tools use the lab."""
    import shlex

    from manager.lab import labs

    lab = labs.get_running_lab(name)
    out = get_session(ctx).out
    if json:
        out.json("lab env", {"DOCKER_HOST": lab.host})
    else:
        out.line(f"export DOCKER_HOST={shlex.quote(lab.host)}")


def _row(lab: "Lab") -> dict[str, object]:
    """A lab as JSON."""
    return {
        "name": lab.name,
        "engine": lab.flavour,
        "host": lab.host,
        "context": lab.context,
        "address": lab.address,
        "registry": lab.registry,
        "mounts": list(lab.mounts),
        "started": lab.started.isoformat(),
    }
