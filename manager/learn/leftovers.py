"""What lessons made on an engine: to show it, to tell it from what is not theirs, to remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.engine.errors import EngineError, NotFoundError
from manager.engine.resources import list_networks, read_volume_times, remove_network, remove_volume
from manager.groups.core.tree import ImageBranch, image_branches
from manager.learn.core.lessons import is_lesson_name
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manager.engine.client import Engine
    from manager.errors import ManagerError
    from manager.learn.core.lessons import Lesson


def engine_identity(engine: Engine) -> str:
    """By what an engine is known again: one that was made anew at the same address is another.

    Raises:
        ManagerError: the engine could not be asked.
    """
    # Podman tells another id each time that it is asked.
    number = "" if engine.podman else engine.info().get("ID") or ""
    return f"{engine.endpoint.host} {number}".rstrip()


def list_lesson_resources(engine: Engine) -> dict[str, str]:
    """What there is that has a name as lessons give them: by kind and name what it is known by.

    Raises:
        ManagerError: the engine could not be asked.
    """
    found = {
        f"container {it.name}": it.id for it in engine.containers.list() if is_lesson_name(it.name)
    }
    for image in engine.images.list():
        found |= {f"image {tag}": image.id for tag in image.tags if is_lesson_name(tag)}
    times = read_volume_times(engine)
    found |= {f"volume {name}": made_at for name, made_at in times.items() if is_lesson_name(name)}
    return found | {
        f"network {it.name}": it.id for it in list_networks(engine) if is_lesson_name(it.name)
    }


def remove_lesson_resources(
    engine: Engine, things: Mapping[str, str], report: Callable[[str], None]
) -> dict[str, ManagerError]:
    """Remove what a lesson made: containers, names of images, volumes, networks, in this order.

    Args:
        engine: which.
        things: as `list_lesson_resources` tells them; what is another thing by now is left alone.
        report: told of each that was removed.

    Returns:
        What could not be removed, and why.

    Raises:
        ManagerError: the engine could not be asked.
    """
    refused: dict[str, ManagerError] = {}
    for thing, number in things.items():
        # What was removed before can have taken this with it, or somebody made it anew.
        if list_lesson_resources(engine).get(thing) != number:
            continue
        try:
            _remove_resource(engine, thing, number)
        except NotFoundError:
            continue  # somebody else removed it just now
        except EngineError as error:
            refused[thing] = error
        else:
            report(thing)
    return refused


def _remove_resource(engine: Engine, thing: str, number: str) -> None:
    kind, _, name = thing.partition(" ")
    if kind == "container":
        engine.containers.remove(number, force=True, volumes=True)
    elif kind == "image":
        engine.images.remove(name)
    elif kind == "volume":
        remove_volume(engine, name)
    else:
        remove_network(engine, number)


def list_lesson_branches(engine: Engine, lesson: Lesson) -> tuple[ImageBranch, ...]:
    """The containers that a lesson made, under their images; and its images without any.

    Raises:
        ManagerError: the engine could not be asked.
    """
    images = engine.images.list(hidden=True)
    own = tuple(it for it in engine.containers.list() if lesson.makes(it.name))
    found = image_branches(Snapshot(own, images))
    used = {branch.image_id for branch in found}
    bare = [
        ImageBranch(tag, image.id, ())
        for image in images
        if image.id not in used
        for tag in image.tags
        if lesson.makes(tag)
    ]
    return (*found, *sorted(bare, key=lambda branch: branch.image))
