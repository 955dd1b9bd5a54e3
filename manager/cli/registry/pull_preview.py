"""What a pull takes, shown before it begins: downloads, disk, and whether that fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manager.errors import ManagerError
from manager.model.units import format_size
from manager.registry.core.platforms import normalise_platform
from manager.registry.core.pull_estimate import (
    DiskFit,
    PullEstimate,
    assess_disk_fit,
    bytes_to_free,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manager.cli.session import Session
    from manager.engine.disk_space import DiskSpace
    from manager.references.reference import ImageReference
    from manager.registry.survey_pull import PullSurvey

ROOM_MARGIN_FACTOR = 1.02
"""How much more is made free than is needed: disks count blocks, and others write too."""


@dataclass(frozen=True, slots=True)
class PullPreview:
    """What is known of a pull, as a person is told it."""

    work: Session
    references: Sequence[ImageReference]
    platform: str
    survey: PullSurvey | None
    """None where the settings switch it off."""
    space: DiskSpace | str
    """The engine's disk, or why it cannot be known."""

    @classmethod
    def ask(cls, work: Session, references: Sequence[ImageReference], platform: str) -> PullPreview:
        """Ask the registries, unless the settings say otherwise.

        Args:
            work: the session.
            references: what is to be pulled, each once.
            platform: for which; empty for the engine's own.

        Raises:
            ManagerError: the engine could not be asked. That a registry could not is said later.
        """
        from manager.cli.progress import show_count
        from manager.disk.observe import detect_store
        from manager.engine.disk_space import find_disk_space
        from manager.registry.survey_pull import survey_pull

        if not work.settings.pull.sizes:
            return cls(work, references, platform, None, "sizes = false in the settings")
        engine = work.engine
        with show_count(work.out, "asking registries") as report:
            sized = survey_pull(
                work.lookup(platform, sparing=True),
                references,
                engine.images.list_with_manifests(),
                detect_store(engine, work.info),
                report,
            )
        folder = work.lab.folder if work.lab is not None else None
        found = find_disk_space(work.endpoint.host, work.info, folder)
        return cls(work, references, platform, sized, found)

    @property
    def free(self) -> int | None:
        """Bytes that are free on the engine's disk; None where that cannot be known."""
        return None if isinstance(self.space, str) else self.space.free

    def notes(self) -> tuple[str, ...]:
        """What to say: a line for each image, and one for all."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.survey is None:
            return
        for reference in self.references:
            why = self.survey.unknown.get(reference)
            if why is not None:
                yield f"{reference.familiar}: size unknown: {why.message}"
            else:
                yield f"{reference.familiar}: {_format_estimate(self.survey.estimate(reference))}"
        whole = self.survey.estimate()
        left = f"; {format_size(self.free)} free" if self.free is not None else ""
        if len(self.survey.remotes) > 1:
            yield f"total: {_format_estimate(whole)}{left}"
        elif whole and left:
            yield left.removeprefix("; ") + " on the engine's disk"

    def show_notes(self, *, quiet: bool) -> None:
        """Say it beside the data; of several registries' quotas, what is left.

        Args:
            quiet: whether only what is worth a warning is said.
        """
        if self.survey is None:
            return
        for line in self.notes() if not quiet else ():
            self.work.out.note(line)
        wanted = normalise_platform(self.platform) if self.platform else ""
        for remote in self.survey.remotes.values():
            if wanted and normalise_platform(remote.config.platform) != wanted:
                name, there = remote.reference.familiar, remote.config.platform
                self.work.out.warn(f"{name} is only available for {there}; pulling that")
        for remote in self.survey.remotes.values():
            if remote.quota is not None and not quiet:
                left = f"{remote.reference.registry} allows {remote.quota.remaining} more pulls"
                self.work.out.note(f"{left} from this address")
                return

    def check_disk_space(self) -> None:
        """Refuse what surely does not fit, and warn of what may not.

        Raises:
            ManagerError: there is no room for it.
        """
        if self.survey is None or self.free is None:
            return
        wanted = self.survey.estimate()
        found = assess_disk_fit(wanted, self.free) if wanted else DiskFit.YES
        missing = _format_rounded_up(self._count_missing_bytes())
        hint = f"make room with: dockmgr prune --free {missing}"
        least = format_size(max(wanted.required_bytes, wanted.low_bytes))
        if found is DiskFit.NO:
            raise ManagerError(
                f"this cannot fit: it needs at least {least}, and the engine's disk has"
                f" {format_size(self.free)} free",
                f"{hint}; or add --make-room to do that first",
            )
        if found is not DiskFit.YES:
            likely, most = format_size(wanted.likely_bytes), format_size(wanted.high_bytes)
            self.work.out.warn(
                f"this {found}: it takes about {likely} and at most {most}, and the engine's disk"
                f" has {format_size(self.free)} free"
            )
            self.work.out.hint(hint)

    def _count_missing_bytes(self) -> int:
        wanted = self.survey.estimate() if self.survey is not None else PullEstimate()
        return round(
            max(bytes_to_free(wanted, self.free or 0), wanted.required_bytes) * ROOM_MARGIN_FACTOR
        )

    def make_room(self, *, yes: bool) -> PullPreview:
        """Free space if it does not fit, as ``prune --free`` does, and look again.

        Args:
            yes: whether to go on without asking.

        Raises:
            ManagerError: what is free cannot be known, or the tidying failed.
        """
        from datetime import timedelta

        from manager.cli.prune.options import PruneOptions
        from manager.cli.prune.pruning import NonImageOptions, PruneJob

        if self.survey is None or isinstance(self.space, str):
            why = "sizes = false in the settings" if self.survey is None else str(self.space)
            raise ManagerError(
                f"cannot tell how much space is needed: {why}",
                "make room with: dockmgr prune --free SIZE",
            )
        missing = bytes_to_free(self.survey.estimate(), self.space.free)
        if not missing:
            return self
        asked = PruneOptions(
            free=f"{round(missing * ROOM_MARGIN_FACTOR)}B",
            keep=tuple(it.familiar for it in self.references),
        )
        nothing = NonImageOptions(
            containers=False,
            stopped_for=timedelta(),
            cache=False,
            volumes=False,
            named_volumes=False,
            networks=False,
        )
        job = PruneJob(self.work, asked, nothing, None, why=False, json=False)
        job.run(None, yes=yes, dry_run=False)
        return PullPreview.ask(self.work, self.references, self.platform)

    def to_json(self) -> dict[str, Any]:
        """It as JSON."""
        if self.survey is None:
            return {"sizes": None}
        rows = [
            {"reference": it.canonical, **(self.image_to_json(it) or {})} for it in self.references
        ]
        return {
            "sizes": {**_estimate_row(self.survey.estimate()), "free": self.free, "images": rows}
        }

    def image_to_json(self, reference: ImageReference) -> dict[str, Any] | None:
        """What is known of one image, as JSON; None where nothing is."""
        if self.survey is None or reference not in self.survey.remotes:
            return None
        return _estimate_row(self.survey.estimate(reference))


def _estimate_row(wanted: PullEstimate) -> dict[str, Any]:
    return {
        "download": wanted.download,
        "disk": {"low": wanted.low_bytes, "likely": wanted.likely_bytes, "high": wanted.high_bytes},
    }


def _format_estimate(wanted: PullEstimate) -> str:
    if not wanted:
        return "nothing to download"
    download = f"{format_size(wanted.download)} to download"
    return f"{download}, about {format_size(wanted.likely_bytes)} on disk"


def _format_rounded_up(size: int) -> str:
    """A size of two digits, rounded up."""
    step = 10 ** max(len(str(size)) - 2, 0)
    return format_size(-(-size // step) * step)
