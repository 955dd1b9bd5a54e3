"""Make journal and engine agree after a prune that was cut off: look what became of its steps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manager.disk.core.removal import references
from manager.engine import resources as others
from manager.model.plan import Verb
from manager.prune.journal import Status
from manager.references.reference import ImageReference

if TYPE_CHECKING:
    from manager.engine.client import Engine
    from manager.prune.journal import Entry, Journal, Prune

NOT_DONE = "it was cut off before it was done"


def reconcile(engine: Engine, engine_id: str, journal: Journal) -> tuple[Prune, ...]:
    """Complete the journal of prunes of an engine that were cut off.

    To be called only while no other process prunes: what runs is not cut off.

    Returns:
        The prunes that were.

    Raises:
        ManagerError: the engine could not be asked, or the journal not be written.
    """
    found = tuple(prune for prune in journal.prunes(engine_id) if prune.ended is None)
    for prune in found:
        for entry in journal.entries(prune.id):
            if entry.status is Status.BEGUN:
                done = _is_done(engine, entry)
                status = Status.DONE if done else Status.FAILED
                journal.mark(prune.id, entry.number, status, "" if done else NOT_DONE)
        journal.end(prune.id, datetime.now(UTC))
    return found


def _is_done(engine: Engine, entry: Entry) -> bool:
    """Whether what a step was to take away is away."""
    match entry.verb:
        case Verb.UNTAG | Verb.DELETE:
            return _is_untagged(engine, entry)
        case Verb.REMOVE:
            return all(it.id != entry.object_id for it in engine.containers.list())
        case Verb.REMOVE_VOLUME:
            return all(it.name != entry.target for it in others.volumes(engine))
        case Verb.REMOVE_NETWORK:
            return all(it.id != entry.object_id for it in others.networks(engine))
        case _:
            # The records that were to go are not in the journal; what is left goes the next time.
            return True


def _is_untagged(engine: Engine, entry: Entry) -> bool:
    """Whether a reference is away; an image that has lost its last one and stayed gets it back."""
    named = engine.images.find(entry.target)
    if named is not None:
        return named.id != entry.object_id
    image = engine.images.find(entry.object_id)
    if entry.verb is Verb.DELETE and image is not None and not references(image):
        if "@" in entry.target or entry.target == entry.object_id:
            return False
        engine.images.tag(entry.object_id, ImageReference.parse(entry.target))
        return False
    return True
