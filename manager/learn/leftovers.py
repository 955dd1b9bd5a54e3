"""What lessons made on an engine: list it, show it, remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manager.engine.errors import EngineError, NotFoundError
from manager.engine.resources import list_networks, read_volume_times, remove_network, remove_volume
from manager.groups.core.tree import ImageBranch, image_branches
from manager.learn.core.observation import is_lesson_name
from manager.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manager.engine.client import Engine
    from manager.errors import ManagerError
    from manager.learn.core.lessons import Lesson


def engine_identity(engine: Engine) -> str:
    """What identifies an engine: a new engine at the same address is another one.

    Raises:
        ManagerError: the engine could not be asked.
    """
    # Podman reports another id each time.
    identity = "" if engine.is_podman else engine.info().get("ID") or ""
    return f"{engine.endpoint.host} {identity}".rstrip()


def list_resources(engine: Engine) -> dict[str, str]:
    """The containers, image names, volumes and networks, by kind and name, with their identities.

    Raises:
        ManagerError: the engine could not be asked.
    """
    found = {f"container {it.name}": it.id for it in engine.containers.list()}
    found |= {f"image {tag}": it.id for it in engine.images.list() for tag in it.tags}
    found |= {f"volume {name}": made_at for name, made_at in read_volume_times(engine).items()}
    return found | {f"network {it.name}": it.id for it in list_networks(engine)}


def list_lesson_resources(engine: Engine) -> dict[str, str]:
    """The resources whose names begin with learn-, as `list_resources`.

    Raises:
        ManagerError: the engine could not be asked.
    """
    found = list_resources(engine)
    return {it: identity for it, identity in found.items() if is_lesson_name(it.partition(" ")[2])}


def remove_resources(
    engine: Engine, resources: Mapping[str, str], report: Callable[[str], None]
) -> dict[str, ManagerError]:
    """Remove resources.

    Args:
        engine: the engine.
        resources: some of `list_resources`; one with another identity by now is kept.
        report: called with each resource that was removed.

    Returns:
        The resources that could not be removed, and why.

    Raises:
        ManagerError: the engine could not be asked.
    """
    refused: dict[str, ManagerError] = {}
    for resource, identity in resources.items():
        # A removal before can have removed this too, or somebody made a new one.
        if list_resources(engine).get(resource) != identity:
            continue
        try:
            _remove_resource(engine, resource, identity)
        except NotFoundError:
            continue  # somebody else removed it just now
        except EngineError as error:
            refused[resource] = error
        else:
            report(resource)
    return refused


def _remove_resource(engine: Engine, resource: str, identity: str) -> None:
    kind, _, name = resource.partition(" ")
    if kind == "container":
        engine.containers.remove(identity, force=True, volumes=True)
    elif kind == "image":
        engine.images.remove(name)
    elif kind == "volume":
        remove_volume(engine, name)
    else:
        remove_network(engine, identity)


def list_lesson_branches(engine: Engine, lesson: Lesson) -> tuple[ImageBranch, ...]:
    """The containers that a lesson made, under their images; and its images without containers.

    Raises:
        ManagerError: the engine could not be asked.
    """
    images = engine.images.list(include_hidden=True)
    own = tuple(it for it in engine.containers.list() if lesson.can_make(it.name))
    found = image_branches(Snapshot(own, images))
    used = {branch.image_id for branch in found}
    bare = [
        ImageBranch(tag, image.id, ())
        for image in images
        if image.id not in used
        for tag in image.tags
        if lesson.can_make(tag)
    ]
    return (*found, *sorted(bare, key=lambda branch: branch.image))
