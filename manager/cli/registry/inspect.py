"""The command inspect: what a registry has under a name, before it is pulled."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from manager.cli import options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manager.cli.plain_table import Table
    from manager.model.images import Image
    from manager.references.reference import ImageReference
    from manager.registry.core.pull_estimate import ImageToPull
    from manager.registry.lookup import RemoteImage

SHORT_DIGEST_LENGTH = 19
"""Characters of a digest that are shown: the algorithm and 12 digits, as docker shows ids."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr inspect nginx",
            "dockmgr inspect ghcr.io/org/app:v2 --platform linux/arm64",
            "dockmgr inspect nginx --json",
        )
    )(inspect)


def inspect(
    ctx: typer.Context,
    image: options.Image,
    platform: options.Platform = "",
    json: options.Json = False,
) -> None:
    """Show an image in its registry without pulling it: platforms, layers, sizes and age."""
    from manager.references.reference import ImageReference

    work = get_session(ctx)
    reference = ImageReference.parse(image)
    found = _InspectedImage.look(work, reference, platform)
    if json:
        work.out.json("inspect", found.data())
        return
    for part in found.parts():
        work.out.print_part(part, data=True)


@dataclass(frozen=True, slots=True)
class _InspectedImage:
    """What a registry has, beside what is here."""

    remote: "RemoteImage"
    wanted: "ImageToPull"
    image: "Image | None"
    """What the engine has under the name."""
    reached: bool
    """Whether there is an engine that could have it."""
    now: datetime

    @classmethod
    def look(cls, work: Session, reference: "ImageReference", platform: str) -> "_InspectedImage":
        """Ask the registry, and the engine if there is one."""
        from manager.disk.observe import detect_store
        from manager.model.find_images import find_image_by_reference
        from manager.model.images import ImageStore
        from manager.registry.core.platforms import normalise_platform

        lookup = work.lookup(platform)
        remote = lookup.fetch_image(reference)
        if platform and normalise_platform(remote.config.platform) != lookup.platform:
            work.out.warn(f"{reference.familiar} is only available for {remote.config.platform}")
        reached = bool(work.info)
        store = detect_store(work.engine, work.info) if reached else ImageStore.GRAPH_DRIVER
        # Only the list tells which of an image's platforms are here.
        held = work.engine.images.list_with_manifests() if reached else ()
        found = find_image_by_reference(held, reference)
        image = found[0] if found else None
        return cls(remote, remote.build_image_to_pull(store), image, reached, datetime.now(UTC))

    @property
    def current(self) -> bool | None:
        """Whether what is here is what the registry has; None where nothing is here."""
        if self.image is None:
            return None
        return self.remote.is_same(self.image)

    @property
    def _local(self) -> str:
        if not self.reached:
            return "unknown: there is no engine"
        return {None: "none", True: "up to date", False: "a different image"}[self.current]

    def parts(self) -> "Iterator[str | Table]":
        """What a person reads, from top to bottom."""
        from manager.model.units import format_age, format_size

        remote, config = self.remote, self.remote.config
        likely = sum(it.likely for it in self.wanted.layer_sizes)
        yield f"image:      {remote.reference.canonical}"
        yield f"digest:     {remote.digest}"
        if remote.platforms:
            names = ", ".join(dict.fromkeys(it.platform for it in remote.platforms if it.platform))
            yield f"platforms:  {names}"
        yield f"platform:   {config.platform}"
        if config.created is not None:
            moment = config.created.astimezone().strftime("%Y-%m-%d %H:%M")
            yield f"created:    {format_age(config.created, self.now)} ({moment})"
        yield f"download:   {format_size(remote.manifest.download + remote.documents)}"
        yield f"on disk:    about {format_size(likely)}"
        yield f"local copy: {self._local}"
        if remote.quota is not None:
            yield f"quota:      {remote.quota.remaining} more pulls"
        yield ""
        yield self._layers()

    def _layers(self) -> "Table":
        from manager.cli.plain_table import Column, Table
        from manager.model.units import format_size

        columns = (
            Column("LAYER"),
            Column("DOWNLOAD", right=True),
            Column("ON DISK", right=True),
        )
        pairs = zip(self.remote.manifest.layers, self.wanted.layer_sizes, strict=True)
        rows = [
            (
                layer.digest[:SHORT_DIGEST_LENGTH],
                format_size(layer.size),
                f"about {format_size(size.likely)}",
            )
            for layer, size in pairs
        ]
        return Table(columns, rows)

    def data(self) -> dict[str, Any]:
        """It as JSON."""
        remote, config, wanted = self.remote, self.remote.config, self.wanted
        pairs = zip(remote.manifest.layers, wanted.layer_sizes, strict=True)
        quota = remote.quota
        return {
            "reference": remote.reference.canonical,
            "digest": remote.digest,
            "manifest_digest": remote.manifest_digest,
            "platform": config.platform,
            "platforms": [it.platform for it in remote.platforms if it.platform],
            "created": config.created.isoformat() if config.created else None,
            "labels": dict(config.labels),
            "config": {key: value for key, value in config.run.items() if key != "Labels"},
            "download": remote.manifest.download + remote.documents,
            "layers": [
                {
                    "digest": layer.digest,
                    "media_type": layer.media_type,
                    "download": layer.size,
                    "unpacked": {"likely": size.likely, "high": size.high},
                }
                for layer, size in pairs
            ],
            "local": {"id": self.image.id if self.image else None, "current": self.current},
            "quota": {"remaining": quota.remaining, "limit": quota.limit} if quota else None,
        }
