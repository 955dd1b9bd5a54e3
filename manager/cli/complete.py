"""Shell completion with the real names on the engine; silent where there is none."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from manager.errors import ManagerError

if TYPE_CHECKING:
    from manager.engine.client import Engine

COMPLETION_TIMEOUT = 2.0
"""Seconds a person waiting for a completion may have to wait for the engine."""


def complete_containers_and_groups(incomplete: str) -> list[str]:
    """Groups and containers whose names begin so."""
    from manager.groups.core.selection import known_names
    from manager.model.snapshot import Snapshot

    return _complete_from_engine(
        incomplete, lambda engine: known_names(Snapshot(engine.containers.list()))
    )


def complete_images(incomplete: str) -> list[str]:
    """References of images whose names begin so."""
    return _complete_from_engine(
        incomplete, lambda engine: (tag for image in engine.images.list() for tag in image.tags)
    )


def complete_explain_targets(incomplete: str) -> list[str]:
    """Words of the field, containers, groups and references of images that begin so."""
    from manager.explain.core.concepts import CONCEPTS

    words = {word for word in CONCEPTS if word.startswith(incomplete)}
    return sorted(
        words | {*complete_containers_and_groups(incomplete), *complete_images(incomplete)}
    )


def complete_repositories(incomplete: str) -> list[str]:
    """Repositories of images that are here whose names begin so."""
    return sorted({name.rpartition(":")[0] for name in complete_images(incomplete)})


def complete_contexts(incomplete: str) -> list[str]:
    """Names of docker contexts that begin so."""
    from manager.engine import contexts as docker_contexts

    try:
        known = [name for name, _ in docker_contexts.list_contexts(os.environ)]
    except ManagerError:
        return []  # a shell waiting for a completion must not be answered with an error
    return sorted(name for name in known if name.startswith(incomplete))


def complete_lessons(incomplete: str) -> list[str]:
    """Names of the lessons that come with the program, that begin so."""
    from manager.learn import lesson_files

    return [name for name in lesson_files.list_built_in_names() if name.startswith(incomplete)]


def _complete_from_engine(incomplete: str, names: "Callable[[Engine], Iterable[str]]") -> list[str]:
    from manager.cli.session import Session
    from manager.engine.client import Engine as Connection

    session = Session(os.environ, quiet=True)
    try:
        with Connection(session.endpoint, COMPLETION_TIMEOUT) as engine:
            found = list(names(engine))
    except ManagerError:
        return []  # as above
    return sorted(name for name in found if name.startswith(incomplete))
