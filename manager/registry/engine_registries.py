"""The registries that an engine pulls from, with the credentials that are there for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.registry.logins.lookup import find_credentials
from manager.registry.protocol.certificates import certificate_folders
from manager.registry.protocol.endpoints import (
    RegistryEndpoint,
    is_loopback,
    list_endpoints,
    parse_registry_config,
    strip_port,
)
from manager.registry.protocol.registries import RegistryPool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from manager.registry.core.credentials import Credentials


def build_registry_pool(
    info: Mapping[str, Any],
    lab_registry: str,
    env: Mapping[str, str],
    warn: Callable[[str], None],
    insecure: Sequence[str] = (),
) -> RegistryPool:
    """Make them known; nothing is asked yet.

    Args:
        info: what the engine says of itself: its mirrors, and which registries need no TLS.
        lab_registry: ``HOST:PORT`` of a lab's own, Docker Hub's stand-in; else empty.
        env: the environment: credentials, proxies.
        warn: told what is wrong with where credentials are kept.
        insecure: further registries that may be asked without TLS; a host without a port stands
            for all of its ports.
    """
    mirrors, by_engine = parse_registry_config(info)

    def plain(registry: str) -> bool:
        return bool({registry, strip_port(registry)} & set(insecure)) or by_engine(registry)

    def where(registry: str) -> tuple[RegistryEndpoint, ...]:
        # Inside a lab its registry is on the loopback; not every engine says that it speaks to it
        # without TLS. What containers publish there is at the lab's address, seen from here.
        host, _, port = lab_registry.rpartition(":")
        if lab_registry and registry in {"docker.io", lab_registry}:
            return (RegistryEndpoint(f"http://{lab_registry}"),)
        if lab_registry and is_loopback(registry):
            other = registry[len(strip_port(registry)) :] or f":{port}"
            return (RegistryEndpoint(f"http://{host}{other}"),)
        return list_endpoints(registry, mirrors, plain)

    def known(registry: str) -> Credentials | None:
        found, warnings = find_credentials(registry, env)
        for warning in warnings:
            warn(warning)
        return found

    return RegistryPool(known, where, certificates=certificate_folders())
