"""Which certificates of registries are trusted: the system's authorities, and docker's own.

Source: Docker documentation, "Verify repository client with certificates"; containers-certs.d(5).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.registry.protocol.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requests.adapters import HTTPAdapter

DOCKER_CERTS_FOLDER = Path("/etc/docker/certs.d")
PODMAN_CERTS_FOLDER = Path("/etc/containers/certs.d")


@dataclass(frozen=True, slots=True)
class RegistryTrust:
    """What one registry's certificate is held against."""

    authorities: tuple[Path, ...] = ()
    """Certificates of authorities, beside those of the system."""
    pairs: tuple[tuple[Path, Path], ...] = ()
    """Certificates and keys with which to say who we are."""
    verify: bool = True
    """False for a registry that the engine is told to take as it is."""

    def context(self) -> ssl.SSLContext:
        """What to open connections with.

        Raises:
            RegistryError: one of the files is not usable.
        """
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        for file in self.authorities:
            try:
                context.load_verify_locations(file)
            except (OSError, ssl.SSLError) as error:
                raise _unreadable_error(file, error) from error
        for certificate, key in self.pairs:
            try:
                context.load_cert_chain(certificate, key)
            except (OSError, ssl.SSLError) as error:
                raise _unreadable_error(certificate, error) from error
        return context


def certificate_folders() -> tuple[Path, ...]:
    """Where certificates lie, the user's own first, as engines without root have them."""
    own = Path.home() / ".config"
    return (
        own / "docker/certs.d",
        own / "containers/certs.d",
        DOCKER_CERTS_FOLDER,
        PODMAN_CERTS_FOLDER,
    )


def find_trust(host: str, places: Sequence[Path], *, verify: bool = True) -> RegistryTrust:
    """What is kept for a registry: ``*.crt`` of authorities, ``*.cert`` with ``*.key`` of our own.

    Args:
        host: with its port if it has one, as the folder is called.
        places: folders that have one folder a host.
        verify: whether its certificate counts at all.

    Raises:
        RegistryError: a certificate of our own lacks its key.
    """
    authorities: list[Path] = []
    pairs: list[tuple[Path, Path]] = []
    for place in places:
        folder = place / host
        authorities += sorted(folder.glob("*.crt"))
        for certificate in sorted(folder.glob("*.cert")):
            key = certificate.with_suffix(".key")
            if not key.exists():
                raise RegistryError(
                    f"the certificate {certificate} has no key next to it",
                    "both are needed: NAME.cert and NAME.key",
                )
            pairs.append((certificate, key))
    return RegistryTrust(tuple(authorities), tuple(pairs), verify)


def build_adapter(trust: RegistryTrust) -> HTTPAdapter:
    """The same for a session of requests.

    Raises:
        RegistryError: one of the files is not usable.
    """
    from requests.adapters import HTTPAdapter

    context = trust.context()

    class Trusting(HTTPAdapter):
        """Connections that hold certificates against what the context has."""

        def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - as requests
            """Open them with it."""
            super().init_poolmanager(*args, ssl_context=context, **more)

        def proxy_manager_for(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - as requests
            """Likewise through a proxy."""
            return super().proxy_manager_for(*args, ssl_context=context, **more)

    return Trusting()


def _unreadable_error(file: Path, error: Exception) -> RegistryError:
    why = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return RegistryError(
        f"the certificate {file} cannot be used: {why}", "it must be readable and in PEM format"
    )
