"""The checks of a lesson's step, one class for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar

from manager.learn.core.observation import familiar_reference

if TYPE_CHECKING:
    from manager.learn.core.observation import Observation, SeenContainer

RELATION_KEYS = {"same": "same_image", "other": "other_image", "layers": "shared_layers"}
"""The keys of a step for relations between images."""


class LessonCheck:
    """One condition that a step needs to be done."""

    step_key: ClassVar[str] = ""
    """Its key in a step, where that is always the same."""
    looks_at_files: ClassVar[bool] = False
    """Whether it asks for the changed files of containers."""
    glob_field: ClassVar[str] = ""
    """The field with the glob by which it finds what a lesson makes."""
    reference_field: ClassVar[str] = ""
    """The field with the image that it names."""

    @property
    def key(self) -> str:
        """Its key in a step."""
        return self.step_key

    @property
    def glob(self) -> str:
        """The glob by which it finds what a lesson makes; empty if there is none."""
        return str(getattr(self, self.glob_field)) if self.glob_field else ""

    @property
    def references(self) -> tuple[str, ...]:
        """The images that it names."""
        name = str(getattr(self, self.reference_field)) if self.reference_field else ""
        return (name,) if name else ()

    @property
    def description(self) -> str:
        """The condition in words that continue "the engine does not show"."""
        raise NotImplementedError

    def holds(self, before: Observation, now: Observation) -> bool:
        """Whether the condition holds now, given what existed before the step."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ContainerCheck(LessonCheck):
    """Containers with these properties exist."""

    name: str
    image: str = ""
    state: str = ""
    count: int | None = None
    """The exact number; None for one or more."""
    exit_code: int | None = None
    port: int | None = None

    step_key = "container"
    glob_field = "name"
    reference_field = "image"

    def holds(self, before: Observation, now: Observation) -> bool:
        """As in `LessonCheck`."""
        del before
        found = sum(self._fits(it, now) for it in now.find_containers(self.name))
        return found >= 1 if self.count is None else found == self.count

    def _fits(self, container: SeenContainer, now: Observation) -> bool:
        if self.image:
            image = now.find_image(self.image)
            same = image is not None and image.id == container.image_id
            if not same and container.image != familiar_reference(self.image):
                return False
        return (
            self.state in {"", container.state}
            and self.exit_code in {None, container.exit_code}
            and (self.port is None or self.port in container.ports)
        )

    @property
    def description(self) -> str:
        """As in `LessonCheck`."""
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
    """No such container, image or volume exists."""

    kind: str
    name: str
    """A glob; for an image a reference."""

    glob_field = "name"

    @property
    def key(self) -> str:
        """As in `LessonCheck`."""
        return f"no_{self.kind}"

    @property
    def references(self) -> tuple[str, ...]:
        """As in `LessonCheck`."""
        return (self.name,) if self.kind == "image" else ()

    def holds(self, before: Observation, now: Observation) -> bool:
        """As in `LessonCheck`."""
        del before
        if self.kind == "container":
            return not now.find_containers(self.name)
        if self.kind == "image":
            return now.find_image(self.name) is None
        return not any(fnmatchcase(it, self.name) for it in now.volumes)

    @property
    def description(self) -> str:
        """As in `LessonCheck`."""
        return f"that {self.kind} {self.name} is gone"


@dataclass(frozen=True, slots=True)
class ImageCheck(LessonCheck):
    """An image exists; and, if asked, a registry knows it by a digest."""

    name: str
    digest: bool = False

    step_key = "image"
    reference_field = "name"

    def holds(self, before: Observation, now: Observation) -> bool:
        """As in `LessonCheck`."""
        del before
        image = now.find_image(self.name)
        if image is None or not self.digest:
            return image is not None
        repository = familiar_reference(self.name).rpartition(":")[0]
        return any(it.startswith(f"{repository}@") for it in image.digests)

    @property
    def description(self) -> str:
        """As in `LessonCheck`."""
        return f"an image {self.name}" + (" with a digest from a registry" if self.digest else "")


@dataclass(frozen=True, slots=True)
class VolumeCheck(LessonCheck):
    """A volume exists."""

    name: str

    step_key = "volume"
    glob_field = "name"

    def holds(self, before: Observation, now: Observation) -> bool:
        """As in `LessonCheck`."""
        del before
        return any(fnmatchcase(it, self.name) for it in now.volumes)

    @property
    def description(self) -> str:
        """As in `LessonCheck`."""
        return f"a volume {self.name}"


@dataclass(frozen=True, slots=True)
class ImageRelationCheck(LessonCheck):
    """Names mean the same image, different images, or images that share layers."""

    relation: str
    """same, other or layers."""
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """As in `LessonCheck`."""
        return RELATION_KEYS[self.relation]

    @property
    def references(self) -> tuple[str, ...]:
        """As in `LessonCheck`."""
        return self.names

    def holds(self, before: Observation, now: Observation) -> bool:
        """As in `LessonCheck`."""
        del before
        images = [now.find_image(name) for name in self.names]
        existing = [it for it in images if it is not None]
        if len(existing) < len(images):
            return False
        if self.relation == "layers":
            return bool(frozenset.intersection(*(frozenset(it.layers) for it in existing)))
        different = len({it.id for it in existing})
        return different == (1 if self.relation == "same" else len(existing))

    @property
    def description(self) -> str:
        """As in `LessonCheck`."""
        what = {"same": "one image", "other": "different images", "layers": "shared layers"}
        return f"{what[self.relation]} under the names {', '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class TagMovedCheck(LessonCheck):
    """A name means another image than when the step began."""

    name: str

    step_key = "tag_moved"
    reference_field = "name"

    def holds(self, before: Observation, now: Observation) -> bool:
        """As in `LessonCheck`."""
        was, is_now = before.find_image(self.name), now.find_image(self.name)
        return was is not None and is_now is not None and was.id != is_now.id

    @property
    def description(self) -> str:
        """As in `LessonCheck`."""
        return f"another image under the name {self.name} than when the step began"


@dataclass(frozen=True, slots=True)
class FileChangeCheck(LessonCheck):
    """A file of a container differs from its image."""

    step_key = "file"
    glob_field = "container"
    looks_at_files = True

    container: str
    path: str
    change: str = ""

    def holds(self, before: Observation, now: Observation) -> bool:
        """As in `LessonCheck`."""
        del before
        found = [it.changes.get(self.path) for it in now.find_containers(self.container)]
        return any(it is not None and self.change in {"", it} for it in found)

    @property
    def description(self) -> str:
        """As in `LessonCheck`."""
        return f"{self.path} {self.change or 'changed'} in {self.container}"


@dataclass(frozen=True, slots=True)
class EventCheck(LessonCheck):
    """Something has happened since the step began."""

    kind: str
    action: str
    name: str = "*"
    exit_code: int | None = None

    step_key = "event"

    @property
    def glob(self) -> str:
        """As in `LessonCheck`; lessons may pull any image."""
        return self.name if self.kind != "image" else ""

    def holds(self, before: Observation, now: Observation) -> bool:
        """As in `LessonCheck`."""
        del before
        return any(
            (it.kind, it.action) == (self.kind, self.action)
            and fnmatchcase(it.name, self.name)
            and self.exit_code in {None, it.exit_code}
            for it in now.events
        )

    @property
    def description(self) -> str:
        """As in `LessonCheck`."""
        code = "" if self.exit_code is None else f" with exit code {self.exit_code}"
        return f"{self.kind} {self.name}: {self.action}{code}"
