"""An image on its way between engine and registry: how far it is, from the engine's messages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_DONE_STATUSES = {"pull complete", "already exists", "download complete"}
_EXISTING_LAYER_PREFIXES = ("layer already exists", "mounted from ")


@dataclass(slots=True)
class LayerProgress:
    """One layer on its way."""

    status: str = ""
    done: int = 0
    """Bytes that have arrived."""
    total: int | None = None
    """Bytes in all; None until the engine has told."""
    finished: bool = False
    """Whether it is done."""


@dataclass(slots=True)
class TransferProgress:
    """How far a transfer is: fold every message of the engine into it."""

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
        """Take in one message that is not an error."""
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


@dataclass(slots=True)
class PullProgress(TransferProgress):
    """How far a pull is.

    Source: Docker Engine API, ``POST /images/create``; Podman sends few sizes or none.
    """

    current: bool = False
    """Whether the engine said that it already had the newest."""

    def _take(self, status: str, message: dict[str, Any]) -> None:
        if status.startswith("Digest: "):
            self.digest = status.removeprefix("Digest: ")
        elif status.startswith("Status: "):
            self.current = "up to date" in status
        elif message.get("id") and not status.startswith("Pulling from"):
            self._layer(str(message["id"]), status, message.get("progressDetail") or {})

    def _layer(self, identity: str, status: str, detail: dict[str, Any]) -> None:
        layer = self.layers.setdefault(identity, LayerProgress())
        layer.status = status.lower()
        total, current = detail.get("total"), detail.get("current")
        # While it unpacks, the engine counts from zero again: nothing more is downloaded.
        if layer.status == "downloading":
            layer.total = total if isinstance(total, int) and total > 0 else layer.total
            layer.done = current if isinstance(current, int) else layer.done
        elif layer.status == "already exists":
            layer.total = layer.done = 0
        elif layer.status in _DONE_STATUSES or layer.status in {"extracting", "verifying checksum"}:
            # A small layer may be there before a size was ever told.
            layer.total = layer.total or 0
            layer.done = layer.total
        layer.finished = layer.status in {"pull complete", "already exists"}


@dataclass(slots=True)
class PushProgress(TransferProgress):
    """How far a push is.

    Source: Docker Engine API, ``POST /images/{name}/push``. The containerd store tells few sizes;
    Podman tells of no layer at all, and only the digest in the end.
    """

    manifest_size: int | None = None
    """Bytes of the manifest; None until it is there."""
    note: str = ""
    """What the engine did that one might not expect."""

    def _take(self, status: str, message: dict[str, Any]) -> None:
        aux = message.get("aux") or {}
        end = re.fullmatch(r"\S+: digest: (\S+) size: ([0-9]+)", status)
        if end is not None:
            self.digest, self.manifest_size = end[1], int(end[2])
        elif aux.get("Digest"):
            self.digest = str(aux["Digest"])
            size = aux.get("Size")
            self.manifest_size = size if isinstance(size, int) else self.manifest_size
        elif aux.get("manifestPushedInsteadOfIndex"):
            self.note = (
                "only the platform that is here was pushed, not all of the image's platforms"
            )
        elif message.get("id"):
            self._layer(str(message["id"]), status, message.get("progressDetail") or {})

    def _layer(self, identity: str, status: str, detail: dict[str, Any]) -> None:
        layer = self.layers.setdefault(identity, LayerProgress())
        layer.status = status.lower()
        total, current = detail.get("total"), detail.get("current")
        if layer.status == "pushing":
            # It is an estimate, which can be passed.
            layer.total = total if isinstance(total, int) and total > 0 else layer.total
            layer.done = current if isinstance(current, int) else layer.done
        elif layer.status.startswith(_EXISTING_LAYER_PREFIXES):
            layer.total = layer.done = 0
        elif layer.status == "pushed":
            layer.total = layer.done = layer.total or layer.done
        layer.finished = layer.status == "pushed" or layer.status.startswith(
            _EXISTING_LAYER_PREFIXES
        )

    @property
    def begun(self) -> bool:
        """Whether anything has arrived."""
        return any(layer.done or layer.finished for layer in self.layers.values())

    @property
    def sent(self) -> int | None:
        """Bytes of layers that the registry did not have; None where the engine does not tell.

        As the engine counts them: graph drivers before, the containerd store after packing.
        """
        if not self.layers or any(it.status == "pushed" and not it.done for it in self._sent()):
            return None
        return sum(layer.done for layer in self._sent())

    def _sent(self) -> list[LayerProgress]:
        return [
            it for it in self.layers.values() if not it.status.startswith(_EXISTING_LAYER_PREFIXES)
        ]
