"""What a step of a lesson has changed: containers and names of images, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manager.cli.session import Session
    from manager.groups.core.tree import Branch


def changed(work: Session, before: tuple[Branch, ...], now: tuple[Branch, ...]) -> None:
    """What changed, as the trees before and after."""
    if _told(before) == _told(now):
        return
    for word, found in (("before:", before), ("after:", now)):
        work.out.line(word)
        _draw(work, found)


def _draw(work: Session, found: tuple[Branch, ...]) -> None:
    """Containers under their images, then the images without any and which those are."""
    from manager.cli.render import containers_tree
    from manager.model.snapshot import SHORT_ID

    used = tuple(it for it in found if it.containers)
    if used:
        work.out.show(containers_tree(used, work.engine_address))
    for branch in found:
        if not branch.containers:
            number = branch.image_id.removeprefix("sha256:")[:SHORT_ID]
            work.out.line(f"{branch.image}: a name of image {number}")
    if not found:
        work.out.line("nothing of the lesson's")


def _told(found: tuple[Branch, ...]) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """What a tree says that does not change by itself, as the time that something is up does."""
    return [
        (one.image, one.image_id, [(it.id, it.name, it.state) for it in one.containers])
        for one in found
    ]
