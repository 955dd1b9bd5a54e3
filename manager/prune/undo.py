"""Recover what a prune has removed: names from the image, images from registry or archive."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from manager.engine.errors import EngineUnreachableError
from manager.errors import ManagerError
from manager.model.plan import ARCHIVED, IMAGE_VERBS
from manager.prune.journal import StepStatus
from manager.references.reference import ImageReference
from manager.registry.pull import pull_image
from manager.registry.transfer import TransferContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manager.engine.client import Engine
    from manager.prune.journal import Journal, JournalEntry, PruneRecord
    from manager.registry.transfer import RetryPolicy, TransferEvent


@dataclass(frozen=True, slots=True)
class UndoResult:
    """The result for one reference."""

    target: str
    restored: bool
    detail: str = ""
    """Why the reference is not recovered, in words."""


@dataclass(frozen=True, slots=True)
class UndoContext:
    """What an undo works with."""

    engine: Engine
    journal: Journal
    retry: RetryPolicy
    pulling: Callable[[TransferEvent], None]
    report: Callable[[UndoResult], None]
    lab: str = ""


def undoable_entries(entries: Iterable[JournalEntry]) -> tuple[JournalEntry, ...]:
    """The steps of a prune that can be undone, in the order in which they were done."""
    return tuple(it for it in entries if it.verb in IMAGE_VERBS and it.status is StepStatus.DONE)


def undo_prune(
    prune: PruneRecord, entries: Iterable[JournalEntry], context: UndoContext
) -> tuple[UndoResult, ...]:
    """Recover the images and names that a prune has removed.

    A name that another image has now stays with that image.

    Args:
        prune: the prune to undo.
        entries: the steps of the prune that `undoable_entries` returns.
        context: what an undo works with.

    Raises:
        EngineUnreachableError: the engine stopped answering; the journal has what is recovered.
    """
    by_image: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        by_image.setdefault(entry.object_id, []).append(entry)
    archived = {
        image_id for image_id, steps in by_image.items() if steps[-1].restore_from == ARCHIVED
    }
    run = _UndoRun(prune, context, archived)
    # Children were removed before parents; so in reverse.
    for image_id, steps in reversed(by_image.items()):
        run.restore_image(image_id, steps)
    return tuple(run.results)


@dataclass
class _UndoRun:
    prune: PruneRecord
    context: UndoContext
    archived: set[str]
    """The ids of all images in the archive."""
    results: list[UndoResult] = field(default_factory=list)
    archive_loaded: bool = False

    def restore_image(self, image_id: str, steps: list[JournalEntry]) -> None:
        """Recover one image with its names."""
        try:
            if self.context.engine.images.find(image_id) is None:
                self._fetch(image_id, steps[-1])
        except EngineUnreachableError:
            raise
        except ManagerError as error:
            for entry in steps:
                self._report(entry, error.message)
            return
        for entry in steps:
            self._restore_name(entry)

    def _fetch(self, image_id: str, entry: JournalEntry) -> None:
        if entry.restore_from == ARCHIVED:
            self._load_archive()
        elif entry.restore_from and entry.restore_from != image_id:
            self._pull_image(entry)
        else:
            raise ManagerError("no registry had it, and it was not saved")
        if self.context.engine.images.find(image_id) is None:
            raise ManagerError("the registry has another image there now: its id differs")

    def _load_archive(self) -> None:
        if self.archive_loaded:
            return
        from manager.prune.save_images import restore_images

        path = Path(self.prune.archive)
        if not path.is_file():
            raise ManagerError(f"the archive {path} no longer exists")
        missing = [it for it in self.archived if self.context.engine.images.find(it) is None]
        restore_images(self.context.engine, path, missing)
        self.archive_loaded = True

    def _pull_image(self, entry: JournalEntry) -> None:
        reference = ImageReference.parse(entry.restore_from)
        # Each platform that was present is pulled again.
        for platform in entry.platforms or ("",):
            pull_image(
                self.context.engine,
                reference,
                TransferContext(
                    self.context.retry, self.context.pulling, platform, self.context.lab
                ),
            )

    def _restore_name(self, entry: JournalEntry) -> None:
        images = self.context.engine.images
        if entry.target == entry.object_id or "@" in entry.target:
            self._report(entry)
            return
        try:
            named = images.find(entry.target)
            if named is not None and named.id != entry.object_id:
                self._report(entry, "another image has this name now")
                return
            if named is None:
                images.tag(entry.object_id, ImageReference.parse(entry.target))
        except EngineUnreachableError:
            raise
        except ManagerError as error:
            self._report(entry, error.message)
            return
        self._report(entry)

    def _report(self, entry: JournalEntry, problem: str = "") -> None:
        if not problem:
            self.context.journal.mark(self.prune.id, entry.number, StepStatus.BACK)
        self.results.append(UndoResult(entry.target, restored=not problem, detail=problem))
        self.context.report(self.results[-1])
