"""Ask many registries at once whether they have some images."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Self

from manager.adapters.registries.client import DEADLINE, Registry
from manager.core.copies import Copy
from manager.core.reference import ImageReference
from manager.errors import ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from manager.adapters.credentials import Credentials

PARALLEL = 16


class Registries:
    """All registries that addresses may name."""

    def __init__(
        self,
        credentials: Callable[[str], Credentials | None],
        urls: Callable[[str], Sequence[str]],
        deadline: float = DEADLINE,
    ) -> None:
        """Remember how to reach them.

        Args:
            credentials: those for a registry; None for anonymous.
            urls: where a registry is asked, the first URL first.
            deadline: seconds for one question.
        """
        self._credentials = credentials
        self._urls = urls
        self._deadline = deadline
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Registry, ...]] = {}
        self._silent: dict[str, str] = {}
        """By URL, why one is not asked again."""

    def __enter__(self) -> Self:
        """The registries themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        for registries in self._known.values():
            for registry in registries:
                registry.close()

    def holds_any(
        self,
        wanted: Mapping[str, Sequence[str]],
        parallel: int = PARALLEL,
        report: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> dict[str, Copy]:
        """Find out which images can be had again.

        Args:
            wanted: by any key, references with a digest.
            parallel: how many questions are asked at once.
            report: told how many answers there are, of how many.

        Raises:
            KeyboardInterrupt: at once, whatever is still being waited for.
        """
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[str, Copy | BaseException]] = queue.SimpleQueue()
        for key in wanted:
            waiting.put(key)

        def work() -> None:
            while True:
                try:
                    key = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((key, self._copy(wanted[key])))
                except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                    done.put((key, error))

        for _ in range(min(parallel, len(wanted))):
            # Daemons: Ctrl-C ends the program while they wait for what may never come.
            threading.Thread(target=work, daemon=True).start()
        found: dict[str, Copy] = {}
        while len(found) < len(wanted):
            key, answer = done.get()
            if isinstance(answer, BaseException):
                raise answer
            found[key] = answer
            report(len(found), len(wanted))
        return found

    def _copy(self, references: Sequence[str]) -> Copy:
        """The first of some references that a registry has."""
        reasons: list[str] = []
        for reference in references:
            parsed = ImageReference.parse(reference)
            why = self._missing(parsed)
            if not why:
                return Copy(reference)
            reasons.append(why)
        return Copy(why="; ".join(dict.fromkeys(reasons)) or "no registry is known to have it")

    def _missing(self, reference: ImageReference) -> str:
        """Why a reference cannot be had; empty if it can."""
        why = f"{reference.registry} does not have it"
        for registry in self._of(reference.registry):
            silent = self._silent.get(registry.base)
            if silent is not None:
                why = silent
                continue
            try:
                if registry.holds(reference.path, reference.digest or ""):
                    return ""
                why = f"{reference.registry} does not have it"
            except ManagerError as error:
                why = error.message
                self._silent[registry.base] = why
        return why

    def _of(self, name: str) -> tuple[Registry, ...]:
        with self._lock:
            if name not in self._known:
                found = self._credentials(name)
                self._known[name] = tuple(
                    Registry(url, found, self._deadline) for url in self._urls(name)
                )
            return self._known[name]
