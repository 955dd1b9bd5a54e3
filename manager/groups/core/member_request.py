"""The engine's create call for one member of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.groups.core.create_request import create_body
from manager.groups.core.spec_label import spec_label
from manager.model.containers import (
    GROUP_LABEL,
    INDEX_LABEL,
    NAME_LABEL,
    SPAWN_LABEL,
    SPEC_LABEL,
)
from manager.model.naming import NameTemplate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.groups.core.group_spec import GroupSpec
    from manager.model.ports import PortBinding


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
    body = create_body(spec.options.for_member(number))
    labels = {
        **body.get("Labels", {}),
        GROUP_LABEL: spec.group,
        INDEX_LABEL: str(number),
        SPAWN_LABEL: spawn_id,
        SPEC_LABEL: spec_label(spec),
    }
    if spec.template != NameTemplate.default(spec.group):
        labels[NAME_LABEL] = spec.template.text
    ports: dict[str, list[dict[str, str]]] = {}
    for binding in bindings:
        host = {"HostIp": binding.host_ip, "HostPort": str(binding.host_port or "")}
        ports.setdefault(f"{binding.container_port}/{binding.protocol}", []).append(host)
    if ports:
        body.setdefault("HostConfig", {})["PortBindings"] = ports
        body["ExposedPorts"] = {key: {} for key in ports}
    own = [f"DOCKMGR_GROUP={spec.group}", f"DOCKMGR_INDEX={number}"]
    return {**body, "Image": image, "Env": [*body.get("Env", ()), *own], "Labels": labels}
