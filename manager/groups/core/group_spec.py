"""What a group is to be: its image, its names, what its members are made with and wait for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from manager.errors import ExitCode, ManagerError
from manager.groups.core import readiness, run_options
from manager.groups.core.readiness import Readiness
from manager.groups.core.run_options import RunOptions, create_body
from manager.model.containers import SPEC_LABEL, Container
from manager.model.naming import (
    NameTemplate,
    escape_placeholders,
    fill_placeholders,
    has_placeholder,
)
from manager.references.reference import ImageReference, parse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.model.ports import PortBinding

_PLATFORM_PATTERN = re.compile(r"[a-z0-9]+(?:/[a-z0-9_]+){0,2}", re.ASCII)
SHOWN_PLATFORM_CHARACTERS = 60
"""Characters of a value that are shown again."""
SPEC_VERSION = 1
"""Of the form in which a specification is kept in a label."""
DOCKMGR_LABEL_PREFIX = "dockmgr."
HIGHEST_START = 1_000_000
MAX_MEMBERS = 10_000
"""Containers of one group, at most."""


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """What was asked for."""

    image: ImageReference
    template: NameTemplate
    count: int = 1
    start: int | None = None
    """The first number; None for the group's own, or 1."""
    append: bool = False
    """Whether numbers go on after the highest; else gaps are filled."""
    ensure: bool = False
    """Whether ``count`` is how many there are to be in all, not how many more."""
    only: tuple[int, ...] = ()
    """The numbers to make, where they are known already."""
    named: bool = True
    """Whether the template was typed as one; else an existing group's own is taken."""
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
                f"a count of {self.count} makes nothing", "ask for 1 or more", ExitCode.USAGE
            )
        if self.count > MAX_MEMBERS:
            raise ManagerError(
                f"a count of {self.count} is more than any engine bears",
                f"ask for {MAX_MEMBERS} at most",
                ExitCode.USAGE,
            )
        if self.start is not None and not 0 <= self.start <= HIGHEST_START:
            raise ManagerError(
                f"numbers cannot begin at {self.start}",
                f"begin from 0 to {HIGHEST_START}",
                ExitCode.USAGE,
            )
        if self.platform and not _PLATFORM_PATTERN.fullmatch(self.platform):
            raise ManagerError(
                f"--platform {self.platform[:SHOWN_PLATFORM_CHARACTERS]!r} is no platform",
                "write it like linux/arm64 or linux/arm/v7",
                ExitCode.USAGE,
            )
        for label in self.options.label:
            if label.startswith(DOCKMGR_LABEL_PREFIX):
                raise ManagerError(
                    f"label {label.partition('=')[0]!r} is one that dockmgr sets itself",
                    f"choose a label that does not begin with {DOCKMGR_LABEL_PREFIX}",
                    ExitCode.USAGE,
                )
        # Syntax is checked before anything is made, with the first number in its places.
        create_body(self.options.for_member(self.first))

    @property
    def group(self) -> str:
        """The group's name."""
        return self.template.group

    @property
    def first(self) -> int:
        """The number of the first member."""
        return 1 if self.start is None else self.start

    def adopting(self, members: Sequence[Container]) -> GroupSpec:
        """The same, with the names and the first number of a group that exists.

        Raises:
            ManagerError: its members are named in another way than was asked for.
        """
        if not members:
            return self
        own = member_template(members[0])
        if self.named and own != self.template:
            raise ManagerError(
                f"the members of {self.group} are called {own.text}, not {self.template.text}",
                f"write --name {self.group}, or take another name",
            )
        start = self.start if self.start is not None else _first_number(members)
        return replace(self, template=own, start=start)

    def beginning_with(self, members: Sequence[Container]) -> GroupSpec:
        """The same with the lowest first number that any member knows of: gaps are gaps of all."""
        known = [start for member in members if (start := _first_number((member,))) is not None]
        return replace(self, start=min(known, default=self.start))

    def label(self) -> str:
        """What is kept with each member, so that more of the same can be made.

        Of variables only the names are kept, but where the value differs from member to member:
        a list of containers shows labels and not variables.
        """
        options = self.options.given()
        if self.options.env:
            options["env"] = [
                entry if has_placeholder(entry.partition("=")[2]) else entry.partition("=")[0]
                for entry in self.options.env
            ]
        if self.options.log_opt:
            # A token for a log service is nothing for a list, either.
            options["log_opt"] = [entry.partition("=")[0] for entry in self.options.log_opt]
        kept = {
            "v": SPEC_VERSION,
            "image": self.image.canonical,
            "start": self.first,
            "options": options,
            "platform": self.platform,
            "ready": self.ready.given(),
        }
        return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)


def member_template(member: Container) -> NameTemplate:
    """The template after which a member is called."""
    from manager.model.containers import NAME_LABEL

    return NameTemplate(member.labels.get(NAME_LABEL) or f"{member.group}{{n}}")


def _first_number(members: Sequence[Container]) -> int | None:
    kept = _saved_spec(members[0])
    start = kept.get("start")
    return start if type(start) is int and 0 <= start <= HIGHEST_START else None


def _saved_spec(member: Container) -> Mapping[str, Any]:
    try:
        kept = json.loads(member.labels.get(SPEC_LABEL, ""))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) and kept.get("v") == SPEC_VERSION else {}


def requested_image(member: Container) -> ImageReference | None:
    """The address that a member was made by, whatever it names now; None where it does not say."""
    return parse_reference(str(_saved_spec(member).get("image", "")))


def spec_from_member(member: Container, told: Mapping[str, Any]) -> GroupSpec:
    """The specification after which a member was made.

    Args:
        member: one of the group.
        told: all that the engine knows of it.

    Raises:
        ManagerError: it does not say, or what it says cannot be read.
    """
    kept = _saved_spec(member)
    env = (told.get("Config") or {}).get("Env") or ()
    values = dict(entry.partition("=")[::2] for entry in env)
    logging = ((told.get("HostConfig") or {}).get("LogConfig") or {}).get("Config") or {}
    number = member.index or 0
    try:
        options = dict(kept["options"])
        # What was read back is a value, and no text with places any more.
        options["env"] = [
            e if "=" in e else f"{e}={escape_placeholders(values[fill_placeholders(e, number)])}"
            for e in options.get("env", ())
            if isinstance(e, str)
        ]
        options["log_opt"] = [
            e if "=" in e else f"{e}={escape_placeholders(logging[fill_placeholders(e, number)])}"
            for e in options.get("log_opt", ())
            if isinstance(e, str)
        ]
        return GroupSpec(
            ImageReference.parse(kept["image"]),
            member_template(member),
            start=_first_number((member,)),
            options=run_options.parse_run_options(options),
            platform=str(kept["platform"]),
            ready=readiness.parse_readiness(kept["ready"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManagerError(
            f"{member.name} does not say what it was made with",
            f"make more of its group with: dockmgr spawn IMAGE --name {member.group} -n COUNT",
        ) from error


def restart_readiness(member: Container) -> Readiness:
    """What a member is to be waited for after a restart; that it runs and is healthy at least."""
    try:
        asked = readiness.parse_readiness(_saved_spec(member).get("ready") or {})
    except (ManagerError, TypeError, ValueError, AttributeError):
        asked = Readiness()  # a label that somebody else wrote
    return replace(asked, wait=True)


def member_config(
    spec: GroupSpec,
    number: int,
    bindings: Sequence[PortBinding],
    image: str,
    spawn_id: str,
) -> dict[str, Any]:
    """The body of the engine's create call for one member.

    Source: Docker Engine API 1.41, ``POST /containers/create``.

    Args:
        spec: what was asked for.
        number: the member's number in its group.
        bindings: its ports.
        image: the image as the engine knows it.
        spawn_id: marks the containers of one spawn.

    Raises:
        ManagerError: (usage) an option is not in its syntax for this number.
    """
    from manager.model.containers import GROUP_LABEL, INDEX_LABEL, NAME_LABEL, SPAWN_LABEL

    body = create_body(spec.options.for_member(number))
    labels = {
        **body.get("Labels", {}),
        GROUP_LABEL: spec.group,
        INDEX_LABEL: str(number),
        SPAWN_LABEL: spawn_id,
        SPEC_LABEL: spec.label(),
    }
    if spec.template != NameTemplate.default(spec.group):
        labels[NAME_LABEL] = spec.template.text
    ports: dict[str, list[dict[str, str]]] = {}
    for binding in bindings:
        told = {"HostIp": binding.host_ip, "HostPort": str(binding.host_port or "")}
        ports.setdefault(f"{binding.container_port}/{binding.protocol}", []).append(told)
    host = body.setdefault("HostConfig", {})
    if ports:
        host["PortBindings"] = ports
        body["ExposedPorts"] = {key: {} for key in ports}
    own = [f"DOCKMGR_GROUP={spec.group}", f"DOCKMGR_INDEX={number}"]
    return {**body, "Image": image, "Env": [*body.get("Env", ()), *own], "Labels": labels}
