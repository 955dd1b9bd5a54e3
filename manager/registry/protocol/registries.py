"""All registries that addresses may name: each asked where the engine asks it, in parallel."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self, TypeVar

from manager.references.grammar import DEFAULT_REGISTRY
from manager.references.reference import ImageReference
from manager.registry.core.availability import ImageAvailability
from manager.registry.protocol.certificates import RegistryTrust, find_trust
from manager.registry.protocol.client import Registry
from manager.registry.protocol.errors import RegistryError, RegistryUnreachableError
from manager.registry.protocol.transport import REQUEST_DEADLINE_SECONDS
from manager.system.concurrency import map_in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from manager.registry.core.credentials import Credentials
    from manager.registry.protocol.endpoints import RegistryEndpoint

PARALLEL_QUESTIONS = 16
Value = TypeVar("Value")


class RegistryPool:
    """The registries; threads may share them."""

    def __init__(
        self,
        credentials: Callable[[str], Credentials | None],
        places: Callable[[str], Sequence[RegistryEndpoint]],
        deadline: float = REQUEST_DEADLINE_SECONDS,
        certificates: Sequence[Path] = (),
    ) -> None:
        """Remember how to reach them.

        Args:
            credentials: those for a registry; None for anonymous.
            places: where a registry is asked, the first place first.
            deadline: seconds for one question.
            certificates: folders in which registries' certificates lie.
        """
        self._credentials = credentials
        self._places = places
        self._deadline = deadline
        self._certificates = certificates
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Registry, ...]] = {}
        self._finding: dict[str, threading.Lock] = {}
        """By name, held while its credentials are looked for: a helper may take long."""
        self._unreachable_urls: dict[str, RegistryUnreachableError] = {}
        """By URL, why one is not asked again."""

    def __enter__(self) -> Self:
        """The registries themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        # Whoever was interrupted may still be asking: then more come to be known meanwhile.
        for registries in tuple(self._known.values()):
            for registry in registries:
                registry.close()

    def ask_first_available(self, name: str, question: Callable[[Registry], Value]) -> Value:
        """The answer of the first place of a registry that has one.

        Args:
            name: host and port, as in an image address.
            question: asks one place.

        Raises:
            RegistryError: no place has answered it; the last one's is raised.
        """
        last: RegistryError | None = None
        for registry in self.clients_for(name):
            last = self._unreachable_urls.get(registry.base)
            if last is None:
                try:
                    return question(registry)
                except RegistryUnreachableError as error:
                    last = self._unreachable_urls[registry.base] = error
                except RegistryError as error:
                    # A mirror need not have all that its registry has. But what has answered
                    # with TLS has answered: the login is not sent again without encryption.
                    if name != DEFAULT_REGISTRY:
                        raise
                    last = error
        if last is None:
            raise RegistryError(f"registry {name} has no known address", "check the address")
        raise last

    def find_available_images(
        self,
        wanted: Mapping[str, Sequence[str]],
        parallel: int = PARALLEL_QUESTIONS,
        report: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> dict[str, ImageAvailability]:
        """Find out which images can be recovered from a registry.

        Args:
            wanted: by any key, references with a digest.
            parallel: how many questions are asked in parallel.
            report: told how many answers there are, of how many.

        Raises:
            KeyboardInterrupt: immediately, without waiting for answers.
        """
        return map_in_threads(
            tuple(wanted), lambda key: self._find_availability(wanted[key]), parallel, report
        )

    def _find_availability(self, references: Sequence[str]) -> ImageAvailability:
        """The first of some references that a registry has."""
        reasons: list[str] = []
        for reference in references:
            parsed = ImageReference.parse(reference)
            why = self._explain_missing(parsed)
            if not why:
                return ImageAvailability(reference)
            reasons.append(why)
        return ImageAvailability(
            why="; ".join(dict.fromkeys(reasons)) or "no registry is known to have it"
        )

    def _explain_missing(self, reference: ImageReference) -> str:
        """Why a reference cannot be had; empty if it can."""
        why = f"{reference.registry} does not have it"
        try:
            places = self.clients_for(reference.registry)
        except RegistryError as error:
            return error.message
        for registry in places:
            silent = self._unreachable_urls.get(registry.base)
            if silent is not None:
                why = silent.message
                continue
            try:
                if registry.has_manifest(reference.path, reference.digest or ""):
                    return ""
                why = f"{reference.registry} does not have it"
            except RegistryError as error:
                why = error.message
                self._unreachable_urls[registry.base] = RegistryUnreachableError(
                    error.message, error.hint
                )
        return why

    def clients_for(self, name: str) -> tuple[Registry, ...]:
        """The places of a registry, the first one first.

        Args:
            name: host and port, as in an image address.
        """
        with self._lock:
            alone = self._finding.setdefault(name, threading.Lock())
        with alone:
            if name not in self._known:
                self._known[name] = self.open_clients(name, self._credentials(name))
            return self._known[name]

    def open_clients(
        self, name: str, credentials: Credentials | None, deadline: float | None = None
    ) -> tuple[Registry, ...]:
        """The places of a registry, to be asked with other credentials; whoever asks closes them.

        Args:
            name: host and port, as in an image address.
            credentials: None for anonymous.
            deadline: seconds for one question; None for that of all others.
        """
        return tuple(
            Registry(
                place.url,
                None if place.mirror else credentials,
                deadline or self._deadline,
                self._find_trust(place),
            )
            for place in self._places(name)
        )

    def _find_trust(self, place: RegistryEndpoint) -> RegistryTrust | None:
        """What its certificate is held against; None where it has none to show."""
        if not place.url.startswith("https://"):
            return None
        host = place.url.removeprefix("https://")
        return find_trust(host, self._certificates, verify=place.verify)
