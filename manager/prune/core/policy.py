"""The rules of a prune as values: conditions, what to keep, what to remove, how much to free."""

from dataclasses import dataclass, fields
from datetime import timedelta

from manager.model.units import format_brief_duration, format_size


@dataclass(frozen=True, slots=True)
class RuleConditions:
    """What a rule asks of an image: all conditions hold, and of a list any one item."""

    ids: tuple[str, ...] = ()
    """Full ids, of images that a person chose from a list."""
    images: tuple[str, ...] = ()
    """Globs over image names, short or full; without a tag: every tag."""
    regexes: tuple[str, ...] = ()
    """Regular expressions, searched for in the full image name."""
    tags: tuple[str, ...] = ()
    """Globs over the tag alone."""
    registries: tuple[str, ...] = ()
    """Globs over the registry: ``docker.io``, ``*.dkr.ecr.*.amazonaws.com``."""
    labels: tuple[str, ...] = ()
    """``name`` or ``name=value``."""
    platforms: tuple[str, ...] = ()
    """``os/arch[/variant]``, or the beginning of one."""
    larger_than: int | None = None
    """Bytes, shared layers included."""
    frees_more_than: int | None = None
    """Bytes freed if only this image is removed."""
    older_than: timedelta | None = None
    """Since its build, as the image says."""
    unused_for: timedelta | None = None
    """Since its last known use, or else since dockmgr first saw the image."""
    dangling: bool | None = None
    """Has neither a tag nor a digest."""
    untagged: bool | None = None
    """Has no tag, as ``docker image prune`` asks; a digest may name the image."""

    def __bool__(self) -> bool:
        """Whether there is any condition."""
        return bool(self._describe())

    def __str__(self) -> str:
        """The conditions in words: ``images *, larger than 1GB, unused for 14d``."""
        return ", ".join(self._describe())

    def _describe(self) -> list[str]:
        found = []
        for row in fields(self):
            value = getattr(self, row.name)
            name = row.name.replace("_", " ")
            if row.name == "ids" and value:
                found.append(f"{len(value)} chosen images")
                continue
            if value is True:
                found.append(name)
            elif value is False:
                found.append(f"not {name}")
            elif isinstance(value, timedelta):
                found.append(f"{name} {format_brief_duration(value)}")
            elif isinstance(value, int):
                found.append(f"{name} {format_size(value)}")
            elif value:
                found.append(f"{name} {' or '.join(value)}")
        return found


@dataclass(frozen=True, slots=True)
class Rule:
    """What to remove, or to keep."""

    conditions: RuleConditions
    name: str = ""
    newest: int | None = None
    """Only the N newest of each repository; for rules that keep."""

    def __str__(self) -> str:
        """The name, or else the conditions."""
        newest = f"newest {self.newest}" if self.newest is not None else ""
        asked = ", ".join(part for part in (str(self.conditions), newest) if part)
        return self.name or asked or "every image"


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules, and how much to free."""

    keep: tuple[Rule, ...] = ()
    delete: tuple[Rule, ...] = ()
    grace: timedelta = timedelta()
    """Images that have been known for less are kept."""
    budget: int | None = None
    """Bytes that all images together may take up."""
    free: int | None = None
    """Bytes of the disk to free, at least."""
    spares_unneeded: bool = False
    """Whether images that turn out not to be needed for that are kept after all."""
    include_local: bool = False
    """Whether images that no registry has may be removed too."""
    archive: bool = False
    """Whether images that no registry has are saved first."""
