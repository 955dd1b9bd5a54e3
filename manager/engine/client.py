"""One engine, with all that can be asked of it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from manager.engine.connection import Connection
from manager.engine.containers import ContainerCollection
from manager.engine.images import ImageCollection


class Engine(Connection):
    """An engine that answered."""

    @cached_property
    def containers(self) -> ContainerCollection:
        """Reading and changing containers."""
        return ContainerCollection(self)

    @cached_property
    def images(self) -> ImageCollection:
        """Reading and changing images."""
        return ImageCollection(self)

    def info(self) -> dict[str, Any]:
        """What the engine says of itself (``GET /info``).

        Raises:
            ManagerError: it could not be asked.
        """
        answer: dict[str, Any] = self.get_json("/info")
        return answer
