"""What a step of a lesson has changed: containers and names of images, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manager.cli.session import Session
    from manager.groups.core.tree import ImageBranch


def show_changes(
    work: Session, before: tuple[ImageBranch, ...], now: tuple[ImageBranch, ...]
) -> None:
    """What changed, as the trees before and after."""
    if _comparable_branches(before) == _comparable_branches(now):
        return
    for word, found in (("before:", before), ("after:", now)):
        work.out.line(word)
        _draw_branches(work, found)


def _draw_branches(work: Session, found: tuple[ImageBranch, ...]) -> None:
    """Containers under their images, then the images without any and which those are."""
    from manager.cli.render import containers_tree
    from manager.model.units import SHORT_ID_DIGITS

    used = tuple(it for it in found if it.containers)
    if used:
        work.out.show(containers_tree(used, work.engine_address))
    for branch in found:
        if not branch.containers:
            number = branch.image_id.removeprefix("sha256:")[:SHORT_ID_DIGITS]
            work.out.line(f"{branch.image}: a name of image {number}")
    if not found:
        work.out.line("nothing of the lesson's")


def _comparable_branches(
    found: tuple[ImageBranch, ...],
) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """What a tree says that does not change by itself, as the time that something is up does."""
    return [
        (one.image, one.image_id, [(it.id, it.name, it.state) for it in one.containers])
        for one in found
    ]
