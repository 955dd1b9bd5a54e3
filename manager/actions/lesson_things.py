"""What lessons made on an engine: to show it, to tell it from what is not theirs, to remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.adapters.engine.failures import NotFoundError, translated
from manager.adapters.engine.others import networks
from manager.core.lessons import mine
from manager.core.model import Snapshot
from manager.core.tree import Branch, branches

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.adapters.engine.client import Engine


def identity(engine: Engine) -> str:
    """By what an engine is known again: one that was made anew at the same address is another.

    Raises:
        ManagerError: the engine could not be asked.
    """
    # Podman tells another id each time that it is asked.
    number = "" if engine.podman else engine.info().get("ID") or ""
    return f"{engine.endpoint.host} {number}".rstrip()


def made(engine: Engine) -> dict[str, str]:
    """What there is that has a name as lessons give them: its id, by kind and name.

    Raises:
        ManagerError: the engine could not be asked.
    """
    found = {f"container {it.name}": it.id for it in engine.containers.list() if mine(it.name)}
    for image in engine.images.list():
        found |= {f"image {tag}": image.id for tag in image.tags if mine(tag)}
    with translated(engine.endpoint):
        rows: list[dict[str, Any]] = engine.api.volumes().get("Volumes") or []
    found |= {f"volume {row['Name']}": row["Name"] for row in rows if mine(row["Name"])}
    return found | {f"network {it.name}": it.id for it in networks(engine) if mine(it.name)}


def tidy(engine: Engine, things: dict[str, str], report: Callable[[str], None]) -> None:
    """Remove what a lesson made: containers, names of images, volumes, networks, in this order.

    Args:
        engine: which.
        things: as `made` tells them.
        report: told of each that was removed.

    Raises:
        ManagerError: the engine refused.
    """
    for thing, identity in things.items():
        kind, _, name = thing.partition(" ")
        try:
            if kind == "container":
                engine.containers.remove(identity, force=True, volumes=True)
            elif kind == "image":
                engine.images.remove(name)
            else:
                with translated(engine.endpoint):
                    if kind == "volume":
                        engine.api.remove_volume(name)
                    else:
                        engine.api.remove_network(identity)
        except NotFoundError:
            continue  # somebody else removed it
        report(thing)


def picture(engine: Engine) -> tuple[Branch, ...]:
    """The containers that lessons made, under their images; and their images without any.

    Raises:
        ManagerError: the engine could not be asked.
    """
    images = engine.images.list(hidden=True)
    own = tuple(it for it in engine.containers.list() if mine(it.name))
    found = branches(Snapshot(own, images))
    used = {branch.image_id for branch in found}
    bare = [
        Branch(tag, image.id, ())
        for image in images
        if image.id not in used
        for tag in image.tags
        if mine(tag)
    ]
    return (*found, *sorted(bare, key=lambda branch: branch.image))
