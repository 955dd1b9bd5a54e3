"""Tables as programs read them: no line is filled up, and there is no heading without a row."""

import re
from pathlib import Path

import pytest
from rich.console import RenderableType

from manager.cli.groups.views import containers_table, containers_tree
from manager.cli.lab.views import labs_table
from manager.cli.output import Output
from manager.cli.plain_table import Column, Table
from manager.cli.rich_tables import create_table
from manager.groups.core.tree import ImageBranch
from manager.lab.labs import LabStatus
from manager.lab.state import Lab
from manager.model.ports import Port
from tests.unit.make import EPOCH, NGINX, container

PUBLISHED = container("web1", group="web", index=1, ports=(Port(80, "tcp", "0.0.0.0", 8080),))
PLAIN = container("a", state="exited")
LAB = Lab("lab", "28", Path("/labs/lab"), "10.0.0.2", "10.0.0.1", 1, 1, EPOCH, ("/home", "/srv"))


def padded_table() -> RenderableType:
    rows = create_table("NAME", "TITLE")
    rows.add_row("a", "short")
    rows.add_row("b", "a much longer title")
    rows.add_row("", "")
    return rows


TABLES = {
    "containers": containers_table([PUBLISHED, PLAIN], "", with_image=True),
    "tree": containers_tree([ImageBranch("nginx", NGINX, (PUBLISHED, PLAIN))], ""),
    "labs": labs_table([LabStatus(LAB, "28.5", 1, 2, 3, ("library/nginx", "library/redis"))]),
    "plain": padded_table(),
}


def test_a_lab_says_what_its_registry_stands_for(capsys: pytest.CaptureFixture[str]) -> None:
    Output({}, "never").show(TABLES["labs"])
    assert (
        f"registry  {LAB.registry} stands in for Docker Hub, with nginx" in capsys.readouterr().out
    )


@pytest.mark.parametrize("color", ["auto", "always"])
@pytest.mark.parametrize("shown", TABLES.values(), ids=TABLES)
def test_no_line_of_a_table_ends_in_white_space_where_a_program_reads_it(
    capsys: pytest.CaptureFixture[str], shown: RenderableType, color: str
) -> None:
    Output({}, color).show(shown)
    lines = capsys.readouterr().out.removesuffix("\n").split("\n")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert len(plain) >= 3
    assert plain == [line.rstrip() for line in plain]
    assert ("\x1b[" in "".join(lines)) is (color == "always")


def test_colours_end_where_they_did(capsys: pytest.CaptureFixture[str]) -> None:
    Output({}, "always").show(containers_table([PLAIN], "", with_image=False))
    for line in capsys.readouterr().out.splitlines():
        assert line.count("\x1b[") == 2 * line.count("\x1b[0m")


@pytest.mark.parametrize("color", ["auto", "always"])
def test_a_plain_table_without_rows_is_not_there(
    capsys: pytest.CaptureFixture[str], color: str
) -> None:
    nothing = Table((Column("STAYS"), Column("WHY")), ())
    out = Output({}, color)
    out.print_table(nothing)
    out.print_part(nothing, data=True)
    out.print_part(nothing, data=False)
    assert capsys.readouterr() == ("", "")
    out.print_table(Table((Column("STAYS"), Column("WHY")), [("a", "")]))
    assert capsys.readouterr().out.splitlines()[-1] == "a"
