"""Lessons as data: what a step says, what is to be done, and how an engine shows that it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from manager.core.reference import read

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "learn-"
"""With which the names begin of all that lessons make."""


@dataclass(frozen=True, slots=True)
class SeenContainer:
    """A container as a check sees it."""

    name: str
    image: str
    """As the engine shows it."""
    image_id: str
    state: str
    exit_code: int | None = None
    """Of what has ended, or could not be started."""
    ports: tuple[int, ...] = ()
    """The ports of the engine's machine on which it is published."""
    changes: Mapping[str, str] = field(default_factory=dict)
    """What differs from its image: by path ``added``, ``changed`` or ``deleted``."""


@dataclass(frozen=True, slots=True)
class SeenImage:
    """An image as a check sees it."""

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    """Lowest first; empty where nobody asked."""


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """Something that happened on the engine."""

    kind: str
    """container, image, volume…"""
    action: str
    name: str
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What there is at one moment, and what has happened since a step began."""

    containers: tuple[SeenContainer, ...] = ()
    images: tuple[SeenImage, ...] = ()
    volumes: tuple[str, ...] = ()
    events: tuple[SeenEvent, ...] = ()

    def image(self, name: str) -> SeenImage | None:
        """The image that a reference names."""
        wanted = familiar(name)
        return next((it for it in self.images if wanted in it.tags), None)

    def named(self, pattern: str) -> tuple[SeenContainer, ...]:
        """The containers whose names fit a glob."""
        return tuple(it for it in self.containers if fnmatchcase(it.name, pattern))


def familiar(name: str) -> str:
    """A reference as engines show it, with its tag."""
    found = read(name)
    if found is None:
        return name
    return found.familiar if found.tag or found.digest else f"{found.familiar}:latest"


class Check:
    """One thing that must be so for a step to be done."""

    looks_at_files = False
    """Whether the changes of containers are asked for."""

    def holds(self, before: Observation, now: Observation) -> bool:
        """Whether it is so.

        Args:
            before: what there was when the step began.
            now: what there is.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ContainerIs(Check):
    """So many containers are there that are so."""

    name: str
    image: str = ""
    state: str = ""
    count: int | None = None
    """Exactly so many; None for any number but none."""
    exit_code: int | None = None
    port: int | None = None

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        found = sum(self._fits(it, now) for it in now.named(self.name))
        return found >= 1 if self.count is None else found == self.count

    def _fits(self, container: SeenContainer, now: Observation) -> bool:
        if self.image:
            image = now.image(self.image)
            same = image is not None and image.id == container.image_id
            if not same and container.image != familiar(self.image):
                return False
        return (
            self.state in {"", container.state}
            and self.exit_code in {None, container.exit_code}
            and (self.port is None or self.port in container.ports)
        )


@dataclass(frozen=True, slots=True)
class Gone(Check):
    """No such container, image or volume is there."""

    kind: str
    name: str
    """A glob; of an image a reference."""

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        if self.kind == "container":
            return not now.named(self.name)
        if self.kind == "image":
            return now.image(self.name) is None
        return not any(fnmatchcase(it, self.name) for it in now.volumes)


@dataclass(frozen=True, slots=True)
class ImageIs(Check):
    """An image has a name; and, if asked, a digest that a registry knows it by."""

    name: str
    digest: bool = False

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        image = now.image(self.name)
        if image is None or not self.digest:
            return image is not None
        repository = familiar(self.name).rpartition(":")[0]
        return any(it.startswith(f"{repository}@") for it in image.digests)


@dataclass(frozen=True, slots=True)
class VolumeIs(Check):
    """A volume is there."""

    name: str

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        return any(fnmatchcase(it, self.name) for it in now.volumes)


@dataclass(frozen=True, slots=True)
class Related(Check):
    """Names stand for the same image, for different ones, or for ones that share layers."""

    how: str
    """same, other or layers."""
    names: tuple[str, ...]

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        images = [now.image(name) for name in self.names]
        there = [it for it in images if it is not None]
        if len(there) < len(images):
            return False
        if self.how == "layers":
            return bool(frozenset.intersection(*(frozenset(it.layers) for it in there)))
        different = len({it.id for it in there})
        return different == (1 if self.how == "same" else len(there))


@dataclass(frozen=True, slots=True)
class TagMoved(Check):
    """A name stands for another image than when the step began."""

    name: str

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        was, is_now = before.image(self.name), now.image(self.name)
        return was is not None and is_now is not None and was.id != is_now.id


@dataclass(frozen=True, slots=True)
class FileChanged(Check):
    """A file of a container differs from its image."""

    looks_at_files = True
    container: str
    path: str
    change: str = ""

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        found = [it.changes.get(self.path) for it in now.named(self.container)]
        return any(it is not None and self.change in {"", it} for it in found)


@dataclass(frozen=True, slots=True)
class Happened(Check):
    """Something has happened since the step began."""

    kind: str
    action: str
    name: str = "*"
    exit_code: int | None = None

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        return any(
            (it.kind, it.action) == (self.kind, self.action)
            and fnmatchcase(it.name, self.name)
            and self.exit_code in {None, it.exit_code}
            for it in now.events
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a lesson: what it says, what is to be done, and what shows that it was."""

    say: str
    docker: tuple[str, ...] = ()
    """The lines to type."""
    dockmgr: tuple[str, ...] = ()
    hint: str = ""
    fails: bool = False
    """Whether the lines are meant to be refused."""
    checks: tuple[Check, ...] = ()
    question: str = ""
    answers: tuple[str, ...] = ()

    def done(self, before: Observation, now: Observation) -> bool:
        """Whether all that can be seen of it is so; a question is another matter."""
        return all(check.holds(before, now) for check in self.checks)

    def accepts(self, answer: str) -> bool:
        """Whether an answer is right: capital letters and spaces do not matter."""
        return _plain(answer) in map(_plain, self.answers)

    @property
    def looks_at_files(self) -> bool:
        """Whether the changes of containers are asked for."""
        return any(check.looks_at_files for check in self.checks)


def _plain(answer: str) -> str:
    return "".join(answer.casefold().split()).strip(".'\"")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson."""

    name: str
    title: str
    steps: tuple[Step, ...]
    number: int = 0
    """Its place among the others."""


def mine(name: str) -> bool:
    """Whether a name, of a container, an image or a volume, is one that lessons make."""
    return name.rpartition("/")[2].startswith(PREFIX)
