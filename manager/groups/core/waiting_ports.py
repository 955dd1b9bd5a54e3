"""Ports that are waited for must be reachable from here."""

from manager.errors import ExitCode, ManagerError
from manager.groups.core.group_spec import GroupSpec
from manager.groups.core.publish_spec import PublishSpec


def refuse_unpublished_ports(spec: GroupSpec, *, sees_containers: bool) -> None:
    """Refuse to wait for a port that can never be tried.

    Args:
        spec: what was asked for.
        sees_containers: whether the engine's own networks can be reached from here.

    Raises:
        ManagerError: (usage) a port is not published, or no port is known to ask.
    """
    ready, published = spec.ready, _list_published_ports(spec)
    anything_published = bool(published) or spec.options.publish_all
    if ready.http and ready.http_port is None and not anything_published:
        raise ManagerError(
            f"--wait-http {ready.http} has no port, and no port is published",
            "publish one, or write the port before the path: 8080/health",
            ExitCode.USAGE,
        )
    wanted = {*ready.ports, *((ready.http_port,) if ready.http and ready.http_port else ())}
    # With the host's own network a container needs to publish nothing.
    hidden = wanted - published if spec.options.network != "host" else set()
    if hidden and not spec.options.publish_all and not sees_containers:
        raise ManagerError(
            f"cannot wait for port {min(hidden)}: it is not published, and the engine's "
            "networks cannot be reached from here",
            f"publish it: --publish {min(hidden)}",
            ExitCode.USAGE,
        )


def _list_published_ports(spec: GroupSpec) -> set[int]:
    specs = (PublishSpec.parse(text, spec.first) for text in spec.options.publish)
    return {
        port
        for one in specs
        if one.protocol == "tcp"
        for port in range(one.container_port, one.container_port + one.width)
    }
