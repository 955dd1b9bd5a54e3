"""An image on its way between engine and registry: how far it is, from the engine's messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class LayerProgress:
    """One layer on its way."""

    status: str = ""
    done: int = 0
    """Bytes that have arrived."""
    total: int | None = None
    """Bytes in all; None until the engine has told."""
    finished: bool = False
    """Whether nothing of it is left to do."""


@dataclass(slots=True)
class TransferProgress:
    """How far it is: fold every message of the engine into it."""

    layers: dict[str, LayerProgress] = field(default_factory=dict)
    digest: str = ""
    error: str = ""

    def add(self, message: dict[str, Any]) -> None:
        """Take in one message."""
        if message.get("error") or message.get("errorDetail"):
            detail = message.get("errorDetail") or {}
            self.error = str(message.get("error") or detail.get("message") or "unknown error")
        else:
            self._take(str(message.get("status") or ""), message)

    def _take(self, status: str, message: dict[str, Any]) -> None:
        """Take in one message that is no error."""
        raise NotImplementedError

    @property
    def done(self) -> int:
        """Bytes that have arrived."""
        return sum(min(layer.done, layer.total or layer.done) for layer in self.layers.values())

    @property
    def total(self) -> int:
        """Bytes in all of the layers whose size is known."""
        return sum(layer.total or layer.done for layer in self.layers.values())

    @property
    def all_sizes_known(self) -> bool:
        """Whether the engine has told the size of every layer: only then is time left known."""
        return bool(self.layers) and all(layer.total is not None for layer in self.layers.values())
