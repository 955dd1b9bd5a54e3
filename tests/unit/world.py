"""A small engine as plain values, for tests of what goes and what stays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from manager.disk.core.accounting import DiskAccounting
from manager.disk.core.last_use import Sighting, last_uses
from manager.model.containers import Container
from manager.model.images import HistoryRow, Image, ImageDetail, ImageStore
from manager.model.snapshot import Snapshot
from manager.prune.core.protection import PruneInputs
from manager.registry.core.availability import ImageAvailability

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def identity(name: str) -> str:
    """An id that an engine could give."""
    return "sha256:" + name.encode().hex().ljust(64, "0")


@dataclass
class World:
    """Images and containers; each image stands on layers that are named by letters."""

    images: list[Image] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    details: dict[str, ImageDetail] = field(default_factory=dict)
    sightings: dict[str, Sighting] = field(default_factory=dict)
    copies: dict[str, ImageAvailability] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def image(
        self,
        name: str,
        *tags: str,
        layers: str = "",
        parent: str = "",
        days: float = 100,
        unused: float = 50,
        local: bool = False,
        labels: Mapping[str, str] | None = None,
        size: int = 1000,
        platform: str = "linux/amd64",
        digest: str = "",
    ) -> Image:
        """Add an image.

        Args:
            name: of which its id is made.
            tags: its tags.
            layers: a letter for each layer, lowest first; the last one is its own and has `size`
                bytes, if no image before had it.
            parent: the name of the image that it was built on.
            days: for so long it exists.
            unused: so many days ago it was used.
            local: whether no registry has it, and none ever had.
            labels: its labels.
            size: bytes of layers that are new.
            platform: what it runs on.
            digest: the reference by which it was pulled, where it has no tag.
        """
        path = tuple(layers) or (name,)
        rows = tuple(self.sizes.setdefault(letter, size) for letter in path)
        repositories = [tag.rpartition(":")[0] for tag in tags]
        named = [f"{it}@{identity(name)}" for it in repositories] or [digest] * bool(digest)
        made = Image(
            identity(name),
            tags,
            NOW - days * DAY,
            sum(rows),
            digests=() if local else tuple(named),
            labels=labels or {},
            parent=identity(parent) if parent else "",
        )
        self.images.append(made)
        self.details[made.id] = ImageDetail(
            tuple(map(identity, path)), tuple(map(HistoryRow, rows)), platform=platform
        )
        self.sightings[made.id] = Sighting(NOW - days * DAY, NOW - unused * DAY)
        if made.digests:
            self.copies[made.id] = ImageAvailability(made.digests[0])
        return made

    def container(self, of: str, state: str = "exited", name: str = "web1") -> Container:
        """Add a container of an image."""
        made = Container(identity(f"c{name}"), name, of, identity(of), state, NOW - 60 * DAY)
        self.containers.append(made)
        return made

    def known(self, leaving: tuple[str, ...] = ()) -> PruneInputs:
        """What a plan is decided from."""
        images = tuple(self.images)
        chains = {
            path[:end]: rows[end - 1].size
            for path, rows in ((it.diff_ids, it.history) for it in self.details.values())
            for end in range(1, len(path) + 1)
        }
        snapshot = Snapshot(
            tuple(self.containers),
            images,
            ImageStore.GRAPH_DRIVER,
            self.details,
            layers_size=sum(chains.values()),
        )
        return PruneInputs(
            snapshot,
            DiskAccounting(snapshot),
            last_uses(snapshot, self.sightings, NOW),
            NOW,
            {image_id: it.first_seen for image_id, it in self.sightings.items()},
            tuple(self.pins),
            self.copies,
            frozenset(leaving),
        )
