"""Shell completion with the real names on the engine; silent where there is none."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from manager.errors import ManagerError

if TYPE_CHECKING:
    from manager.engine.client import Engine

COMPLETION_TIMEOUT = 2.0
"""Seconds that a completion waits for the engine."""


def complete_containers_and_groups(incomplete: str) -> list[str]:
    """Groups and containers whose names start with the text."""
    from manager.groups.core.selection import known_names
    from manager.model.snapshot import Snapshot

    return _complete_from_engine(
        incomplete, lambda engine: known_names(Snapshot(engine.containers.list()))
    )


def complete_images(incomplete: str) -> list[str]:
    """References of images that start with the text."""
    return _complete_from_engine(
        incomplete, lambda engine: (tag for image in engine.images.list() for tag in image.tags)
    )


def complete_explain_targets(incomplete: str) -> list[str]:
    """Concepts, containers, groups and references of images that start with the text."""
    from manager.explain.core.concepts import CONCEPTS

    words = {word for word in CONCEPTS if word.startswith(incomplete)}
    return sorted(
        words | {*complete_containers_and_groups(incomplete), *complete_images(incomplete)}
    )


def complete_repositories(incomplete: str) -> list[str]:
    """Repositories of local images that start with the text."""
    return sorted({name.rpartition(":")[0] for name in complete_images(incomplete)})


def complete_contexts(incomplete: str) -> list[str]:
    """Names of docker contexts that start with the text."""
    from manager.engine.contexts import list_contexts

    try:
        known = [name for name, _ in list_contexts(os.environ)]
    except ManagerError:
        return []  # a shell must never get an error as a completion
    return sorted(name for name in known if name.startswith(incomplete))


def complete_lessons(incomplete: str) -> list[str]:
    """Names of built-in lessons that start with the text."""
    from manager.learn import lesson_files

    return [name for name in lesson_files.list_built_in_names() if name.startswith(incomplete)]


def _complete_from_engine(incomplete: str, names: "Callable[[Engine], Iterable[str]]") -> list[str]:
    from manager.cli.session import Session
    from manager.engine.client import Engine

    session = Session(os.environ, quiet=True)
    try:
        with Engine(session.endpoint, COMPLETION_TIMEOUT) as engine:
            found = list(names(engine))
    except ManagerError:
        return []  # as above
    return sorted(name for name in found if name.startswith(incomplete))
