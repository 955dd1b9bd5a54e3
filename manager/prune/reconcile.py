"""Make journal and engine agree after an interrupted prune: see which steps were done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manager.disk.core.removal import removable_references
from manager.engine import resources
from manager.model.plan import Verb
from manager.prune.journal import StepStatus
from manager.references.reference import ImageReference

if TYPE_CHECKING:
    from manager.engine.client import Engine
    from manager.prune.journal import Journal, JournalEntry, PruneRecord

INTERRUPTED_DETAIL = "interrupted before it was done"


def reconcile_journal(engine: Engine, engine_id: str, journal: Journal) -> tuple[PruneRecord, ...]:
    """Complete the journal of interrupted prunes on an engine.

    Call it only while no other process prunes: a running prune is not interrupted.

    Returns:
        The prunes that were interrupted.

    Raises:
        ManagerError: the engine does not answer, or the journal cannot be written.
    """
    found = tuple(prune for prune in journal.prunes(engine_id) if prune.ended is None)
    for prune in found:
        for entry in journal.entries(prune.id):
            if entry.status is StepStatus.BEGUN:
                done = _is_done(engine, entry)
                status = StepStatus.DONE if done else StepStatus.FAILED
                journal.mark(prune.id, entry.number, status, "" if done else INTERRUPTED_DETAIL)
        journal.end(prune.id, datetime.now(UTC))
    return found


def _is_done(engine: Engine, entry: JournalEntry) -> bool:
    """Whether a step has removed its target."""
    match entry.verb:
        case Verb.UNTAG | Verb.DELETE:
            return _check_untagged_or_restore(engine, entry)
        case Verb.REMOVE:
            return all(it.id != entry.object_id for it in engine.containers.list())
        case Verb.REMOVE_VOLUME:
            return all(it.name != entry.target for it in resources.list_volumes(engine))
        case Verb.REMOVE_NETWORK:
            return all(it.id != entry.object_id for it in resources.list_networks(engine))
        case _:
            # The records of the cache are not in the journal; the next prune clears what is left.
            return True


def _check_untagged_or_restore(engine: Engine, entry: JournalEntry) -> bool:
    """Whether a reference is gone; an image that lost its last one and stayed gets it back."""
    named = engine.images.find(entry.target)
    if named is not None:
        return named.id != entry.object_id
    image = engine.images.find(entry.object_id)
    if entry.verb is Verb.DELETE and image is not None and not removable_references(image):
        if "@" in entry.target or entry.target == entry.object_id:
            return False
        engine.images.tag(entry.object_id, ImageReference.parse(entry.target))
        return False
    return True
