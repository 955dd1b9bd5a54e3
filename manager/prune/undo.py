"""Bring back what a prune has deleted: names from the image, images from registry or archive."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from manager.engine.errors import EngineUnreachableError
from manager.errors import ManagerError
from manager.model.plan import ARCHIVED, Verb
from manager.prune.journal import StepStatus
from manager.references.reference import ImageReference
from manager.registry.pull import pull_image
from manager.registry.transfer import TransferContext as PullMeans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manager.engine.client import Engine
    from manager.prune.journal import Journal, JournalEntry, PruneRecord
    from manager.registry.transfer import RetryPolicy, TransferEvent

IMAGE_VERBS = frozenset({Verb.UNTAG, Verb.DELETE})


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What became of one reference."""

    target: str
    back: bool
    detail: str = ""
    """Why it is not back, in words."""


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
    """The steps of a prune that an undo is about, in the order in which they were done."""
    return tuple(it for it in entries if it.verb in IMAGE_VERBS and it.status is StepStatus.DONE)


def undo_prune(
    prune: PruneRecord, entries: Iterable[JournalEntry], means: UndoContext
) -> tuple[UndoResult, ...]:
    """Bring back the images and names that a prune has taken.

    A name that another image has got meanwhile is left with that image.

    Args:
        prune: which.
        entries: its steps: see `undoable_entries`.
        means: with what.

    Raises:
        EngineUnreachableError: the engine stopped answering; what is back is in the journal.
    """
    by_image: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        by_image.setdefault(entry.object_id, []).append(entry)
    archived = {image_id for image_id, steps in by_image.items() if steps[-1].back == ARCHIVED}
    run = _UndoRun(prune, means, archived)
    # What was built on others went first; so the other way round.
    for image_id, steps in reversed(by_image.items()):
        run.image(image_id, steps)
    return tuple(run.brought)


@dataclass
class _UndoRun:
    prune: PruneRecord
    means: UndoContext
    archived: set[str]
    """The ids of all images that are in the archive."""
    brought: list[UndoResult] = field(default_factory=list)
    restored: bool = False

    def image(self, image_id: str, steps: list[JournalEntry]) -> None:
        """Bring back one image with its names."""
        try:
            if self.means.engine.images.find(image_id) is None:
                self._fetch(image_id, steps[-1])
        except EngineUnreachableError:
            raise
        except ManagerError as error:
            for entry in steps:
                self._tell(entry, error.message)
            return
        for entry in steps:
            self._name(entry)

    def _fetch(self, image_id: str, entry: JournalEntry) -> None:
        if entry.back == ARCHIVED:
            self._restore()
        elif entry.back and entry.back != image_id:
            self._pull(entry)
        else:
            raise ManagerError("no registry had it and it was not saved: that was said before")
        if self.means.engine.images.find(image_id) is None:
            raise ManagerError("what came back is another image: its id is not the same")

    def _restore(self) -> None:
        if self.restored:
            return
        from manager.prune import save_images as saving

        path = Path(self.prune.archive)
        if not path.is_file():
            raise ManagerError(f"the archive {path} is not there any more")
        missing = [it for it in self.archived if self.means.engine.images.find(it) is None]
        saving.restore_images(self.means.engine, path, missing)
        self.restored = True

    def _pull(self, entry: JournalEntry) -> None:
        reference = ImageReference.parse(entry.back)
        # Of an image for several platforms each that was here is pulled again.
        for platform in entry.platforms or ("",):
            pull_image(
                self.means.engine,
                reference,
                PullMeans(self.means.retry, self.means.pulling, platform, self.means.lab),
            )

    def _name(self, entry: JournalEntry) -> None:
        images = self.means.engine.images
        if entry.target == entry.object_id or "@" in entry.target:
            self._tell(entry)
            return
        try:
            named = images.find(entry.target)
            if named is not None and named.id != entry.object_id:
                self._tell(entry, "another image has that name by now, and keeps it")
                return
            if named is None:
                images.tag(entry.object_id, ImageReference.parse(entry.target))
        except EngineUnreachableError:
            raise
        except ManagerError as error:
            self._tell(entry, error.message)
            return
        self._tell(entry)

    def _tell(self, entry: JournalEntry, problem: str = "") -> None:
        if not problem:
            self.means.journal.mark(self.prune.id, entry.number, StepStatus.BACK)
        self.brought.append(UndoResult(entry.target, back=not problem, detail=problem))
        self.means.report(self.brought[-1])
