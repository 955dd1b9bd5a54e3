"""The picture of the terminal: the program's own views of plain values."""

import io
import re
from dataclasses import replace
from datetime import timedelta

from rich.console import Console
from rich.text import Text

from manager.cli.groups.views import containers_tree
from manager.cli.plain_table import Table
from manager.cli.prune.views import format_totals, render_removals
from manager.groups.core.tree import image_branches
from manager.model.containers import Container
from manager.model.ports import Port
from manager.model.snapshot import Snapshot
from manager.prune.core.decision import decide_prune
from manager.prune.core.planning import NonImageRemovals, plan_prune
from manager.prune.core.policy import Policy, Rule, RuleConditions
from tests.unit.make import REDIS, container
from tests.unit.world import NOW, World

WIDTH = 84
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Where Rich's picture would load its font from: the reader's own font has to do."""


def render_picture() -> str:
    """The picture as SVG, without anything that is loaded from elsewhere."""
    console = draw_screen()
    return FONTS.sub("", console.export_svg(title="dockmgr", unique_id="dockmgr", clear=False))


def draw_screen() -> Console:
    """The screen that the picture shows."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False
    )
    _type(console, "dockmgr spawn nginx --count 3 --publish 8080:80 && dockmgr ls")
    console.print(containers_tree(image_branches(Snapshot(_containers())), "localhost"))
    console.print()
    _type(console, "dockmgr prune --larger-than 100MB --unused-for 30d")
    for part in _prune_parts():
        if isinstance(part, Table):
            heading, *lines = part.lines(WIDTH)
            console.print(Text(heading, "bold"))
            part = "\n".join(lines)  # noqa: PLW2901 - the rest of it is plain
        console.print(Text(part))
    return console


def _type(console: Console, line: str) -> None:
    console.print(Text.assemble(("$ ", "green"), (line, "bold")))


def _containers() -> tuple[Container, ...]:
    ids = ("7e3d8c1c2af5", "ea81808d5ef3", "2e99f4495702", "4d1bb0c6e07e")
    ports = [(Port(80, "tcp", "0.0.0.0", host),) for host in (8080, 8081, 8082)]
    nginx = [
        replace(container(f"nginx{n}", group="nginx", index=n, ports=ports[n - 1]), id=ids[n - 1])
        for n in (1, 2, 3)
    ]
    redis = replace(
        container("cache", image="redis:7", image_id=REDIS), id=ids[3], status="Up 3 hours"
    )
    return (*(replace(it, status="Up 1 second") for it in nginx), redis)


def _prune_parts() -> list[str | Table]:
    world = World()
    world.image("nginx", "nginx:latest", layers="ab", size=75_000_000)
    world.image("postgres", "postgres:15", layers="ac", size=304_120_338)
    world.image("node", "node:20", layers="ade", size=510_438_912, unused=61)
    world.image("tools", "myorg/tools:1.4", layers="adf", size=88_602_117, unused=94)
    world.container("nginx", "running", "nginx1")
    rule = Rule(RuleConditions(larger_than=100_000_000, unused_for=timedelta(days=30)))
    decision = decide_prune(world.known(), Policy(delete=(rule,)))
    plan = plan_prune(decision, NonImageRemovals(), NOW)
    return [*render_removals(decision, NOW), *format_totals(decision, plan)]
