"""What members keep in their labels of how they were made, and reading it back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from manager.errors import ManagerError
from manager.groups.core.group_spec import HIGHEST_START, GroupSpec
from manager.groups.core.readiness import Readiness, parse_readiness
from manager.groups.core.run_options import parse_run_options
from manager.model.containers import NAME_LABEL, SPEC_LABEL, Container
from manager.model.naming import (
    NameTemplate,
    escape_placeholders,
    fill_placeholders,
    has_placeholder,
)
from manager.references.reference import ImageReference, parse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SPEC_VERSION = 1
"""The version of the form in which a label keeps a specification."""


def spec_label(spec: GroupSpec) -> str:
    """The label of each member from which more of the same can be made.

    Of variables only the names are kept, unless the value differs between members: everybody who
    lists containers sees labels, and not variables.
    """
    options = spec.options.to_data()
    if spec.options.env:
        options["env"] = [
            entry if has_placeholder(entry.partition("=")[2]) else entry.partition("=")[0]
            for entry in spec.options.env
        ]
    if spec.options.log_opt:
        # They may hold a token for a log service.
        options["log_opt"] = [entry.partition("=")[0] for entry in spec.options.log_opt]
    kept = {
        "v": SPEC_VERSION,
        "image": spec.image.canonical,
        "start": spec.first,
        "options": options,
        "platform": spec.platform,
        "ready": spec.ready.to_data(),
    }
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)


def with_existing_names(spec: GroupSpec, members: Sequence[Container]) -> GroupSpec:
    """The same, with the names and the first number of the existing group.

    Raises:
        ManagerError: the existing members are named in another way than was asked for.
    """
    if not members:
        return spec
    existing = member_template(members[0])
    if spec.is_template_given and existing != spec.template:
        raise ManagerError(
            f"the members of {spec.group} are called {existing.text}, not {spec.template.text}",
            f"write --name {spec.group}, or choose another name",
        )
    start = spec.start if spec.start is not None else _first_number(members[0])
    return replace(spec, template=existing, start=start)


def with_lowest_start(spec: GroupSpec, members: Sequence[Container]) -> GroupSpec:
    """The same with the lowest first number of all members, so that every gap is filled."""
    known = [start for member in members if (start := _first_number(member)) is not None]
    return replace(spec, start=min(known, default=spec.start))


def member_template(member: Container) -> NameTemplate:
    """The template after which a member is called."""
    return NameTemplate(member.labels.get(NAME_LABEL) or f"{member.group}{{n}}")


def _first_number(member: Container) -> int | None:
    start = _saved_spec(member).get("start")
    return start if type(start) is int and 0 <= start <= HIGHEST_START else None


def _saved_spec(member: Container) -> Mapping[str, Any]:
    try:
        kept = json.loads(member.labels.get(SPEC_LABEL, ""))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) and kept.get("v") == SPEC_VERSION else {}


def requested_image(member: Container) -> ImageReference | None:
    """The address a member was made from, whatever it names now; None if the label has none."""
    return parse_reference(str(_saved_spec(member).get("image", "")))


def spec_from_member(member: Container, inspected: Mapping[str, Any]) -> GroupSpec:
    """The specification that a member was made from.

    Args:
        member: one of the group.
        inspected: what the engine says when it is inspected.

    Raises:
        ManagerError: its label is missing or cannot be read.
    """
    kept = _saved_spec(member)
    env = (inspected.get("Config") or {}).get("Env") or ()
    values = dict(entry.partition("=")[::2] for entry in env)
    logging = ((inspected.get("HostConfig") or {}).get("LogConfig") or {}).get("Config") or {}
    number = member.index or 0
    try:
        options = dict(kept["options"])
        # What was read back is a value: nothing in it stands for a number.
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
            start=_first_number(member),
            options=parse_run_options(options),
            platform=str(kept["platform"]),
            ready=parse_readiness(kept["ready"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManagerError(
            f"the label that says how {member.name} was made is missing or damaged",
            f"add members with: dockmgr spawn IMAGE --name {member.group} -n COUNT",
        ) from error


def restart_readiness(member: Container) -> Readiness:
    """When a member is ready after a restart: at least when it runs and is healthy."""
    try:
        asked = parse_readiness(_saved_spec(member).get("ready") or {})
    except (ManagerError, TypeError, ValueError, AttributeError):
        asked = Readiness()  # a label that somebody else wrote
    return replace(asked, wait=True)
