"""Render a page of an explanation as lines of text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.explain.core.pages import Page
    from manager.groups.core.tree import ImageBranch

KIND_DESCRIPTIONS = {
    "concept": "a word that dockmgr explains",
    "container": "a container of yours",
    "image": "the address of an image that is here",
    "group": "a group of yours",
}


def render_page(page: Page, also: tuple[str, ...], engine_address: str) -> Iterator[str]:
    """A page as lines of at most 79 columns, without colour.

    Args:
        page: the explanation.
        also: other kinds of things with this name.
        engine_address: where published ports answer.
    """
    from manager.explain.core.pages import ContainerTree, VerbatimLines
    from manager.explain.core.text_layout import wrap_text

    for kind in also:
        prefixed = f"{kind}:{page.name}"
        yield from wrap_text(
            f"{page.name} is also {KIND_DESCRIPTIONS[kind]}: dockmgr explain {prefixed}"
        )
        yield ""
    for number, part in enumerate(page.parts):
        if isinstance(part, str):
            # What belongs to the text above follows it without a gap.
            if number and not part.startswith("  "):
                yield ""
            yield from _render_text(part)
        elif isinstance(part, VerbatimLines):
            yield from part.lines
        elif isinstance(part, ContainerTree):
            yield from _render_branch(part.branch, engine_address)


def _render_text(text: str) -> Iterator[str]:
    from manager.explain.core.text_layout import PAGE_WIDTH, wrap_text

    if not text.startswith("  "):
        yield from wrap_text(text)
        return
    yield from wrap_text(text, PAGE_WIDTH, "  ", "    ")


def _render_branch(branch: ImageBranch, engine_address: str) -> Iterator[str]:
    """An image and its containers as ``ls`` draws them; of many, the first ones."""
    from rich.console import Console

    from manager.cli.groups.views import containers_tree
    from manager.explain.core.pages import CONTAINERS_SHOWN
    from manager.explain.core.text_layout import PAGE_WIDTH

    stream = io.StringIO()
    Console(file=stream, width=PAGE_WIDTH, no_color=True, highlight=False).print(
        containers_tree([branch], engine_address)
    )
    rest = len(branch.containers) - CONTAINERS_SHOWN
    drawn = 0
    for line in stream.getvalue().splitlines():
        drawn += line.startswith(("├", "└"))
        if rest > 0 and drawn > CONTAINERS_SHOWN:
            yield f"└── and {rest} more"
            return
        yield line.rstrip()
