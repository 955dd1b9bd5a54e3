"""Ask registries which images can be had again: all in a plan, at once, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.adapters import credentials
from manager.adapters.registries import places
from manager.adapters.registries.asking import Registries
from manager.adapters.registries.challenges import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manager.adapters.credentials import Credentials


def registries(
    info: Mapping[str, Any],
    lab_registry: str,
    env: Mapping[str, str],
    warn: Callable[[str], None],
) -> Registries:
    """The registries that an engine pulls from, with the credentials that are there for them.

    Args:
        info: what the engine says of itself: its mirrors, and which registries need no TLS.
        lab_registry: ``HOST:PORT`` of a lab's own, which stands for Docker Hub there; else empty.
        env: the environment: credentials, proxies.
        warn: told what is wrong with where credentials are kept.
    """
    mirrors, insecure = places.from_info(info)

    def urls(registry: str) -> tuple[str, ...]:
        # Inside a lab its registry is on the loopback, and the only one that can be reached.
        if lab_registry and (registry == "docker.io" or _host(registry).strip("[]") in LOOPBACK):
            return (f"http://{lab_registry}",)
        return places.base_urls(registry, mirrors, insecure)

    def known(registry: str) -> Credentials | None:
        found, warnings = credentials.find(registry, env)
        for warning in warnings:
            warn(warning)
        return found

    return Registries(known, urls)


def _host(registry: str) -> str:
    host, colon, port = registry.rpartition(":")
    return host if colon and port.isdigit() else registry
