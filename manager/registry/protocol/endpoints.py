"""Where the registry of an image address is asked: as the engine does, mirrors first.

Source: dockerd(8), ``--registry-mirror`` and ``--insecure-registry``; Docker Engine API,
``GET /info``, ``RegistryConfig``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from manager.references.grammar import DEFAULT_REGISTRY
from manager.registry.protocol.challenges import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HUB_URL = "https://registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class RegistryEndpoint:
    """One URL at which a registry can be asked."""

    url: str
    """Without a path."""
    verify: bool = True
    """Whether its certificate has to be trusted."""
    mirror: bool = False
    """Whether it only stands for the registry: it must not get the registry's logins."""


def parse_registry_config(info: Mapping[str, Any]) -> tuple[tuple[str, ...], Callable[[str], bool]]:
    """The mirrors of Docker Hub, and which registries may be asked without TLS.

    Args:
        info: what the engine says of itself.
    """
    config = info.get("RegistryConfig") or {}
    mirrors = tuple(it.rstrip("/") for it in config.get("Mirrors") or ())
    ranges = tuple(config.get("InsecureRegistryCIDRs") or ())
    rows = config.get("IndexConfigs") or {}
    plain = {host for host, row in rows.items() if (row or {}).get("Secure") is False}

    def insecure(registry: str) -> bool:
        return registry in plain or _is_in_ranges(strip_port(registry), ranges)

    return mirrors, insecure


def list_endpoints(
    registry: str, mirrors: Sequence[str], insecure: Callable[[str], bool]
) -> tuple[RegistryEndpoint, ...]:
    """Where to ask a registry, the first place first.

    Args:
        registry: host and port, as in an image address.
        mirrors: of Docker Hub, as URLs.
        insecure: whether a registry may be asked without TLS.
    """
    if registry == DEFAULT_REGISTRY:
        return (*(_mirror_endpoint(url, insecure) for url in mirrors), RegistryEndpoint(HUB_URL))
    if _is_unverified(registry, insecure):
        return (
            RegistryEndpoint(f"https://{registry}", verify=False),
            RegistryEndpoint(f"http://{registry}"),
        )
    return (RegistryEndpoint(f"https://{registry}"),)


def _mirror_endpoint(url: str, insecure: Callable[[str], bool]) -> RegistryEndpoint:
    return RegistryEndpoint(
        url, verify=not _is_unverified(urlsplit(url).netloc, insecure), mirror=True
    )


def _is_unverified(host: str, insecure: Callable[[str], bool]) -> bool:
    """Whether the engine asks a host, registry or mirror, without verifying who it is."""
    return is_loopback(host) or insecure(host)


def is_loopback(registry: str) -> bool:
    """Whether a registry is on the machine that asks for it."""
    return strip_port(registry).strip("[]") in LOOPBACK_HOSTS


def strip_port(registry: str) -> str:
    """A registry without its port."""
    host, colon, port = registry.rpartition(":")
    return host if colon and port.isdigit() else registry


def _is_in_ranges(host: str, ranges: Sequence[str]) -> bool:
    """Whether a host is an address in one of some ranges. Names are not looked up."""
    from ipaddress import ip_address, ip_network

    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    networks = (ip_network(it, strict=False) for it in ranges)
    return any(address in network for network in networks if network.version == address.version)
