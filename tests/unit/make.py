"""Containers and images as plain values, for tests."""

from datetime import UTC, datetime

from manager.model.containers import GROUP_LABEL, INDEX_LABEL, Container
from manager.model.images import Image
from manager.model.ports import Port

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NGINX = "sha256:" + "a" * 64
REDIS = "sha256:" + "b" * 64


def container(
    name: str,
    *,
    group: str | None = None,
    index: int | None = None,
    image: str = "nginx:latest",
    image_id: str = NGINX,
    state: str = "running",
    ports: tuple[Port, ...] = (),
) -> Container:
    """A container; with a group, a member of it."""
    labels = {}
    if group is not None:
        labels[GROUP_LABEL] = group
    if index is not None:
        labels[INDEX_LABEL] = str(index)
    return Container(
        id=name.encode().hex().ljust(64, "0"),
        name=name,
        image=image,
        image_id=image_id,
        state=state,
        created=EPOCH,
        ports=ports,
        labels=labels,
    )


def members(group: str, *numbers: int, image_id: str = NGINX) -> tuple[Container, ...]:
    """Members of a group by their numbers."""
    return tuple(container(f"{group}{n}", group=group, index=n, image_id=image_id) for n in numbers)


def image(*tags: str, image_id: str = NGINX, digests: tuple[str, ...] = ()) -> Image:
    """An image with these references."""
    return Image(id=image_id, tags=tags, created=EPOCH, size=187_000_000, digests=digests)
