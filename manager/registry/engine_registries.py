"""The registries that an engine pulls from, with the credentials that are there for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.registry.logins import lookup as credentials
from manager.registry.protocol import certificates as trust
from manager.registry.protocol import endpoints as places
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
        lab_registry: ``HOST:PORT`` of a lab's own, which stands for Docker Hub there; else empty.
        env: the environment: credentials, proxies.
        warn: told what is wrong with where credentials are kept.
        insecure: further registries that may be asked without TLS; a host without a port stands
            for all of its ports.
    """
    mirrors, by_engine = places.parse_registry_config(info)

    def plain(registry: str) -> bool:
        return bool({registry, places.strip_port(registry)} & set(insecure)) or by_engine(registry)

    def where(registry: str) -> tuple[places.RegistryEndpoint, ...]:
        # Inside a lab its registry is on the loopback; not every engine says that it speaks to it
        # without TLS. What containers publish there is at the lab's address, seen from here.
        host, _, port = lab_registry.rpartition(":")
        if lab_registry and registry in {"docker.io", lab_registry}:
            return (places.RegistryEndpoint(f"http://{lab_registry}"),)
        if lab_registry and places.is_loopback(registry):
            other = registry[len(places.strip_port(registry)) :] or f":{port}"
            return (places.RegistryEndpoint(f"http://{host}{other}"),)
        return places.list_endpoints(registry, mirrors, plain)

    def known(registry: str) -> Credentials | None:
        found, warnings = credentials.find_credentials(registry, env)
        for warning in warnings:
            warn(warning)
        return found

    return RegistryPool(known, where, certificates=trust.certificate_folders())
