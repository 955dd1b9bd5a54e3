"""What a group should be: its image, its names, its options and when it is ready."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from manager.errors import ExitCode, ManagerError
from manager.groups.core.create_request import create_body
from manager.groups.core.readiness import Readiness
from manager.groups.core.run_options import RunOptions
from manager.model.naming import NameTemplate, has_placeholder
from manager.references.reference import ImageReference

_PLATFORM_PATTERN = re.compile(r"[a-z0-9]+(?:/[a-z0-9_]+){0,2}", re.ASCII)
SHOWN_PLATFORM_CHARACTERS = 60
"""Characters of a value that an error repeats."""
HIGHEST_START = 1_000_000
DOCKMGR_LABEL_PREFIX = "dockmgr."
PullPolicy = Literal["missing", "always", "never"]
"""When an image is pulled before members are made of it."""
MAX_MEMBERS = 10_000
"""Containers of one group, at most."""


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """What was asked for."""

    image: ImageReference
    template: NameTemplate
    count: int = 1
    start: int | None = None
    """The first number; None for that of the existing group, or 1."""
    append: bool = False
    """Whether numbers continue after the highest; else gaps are filled."""
    ensure: bool = False
    """Whether ``count`` is how many there should be in all, not how many more."""
    exact_numbers: tuple[int, ...] = ()
    """The numbers to make, where they are known already."""
    is_template_given: bool = True
    """Whether the template was typed as one; else that of an existing group is taken."""
    options: RunOptions = field(default_factory=RunOptions)
    platform: str = ""
    ready: Readiness = field(default_factory=Readiness)

    def __post_init__(self) -> None:
        """Refuse what no engine could make.

        Raises:
            ManagerError: (usage) the count, the start, a label or an option is not possible.
        """
        if self.count < 1:
            raise ManagerError(
                f"a count of {self.count} makes nothing", "make 1 or more", ExitCode.USAGE
            )
        if self.count > MAX_MEMBERS:
            raise ManagerError(
                f"{self.count} containers are more than an engine can run",
                f"make at most {MAX_MEMBERS}",
                ExitCode.USAGE,
            )
        if self.start is not None and not 0 <= self.start <= HIGHEST_START:
            raise ManagerError(
                f"numbers cannot start at {self.start}",
                f"choose a number from 0 to {HIGHEST_START}",
                ExitCode.USAGE,
            )
        if self.platform and not _PLATFORM_PATTERN.fullmatch(self.platform):
            raise ManagerError(
                f"--platform {self.platform[:SHOWN_PLATFORM_CHARACTERS]!r} is not a valid platform",
                "for example: linux/arm64 or linux/arm/v7",
                ExitCode.USAGE,
            )
        for label in self.options.label:
            if label.startswith(DOCKMGR_LABEL_PREFIX):
                raise ManagerError(
                    f"label {label.partition('=')[0]!r} is reserved for dockmgr",
                    f"choose a label that does not start with {DOCKMGR_LABEL_PREFIX}",
                    ExitCode.USAGE,
                )
        # The syntax is checked before anything is made, with the first number filled in.
        create_body(self.options.for_member(self.first))

    @property
    def group(self) -> str:
        """The group's name."""
        return self.template.group

    @property
    def first(self) -> int:
        """The number of the first member."""
        return 1 if self.start is None else self.start


def default_group(reference: ImageReference) -> str:
    """The group that an image's containers get without ``--name``: its last path component."""
    return reference.path.rpartition("/")[2]


def build_group_spec(image: str, name: str | None, **details: Any) -> GroupSpec:  # noqa: ANN401
    """A group from what a person wrote.

    Args:
        image: an image reference.
        name: the name or template; None for the image's.
        details: further fields of `GroupSpec`.

    Raises:
        ManagerError: (usage) the address, the name or a detail is not valid.
    """
    reference = ImageReference.parse(image)
    template = NameTemplate.parse(default_group(reference) if name is None else name)
    given = name is not None and has_placeholder(name)
    return GroupSpec(reference, template, is_template_given=given, **details)
