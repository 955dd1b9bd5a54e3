"""What must be so on an engine for a step of a lesson to be done, one class a kind of check."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from manager.learn.core.lessons import familiar_reference

if TYPE_CHECKING:
    from manager.learn.core.lessons import Observation, SeenContainer


class LessonCheck:
    """One thing that must be so for a step to be done."""

    looks_at_files = False
    """Whether the changes of containers are asked for."""

    @property
    def wanted(self) -> str:
        """What must be so, in words that go on from "the engine does not show"."""
        raise NotImplementedError

    def holds(self, before: Observation, now: Observation) -> bool:
        """Whether it is so.

        Args:
            before: what there was when the step began.
            now: what there is.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ContainerCheck(LessonCheck):
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
            if not same and container.image != familiar_reference(self.image):
                return False
        return (
            self.state in {"", container.state}
            and self.exit_code in {None, container.exit_code}
            and (self.port is None or self.port in container.ports)
        )

    @property
    def wanted(self) -> str:
        """As of every check."""
        which = f"a container {self.name}"
        if self.count is not None:
            which = f"exactly {self.count} container{'s' * (self.count != 1)} {self.name}"
        qualities = {
            "made from": self.image,
            "state": self.state,
            "exit code": self.exit_code,
            "published on port": self.port,
        }
        told = [f"{word} {value}" for word, value in qualities.items() if value not in {"", None}]
        return f"{which} ({', '.join(told)})" if told else which


@dataclass(frozen=True, slots=True)
class AbsenceCheck(LessonCheck):
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

    @property
    def wanted(self) -> str:
        """As of every check."""
        return f"that {self.kind} {self.name} is gone"


@dataclass(frozen=True, slots=True)
class ImageCheck(LessonCheck):
    """An image has a name; and, if asked, a digest that a registry knows it by."""

    name: str
    digest: bool = False

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        image = now.image(self.name)
        if image is None or not self.digest:
            return image is not None
        repository = familiar_reference(self.name).rpartition(":")[0]
        return any(it.startswith(f"{repository}@") for it in image.digests)

    @property
    def wanted(self) -> str:
        """As of every check."""
        return f"an image {self.name}" + (", with a digest from a registry" if self.digest else "")


@dataclass(frozen=True, slots=True)
class VolumeCheck(LessonCheck):
    """A volume is there."""

    name: str

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        del before
        return any(fnmatchcase(it, self.name) for it in now.volumes)

    @property
    def wanted(self) -> str:
        """As of every check."""
        return f"a volume {self.name}"


@dataclass(frozen=True, slots=True)
class ImageRelationCheck(LessonCheck):
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

    @property
    def wanted(self) -> str:
        """As of every check."""
        what = {"same": "one image", "other": "different images", "layers": "shared layers"}
        return f"{what[self.how]} under the names {', '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class TagMovedCheck(LessonCheck):
    """A name stands for another image than when the step began."""

    name: str

    def holds(self, before: Observation, now: Observation) -> bool:
        """As of every check."""
        was, is_now = before.image(self.name), now.image(self.name)
        return was is not None and is_now is not None and was.id != is_now.id

    @property
    def wanted(self) -> str:
        """As of every check."""
        return f"another image under the name {self.name} than when the step began"


@dataclass(frozen=True, slots=True)
class FileChangeCheck(LessonCheck):
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

    @property
    def wanted(self) -> str:
        """As of every check."""
        return f"{self.path} {self.change or 'changed'} in {self.container}"


@dataclass(frozen=True, slots=True)
class EventCheck(LessonCheck):
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

    @property
    def wanted(self) -> str:
        """As of every check."""
        code = "" if self.exit_code is None else f" with exit code {self.exit_code}"
        return f"{self.kind} {self.name}: {self.action}{code}"
